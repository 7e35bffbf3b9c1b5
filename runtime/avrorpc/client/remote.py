"""A client's far end as a Service, and the channels of both colours that call through it.

One coroutine serves both: the blocking transport never suspends it, so that a synchronous caller drives it to
its end with one `send(None)`.
"""

from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from avrorpc import schema
from avrorpc.call import AsyncClock, BlockingClock, Call, Clock, Options, Reply, deadline_exceeded
from avrorpc.client.conversation import Conversation, Outbox
from avrorpc.client.description import Description, remote_details
from avrorpc.client.owner import Owner
from avrorpc.client.receiving import Received, RemoteStream
from avrorpc.client.streams import AsyncStream, SyncStream
from avrorpc.client.version import ServerVersion
from avrorpc.codec.binary import Cursor
from avrorpc.codec.message import ReplyDecoder, RequestEncoder
from avrorpc.driving import drive
from avrorpc.error_details import unpack_details
from avrorpc.errors import ClientStateError, DeclaredError, StatusError
from avrorpc.limits import Limits
from avrorpc.method import Contract, Method
from avrorpc.service import Middleware, Service, compose
from avrorpc.streaming import AsyncItems, Pump, SentItems, SyncItems
from avrorpc.transport import loops
from avrorpc.transport.address import Address
from avrorpc.transport.exchange import Answer, Outgoing, Transport
from avrorpc.wire.envelope import DETAILS, ERROR_ID, TIMEOUT, read_code, read_reply_head, write_timeout

R = TypeVar("R")


class Remote:
    """The Service at the far end of a transport."""

    def __init__(self, contract: Contract, transport: Transport[ServerVersion], limits: Limits) -> None:
        self.contract = contract
        self.transport = transport
        self.owner = Owner()
        self.version: ServerVersion | None = None
        self._limits = limits
        self._encoders: dict[str, RequestEncoder] = {}

    async def __call__(self, call: Call) -> Reply:
        """Make a call."""
        message, streaming, left = call.method.message, call.method.streaming, call.remaining()
        metadata = call.metadata
        if left is not None:
            metadata = {**metadata, TIMEOUT: write_timeout(left)}
        encoder = self._encoder(message)
        plain, sent = call.arguments, None
        if streaming.takes_stream:
            plain, sent = call.arguments[:-1], SentItems(call.arguments[-1], encoder.item)
        try:
            outgoing = Outgoing(
                protocol=self.contract.name,
                message=message.name,
                metadata=metadata,
                parameters=encoder.to_bytes(plain),
                one_way=message.one_way,
                timeout=left,
                items=sent,
                streams=streaming.gives_stream,
            )
            answer = await self._exchange(call, outgoing, sent)
            self.version = answer.view
        except BaseException:
            if sent is not None:
                await sent.aclose()
            raise
        if streaming.gives_stream:
            return await self._stream(call, outgoing, answer, sent)
        if sent is not None:
            await sent.aclose()
        if answer.body is None:
            return Reply(None)
        return self._read(answer.view.decoder(message), Cursor(answer.body, self._limits))

    async def _exchange(
        self, call: Call, outgoing: Outgoing, sent: SentItems | None
    ) -> Answer[ServerVersion]:
        failed: BaseException | None
        try:
            answer = await self.transport.exchange(outgoing)
            self.version = answer.view
            failed = None if sent is None else sent.failed
            if failed is None:
                return answer
            await answer.cancel()
        except BaseException as error:  # noqa: BLE001 - raised below, where nothing is being handled
            failed = _told(call, error) if sent is None or sent.failed is None else sent.failed
        try:
            raise failed
        finally:
            del failed

    async def _stream(
        self, call: Call, outgoing: Outgoing, answer: Answer[ServerVersion], sent: SentItems | None
    ) -> Reply:
        metadata: dict[str, bytes] = {}

        async def received(answer: Answer[ServerVersion]) -> Received[ServerVersion]:
            try:
                decoder = answer.view.decoder(call.method.message)
            except BaseException:
                await answer.cancel()
                if sent is not None:
                    await sent.aclose()
                raise

            def decode(data: bytes) -> Any:
                cursor = Cursor(data, self._limits)
                item = decoder.result(cursor)
                cursor.finish()
                return item

            def finish(body: bytes) -> None:
                metadata.update(self._read(decoder, Cursor(body, self._limits), ends_stream=True).metadata)

            return answer, decode, finish

        async def again() -> Received[ServerVersion]:
            made = await self.transport.exchange(replace(outgoing, timeout=call.remaining()))
            self.version = made.view
            return await received(made)

        answer, decode, finish = await received(answer)
        stream = RemoteStream(
            answer, decode, finish, partial(_told, call), sent, self.owner, again if sent is None else None
        )
        if answer.pump is not None and sent is not None:
            await Pump(answer.pump, sent, partial(_told, call))
        return Reply(stream, metadata)

    def _read(self, decoder: ReplyDecoder, cursor: Cursor, *, ends_stream: bool = False) -> Reply:
        metadata, is_error = read_reply_head(cursor)
        if not is_error:
            value = None if ends_stream else decoder.result(cursor)
            cursor.finish()
            return Reply(value, metadata)
        error = decoder.error(cursor)
        if isinstance(error, DeclaredError):
            error.__avrorpc_from_peer__ = True
            raise error
        if isinstance(error, Exception):
            raise error
        details = (
            unpack_details(metadata[DETAILS], self.contract, self._limits) if DETAILS in metadata else ()
        )
        code, error_id = read_code(metadata), _text(metadata, ERROR_ID)
        raise StatusError(code, error, details=details, from_peer=True, error_id=error_id)

    def _encoder(self, message: schema.Message) -> RequestEncoder:
        if message.name not in self._encoders:
            self._encoders[message.name] = RequestEncoder(message, self.contract.types)
        return self._encoders[message.name]


class _RemoteChannel:
    """What the channels of both colours share."""

    asynchronous: bool

    def __init__(self, remote: Remote, options: Options, middleware: tuple[Middleware, ...]) -> None:
        self.options = options
        self._remote = remote
        self._middleware = middleware
        self._service: Service = compose(middleware, remote)
        address = remote.transport.address
        self._peer = address.path if address.scheme == "unix" else address.authority

    def __repr__(self) -> str:
        return str(self._remote.transport.address)

    def with_options(self, options: Options) -> Any:
        """Return a channel over the same connections with other options."""
        return type(self)(self._remote, options, self._middleware)

    def describe(self) -> Description:
        """Return what this channel is."""
        address, contract = self._remote.transport.address, self._remote.contract
        version = self._remote.version
        return Description(
            placement=address.scheme,
            url=str(address),
            contract=contract.name,
            hash=contract.hash.hex(),
            asynchronous=self.asynchronous,
            details=remote_details(address, None if version is None else version.connected),
            server_hash=None if version is None else version.connected.server_hash.hex(),
            verdicts={} if version is None else version.verdicts,
        )

    def _call(self, method: Method[Any], arguments: tuple[Any, ...], clock: Clock) -> Call:
        deadline = self.options.deadline(method, clock)
        return Call(method, arguments, clock, deadline, dict(self.options.metadata), peer=self._peer)

    async def _begin(self, method: Method[Any], arguments: tuple[Any, ...], clock: Clock) -> Any:
        return (await self._service(self._call(method, arguments, clock))).value


class RemoteChannel(_RemoteChannel):
    """For synchronous callers; any thread may use it."""

    asynchronous = False

    def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Make a call and wait for its reply."""
        self._remote.owner.check()
        _mind_running_loop(self._remote.transport.address)
        if method.item is not None:
            arguments = (*arguments[:-1], SyncItems(arguments[-1], method.item))
        value: R = drive(self._begin(method, arguments, BlockingClock()))
        return value

    def iterate(self, method: Method[R], /, *arguments: Any) -> Iterator[R]:
        """Return the items of a response stream, whose call begins when the first is asked for."""
        self._remote.owner.check()

        def begin() -> Coroutine[Any, Any, AsyncIterator[R]]:
            _mind_running_loop(self._remote.transport.address)
            return self._begin(method, arguments, BlockingClock())

        return SyncStream(begin, self._remote.owner.check)

    def converse(self, method: Method[R], /, *arguments: Any) -> Conversation[Any, R]:
        """Return a two-way stream, whose call begins when it is first used."""
        self._remote.owner.check()

        def begin(outbox: Outbox[Any]) -> Coroutine[Any, Any, AsyncIterator[R]]:
            _mind_running_loop(self._remote.transport.address, frames=6)
            return self._begin(method, (*arguments, outbox), BlockingClock())

        return Conversation(begin, self._remote.owner.check)

    def close(self) -> None:
        """Close all connections."""
        self._remote.owner.is_closed = True
        drive(_close(self._remote.transport))


class AsyncRemoteChannel(_RemoteChannel):
    """For asynchronous callers, on the event loop of the first call."""

    asynchronous = True

    async def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Make a call and await its reply."""
        self._remote.owner.check_loop()
        if method.item is not None:
            arguments = (*arguments[:-1], AsyncItems(arguments[-1], method.item))
        value: R = await self._begin(method, arguments, _running_clock())
        return value

    def iterate(self, method: Method[R], /, *arguments: Any) -> AsyncIterator[R]:
        """Return the items of a response stream, whose call begins when the first is asked for."""
        self._remote.owner.check()

        def begin() -> Coroutine[Any, Any, AsyncIterator[R]]:
            given = arguments
            if method.item is not None:
                given = (*arguments[:-1], AsyncItems(arguments[-1], method.item))
            return self._begin(method, given, _running_clock())

        sent = None if method.item is None else arguments[-1]
        return AsyncStream(begin, self._remote.owner.check_loop, sent)

    async def close(self) -> None:
        """Close all connections; in a child process there is nothing to close.

        Raises:
            ClientStateError: They are another event loop's.
        """
        owner = self._remote.owner
        if owner.is_here and owner.loop not in (None, asyncio.get_running_loop()):
            raise ClientStateError("this client belongs to another event loop; close it there")
        owner.is_closed = True
        if owner.is_here:
            await self._remote.transport.close()


def _running_clock() -> AsyncClock:
    return AsyncClock(asyncio.get_running_loop())


def _told(call: Call, error: BaseException) -> BaseException:
    """Return what a caller is told of what a transport raised."""
    return deadline_exceeded(call.method) if isinstance(error, TimeoutError) else error


async def _close(transport: Transport[Any]) -> None:
    await transport.close()


def _text(metadata: Mapping[str, bytes], key: str) -> str | None:
    return metadata[key].decode(errors="replace") if key in metadata else None


def _mind_running_loop(address: Address, frames: int = 4) -> None:
    """Refuse to block the loop that is to answer, and warn about blocking any other.

    `frames` leads to where the client was used.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    if loops.serves(loop, address):
        raise ClientStateError(
            f"this synchronous call would block the event loop that serves {address}, and wait for ever;"
            " use the asynchronous client"
        )
    if not hasattr(sys, "ps1") and "IPython" not in sys.modules:
        warnings.warn(
            "a synchronous avrorpc call blocks the running event loop; use the asynchronous client",
            RuntimeWarning,
            stacklevel=frames,
        )
