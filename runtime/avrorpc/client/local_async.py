"""`local:` and `verify:` for asynchronous callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from functools import partial
from inspect import isawaitable
from typing import Any, Final, TypeVar

from avrorpc.binding import Target
from avrorpc.call import (
    AsyncClock,
    BlockingClock,
    Call,
    Clock,
    deadline_exceeded,
)
from avrorpc.client.local_calls import LocalCalls, enter
from avrorpc.client.local_stream import LocalStream, is_cancelled
from avrorpc.client.owner import Owner
from avrorpc.client.streams import AsyncStream
from avrorpc.driving import as_coroutine, run_in, running_loop
from avrorpc.method import Method
from avrorpc.streaming import (
    AsyncItems,
    DrivenIncoming,
    Incoming,
    OwnThreads,
    SentItems,
    begin,
    begin_stream,
)

R = TypeVar("R")

_THREADS: Final = OwnThreads()


class AsyncLocalChannel(LocalCalls):
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
        function = partial(enter, target, call)
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
            raise self._own(sent.failed)
        return self._finish(call, arguments, value, failed)

    async def _work(
        self, call: Call, arguments: tuple[Any, ...], incoming: Incoming | DrivenIncoming | None
    ) -> Any:
        target, context = self._targets[call.method.name], Context()
        if incoming is not None:
            function = partial(enter, target, call)
            return await begin(function, (*arguments, incoming), context, self._threads(target, call))
        value = context.run(enter, target, call, arguments)
        return await run_in(context, as_coroutine(value)) if isawaitable(value) else value


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
