"""One contract as it is served: a request's bytes in, the reply's bytes out.

Every failure becomes a reply; nothing that a client sends can raise here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from avrorpc import schema
from avrorpc.binding import Binding, Target, targets
from avrorpc.call import (
    AsyncClock,
    Call,
    CallContext,
    Reply,
    deadline_exceeded,
    earliest_deadline,
    enter_call,
)
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import Decoder
from avrorpc.codec.message import ReplyEncoder, item_decoder, request_decoder
from avrorpc.codec.types import Types
from avrorpc.error_details import pack_details
from avrorpc.errors import Code, ContractMismatch, DecodeError, EncodeError, LimitExceeded, StatusError
from avrorpc.failure import internal, outcome
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract, Method
from avrorpc.schema import Streaming
from avrorpc.server.activity import running_call
from avrorpc.server.lane import Lane
from avrorpc.service import Middleware, Service, compose
from avrorpc.streaming import CallStream, Closable, Incoming, begin, begin_stream, close_iterator
from avrorpc.transport.exchange import Streams
from avrorpc.wire.envelope import TIMEOUT, read_timeout, reply_head, system_error
from avrorpc.wire.server import MAX_SHOWN, Request

_OWN_METADATA: Final = frozenset({TIMEOUT})
"""What is this end's own business; all else is for middleware and the implementation."""
_NONE: Final[Mapping[str, Decoder]] = {}


class Served:
    """A contract, the implementation behind it, and the codecs between it and its clients' versions.

    Args:
        skeleton: The generated skeleton of the contract.
        binding: The implementation.
        executor: Where `def` methods run that are bound to no other place.
        middleware: Wraps each call, outside of what the binding has.
        expose_cause: Whether callers learn the text of undeclared exceptions.
    """

    def __init__(
        self,
        skeleton: type,
        binding: Binding,
        executor: Executor,
        middleware: tuple[Middleware, ...] = (),
        *,
        expose_cause: bool,
    ) -> None:
        contract: Contract = skeleton.__contract__  # type: ignore[attr-defined]
        self.contract: Final = contract
        self.binding: Final = binding
        self.targets: Final = targets(skeleton, binding.implementation)
        self._executor = executor if binding.executor is None else Lane(binding.executor)
        self._expose_cause = expose_cause
        self._service: Service = compose((*middleware, *binding.middleware), self._call)
        self._replies: dict[str, ReplyEncoder] = {}
        self._requests: WeakKeyDictionary[schema.Protocol, dict[str, Decoder]] = WeakKeyDictionary()
        self._items: WeakKeyDictionary[schema.Protocol, dict[str, Decoder]] = WeakKeyDictionary()

    @property
    def service(self) -> Service:
        """The implementation with its middleware, for calls that come by no wire."""
        return self._service

    @property
    def name(self) -> str:
        """The protocol's full name."""
        return self.contract.name

    @property
    def text(self) -> str:
        """Its compact `.avpr` text."""
        return self.contract.text

    @property
    def hash(self) -> bytes:
        """The MD5 of the text."""
        return self.contract.hash

    @property
    def protocol(self) -> schema.Protocol:
        """The protocol."""
        return self.contract.protocol

    def how(self, target: Target) -> str:
        """Say where a method runs."""
        if target.is_async:
            return "on the event loop"
        return "inline" if self._threads(target) is None else "in a thread"

    async def answer(self, request: Request[Served], streams: Streams | None) -> bytes | None:
        """Return the reply to a request, from metadata to payload; None for a one-way call.

        The items of a response stream are sent before; without `streams` there can be none.
        """
        method = self.contract.methods.get(request.message)
        if method is None:
            known = ", ".join(self.contract.methods)
            text = f"{self.name} has no message {request.message[:MAX_SHOWN]!r}; it has {known}"
            return system_error(Code.UNIMPLEMENTED, text)
        if method.streaming is not Streaming.NONE and streams is None:
            text = f"{method.full_name} is a stream, and plain Avro connections have none"
            return system_error(Code.UNIMPLEMENTED, text)
        call: Call | None = None
        try:
            call = self._read(method, request, streams)
            running = running_call()
            if running is not None:
                running.deadline = call.deadline
            reply = await self._service(call)
            if method.streaming.gives_stream and streams is not None:
                body = await self._send(call, reply, streams)
            else:
                body = self._write(method, reply)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            body = self._failed(method, error, request.parameters.limits)
        except (KeyboardInterrupt, GeneratorExit):
            raise  # of the process, or of the loop that ends
        except BaseException as error:  # noqa: BLE001 - this is the boundary: all of them become replies
            body = self._failed(method, error, request.parameters.limits)
        finally:
            if call is not None and method.streaming.takes_stream:
                await close_iterator(call.arguments[-1])
        return None if request.one_way else body

    async def run(self, call: Call) -> Reply:
        """Run a call that came by no Avro, and return its reply.

        Raises:
            DeclaredError: The contract's.
            StatusError: Whatever else went wrong, as callers are told of it.
        """
        try:
            return await self._service(call)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise self.told(call.method, error) from None
        except (KeyboardInterrupt, GeneratorExit):
            raise  # of the process, or of the loop that ends
        except BaseException as error:  # noqa: BLE001 - this is the boundary: callers see what they may
            raise self.told(call.method, error) from None

    def told(self, method: Method[Any], raised: BaseException, limits: Limits = DEFAULT_LIMITS) -> Exception:
        """Return what callers are told of what was raised."""
        return outcome(method, raised, expose_cause=self._expose_cause, limits=limits)

    def _read(self, method: Method[Any], request: Request[Served], streams: Streams | None) -> Call:
        client = request.session.client
        try:
            decode = self._requests.get(client, _NONE).get(method.name) or self._prepare(client, method)
            arguments = decode(request.parameters)
            request.parameters.finish()
            left = read_timeout(request.metadata)
        except ContractMismatch as error:
            raise StatusError(Code.FAILED_PRECONDITION, f"{method.full_name}: {error}") from None
        except LimitExceeded as error:
            raise StatusError(Code.RESOURCE_EXHAUSTED, f"{method.full_name}: {error}") from None
        except (DecodeError, ValueError) as error:
            text = f"{method.full_name}: the request does not fit the contract: {error}"
            raise StatusError(Code.INVALID_ARGUMENT, text) from None
        clock = AsyncClock(asyncio.get_running_loop())
        deadline = earliest_deadline(method, clock, left)
        metadata = {k: v for k, v in request.metadata.items() if k not in _OWN_METADATA}
        if streams is not None and method.streaming.takes_stream:
            arguments.append(self._decoded(method, client, streams.items, request.parameters.limits))
        return Call(method, tuple(arguments), clock, deadline, metadata, request.principal, request.peer)

    def _prepare(self, client: schema.Protocol, method: Method[Any]) -> Decoder:
        """Return what reads a client's version of a request, which is kept."""
        theirs = client.messages.get(method.name)
        decode = (
            _refusing("the client's own protocol lacks the message")
            if theirs is None
            else _reader(theirs, method, self.contract.types)
        )
        self._requests.setdefault(client, {})[method.name] = decode
        return decode

    async def _decoded(
        self, method: Method[Any], client: schema.Protocol, items: AsyncIterator[bytes], limits: Limits
    ) -> AsyncIterator[Any]:
        decoders = self._items.setdefault(client, {})
        if method.name not in decoders:
            theirs = client.messages[method.name]
            decoders[method.name] = item_decoder(theirs, method.message, self.contract.types)
        decode, number = decoders[method.name], 0
        async for data in items:
            cursor = Cursor(data, limits)
            try:
                item = decode(cursor)
                cursor.finish()
            except ContractMismatch as error:
                text = f"{method.full_name}: {method.item}[{number}]: {error}"
                raise StatusError(Code.FAILED_PRECONDITION, text) from None
            except LimitExceeded as error:
                raise StatusError(Code.RESOURCE_EXHAUSTED, f"{method.full_name}: {error}") from None
            except (DecodeError, ValueError) as error:
                text = f"{method.full_name}: {method.item}[{number}] does not fit the contract: {error}"
                raise StatusError(Code.INVALID_ARGUMENT, text) from None
            yield item
            number += 1

    async def _call(self, call: Call) -> Reply:
        """Run the implementation, within the call's deadline and seeing nothing but the call's context."""
        target, streaming, arguments = self.targets[call.method.name], call.method.streaming, call.arguments
        enter_call(CallContext(call.deadline, call.metadata, call.principal, call.clock))
        if streaming is Streaming.NONE:
            return Reply(await self._result(call, target, arguments, copy_context()))
        parts: list[Closable] = []
        if streaming.takes_stream:
            incoming = Incoming(arguments[-1], call.method.full_name)
            arguments = (*arguments[:-1], incoming)
            parts.append(incoming)
        context, executor = copy_context(), self._threads(target)
        if streaming.gives_stream:
            begin_it = partial(begin_stream, target, arguments, context, executor, target.function)
            return Reply(CallStream(call, begin_it, *parts, timed=True))
        try:
            return Reply(await self._result(call, target, arguments, context))
        finally:
            for part in parts:
                await part.aclose()

    def _result(
        self, call: Call, target: Target, arguments: tuple[Any, ...], context: Context
    ) -> Awaitable[Any]:
        """Run the implementation of a message that gives one value, for as long as its caller waits."""
        left, executor = call.remaining(), self._threads(target)
        if left is None:
            return begin(target, arguments, context, executor)
        return _within(left, partial(begin, target, arguments, context, executor), call.method)

    def _threads(self, target: Target) -> Executor | None:
        """Return where a method runs, if not on the loop; a `def` that reads a stream would block it."""
        if target.is_async or (self.binding.inline and not target.method.streaming.takes_stream):
            return None
        return self._executor

    async def _send(self, call: Call, reply: Reply, streams: Streams) -> bytes:
        """Send the items of a response stream, and return the reply that ends it."""
        encode, number = self._reply_encoder(call.method).result, 0
        timer = asyncio.timeout_at(call.deadline)
        try:
            async with timer:
                async for item in reply.value:
                    out = bytearray()
                    try:
                        encode(out, item)
                    except EncodeError as error:
                        text = f"the item [{number}] does not fit the contract: {error.message}"
                        raise TypeError(text) from None
                    await streams.send(bytes(out))
                    number += 1
        except TimeoutError:
            if timer.expired():
                raise deadline_exceeded(call.method) from None
            raise
        finally:
            await close_iterator(reply.value)
        return bytes(reply_head(reply.metadata, is_error=False))

    def _write(self, method: Method[Any], reply: Reply) -> bytes:
        out = reply_head(reply.metadata, is_error=False)
        try:
            self._reply_encoder(method).result(out, reply.value)
        except EncodeError as error:
            # The implementation's fault, and not the caller's.
            raise TypeError(f"the result does not fit the contract: {error.message}") from None
        return bytes(out)

    def _failed(self, method: Method[Any], raised: BaseException, limits: Limits) -> bytes:
        """Return the reply for what was raised; whatever else fails on the way, there is one."""
        error = self.told(method, raised, limits)
        try:
            return self._write_error(method, error, limits)
        except Exception as problem:  # noqa: BLE001 - the caller waits
            told = internal(method, problem, expose_cause=self._expose_cause)
            return system_error(told.code, told.message, told.error_id)

    def _write_error(self, method: Method[Any], error: Exception, limits: Limits) -> bytes:
        if isinstance(error, StatusError):
            # What cannot go is out of it already.
            details, _ = pack_details(error.details, self.contract, limits)
            return system_error(error.code, error.message, error.error_id, details)
        out = reply_head({}, is_error=True)
        try:
            self._reply_encoder(method).error(out, error)
        except EncodeError as problem:
            name = type(error).__name__
            raise TypeError(f"{name} does not fit the contract: {problem.message}") from error
        return bytes(out)

    def _reply_encoder(self, method: Method[Any]) -> ReplyEncoder:
        if method.name not in self._replies:
            self._replies[method.name] = ReplyEncoder(method.message, self.contract.types)
        return self._replies[method.name]


async def _within(seconds: float, begin_it: Callable[[], Awaitable[Any]], method: Method[Any]) -> Any:
    """Await the work of a call for as long as is left to it."""
    timer = asyncio.timeout(seconds)
    try:
        async with timer:
            return await begin_it()
    except TimeoutError:
        if timer.expired():
            raise deadline_exceeded(method) from None
        raise


def _reader(theirs: schema.Message, method: Method[Any], types: Types) -> Decoder:
    """Return what reads a client's version of a request; one that cannot work is refused at each call."""
    refusals = schema.compare_messages(method.name, theirs, method.message).refusals
    if not refusals:
        return request_decoder(theirs, method.message, types)
    return _refusing("; ".join(map(str, refusals[: schema.MOST_REASONS])))


def _refusing(problem: str) -> Decoder:
    def refuse(_: Cursor) -> Any:
        raise ContractMismatch(problem)

    return refuse
