"""`local:`: one frame around the implementation, in this process.

It applies what a remote call would: the deadline, an empty context with only what crosses a call, and the
error mapping. It copies and checks nothing; `verify:` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Executor
from contextvars import Context
from functools import partial
from inspect import isawaitable
from typing import Any, Final, TypeVar

from avrorpc.binding import Binding, Target, targets
from avrorpc.call import (
    AsyncClock,
    BlockingClock,
    Call,
    CallContext,
    Clock,
    Options,
    Reply,
    deadline_exceeded,
    enter_call,
)
from avrorpc.client.conversation import Conversation, Outbox
from avrorpc.client.description import Description
from avrorpc.client.local_stream import LocalStream, is_cancelled
from avrorpc.client.owner import Owner
from avrorpc.client.streams import AsyncStream, SyncStream
from avrorpc.client.verify import Verifier
from avrorpc.driving import as_coroutine, drive, needs_loop, run_in, running_loop, suspended
from avrorpc.errors import BindError, Suspended
from avrorpc.failure import outcome
from avrorpc.method import Method
from avrorpc.service import Middleware, Service, compose
from avrorpc.streaming import (
    AsyncItems,
    CallStream,
    DrivenIncoming,
    Incoming,
    OwnThreads,
    Pump,
    SentItems,
    Steps,
    SyncItems,
    ThreadedSteps,
    begin,
    begin_stream,
    steps_of,
)
from avrorpc.stub import AsyncClient, Client

R = TypeVar("R")

_THREADS: Final = OwnThreads()


class _Local:
    """What the channels of both colours share."""

    asynchronous: bool

    def __init__(
        self,
        client_type: type[Client] | type[AsyncClient],
        binding: Binding,
        options: Options,
        middleware: tuple[Middleware, ...],
        *,
        verify: bool,
        expose_cause: bool,
    ) -> None:
        self.contract = client_type.__contract__
        self.binding = binding
        self.options = options
        self._client_type = client_type
        self._middleware = middleware
        self._verify = verify
        self._expose_cause = expose_cause
        self._targets = targets(client_type, binding.implementation)
        self._verifier = Verifier(self.contract) if verify else None
        self._chain: Service | None = None
        if middleware or binding.middleware:
            self._chain = compose((*middleware, *binding.middleware), self._terminal)

    def __repr__(self) -> str:
        return "verify:" if self._verify else "local:"

    def with_options(self, options: Options) -> Any:
        """Return a channel to the same implementation with other options."""
        return type(self)(
            self._client_type,
            self.binding,
            options,
            self._middleware,
            verify=self._verify,
            expose_cause=self._expose_cause,
        )

    def describe(self) -> Description:
        """Return what this channel is."""
        placement = "verify" if self._verify else "local"
        is_async = {target.is_async for target in self._targets.values()}
        kinds = " and ".join(word for word, flag in (("def", False), ("async def", True)) if flag in is_async)
        return Description(
            placement=placement,
            url=f"{placement}:",
            contract=self.contract.name,
            hash=self.contract.hash.hex(),
            asynchronous=self.asynchronous,
            details={
                "implementation": f"{type(self.binding.implementation).__qualname__} ({kinds})",
                "calls": "through the full Avro encoding, compared"
                if self._verify
                else "in this process, uncopied",
            },
        )

    async def _terminal(self, call: Call) -> Reply:
        """Answer a call, at the end of all middleware."""
        if call.method.streaming.gives_stream:
            return Reply(await self._give(call))
        if call.method.streaming.takes_stream:
            return Reply(await self._take(call))
        return Reply(await self._once(call))

    async def _once(self, call: Call) -> Any:
        raise NotImplementedError

    async def _take(self, call: Call) -> Any:
        raise NotImplementedError

    async def _give(self, call: Call) -> LocalStream:
        raise NotImplementedError

    async def _begin(self, call: Call) -> Any:
        return (await (self._chain or self._terminal)(call)).value

    def _call(self, method: Method[Any], arguments: tuple[Any, ...], clock: Any) -> Call:
        deadline = self.options.deadline(method, clock.now())
        return Call(method, arguments, clock, deadline, dict(self.options.metadata))

    def _send(self, call: Call) -> tuple[Any, ...]:
        """Return the arguments as they are passed on, without one that is a stream."""
        plain, verifier = _plain(call), self._verifier
        return plain if verifier is None else verifier.send(call.method, plain)

    def _sent(self, call: Call) -> SentItems:
        """Return the items of a request stream as they are passed on."""
        verifier = self._verifier
        convert = _as_it_is if verifier is None else partial(verifier.send_item, call.method)
        return SentItems(call.arguments[-1], convert)

    def _stream(
        self,
        call: Call,
        arguments: tuple[Any, ...],
        begin: Callable[[], Awaitable[Steps]],
        sent: SentItems | None,
        *parts: Incoming | DrivenIncoming | SentItems,
        timed: bool,
    ) -> LocalStream:
        method, verifier = call.method, self._verifier

        def receive(item: Any, number: int) -> Any:
            return item if verifier is None else verifier.receive(method, item, f"the item [{number}]")

        def ended() -> None:
            if verifier is not None:
                verifier.unchanged(method, _plain(call), arguments)

        stream = CallStream(call, begin, *parts, timed=timed)
        return LocalStream(stream, sent, receive=receive, failed=partial(self._told, method), ended=ended)

    def _error(self, method: Method[Any], error: BaseException) -> Exception:
        return outcome(method, error, expose_cause=self._expose_cause)

    def _finish(
        self, call: Call, arguments: tuple[Any, ...], value: Any, failed: BaseException | None
    ) -> Any:
        """Return the result or raise the error, as a caller sees them; arguments as they were passed on."""
        method, verifier = call.method, self._verifier
        if verifier is not None:
            verifier.unchanged(method, _plain(call), arguments)
        if method.message.one_way:
            if failed is not None:
                # Logged, as a server would: the caller of a one-way message does not wait to hear.
                self._error(method, failed)
            return None
        call.remaining()
        if failed is None:
            return value if verifier is None else verifier.receive(method, value)
        # Raised out here, where no exception is being handled, so that no trace of what was redacted remains.
        raise self._told(method, failed)

    def _told(self, method: Method[Any], failed: BaseException) -> Exception:
        """Return what the caller is told of what an implementation raised."""
        if needs_loop(failed):
            return suspended(method.full_name)
        if isinstance(failed, Suspended):
            return failed
        error = self._error(method, failed)
        return error if self._verifier is None else self._verifier.receive_error(method, error)


class LocalChannel(_Local):
    """For synchronous callers."""

    asynchronous = False

    def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Call the implementation."""
        value: R
        if method.item is not None:
            arguments = (*arguments[:-1], SyncItems(arguments[-1], method.item))
        elif self._chain is None:
            value = self._run(self._call(method, arguments, BlockingClock()))
            return value
        value = drive(self._begin(self._call(method, arguments, BlockingClock())))
        return value

    def iterate(self, method: Method[R], /, *arguments: Any) -> Iterator[R]:
        """Return the items of a response stream, whose call begins when the first is asked for."""
        return SyncStream(lambda: self._begin(self._call(method, arguments, BlockingClock())), _anywhere)

    def converse(self, method: Method[R], /, *arguments: Any) -> Conversation[Any, R]:
        """Return a two-way stream, whose call begins when it is first used."""

        def begin(outbox: Outbox[Any]) -> Coroutine[Any, Any, AsyncIterator[R]]:
            return self._begin(self._call(method, (*arguments, outbox), BlockingClock()))

        return Conversation(begin, _anywhere)

    def close(self) -> None:
        """Do nothing: the implementation is not this client's."""

    async def _once(self, call: Call) -> Any:
        return self._run(call)

    async def _take(self, call: Call) -> Any:
        sent, target = self._sent(call), self._targets[call.method.name]
        incoming = DrivenIncoming(sent, call.method.full_name, is_async=target.is_async)
        try:
            return self._run(call, incoming, sent)
        finally:
            await incoming.aclose()
            await sent.aclose()

    async def _give(self, call: Call) -> LocalStream:
        arguments, context, target = self._send(call), Context(), self._targets[call.method.name]
        function = partial(_enter, target, call)
        if not call.method.streaming.takes_stream:

            async def begin() -> Steps:
                value = context.run(function, arguments)
                return steps_of(await value if isawaitable(value) else value, context)

            return self._stream(call, arguments, begin, None, timed=False)
        sent = self._sent(call)
        what = call.method.full_name
        steps = ThreadedSteps(
            function, arguments, context, what, is_async=target.is_async, left=call.remaining
        )

        async def begun() -> Steps:
            return steps

        await Pump(steps.feed(sent), sent, partial(self._told, call.method))
        return self._stream(call, arguments, begun, sent, sent, timed=False)

    def _run(self, call: Call, incoming: DrivenIncoming | None = None, sent: SentItems | None = None) -> Any:
        arguments = self._send(call)
        context = Context()
        failed: BaseException | None = None
        value: Any = None
        call.remaining()
        given = arguments if incoming is None else (*arguments, incoming)
        try:
            value = context.run(_enter, self._targets[call.method.name], call, given)
            if isawaitable(value):
                value = context.run(drive, as_coroutine(value))
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001 - the boundary of the implementation
            failed = error
        if sent is not None and sent.failed is not None:
            raise sent.failed
        return self._finish(call, arguments, value, failed)


class AsyncLocalChannel(_Local):
    """For asynchronous callers."""

    asynchronous = True

    async def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Call the implementation."""
        value: R
        if method.item is not None:
            arguments = (*arguments[:-1], AsyncItems(arguments[-1], method.item))
        elif self._chain is None:
            value = await self._run(self._call(method, arguments, _running_clock()))
            return value
        value = await self._begin(self._call(method, arguments, _running_clock()))
        return value

    def iterate(self, method: Method[R], /, *arguments: Any) -> AsyncIterator[R]:
        """Return the items of a response stream, whose call begins when the first is asked for."""

        def begin() -> Coroutine[Any, Any, AsyncIterator[R]]:
            given = arguments
            if method.item is not None:
                given = (*arguments[:-1], AsyncItems(arguments[-1], method.item))
            return self._begin(self._call(method, given, _running_clock()))

        owner = Owner()

        def check() -> None:
            if running_loop() is not None:
                owner.check_loop()

        return AsyncStream(begin, check, None if method.item is None else arguments[-1])

    async def close(self) -> None:
        """Do nothing: the implementation is not this client's."""

    async def _once(self, call: Call) -> Any:
        return await self._run(call)

    async def _take(self, call: Call) -> Any:
        sent = self._sent(call)
        incoming = _incoming(sent, call, self._targets[call.method.name])
        try:
            return await self._run(call, incoming, sent)
        finally:
            await incoming.aclose()
            await sent.aclose()

    async def _give(self, call: Call) -> LocalStream:
        arguments, context, target = self._send(call), Context(), self._targets[call.method.name]
        function = partial(_enter, target, call)
        if not call.method.streaming.takes_stream:
            begin = partial(begin_stream, function, arguments, context, None, target.function)
            return self._stream(call, arguments, begin, None, timed=_is_timed(call))
        sent = self._sent(call)
        incoming = _incoming(sent, call, target)
        given, executor = (*arguments, incoming), self._threads(target, call)
        begin = partial(begin_stream, function, given, context, executor, target.function)
        return self._stream(call, arguments, begin, sent, incoming, sent, timed=_is_timed(call))

    def _threads(self, target: Target, call: Call) -> Executor | None:
        """Return where a method runs that takes a stream: a `def` would block the loop that feeds it."""
        if target.is_async or not _is_timed(call):
            return None
        return self.binding.executor or _THREADS

    async def _run(
        self, call: Call, incoming: Incoming | DrivenIncoming | None = None, sent: SentItems | None = None
    ) -> Any:
        arguments = self._send(call)
        failed: BaseException | None = None
        value: Any = None
        timer = None
        if call.deadline is not None:
            left = call.remaining()
            timer = asyncio.timeout(left) if _is_timed(call) else None
        try:
            if timer is None:
                value = await self._work(call, arguments, incoming)
            else:
                async with timer:
                    value = await self._work(call, arguments, incoming)
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            failed = error
        except Exception as error:  # noqa: BLE001 - the boundary of the implementation
            failed = deadline_exceeded(call.method) if timer is not None and timer.expired() else error
        if sent is not None and sent.failed is not None:
            raise sent.failed
        return self._finish(call, arguments, value, failed)

    async def _work(
        self, call: Call, arguments: tuple[Any, ...], incoming: Incoming | DrivenIncoming | None
    ) -> Any:
        target, context = self._targets[call.method.name], Context()
        if incoming is not None:
            function = partial(_enter, target, call)
            return await begin(function, (*arguments, incoming), context, self._threads(target, call))
        value = context.run(_enter, target, call, arguments)
        return await run_in(context, as_coroutine(value)) if isawaitable(value) else value


def connect_local(
    client_type: type[Client] | type[AsyncClient],
    binding: Binding,
    options: Options,
    middleware: tuple[Middleware, ...],
    *,
    verify: bool,
    expose_cause: bool,
) -> Client | AsyncClient:
    """Return a client of an implementation in this process.

    Raises:
        BindError: The implementation does not fit.
    """
    if issubclass(client_type, AsyncClient):
        channel = AsyncLocalChannel(
            client_type, binding, options, middleware, verify=verify, expose_cause=expose_cause
        )
        return client_type(channel)
    if not issubclass(client_type, Client):
        raise BindError(f"{client_type!r} is no generated client")
    return client_type(
        LocalChannel(client_type, binding, options, middleware, verify=verify, expose_cause=expose_cause)
    )


def _enter(target: Target, call: Call, arguments: tuple[Any, ...]) -> Any:
    enter_call(CallContext(call.deadline, call.metadata, call.principal, call.clock))
    return target(arguments)


def _plain(call: Call) -> tuple[Any, ...]:
    return call.arguments[:-1] if call.method.streaming.takes_stream else call.arguments


def _as_it_is(item: Any, _: int) -> Any:
    return item


def _anywhere() -> None:
    """Check nothing: a synchronous caller may use an implementation in this process wherever it is."""


def _running_clock() -> Clock:
    loop = running_loop()
    return BlockingClock() if loop is None else AsyncClock(loop)


def _is_timed(call: Call) -> bool:
    """Whether a loop is there to interrupt a call; one that is driven without is as a synchronous one."""
    return isinstance(call.clock, AsyncClock)


def _incoming(sent: SentItems, call: Call, target: Target) -> Incoming | DrivenIncoming:
    if _is_timed(call):
        return Incoming(sent, call.method.full_name)
    return DrivenIncoming(sent, call.method.full_name, is_async=target.is_async)
