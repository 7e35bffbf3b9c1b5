"""What the client is told where the handler of an HTTP request fails."""

from __future__ import annotations

import logging
import uuid

from avrorpc.errors import LimitExceeded, RemoteProtocolError
from avrorpc.transport.http_message import HttpResponse, problem

logger = logging.getLogger("avrorpc")


def excuse(error: Exception) -> HttpResponse:
    """Return what a client is told of the exception that a handler raised, and that is handled now."""
    match error:
        case LimitExceeded():
            return problem(413, str(error))
        case RemoteProtocolError():
            return problem(400, str(error))
        case _:
            return failure("the handler of an HTTP request failed")


def failure(what: str) -> HttpResponse:
    """Log the exception that is handled, and return what the client is told: its number and no more."""
    number = uuid.uuid4().hex
    logger.exception("error %s: %s", number, what)
    return problem(500, f"the server failed; error {number}")
