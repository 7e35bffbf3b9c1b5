"""What an implementation gave for a stream, as an async iterator whose steps run in the call's context."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextvars import Context
from types import AsyncGeneratorType
from typing import Any, Final, Protocol, Self

from avrorpc.driving import as_coroutine, run_in

_END: Final = object()


class Steps(Protocol):
    """The items of a response, one by one."""

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> Any: ...

    async def aclose(self) -> None:
        """Close the implementation's iterator; it may be called again."""
        ...


class AsyncSteps:
    """An async iterator, such as an async generator."""

    def __init__(self, iterator: AsyncIterator[Any], context: Context) -> None:
        self._iterator = iterator
        self._context = context
        self._is_generator = isinstance(iterator, AsyncGeneratorType)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._is_generator:  # whose steps are run as those of a coroutine are, and of which none runs here
            step: Any = self._iterator.__anext__()
            return await run_in(self._context, step)
        step = self._context.run(self._iterator.__anext__)
        return await run_in(self._context, as_coroutine(step))

    async def aclose(self) -> None:
        """Close the iterator, if it can be closed."""
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            await run_in(self._context, as_coroutine(self._context.run(close)))


class InlineSteps:
    """An iterator, such as a generator, that runs where it is read."""

    def __init__(self, iterator: Iterator[Any], context: Context) -> None:
        self._iterator = iterator
        self._context = context

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        item = self._context.run(next, self._iterator, _END)
        if item is _END:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Close the iterator, if it can be closed."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            self._context.run(close)


def steps_of(value: Any, context: Context) -> AsyncSteps | InlineSteps:
    """Return the steps of an iterable of either colour.

    Raises:
        TypeError: It is none.
    """
    if isinstance(value, AsyncIterable):
        return AsyncSteps(aiter(value), context)
    return InlineSteps(iter(value), context)
