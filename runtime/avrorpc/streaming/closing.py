"""Closing iterators of either colour, for whoever stops before the end."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class closing(Generic[T]):  # noqa: N801 - used as contextlib.closing is
    """Closes a stream at the end of a `with` or `async with` block, in any placement.

    What a placement gives may be a generator, or an iterator that has nothing to close; both are fine.

    Args:
        stream: What a client's method returned.

    Raises:
        TypeError: `with` is used where only `async with` can close.
    """

    def __init__(self, stream: T) -> None:
        self._stream = stream

    def __enter__(self) -> T:
        if not hasattr(self._stream, "close") and hasattr(self._stream, "aclose"):
            raise TypeError(f"{type(self._stream).__name__} is asynchronous: write `async with closing(...)`")
        return self._stream

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()

    async def __aenter__(self) -> T:
        return self._stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await close_iterator(self._stream)


async def close_iterator(iterator: Any) -> None:
    """Close an iterator of either colour, if it can be closed."""
    close = getattr(iterator, "aclose", None)
    if close is not None:
        await close()
        return
    close = getattr(iterator, "close", None)
    if close is not None:
        close()
