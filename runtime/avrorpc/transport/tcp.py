"""TCP on asyncio: a multiplexed client connection, and the server's side of one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextvars import Context
from typing import Any, Generic, TypeVar, cast

from avrorpc.errors import ConnectionLost, RpcError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address, dialling
from avrorpc.transport.exchange import Answerer, Outgoing
from avrorpc.transport.plain import PlainAnswer, plain_request
from avrorpc.wire.client import Answered, ClientConnection, Connected, Identity
from avrorpc.wire.server import Request, ServerConnection

logger = logging.getLogger("avrorpc")

V = TypeVar("V")


class TcpTransport(Generic[V]):
    """A client's connection: dialled at the first call, shared by all calls, dialled again when it is lost.

    Args:
        address: Where the server is.
        identity: The client's protocol.
        limits: Bounds on what the server may send.
        accept: Given the server's identity after each handshake; what it returns comes back with each reply.
    """

    def __init__(
        self, address: Address, identity: Identity, limits: Limits, accept: Callable[[Connected], V]
    ) -> None:
        self.address = address
        self._identity = identity
        self._limits = limits
        self._accept = accept
        self._known: Connected | None = None
        self._dialling = asyncio.Lock()
        self._peer: _ClientProtocol | None = None
        self._view: V | None = None

    async def exchange(self, call: Outgoing) -> PlainAnswer[V]:
        """Send a call and return its reply.

        Raises:
            TimeoutError: No reply came in time.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, where the call has a stream.
        """
        request = plain_request(call, self.address)
        async with asyncio.timeout(call.timeout):
            peer, view = await self._ready()
            if call.one_way:
                peer.send_one_way(request)
                return PlainAnswer(view, None)
            return PlainAnswer(view, await peer.call(request))

    async def close(self) -> None:
        """Close the connection; calls under way fail."""
        if self._peer is not None:
            self._peer.close()
            await self._peer.closed
            self._peer = None

    async def _ready(self) -> tuple[_ClientProtocol, V]:
        async with self._dialling:
            if self._peer is None or self._peer.lost is not None or self._view is None:
                connection = ClientConnection(self._identity, self._known, self.address.framing, self._limits)
                with dialling(self.address):
                    _, peer = await asyncio.get_running_loop().create_connection(
                        lambda: _ClientProtocol(connection, self.address),
                        self.address.host,
                        self.address.port,
                    )
                try:
                    connected = await peer.connected
                    self._view = self._accept(connected)
                except BaseException:
                    peer.close()
                    raise
                self._known = connected
                self._peer = peer
            return self._peer, self._view


class _ClientProtocol(asyncio.Protocol):
    """Feeds a `ClientConnection` and hands out its events."""

    def __init__(self, connection: ClientConnection, address: Address) -> None:
        loop = asyncio.get_running_loop()
        self.lost: Exception | None = None
        self.connected: asyncio.Future[Connected] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._connection = connection
        self._address = address
        self._calls: dict[int, asyncio.Future[bytes]] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods and not the base class.
        self._transport = cast("asyncio.Transport", transport)
        self._flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._connection.receive(data)
        except RpcError as error:
            self._fail(error)
            return
        self._flush()
        for event in events:
            match event:
                case Connected():
                    if not self.connected.done():
                        self.connected.set_result(event)
                case Answered(serial, body):
                    # A caller that stopped waiting has cancelled its future; its reply is dropped.
                    reply = self._calls.pop(serial, None)
                    if reply is not None and not reply.done():
                        reply.set_result(body)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.lost is None:
            try:
                self._connection.receive_eof()
                self.lost = ConnectionLost(f"the server at {self._address} closed the connection")
            except ConnectionLost as lost:
                self.lost = ConnectionLost(f"{self._address}: {lost}")
            self.lost.__cause__ = exc
        pending: list[asyncio.Future[Any]] = [self.connected, *self._calls.values()]
        for waiting in pending:
            if not waiting.done():
                waiting.set_exception(self.lost)
                waiting.exception()  # whoever awaits it sees it; nobody need
        self._calls.clear()
        if not self.closed.done():
            self.closed.set_result(None)

    async def call(self, request: bytes) -> bytes:
        if self.lost is not None:
            raise self.lost
        serial = self._connection.call(request, one_way=False)
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._calls[serial] = reply
        self._flush()
        return await reply

    def send_one_way(self, request: bytes) -> None:
        if self.lost is not None:
            raise self.lost
        self._connection.call(request, one_way=True)
        self._flush()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        data = self._connection.data_to_send()
        if data and self._transport is not None:
            self._transport.write(data)

    def _fail(self, error: Exception) -> None:
        self.lost = error
        if self._transport is not None:
            self._transport.abort()


class TcpServerProtocol(asyncio.Protocol):
    """Feeds a `ServerConnection`, and runs each call in a task of its own with an empty context.

    Args:
        connection: The state of the connection.
        answer: Gives a request's reply, handshake response and all; None for a one-way call.
        opened: Told of this object when the connection is there.
        closed: Told of it when the connection is gone.
    """

    def __init__(
        self,
        connection: ServerConnection[Any],
        answer: Answerer,
        opened: Callable[[TcpServerProtocol], None],
        closed: Callable[[TcpServerProtocol], None],
    ) -> None:
        self.connection = connection
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the connection is closed."""
        self.peer: object = None
        """The client's address, as the system has it."""
        self._answer = answer
        self._opened = opened
        self._closed = closed
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport | None = None
        self._is_choked = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods and not the base class.
        self._transport = cast("asyncio.Transport", transport)
        self.peer = transport.get_extra_info("peername")
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        try:
            requests = self.connection.receive(data)
        except RpcError as error:
            peer = self._transport.get_extra_info("peername")
            logger.warning("closing the connection from %s: %s", peer, error)
            self.close()
            return
        self._flush()
        loop = asyncio.get_running_loop()
        for request in requests:
            task = loop.create_task(self._serve(request), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._choose_reading()

    def pause_writing(self) -> None:
        self._is_choked = True
        self._choose_reading()

    def resume_writing(self) -> None:
        self._is_choked = False
        self._choose_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()
        self._closed(self)
        if not self.gone.done():
            self.gone.set_result(None)

    def close(self) -> None:
        """Send what is due, and close."""
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def abort(self) -> None:
        """Close at once; what is due is lost."""
        if self._transport is not None:
            self._transport.abort()

    async def _serve(self, request: Request[Any]) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # the client is gone
            self.connection.reply(request.serial, await self._answer(request, None))
            self.data_received(b"")  # sends the reply, and starts what waited for this call's end

    def _choose_reading(self) -> None:
        """Ask for no more calls where the client does not read its replies, or has enough under way."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._is_choked or self.connection.is_full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _flush(self) -> None:
        data = self.connection.data_to_send()
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
