"""Links over HTTP: streams in the bodies of a request and its response, and WebSockets.

Both speak our frames from their first byte on.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from aiohttp import web

from avrorpc.limits import Limits
from avrorpc.principal import Principal
from avrorpc.server.activity import AcceptedAnswerer
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.carrier import Carrier
from avrorpc.transport.http_stream import STREAM_TYPE
from avrorpc.transport.listening import all_parted
from avrorpc.transport.server_link import ServerLink
from avrorpc.transport.websocket import binary
from avrorpc.transport.websocket_names import MAX_MESSAGE, SUBPROTOCOL
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import ServerConnection

CLOSE_SECONDS: Final = 1.0
"""How long a client may take to answer the end of a WebSocket."""


class HttpLinks:
    """The links of one HTTP address.

    Args:
        offers: What is served.
        answer: Gives a request's reply.
        limits: Bounds on what clients may send.
    """

    def __init__(self, offers: Offers[Any], answer: AcceptedAnswerer, limits: Limits) -> None:
        self._offers = offers
        self._answer = answer
        self._limits = limits
        self._links: set[ServerLink] = set()
        self._reason = ""
        self._is_parting = False

    def leave(self, reason: str) -> None:
        """Ask for no new calls, also those who come later on connections that were kept."""
        self._reason = reason
        for link in list(self._links):
            link.leave(reason)

    async def part(self, patience: float) -> None:
        """Close all; calls on their way are answered within so many seconds."""
        self._is_parting = True
        await all_parted(self._links, patience)

    async def stream(
        self, request: web.Request, peer: object, principal: Principal | None, accepted: Accepted
    ) -> web.StreamResponse:
        """Answer a request whose body is frames of one call."""
        response = web.StreamResponse(headers={"Content-Type": STREAM_TYPE, "Cache-Control": "no-store"})
        await response.prepare(request)

        async def read() -> bytes | None:
            return await request.content.readany() or None

        carrier = Carrier(self._link(accepted, is_single=True), peer, principal, outlives_input=True)

        async def write(data: bytes) -> None:
            accepted.traffic.sent += len(data)
            await response.write(data)

        await carrier.carry(read, write)
        return response

    async def websocket(
        self, request: web.Request, peer: object, principal: Principal | None, accepted: Accepted
    ) -> web.StreamResponse:
        """Open a WebSocket, and serve it to its end."""
        refusal = _refusal(request)
        if refusal is not None:
            return refusal
        websocket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), max_msg_size=MAX_MESSAGE, compress=False, timeout=CLOSE_SECONDS
        )
        await websocket.prepare(request)

        async def read() -> bytes | None:
            return binary(await websocket.receive())

        async def write(data: bytes) -> None:
            accepted.traffic.sent += len(data)
            await websocket.send_bytes(data)

        carrier = Carrier(self._link(accepted, is_single=False), peer, principal, outlives_input=False)
        try:
            await carrier.carry(read, write)
        finally:
            await websocket.close()
        return websocket

    def _link(self, accepted: Accepted, *, is_single: bool) -> ServerLink:
        connection: ServerConnection[Any] = ServerConnection(self._offers, "frames", self._limits)
        return ServerLink(
            connection,
            partial(self._answer, accepted=accepted),
            self._limits,
            self._opened,
            self._links.discard,
            is_single=is_single,
        )

    def _opened(self, link: ServerLink) -> None:
        self._links.add(link)
        if self._reason:
            link.leave(self._reason)
        if self._is_parting:
            link.part()


def _refusal(request: web.Request) -> web.Response | None:
    """Return why no WebSocket is opened: another protocol, or a page of another site that asks."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        text = f"this address opens WebSockets of {SUBPROTOCOL}; Avro is posted to /avro/PROTOCOL\n"
        return web.Response(status=426, text=text, headers={"Upgrade": "websocket"})
    offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if SUBPROTOCOL not in offered:
        return web.Response(status=400, text=f"the subprotocol must be {SUBPROTOCOL}\n")
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        return web.Response(status=403, text="pages of another origin open no WebSocket here\n")
    return None
