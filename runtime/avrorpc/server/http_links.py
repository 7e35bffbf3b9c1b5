"""Links over HTTP: streams in the bodies of a request and its response, and WebSockets.

Both speak our frames from their first byte on.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from avrorpc.limits import Limits
from avrorpc.server.activity import AcceptedAnswerer
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.carrier import Carrier
from avrorpc.transport.http_message import HttpRequest, HttpResponse, Send
from avrorpc.transport.http_stream import STREAM_TYPE
from avrorpc.transport.listening import all_parted
from avrorpc.transport.server_link import ServerLink
from avrorpc.transport.websocket_server import acceptance, refusal
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import ServerConnection

_HEADERS: Final = {"Content-Type": STREAM_TYPE, "Cache-Control": "no-store"}


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
        self._streams: set[Accepted] = set()
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

    def stream_over(self, accepted: Accepted) -> bool:
        """Whether a connection carries frames in the bodies of a request and its response just now."""
        return accepted in self._streams

    def stream(self, request: HttpRequest) -> HttpResponse:
        """Answer a request whose body is frames of one call."""
        request.is_stream = True
        accepted = request.accepted

        async def carry(send: Send) -> None:
            link = self._link(accepted, is_single=True)
            self._streams.add(accepted)
            try:
                carrier = Carrier(link, accepted.address, request.principal, outlives_input=True)
                await carrier.carry(request.body.chunk, send)
            finally:
                self._streams.discard(accepted)

        return HttpResponse(200, _HEADERS, carry)

    def websocket(self, request: HttpRequest) -> HttpResponse:
        """Open a WebSocket, or say why not."""
        return refusal(request) or acceptance(request, self._link(request.accepted, is_single=False))

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
