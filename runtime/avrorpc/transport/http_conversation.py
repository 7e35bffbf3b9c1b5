"""What both HTTP clients do between a call and its reply; each only moves the bytes.

A conversation is one post, or two where the server does not know the client's protocol.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from avrorpc.limits import Limits
from avrorpc.wire.client import Connected, Identity
from avrorpc.wire.exchange import StatelessClient

V = TypeVar("V")

MAX_KNOWN_SERVERS: Final = 16
"""How many versions of a server one client remembers; behind one URL there are rarely more than two."""


class HttpConversation(Generic[V]):
    """The calls of one client; see `ConnectionTransport` for the arguments."""

    def __init__(self, identity: Identity, limits: Limits, accept: Callable[[Connected], V]) -> None:
        self._accept = accept
        self._client = StatelessClient(identity, limits)
        self._views: dict[bytes, V] = {}

    async def exchange(self, request: bytes, post: Callable[[bytes], Awaitable[bytes]]) -> tuple[V, bytes]:
        """Send a call by `post`, and return its reply with what `accept` made of the server."""
        exchange = self._client.exchange(request)
        while (answer := exchange.receive(await post(exchange.request()))) is None:
            continue
        connected, body = answer
        if connected.server_hash not in self._views:
            if len(self._views) >= MAX_KNOWN_SERVERS:
                self._views.clear()
            self._views[connected.server_hash] = self._accept(connected)
        return self._views[connected.server_hash], body
