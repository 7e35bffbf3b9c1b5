"""HTTP: Avro and streams at `/avro/{protocol}` or `/spl-avro`, WebSockets at `/avro`, and REST elsewhere."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import unquote

from avrorpc.errors import LimitExceeded, RpcError
from avrorpc.limits import Limits
from avrorpc.server.activity import AcceptedAnswerer, Activity
from avrorpc.server.admission import Admission
from avrorpc.server.http_links import HttpLinks
from avrorpc.server.http_origins import Origins
from avrorpc.server.served import Served
from avrorpc.transport.address import Address
from avrorpc.transport.http_message import Handler, HttpRequest, HttpResponse, problem
from avrorpc.transport.http_reader import Heads
from avrorpc.transport.http_server import HttpConnection
from avrorpc.transport.http_stream import STREAM_TYPE
from avrorpc.transport.listening import Door, all_gone, listen
from avrorpc.transport.websocket_names import PATH
from avrorpc.wire.exchange import CONTENT_TYPE, unframe
from avrorpc.wire.framing import frame
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import read_call

PROXIED: Final = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
"""Headers that a proxy adds."""
UNNAMED: Final = ("/spl-avro", "/")
"""Where Avro is posted without its protocol's name; Apache's own tools post to the root, and nowhere else."""
SLACK: Final = 65_536
"""Bytes of a body above `max_body`: framing takes 4 per buffer."""
KEPT_SECONDS: Final = 1.0
"""How long a server that stops answers requests on connections that were kept alive."""

logger = logging.getLogger("avrorpc")


class HttpListener:
    """One HTTP address.

    Args:
        address: Where to listen; port 0 takes a free one.
        offers: What is served.
        answer: Gives a request's reply, handshake response and all.
        activity: Is told of each connection.
        admission: Says whether there is room for one more.
        limits: Bounds on requests.
        origins: Whose web pages may call.
        rest: Answers what is not for Avro's paths; none, and nothing is there.
    """

    def __init__(
        self,
        address: Address,
        offers: Offers[Served],
        answer: AcceptedAnswerer,
        activity: Activity,
        admission: Admission,
        limits: Limits,
        origins: Origins,
        rest: Handler | None = None,
    ) -> None:
        self.address = address
        self._offers = offers
        self._answer = answer
        self._activity = activity
        self._admission = admission
        self._limits = limits
        self._origins = origins
        self._rest = rest
        self._links = HttpLinks(offers, answer, limits)
        self._door: Door | None = None
        self._is_stopping = False
        self._connections: set[HttpConnection] = set()

    async def start(self, tls: ssl.SSLContext | None, sock: socket.socket | None = None) -> None:
        """Listen; `sock` has the address already.

        Raises:
            BindError: The address cannot be had.
        """
        scheme = self.address.scheme
        self._door = await listen(
            replace(self.address, path=""),
            tls,
            partial(HttpConnection, self._handle, self._limits, scheme, self._opened, self._closed, Heads()),
            sock,
        )
        self.address = self._door.address

    async def stop(self) -> None:
        """Accept no more connections; those that are kept alive end with their next reply."""
        self._is_stopping = True
        for connection in self._connections:
            connection.leave()
        self._links.leave("the server is shutting down")
        if self._door is not None:
            await self._door.close()

    async def settle(self) -> None:
        """Give clients a moment to find out: HTTP has no goodbye, and a request may be on its way.

        It is answered, and its client told by `Connection: close`. Then connections without one are closed.
        """
        if self._connections:
            await asyncio.wait([each.gone for each in self._connections], timeout=KEPT_SECONDS)
        for connection in list(self._connections):
            connection.end()

    async def close(self, patience: float) -> None:
        """Close every connection; replies that are being sent get some seconds."""
        await self._links.part(patience)
        for connection in list(self._connections):
            # Frames are sent to their end; all other calls have had their time.
            connection.end(at_once=not self._links.stream_over(connection.accepted))
        await all_gone(self._connections, patience)

    def _opened(self, connection: HttpConnection) -> str | None:
        if not self._admission.enter(connection.name, asyncio.get_running_loop().time()):
            return self._admission.refusal
        if self._is_stopping:  # it was accepted in this very moment
            connection.leave()
        self._connections.add(connection)
        self._activity.opened(connection.accepted)
        return None

    def _closed(self, connection: HttpConnection) -> None:
        self._connections.discard(connection)
        self._activity.closed(connection.accepted)
        self._admission.leave()

    def _handle(self, request: HttpRequest) -> Awaitable[HttpResponse]:
        found = request.head.found
        if self._rest is not None and self in found:
            return self._rest(request)
        # Behind a proxy on this host, everybody seems to be here.
        is_proxied = not PROXIED.isdisjoint(request.headers)
        if is_proxied:
            request.accepted.is_local = False
        path = request.path
        is_unnamed = path in UNNAMED and (self._rest is None or path != "/" or _is_avro(request))
        is_avros = is_unnamed or path == PATH or path.startswith(f"{PATH}/")
        if self._rest is not None and not is_avros:
            if not is_proxied:
                found[self] = True  # as long as nothing is to be noted
            return self._rest(request)
        return self._avro(request, is_unnamed=is_unnamed, is_avros=is_avros)

    async def _avro(self, request: HttpRequest, *, is_unnamed: bool, is_avros: bool) -> HttpResponse:
        path = request.path
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if is_unnamed:
            return await self._post(request, None)
        if path == PATH:
            return self._open(request)
        if is_avros:
            return await self._post(request, unquote(path[len(PATH) + 1 :]))
        return problem(404, f"there is nothing to {request.method} at this path")

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:
        """Return why a request for one of Avro's paths is refused, whatever it is for."""
        headers = request.headers
        why = self._origins.refusal(headers.get("origin"), headers.get("host", ""))
        if why is not None:
            return problem(403, why)
        if headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            return problem(415, "the body must not be compressed", {"Accept-Encoding": "identity"})
        return None

    def _open(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET":
            said = f"{PATH} opens WebSockets, by GET; Avro is posted to {PATH}/PROTOCOL"
            return problem(405, said, {"Allow": "GET"})
        return self._links.websocket(request)

    async def _post(self, request: HttpRequest, name: str | None) -> HttpResponse:
        if request.method != "POST":
            said = f"{request.path} takes calls, each a POST of {CONTENT_TYPE}, and no {request.method}"
            return problem(405, said, {"Allow": "POST"})
        if name is not None and self._offers.get(name) is None:
            served = ", ".join(offer.name for offer in self._offers)
            return problem(404, f"there is no protocol {name} here; there is {served}")
        kind = request.media_type
        if kind == STREAM_TYPE:
            return self._links.stream(request)
        if kind != CONTENT_TYPE:
            return problem(415, f"the body must be {CONTENT_TYPE}, not {kind or 'of no type'}")
        return await self._call(request, name)

    async def _call(self, request: HttpRequest, name: str | None) -> HttpResponse:
        peer = request.accepted.peer
        try:
            buffers = unframe(await request.read(self._limits.max_body, SLACK), self._limits)
            call, reply = read_call(
                buffers, 0, None, self._offers, self._limits, name, request.principal, peer
            )
        except LimitExceeded as error:
            return problem(413, str(error))
        except RpcError as error:
            logger.warning("refused a request from %s: %s", peer, error)
            return problem(400, str(error))
        answer: bytes | None = reply
        if call is not None and not reply:
            answer = await self._answer(call, None, accepted=request.accepted)
        return HttpResponse(200, _AVRO, frame("spec", 0, answer or b""))


_AVRO: Final = {"Content-Type": CONTENT_TYPE}


def _is_avro(request: HttpRequest) -> bool:
    return request.method == "POST" and request.media_type in (CONTENT_TYPE, STREAM_TYPE)
