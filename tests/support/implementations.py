"""Implementations of the test contracts, in both colours."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextvars import ContextVar
from types import TracebackType

from avrorpc import Code, StatusError, current_call
from testcontracts.conformance import ConformanceService, Everything, NotThere, TooLarge
from testcontracts.small import SmallService
from testcontracts.streams import BadPiece, Piece, StreamsService, Summary

visible: ContextVar[str] = ContextVar("visible", default="")


class Failure(Exception):
    """An undeclared error with a secret in it."""


def _find(key: str) -> str:
    if key == "missing":
        raise NotThere(message="no such key", key=key, code=404)
    if len(key) > 20:
        raise TooLarge(limit=20)
    return key.upper()


def _fail(how: str) -> None:
    match how:
        case "value":
            raise ValueError("the password is hunter2")
        case "status":
            raise StatusError(Code.NOT_FOUND, "nothing of that name")
        case "cancel":
            raise asyncio.CancelledError
        case "timeout":
            raise TimeoutError("the database took too long")
        case "undeclared":
            raise TooLarge(limit=1)
        case _:
            raise Failure(how)


def _metadata() -> dict[str, bytes]:
    context = current_call()
    assert context is not None
    return dict(context.metadata)


def _left() -> float:
    context = current_call()
    assert context is not None
    left = context.remaining()
    return -1.0 if left is None else left


class SyncConformance(ConformanceService):
    def __init__(self) -> None:
        self.remembered: list[str] = []

    def echo(self, value: Everything) -> Everything:
        return value

    def add(self, a: float, *, b: float = 1.0) -> float:
        return a + b

    def join(self, *, parts: list[str] | None = None, separator: str = ", ") -> str:
        return separator.join(["a", "b"] if parts is None else parts)

    def find(self, key: str) -> str:
        return _find(key)

    def fail(self, how: str) -> None:
        _fail(how)

    def wait(self, seconds: float) -> float:
        left = _left()
        time.sleep(seconds)
        return left

    def note(self, text: str) -> None:
        if text == "fail":
            raise ValueError(text)
        self.remembered.append(text)

    def notes(self) -> list[str]:
        return list(self.remembered)

    def import_(self, from_: int) -> int:
        return from_

    def hurry(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    def metadata(self) -> dict[str, bytes]:
        return _metadata()

    def sees_context(self) -> bool:
        return visible.get() != ""


class AsyncConformance(ConformanceService):
    def __init__(self) -> None:
        self.remembered: list[str] = []
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def echo(self, value: Everything) -> Everything:
        return value

    async def add(self, a: float, *, b: float = 1.0) -> float:
        return a + b

    async def join(self, *, parts: list[str] | None = None, separator: str = ", ") -> str:
        return separator.join(["a", "b"] if parts is None else parts)

    async def find(self, key: str) -> str:
        return _find(key)

    async def fail(self, how: str) -> None:
        _fail(how)

    async def wait(self, seconds: float) -> float:
        left = _left()
        if seconds:
            self.started.set()
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return left

    async def note(self, text: str) -> None:
        if text == "fail":
            raise ValueError(text)
        self.remembered.append(text)

    async def notes(self) -> list[str]:
        return list(self.remembered)

    async def import_(self, from_: int) -> int:
        return from_

    async def hurry(self, seconds: float) -> float:
        if seconds:
            await asyncio.sleep(seconds)
        return seconds

    async def metadata(self) -> dict[str, bytes]:
        return _metadata()

    async def sees_context(self) -> bool:
        return visible.get() != ""


class OpenStreams:
    """Counts streams from their first item on: `with` it is one of them. Threads may share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.open = 0
        self.closed_early = 0

    def __enter__(self) -> None:
        with self._changed:
            self.open += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cancelled = isinstance(error, StatusError) and error.code is Code.CANCELLED
        with self._changed:
            self.open -= 1
            self.closed_early += cancelled or isinstance(error, (GeneratorExit, asyncio.CancelledError))
            self._changed.notify_all()

    def counts(self) -> list[int]:
        """Return how many are open, and how many were closed before they had ended by themselves."""
        with self._changed:
            return [self.open, self.closed_early]

    def wait(self, timeout: float = 10.0) -> bool:
        """Block until none is open; return whether that came to be."""
        with self._changed:
            return self._changed.wait_for(lambda: self.open == 0, timeout)


def _piece(number: int, size: int) -> Piece:
    return Piece(number=number, data=bytes([number % 256]) * size)


def _added(summary: Summary, piece: Piece, name: str) -> Summary:
    """Return the summary with one more piece: their numbers count from 0."""
    if piece.number != summary.pieces:
        raise BadPiece(number=piece.number, reason=f"{name}: {summary.pieces} comes next")
    return Summary(pieces=summary.pieces + 1, size=summary.size + len(piece.data))


def _shouted(prefix: str, text: str, number: int) -> str:
    if not text:
        raise BadPiece(number=number, reason="there is no text")
    return prefix + text.upper()


def _break_off(number: int, how: str) -> None:
    if how == "undeclared":  # The contract has the error, and the message does not declare it.
        raise BadPiece(number=number, reason="nobody expects it")
    _fail(how)


def _check(number: int, fail_at: int | None) -> None:
    if number == fail_at:
        raise BadPiece(number=number, reason="as asked")


class SyncStreams(StreamsService):
    def __init__(self) -> None:
        self.streams = OpenStreams()

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        with self.streams:
            for number in range(to):
                if pause:
                    time.sleep(pause)
                _check(number, fail_at)
                yield number

    def download(self, pieces: int, size: int) -> Iterator[Piece]:
        with self.streams:
            for number in range(pieces):
                yield _piece(number, size)

    def upload(self, name: str, piece: Iterable[Piece]) -> Summary:
        summary = Summary(pieces=0, size=0)
        with self.streams:
            for one in piece:
                summary = _added(summary, one, name)
        return summary

    def shout(self, prefix: str, text: Iterable[str]) -> Iterator[str]:
        with self.streams:
            for number, one in enumerate(text):
                yield _shouted(prefix, one, number)

    def total(self, bound: int, number: Iterable[int]) -> Iterator[int]:
        with self.streams:
            total = 0
            for one in number:
                total += one
                if total > bound:
                    return
                yield total

    def break_off(self, after: int, how: str) -> Iterator[int]:
        with self.streams:
            yield from range(after)
        _break_off(after, how)

    def endless(self, *, pause: float = 0.01) -> Iterator[float]:
        with self.streams:
            yield _left()
            for number in itertools.count():
                if pause:
                    time.sleep(pause)
                yield float(number)

    def open_streams(self) -> list[int]:
        return self.streams.counts()


class AsyncStreams(StreamsService):
    """Suspends only to pause, and where its caller's items do."""

    def __init__(self) -> None:
        self.streams = OpenStreams()

    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        with self.streams:
            for number in range(to):
                if pause:
                    await asyncio.sleep(pause)
                _check(number, fail_at)
                yield number

    async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
        with self.streams:
            for number in range(pieces):
                yield _piece(number, size)

    async def upload(self, name: str, piece: AsyncIterable[Piece]) -> Summary:
        summary = Summary(pieces=0, size=0)
        with self.streams:
            async for one in piece:
                summary = _added(summary, one, name)
        return summary

    async def shout(self, prefix: str, text: AsyncIterable[str]) -> AsyncIterator[str]:
        with self.streams:
            number = 0
            async for one in text:
                yield _shouted(prefix, one, number)
                number += 1

    async def total(self, bound: int, number: AsyncIterable[int]) -> AsyncIterator[int]:
        with self.streams:
            total = 0
            async for one in number:
                total += one
                if total > bound:
                    return
                yield total

    async def break_off(self, after: int, how: str) -> AsyncIterator[int]:
        with self.streams:
            for number in range(after):
                yield number
        _break_off(after, how)

    async def endless(self, *, pause: float = 0.01) -> AsyncIterator[float]:
        with self.streams:
            yield _left()
            for number in itertools.count():
                if pause:
                    await asyncio.sleep(pause)
                yield float(number)

    async def open_streams(self) -> list[int]:
        return self.streams.counts()


class SyncSmall(SmallService):
    def double(self, value: int, *, offset: int = 0) -> int:
        return 2 * value + offset

    def fail(self) -> None:
        raise Failure("as it is")


class AsyncSmall(SmallService):
    async def double(self, value: int, *, offset: int = 0) -> int:
        return 2 * value + offset

    async def fail(self) -> None:
        raise Failure("as it is")


class AnnouncingSmall(SyncSmall):
    """Says when it has begun, and takes long enough to be interrupted."""

    def double(self, value: int, *, offset: int = 0) -> int:
        print("working", file=sys.stderr, flush=True)
        time.sleep(2.0)
        return 2 * value + offset


class ExitingSmall(SyncSmall):
    """Ends the process, as it believes."""

    def fail(self) -> None:
        sys.exit(3)


class AsyncExitingSmall(AsyncSmall):
    """Ends the process, as it believes."""

    async def fail(self) -> None:
        sys.exit(3)
