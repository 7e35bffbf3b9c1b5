"""What both HTTP clients do between a call and its reply; each only moves the bytes.

A conversation is one post, or two where the server does not know the client's protocol. Before a client's
first stream there is one more, which asks the server whether it takes streams.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from avrorpc.errors import Code, StatusError
from avrorpc.limits import Limits
from avrorpc.transport.exchange import Outgoing
from avrorpc.wire.client import Connected, Identity
from avrorpc.wire.envelope import request_head
from avrorpc.wire.exchange import StatelessClient
from avrorpc.wire.settings import Wishes, agreed, offer

V = TypeVar("V")

MAX_KNOWN_SERVERS: Final = 16
"""How many versions of a server one client remembers; behind one URL there are rarely more than two."""


class HttpConversation(Generic[V]):
    """The calls of one client; see `ConnectionTransport` for the arguments."""

    def __init__(self, identity: Identity, limits: Limits, accept: Callable[[Connected], V]) -> None:
        self._accept = accept
        self._client = StatelessClient(identity, limits)
        self._views: dict[bytes, V] = {}
        self._limits = limits
        self._takes_streams: bool | None = None

    async def exchange(self, request: bytes, post: Callable[[bytes], Awaitable[bytes]]) -> tuple[V, bytes]:
        """Send a call by `post`, and return its reply with what `accept` made of the server."""
        exchange = self._client.exchange(request)
        while (answer := exchange.receive(await post(exchange.request()))) is None:
            continue
        return self._view(answer[0]), answer[1]

    async def check_streams(self, call: Outgoing, post: Callable[[bytes], Awaitable[bytes]]) -> None:
        """Ask a server, once, whether it takes our frames; a plain one might wait for ever for their end.

        Raises:
            StatusError: UNIMPLEMENTED, where it does not.
        """
        if self._takes_streams is None:
            wishes = Wishes()
            exchange = self._client.exchange(bytes(request_head({}, "")), offer(wishes, self._limits))
            while exchange.receive(await post(exchange.request())) is None:
                continue
            self._takes_streams = agreed(exchange.meta, wishes) is not None
        if not self._takes_streams:
            text = f"{call.protocol}/{call.message} is a stream, and plain Avro, spoken here, has none"
            raise StatusError(Code.UNIMPLEMENTED, text)

    def _view(self, connected: Connected) -> V:
        if connected.server_hash not in self._views:
            if len(self._views) >= MAX_KNOWN_SERVERS:
                self._views.clear()
            self._views[connected.server_hash] = self._accept(connected)
        return self._views[connected.server_hash]
