"""A client's far end as a Service, and the channels of both colours that call through it.

One coroutine serves both: the blocking transport never suspends it, so that a synchronous caller drives it to
its end with one `send(None)`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any, TypeVar

from avrorpc import schema
from avrorpc.call import AsyncClock, BlockingClock, Call, Clock, Options, Reply, deadline_exceeded
from avrorpc.client.description import Description
from avrorpc.client.version import ServerVersion
from avrorpc.codec.binary import Cursor
from avrorpc.codec.message import ReplyDecoder, RequestEncoder
from avrorpc.driving import drive
from avrorpc.error_details import unpack_details
from avrorpc.errors import ClientStateError, DeclaredError, StatusError
from avrorpc.limits import Limits
from avrorpc.method import Contract, Method
from avrorpc.service import Middleware, Service, compose
from avrorpc.transport import loops
from avrorpc.transport.address import Address
from avrorpc.transport.exchange import Outgoing, Transport
from avrorpc.wire.envelope import DETAILS, ERROR_ID, TIMEOUT, read_code, read_reply_head, write_timeout

R = TypeVar("R")


class Owner:
    """Who may use connections: the process that made them, one event loop, and nobody once they are closed.

    All clients over the same connections share one.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None

    def check(self) -> None:
        """Check that the connections may be used here and now.

        Raises:
            ClientStateError: They may not.
        """
        if self.is_closed:
            raise ClientStateError("this client is closed")
        if os.getpid() != self._process:
            raise ClientStateError(
                "this client belongs to the process that made it; connect again after a fork"
            )

    def check_loop(self) -> None:
        """Check that the running event loop is the one of the first call.

        Raises:
            ClientStateError: It is not.
        """
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise ClientStateError("this client belongs to another event loop; connect again in this one")


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
        message, left = call.method.message, call.remaining()
        metadata = dict(call.metadata)
        if left is not None:
            metadata[TIMEOUT] = write_timeout(left)
        parameters = bytearray()
        self._encoder(message)(parameters, call.arguments)
        outgoing = Outgoing(
            protocol=self.contract.name,
            message=message.name,
            metadata=metadata,
            parameters=bytes(parameters),
            one_way=message.one_way,
            timeout=left,
        )
        try:
            answer = await self.transport.exchange(outgoing)
        except TimeoutError:
            raise deadline_exceeded(call.method) from None
        self.version = answer.view
        if answer.body is None:
            return Reply(None)
        return self._read(answer.view.decoder(message), Cursor(answer.body, self._limits))

    def _read(self, decoder: ReplyDecoder, cursor: Cursor) -> Reply:
        metadata, is_error = read_reply_head(cursor)
        if not is_error:
            value = decoder.result(cursor)
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
    clock: type[Clock]

    def __init__(self, remote: Remote, options: Options, middleware: tuple[Middleware, ...]) -> None:
        self.options = options
        self._remote = remote
        self._middleware = middleware
        self._clock = self.clock()
        self._service: Service = compose(middleware, remote)

    def __repr__(self) -> str:
        return str(self._remote.transport.address)

    def with_options(self, options: Options) -> Any:
        """Return a channel over the same connections with other options."""
        return type(self)(self._remote, options, self._middleware)

    def describe(self) -> Description:
        """Return what this channel is."""
        address, contract = self._remote.transport.address, self._remote.contract
        details = {"body": "Avro binary over POST"} if address.is_http else {"framing": str(address.framing)}
        return Description(
            placement=address.scheme,
            url=str(address),
            contract=contract.name,
            hash=contract.hash.hex(),
            asynchronous=self.asynchronous,
            details=details,
            verdicts={} if self._remote.version is None else self._remote.version.verdicts,
        )

    def _call(self, method: Method[Any], arguments: tuple[Any, ...]) -> Call:
        self._remote.owner.check()
        deadline = self.options.deadline(method, self._clock.now())
        return Call(method, arguments, self._clock, deadline, dict(self.options.metadata))


class RemoteChannel(_RemoteChannel):
    """For synchronous callers; any thread may use it."""

    asynchronous = False
    clock = BlockingClock

    def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Make a call and wait for its reply."""
        call = self._call(method, arguments)
        _mind_running_loop(self._remote.transport.address)
        value: R = drive(_reply(self._service, call)).value
        return value

    def close(self) -> None:
        """Close all connections."""
        self._remote.owner.is_closed = True
        drive(_close(self._remote.transport))


class AsyncRemoteChannel(_RemoteChannel):
    """For asynchronous callers, on the event loop of the first call."""

    asynchronous = True
    clock = AsyncClock

    async def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Make a call and await its reply."""
        call = self._call(method, arguments)
        self._remote.owner.check_loop()
        value: R = (await self._service(call)).value
        return value

    async def close(self) -> None:
        """Close all connections."""
        self._remote.owner.is_closed = True
        await self._remote.transport.close()


async def _reply(service: Service, call: Call) -> Reply:
    return await service(call)


async def _close(transport: Transport[Any]) -> None:
    await transport.close()


def _text(metadata: Mapping[str, bytes], key: str) -> str | None:
    return metadata[key].decode(errors="replace") if key in metadata else None


def _mind_running_loop(address: Address) -> None:
    """Refuse to block the loop that is to answer, and warn about blocking any other."""
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
            stacklevel=4,  # where the client's method was called
        )
