"""A tape whose streams do what a test says, and which takes note of how they end."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

from testcontracts.tapes import Mark, TapesService

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator


async def some_marks(number: int = 3) -> AsyncGenerator[Mark, None]:
    """Give so many marks."""
    for at in range(number):
        yield Mark(at=at, text=f"mark {at}")


class ScriptedTapes(TapesService):
    """Plays what it is given to play."""

    def __init__(self) -> None:
        self.marks_given: Callable[[], AsyncGenerator[Mark, None]] = some_marks
        """What `marks` and `take` give."""
        self.on_item: Callable[[int], Any] | None = None
        """Called, and awaited, with the number of each item that has come."""
        self.fails_at: int | None = None
        """After how many bytes `play` divides by zero."""
        self.open = 0
        """Streams under way."""
        self.endings: list[str] = []
        """What ended each that did not end by itself: the names of exceptions, `GeneratorExit` among them."""
        self.given = 0
        """Bytes that `play` has given the last time."""
        self.taken = 0
        """Bytes, or marks, that have come, ever."""

    @contextmanager
    def _watched(self) -> Iterator[None]:
        self.open += 1
        try:
            yield
        except BaseException as error:
            self.endings.append(type(error).__name__)
            raise
        finally:
            self.open -= 1

    async def marks(self) -> AsyncIterator[Mark]:
        with self._watched():
            async with aclosing(self.marks_given()) as given:
                async for mark in given:
                    yield mark

    async def take(self) -> AsyncIterator[Mark]:
        with self._watched():
            async with aclosing(self.marks_given()) as given:
                async for mark in given:
                    yield mark

    async def play(self, size: int, *, piece: int = 65_536) -> AsyncIterator[bytes]:
        with self._watched():
            if piece < 1:
                raise ValueError(piece)
            self.given = 0
            whole = bytes(range(256)) * (piece // 256 + 1)
            while self.given < size:
                if self.fails_at is not None and self.given >= self.fails_at:
                    raise ZeroDivisionError
                part = whole[: min(piece, size - self.given)]
                self.given += len(part)
                yield part

    async def mark(self, mark: AsyncIterable[Mark]) -> int:
        with self._watched():
            async for _ in mark:
                self.taken += 1
                if self.on_item is not None:
                    await self.on_item(self.taken)
            return self.taken

    async def record_all(self, piece: AsyncIterable[bytes]) -> int:
        number = size = 0
        with self._watched():
            async for part in piece:
                self.taken += len(part)
                size += len(part)
                number += 1
                if self.on_item is not None:
                    await self.on_item(number)
            return size
