"""A handler's answer to an HTTP request, and what the client is told where the handler fails."""

from __future__ import annotations

import logging
import uuid

from avrorpc.errors import LimitExceeded, RemoteProtocolError
from avrorpc.transport.http_message import Handler, HttpRequest, HttpResponse, text

logger = logging.getLogger("avrorpc")


async def answer(handler: Handler, request: HttpRequest) -> HttpResponse:
    """Return a handler's response, or one that says why there is none."""
    try:
        return await handler(request)
    except LimitExceeded as error:
        return text(413, str(error))
    except RemoteProtocolError as error:
        return text(400, str(error))
    except Exception:  # noqa: BLE001 - it is logged
        return failure("the handler of an HTTP request failed")


def failure(what: str) -> HttpResponse:
    """Log the exception that is handled, and return what the client is told: its number and no more."""
    number = uuid.uuid4().hex
    logger.exception("error %s: %s", number, what)
    return text(500, f"the server failed; error {number}")
