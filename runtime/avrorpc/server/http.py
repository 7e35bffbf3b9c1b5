"""HTTP on aiohttp: Avro and streams posted to `/avro/{protocol}` or `/spl-avro`, WebSockets at `/avro`."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import replace
from typing import Final, TypeAlias

from aiohttp import web

from avrorpc.errors import LimitExceeded, RpcError
from avrorpc.limits import Limits
from avrorpc.server.activity import AcceptedAnswerer, Activity
from avrorpc.server.admission import Admission
from avrorpc.server.http_connection import HttpConnection
from avrorpc.server.http_links import HttpLinks
from avrorpc.server.http_origins import Origins
from avrorpc.server.http_refusals import (
    BAD_BODY,
    MAX_HEADERS,
    MAX_LINE,
    RequestHandler,
    refuse,
    show_no_version,
)
from avrorpc.server.served import Served
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.address import Address
from avrorpc.transport.http_stream import STREAM_TYPE
from avrorpc.transport.listening import Door, all_gone, listen
from avrorpc.transport.websocket_names import PATH
from avrorpc.wire.exchange import CONTENT_TYPE, unframe
from avrorpc.wire.framing import frame
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import Request, read_call

PROXIED: Final = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""Headers that a proxy adds."""
FOR_EVER: Final = 10 * 365 * 86_400.0
"""Seconds that stand for no limit where aiohttp wants one."""
LINGER_SECONDS: Final = 10.0
"""How long at most a client may go on with a body that is not wanted, so that it reads why."""

_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

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
    ) -> None:
        self.address = address
        self._offers = offers
        self._answer = answer
        self._activity = activity
        self._admission = admission
        self._limits = limits
        self._origins = origins
        # Framing takes 4 bytes per buffer; aiohttp's own limit only has to lie above ours.
        self._most = limits.max_body + 65_536
        app = web.Application(client_max_size=self._most, middlewares=[self._admit])
        app.on_response_prepare.append(show_no_version)
        app.router.add_get(PATH, self._open)
        # Apache's own tools post to the root, and nowhere else.
        for path in ("/avro/{protocol}", "/spl-avro", "/"):
            app.router.add_post(path, self._post, expect_handler=self._expected)
            app.router.add_route("*", path, _refuse_method)
        self._links = HttpLinks(offers, answer, limits)
        # How long replies may take is decided in `close`; no call is under way when the runner ends.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)
        self._door: Door | None = None
        self._is_stopping = False
        self._connections: dict[asyncio.BaseTransport, HttpConnection] = {}
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
                lambda: self._accept(server),
            )
        except BaseException:
            await self._runner.cleanup()
            raise
        self.address = self._door.address

    async def stop(self) -> None:
        """Accept no more connections; those that are kept alive end with their next reply."""
        self._is_stopping = True
        self._links.goodbye("the server is shutting down")
        if self._door is not None:
            await self._door.close()

    async def close(self, patience: float) -> None:
        """Close every connection; replies that are being sent get some seconds."""
        for call in self._calls:
            call.cancel()
        self._links.close()
        for connection in list(self._connections.values()):
            connection.end()
        await all_gone(self._connections.values(), patience)
        await self._runner.cleanup()

    def _accept(self, server: web.Server) -> HttpConnection:
        inner = RequestHandler(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=self._limits.idle_timeout or FOR_EVER,
            lingering_time=min(self._limits.receive_timeout or LINGER_SECONDS, LINGER_SECONDS),
            access_log=None,  # type: ignore[arg-type]
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_HEADERS,
            auto_decompress=False,  # what it inflates, no limit of ours would count
        )
        return HttpConnection(
            inner, self._connections, self._limits, self._activity, self._admission, self.address.scheme
        )

    @web.middleware
    async def _admit(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Stand around each request: count it, refuse it where nobody may make it, and send the response."""
        connection = self._connection(request)
        connection.begin()
        try:
            response = self._refusal(request) or await _handled(request, handler)
            if self._is_stopping or connection.is_ending:
                response.force_close()
            await response.prepare(request)
            await response.write_eof()
        finally:
            connection.requests -= 1
            connection.end_if_due()
        return response

    def _connection(self, request: web.Request) -> HttpConnection:
        connection = None if request.transport is None else self._connections.get(request.transport)
        if connection is None:
            raise ConnectionResetError("the client has left")
        # Behind a proxy on this host, everybody seems to be here.
        connection.accepted.is_local &= not any(name in request.headers for name in PROXIED)
        return connection

    def _refusal(self, request: web.Request) -> web.Response | None:
        problem = self._origins.refusal(request.headers.get("Origin"), request.headers.get("Host", ""))
        if problem is not None:
            return _closing(refuse(403, problem))
        encoding = request.headers.get("Content-Encoding", "identity")
        if encoding.strip().lower() not in ("identity", ""):
            response = _closing(refuse(415, "the body must not be compressed"))
            response.headers["Accept-Encoding"] = "identity"
            return response
        is_stream = request.content_type == STREAM_TYPE  # which may go on for ever
        return self._too_large() if not is_stream and (request.content_length or 0) > self._most else None

    def _too_large(self) -> web.Response:
        return _closing(refuse(413, f"the body is above max_body={self._limits.max_body} bytes"))

    async def _expected(self, request: web.Request) -> web.Response | None:
        """Tell a client that asks first whether it is to send its body."""
        if request.headers.get("Expect", "").lower() != "100-continue":
            return _closing(refuse(417, "the only expectation that is met here is 100-continue"))
        refusal = self._refusal(request)
        if refusal is None:
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # it is no part of the response
        return refusal

    async def _open(self, request: web.Request) -> web.StreamResponse:
        connection = self._connection(request)
        connection.speaks_frames = True
        return await self._links.websocket(
            request, connection.peer, connection.principal, connection.accepted
        )

    async def _post(self, request: web.Request) -> web.StreamResponse:
        connection = self._connection(request)
        name = request.match_info.get("protocol")
        if name is not None and self._offers.get(name) is None:
            served = ", ".join(offer.name for offer in self._offers)
            return refuse(404, f"there is no protocol {name} here; there is {served}")
        if request.content_type == STREAM_TYPE:
            return await self._stream(request, connection)
        if request.content_type != CONTENT_TYPE:
            return refuse(415, f"the body must be {CONTENT_TYPE}, not {request.content_type}")
        try:
            with connection.reading():
                body = await request.read()
            buffers = unframe(body, self._limits)
            call, reply = read_call(
                buffers, 0, None, self._offers, self._limits, name, connection.principal, connection.name
            )
        except web.HTTPRequestEntityTooLarge:
            return self._too_large()
        except web.RequestPayloadError:
            return _closing(refuse(400, BAD_BODY))
        except LimitExceeded as error:
            return refuse(413, str(error))
        except RpcError as error:
            logger.warning("refused a request from %s: %s", connection.name, error)
            return refuse(400, str(error))
        if call is None or reply:
            return _avro(reply)
        # A task of its own has an empty context; a client that goes away cancels this handler, and the task.
        task = asyncio.create_task(self._run(call, connection.accepted), context=Context())
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)
        answer = await task
        connection.accepted.traffic.sent += len(answer or b"")
        return _avro(answer)

    async def _stream(self, request: web.Request, connection: HttpConnection) -> web.StreamResponse:
        connection.speaks_frames = True
        try:
            return await self._links.stream(
                request, connection.peer, connection.principal, connection.accepted
            )
        finally:
            connection.speaks_frames = False

    async def _run(self, call: Request[Served], accepted: Accepted) -> bytes | None:
        return await self._answer(call, None, accepted=accepted)


def _avro(reply: bytes | None) -> web.Response:
    return web.Response(body=frame("spec", 0, reply or b""), content_type=CONTENT_TYPE)


async def _refuse_method(request: web.Request) -> web.Response:
    refusal = refuse(
        405, f"{request.path} takes calls, each a POST of {CONTENT_TYPE}, and no {request.method}"
    )
    refusal.headers["Allow"] = "POST"
    return refusal


async def _handled(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Return a handler's response, and in our words what aiohttp raises where there is no handler."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return refuse(error.status, f"there is nothing to {request.method} at this path")


def _closing(response: web.Response) -> web.Response:
    """Let a response be the last on its connection: what the client still sends is not to be read."""
    response.force_close()
    return response
