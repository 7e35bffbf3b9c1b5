"""Running an implementation on an event loop: to its result, or as the stream that it gives."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextvars import Context
from types import CoroutineType
from typing import Any, Protocol, Self

from avrorpc.call import Call, deadline_exceeded
from avrorpc.driving import as_coroutine, run_in
from avrorpc.streaming.closing import close_iterator
from avrorpc.streaming.pulling import PulledSteps, guarded
from avrorpc.streaming.stepping import Steps, steps_of


class Closable(Protocol):
    """Something of a call that ends with it."""

    async def aclose(self) -> None:
        """End it; it may be called again."""
        ...


def begin(
    function: Callable[[tuple[Any, ...]], Any],
    arguments: tuple[Any, ...],
    context: Context,
    executor: Executor | None,
) -> Awaitable[Any]:
    """Call an implementation in a context, on an executor if one is given; its result is to be awaited."""
    if executor is None:
        value = context.run(function, arguments)
        return run_in(context, value) if type(value) is CoroutineType else _settled(value, context)
    return _begin_on(executor, function, arguments, context)


async def _begin_on(
    executor: Executor,
    function: Callable[[tuple[Any, ...]], Any],
    arguments: tuple[Any, ...],
    context: Context,
) -> Any:
    loop = asyncio.get_running_loop()
    value = await loop.run_in_executor(executor, lambda: context.run(guarded, function, arguments))
    return await _settled(value, context)


async def _settled(value: Any, context: Context) -> Any:
    """Return what a method gave, or what comes of awaiting that."""
    return await run_in(context, as_coroutine(value)) if inspect.isawaitable(value) else value


async def begin_stream(
    function: Callable[[tuple[Any, ...]], Any],
    arguments: tuple[Any, ...],
    context: Context,
    executor: Executor | None,
    code: Callable[..., Any],
) -> Steps:
    """Call an implementation whose response is a stream, and return the items that it will give.

    To call a generator function, `code`, runs nothing of it, so that it needs no thread.
    """
    begin_in = None if inspect.isgeneratorfunction(code) else executor
    value = await begin(function, arguments, context, begin_in)
    if executor is None or isinstance(value, AsyncIterator):
        return steps_of(value, context)
    return PulledSteps(iter(value), executor, context)


class CallStream:
    """The response stream of a running call: within its deadline, and closed with all that belongs to it.

    Args:
        call: The call.
        begin: Calls the implementation, and gives its items.
        parts: What ends with the call, such as the items that the implementation reads.
        timed: Whether the deadline interrupts a step, and not only the time between two.
    """

    def __init__(
        self, call: Call, begin: Callable[[], Awaitable[Steps]], *parts: Closable, timed: bool
    ) -> None:
        self._call = call
        self._begin = begin
        self._steps: Steps | None = None
        self._parts = parts
        self._has_end = call.deadline is not None
        self._timed = timed and self._has_end
        self._is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._is_closed:
            raise StopAsyncIteration
        try:
            if not self._has_end:
                if self._steps is None:
                    self._steps = await self._begin()
                return await self._steps.__anext__()
            left = self._call.remaining()
            item = await (self._within(left) if self._timed else self._step())
            self._call.remaining()  # a step that held up the loop was not interrupted
            return item
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Close the implementation's iterator and whatever else belongs to the call."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            for part in self._parts:
                await part.aclose()
        finally:
            if self._steps is not None:
                await close_iterator(self._steps)

    async def _step(self) -> Any:
        if self._steps is None:
            self._steps = await self._begin()
        return await self._steps.__anext__()

    async def _within(self, left: float | None) -> Any:
        timer = asyncio.timeout(left)
        try:
            async with timer:
                return await self._step()
        except TimeoutError:
            if timer.expired():
                raise deadline_exceeded(self._call.method) from None
            raise
