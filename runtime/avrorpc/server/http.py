"""HTTP on aiohttp: Avro and streams posted to `/avro/{protocol}` or `/spl-avro`, WebSockets at `/avro`."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import replace
from typing import Final, cast

from aiohttp import web

from avrorpc.errors import LimitExceeded, RpcError
from avrorpc.limits import Limits
from avrorpc.principal import Principal
from avrorpc.server.activity import AcceptedAnswerer, Activity
from avrorpc.server.http_links import HttpLinks
from avrorpc.server.served import Served
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.address import Address
from avrorpc.transport.http_stream import STREAM_TYPE
from avrorpc.transport.listening import Door, all_gone, listen
from avrorpc.transport.peer import is_gone, peer_name, principal_of
from avrorpc.transport.websocket_names import PATH
from avrorpc.wire.exchange import CONTENT_TYPE, unframe
from avrorpc.wire.framing import frame
from avrorpc.wire.offers import Offers
from avrorpc.wire.patience import Patience
from avrorpc.wire.server import Request, read_call

PROXIED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""Headers that a proxy adds."""

logger = logging.getLogger("avrorpc")


class HttpListener:
    """One HTTP address.

    Args:
        address: Where to listen; port 0 takes a free one.
        offers: What is served.
        answer: Gives a request's reply, handshake response and all.
        activity: Is told of each connection.
        limits: Bounds on requests.
    """

    def __init__(
        self,
        address: Address,
        offers: Offers[Served],
        answer: AcceptedAnswerer,
        activity: Activity,
        limits: Limits,
    ) -> None:
        self.address = address
        self._offers = offers
        self._answer = answer
        self._activity = activity
        self._limits = limits
        # Framing takes 4 bytes per buffer; aiohttp's own limit only has to lie above ours.
        app = web.Application(client_max_size=limits.max_body + 65_536)
        app.router.add_get(PATH, self._post)
        # Apache's own tools post to the root, and nowhere else.
        for path in ("/avro/{protocol}", "/spl-avro", "/"):
            app.router.add_post(path, self._post)
            app.router.add_route("*", path, _refuse_method)
        self._links = HttpLinks(offers, answer, limits)
        # How long replies may take is decided in `close`; no call is under way when the runner ends.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)
        self._door: Door | None = None
        self._is_stopping = False
        self._connections: dict[asyncio.BaseTransport, _Connection] = {}
        self._calls: set[asyncio.Task[bytes | None]] = set()

    async def start(self, tls: ssl.SSLContext | None) -> None:
        """Listen.

        Raises:
            BindError: The address cannot be had.
        """
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        try:
            self._door = await listen(
                replace(self.address, path=""),
                tls,
                lambda: _Connection(
                    server(), self._connections, self._limits, self._activity, self.address.scheme
                ),
            )
        except BaseException:
            await self._runner.cleanup()
            raise
        self.address = self._door.address

    async def stop(self) -> None:
        """Accept no more connections; those that are kept alive end with their next reply."""
        self._is_stopping = True
        self._links.leave("the server is shutting down")
        if self._door is not None:
            await self._door.close()

    async def close(self, patience: float) -> None:
        """Close every connection; replies that are being sent get some seconds."""
        for call in self._calls:
            call.cancel()
        await self._links.part(patience)
        for connection in list(self._connections.values()):
            connection.end()
        await all_gone(self._connections.values(), patience)
        await self._runner.cleanup()

    async def _post(self, request: web.Request) -> web.StreamResponse:
        connection = None if request.transport is None else self._connections.get(request.transport)
        if connection is None:
            raise ConnectionResetError("the client has left")
        # Behind a proxy on this host, everybody seems to be here.
        connection.accepted.is_local &= not any(name in request.headers for name in PROXIED)
        connection.begin()
        try:
            response = await self._respond(request, connection)
            if self._is_stopping or connection.is_ending:
                response.force_close()
            await response.prepare(request)
            await response.write_eof()
        finally:
            connection.requests -= 1
            connection.end_if_due()
        return response

    async def _respond(self, request: web.Request, connection: _Connection) -> web.StreamResponse:
        if request.method == "GET":
            connection.speaks_frames = True
            return await self._links.websocket(
                request, connection.peer, connection.principal, connection.accepted
            )
        name = request.match_info.get("protocol")
        if name is not None and self._offers.get(name) is None:
            served = ", ".join(offer.name for offer in self._offers)
            return _refuse(404, f"there is no protocol {name} here; there is {served}")
        if request.content_type == STREAM_TYPE:
            return await self._stream(request, connection)
        if request.content_type != CONTENT_TYPE:
            return _refuse(415, f"the body must be {CONTENT_TYPE}, not {request.content_type}")
        try:
            with connection.reading():
                body = await request.read()
            buffers = unframe(body, self._limits)
            call, reply = read_call(
                buffers, 0, None, self._offers, self._limits, name, connection.principal, connection.name
            )
        except web.HTTPRequestEntityTooLarge:
            return _refuse(413, f"the body is above max_body={self._limits.max_body} bytes")
        except LimitExceeded as error:
            return _refuse(413, str(error))
        except RpcError as error:
            logger.warning("refused a request from %s: %s", connection.name, error)
            return _refuse(400, str(error))
        if call is None or reply:
            return _avro(reply)
        # A task of its own has an empty context; a client that goes away cancels this handler, and the task.
        task = asyncio.create_task(self._run(call, connection.accepted), context=Context())
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        answer = await task
        connection.accepted.traffic.sent += len(answer or b"")
        return _avro(answer)

    async def _stream(self, request: web.Request, connection: _Connection) -> web.StreamResponse:
        connection.speaks_frames = True
        try:
            return await self._links.stream(
                request, connection.peer, connection.principal, connection.accepted
            )
        finally:
            connection.speaks_frames = False

    async def _run(self, call: Request[Served], accepted: Accepted) -> bytes | None:
        return await self._answer(call, None, accepted=accepted)


class _Connection(asyncio.Protocol):
    """Stands before aiohttp's own protocol, which takes a client that sends no more for one that has left."""

    def __init__(
        self,
        inner: asyncio.Protocol,
        connections: dict[asyncio.BaseTransport, _Connection],
        limits: Limits,
        activity: Activity,
        scheme: str,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.accepted = Accepted(scheme)
        """What is known of the connection."""
        self.gone: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is closed."""
        self.principal: Principal | None = None
        """Whom the connection proves the client to be."""
        self.requests = 0
        """How many are being read or answered."""
        self.is_ending = False
        """Whether it closes when they are."""
        self.speaks_frames = False
        """Whether it carries our frames: then the client has left when it sends no more."""
        self._inner = inner
        self._connections = connections
        self._activity = activity
        self._transport: asyncio.Transport | None = None
        self._is_reading = False
        self._bodies = 0
        self._patience = Patience(limits, self._loop.time(), first="request")
        self._waiting: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """What a log calls the client."""
        return "nobody" if self._transport is None else peer_name(self._transport)

    @property
    def peer(self) -> object:
        """The client's address, as the system has it."""
        return None if self._transport is None else self._transport.get_extra_info("peername")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the connection."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's lack the base class
        self.principal = principal_of(transport)
        self.accepted.comes_from(self.peer)
        self.accepted.principal = None if self.principal is None else self.principal.name
        self._activity.opened(self.accepted)
        self._connections[transport] = self
        self._inner.connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        self.accepted.traffic.received += len(data)
        self._inner.data_received(data)

    def eof_received(self) -> bool:
        """Stay until the reply is out, where the client may still read."""
        if self._transport is None or self._transport.get_extra_info("sslcontext") is not None:
            return False  # TLS has no half of a connection
        if self.speaks_frames or is_gone(self._transport):
            return False
        self.is_ending = True
        self._look_again(TURNS_TO_START)
        return True

    def pause_writing(self) -> None:
        """Pass it on."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._activity.closed(self.accepted)
        if self._transport is not None:
            self._connections.pop(self._transport, None)
        self._inner.connection_lost(exc)
        if not self.gone.done():
            self.gone.set_result(None)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Mark the reading of a body, which ends at once where the client will send no more."""
        self._note(is_reading=True)
        try:
            yield
        finally:
            self._bodies += 1
            self._note(is_reading=False)

    def begin(self) -> None:
        """Take note of a request, which `end_if_due` follows when it is answered."""
        self.requests += 1
        self._note(is_reading=self._is_reading)

    def end(self) -> None:
        """Close when all requests are answered."""
        self.is_ending = True
        self.end_if_due()

    def end_if_due(self) -> None:
        """Send what is due and close, where nothing is to be answered any more."""
        if self.is_ending and not self.requests and self._transport is not None:
            self._transport.close()

    @property
    def is_flushed(self) -> bool:
        """Whether the system has taken all that is due to the client."""
        return self._transport is None or not self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Close at once; what is due is lost."""
        if self._transport is not None:
            self._transport.abort()

    def _note(self, *, is_reading: bool) -> None:
        self._is_reading = is_reading
        self._patience.moved(self._loop.time(), is_bound=True, is_half=is_reading, whole=self._bodies)
        if is_reading and self._waiting is None:
            self._wait()

    def _wait(self) -> None:
        """Close the connection of a client that does not get on with its request.

        Between two requests, aiohttp does that.
        """
        self._waiting = None
        overdue = self._patience.overdue(self._loop.time())
        if overdue:
            logger.warning("closing the connection from %s: %s", self.name, overdue)
            self.abort()
        elif (then := self._patience.next()) is not None:
            self._waiting = self._loop.call_at(then, self._wait)

    def _look_again(self, turns: int) -> None:
        """Close a connection whose client sends no more, and whose last request has not come whole."""
        if turns:
            asyncio.get_running_loop().call_soon(self._look_again, turns - 1)
        elif self._is_reading and self._transport is not None:
            self._transport.close()
        else:
            self.end_if_due()


TURNS_TO_START: Final = 16
"""Turns of the loop within which aiohttp hands a whole request to its handler; it takes three or four."""


def _avro(reply: bytes | None) -> web.Response:
    return web.Response(body=frame("spec", 0, reply or b""), content_type=CONTENT_TYPE)


async def _refuse_method(request: web.Request) -> web.Response:
    refusal = _refuse(
        405, f"{request.path} takes calls, each a POST of {CONTENT_TYPE}, and no {request.method}"
    )
    refusal.headers["Allow"] = "POST"
    return refusal


def _refuse(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")
