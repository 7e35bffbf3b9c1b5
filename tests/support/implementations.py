"""Implementations of the test contracts, in both colours."""

from __future__ import annotations

import asyncio
import sys
import time
from contextvars import ContextVar

from avrorpc import Code, StatusError, current_call
from testcontracts.conformance import ConformanceService, Everything, NotThere, TooLarge
from testcontracts.small import SmallService

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
