"""An id that stays the same from the first call to the last that it causes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from avrorpc.call import Call, Reply, current_call
from avrorpc.service import Service

CORRELATION_ID: Final = "avrorpc.correlation-id"
"""The name of the metadata, at both ends."""
_MAX_BYTES: Final = 128


class CorrelationIds:
    """Gives each call an id: its own, else that of the call being served, else a new one.

    At a client it makes the calls of an implementation carry the id of the call that it serves; at a server
    it gives an id to calls that come without. `correlation_id` tells the id to whoever serves.

    Args:
        new: Makes an id; by default a random UUID in 32 hexadecimal digits.
    """

    def __init__(self, new: Callable[[], str] = lambda: uuid.uuid4().hex) -> None:
        self._new = new

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            if correlation_id(call) is None:
                made = correlation_id() or self._new()
                call = replace(call, metadata={**call.metadata, CORRELATION_ID: made.encode()})
            return await service(call)

        return serve


def correlation_id(call: Call | None = None) -> str | None:
    """Return the id of a call, or of the one that this code serves; None where there is none.

    What is too long to be an id, or has characters that do not print, counts as none: whoever calls a server
    may send anything, and ids end in logs.
    """
    carrier = current_call() if call is None else call
    value = None if carrier is None else carrier.metadata.get(CORRELATION_ID)
    if not value or len(value) > _MAX_BYTES or not value.isascii():
        return None
    text = value.decode()
    return text if text.isprintable() else None
