"""Services that break one rule each; `avrogen test` has to find it, and nothing else."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator

from avrorpc import Code, StatusError, current_call
from testcontracts.conformance import Everything, NotThere
from testcontracts.streams import Piece

from support.implementations import AsyncConformance, AsyncStreams, SyncConformance


class MutatesItsInput(SyncConformance):
    def echo(self, value: Everything) -> Everything:
        value.numbers.append(1)
        return value


class ReturnsAWrongType(SyncConformance):
    def add(self, a: float, *, b: float = 1.0) -> float:
        return f"{a + b}"  # type: ignore[return-value]


class RaisesWhatIsUndeclared(SyncConformance):
    def find(self, key: str) -> str:
        return {"a": "A"}[key]


class LeaksTheCause(SyncConformance):
    def fail(self, how: str) -> None:
        try:
            int(how)
        except ValueError as error:
            raise StatusError(Code.INTERNAL, f"ValueError: {error}") from None


class MixesCalls(AsyncConformance):
    async def add(self, a: float, *, b: float = 1.0) -> float:
        self.a = a
        await asyncio.sleep(0.001)
        return self.a + b


class AnswersByPlacement(SyncConformance):
    def add(self, a: float, *, b: float = 1.0) -> float:
        return 1.0 if threading.current_thread() is threading.main_thread() else 2.0


class FailsByPlacement(SyncConformance):
    def find(self, key: str) -> str:
        here = threading.current_thread() is threading.main_thread()
        raise NotThere(message="here" if here else "there", key=key, code=404)


class RefusesMetadata(SyncConformance):
    def add(self, a: float, *, b: float = 1.0) -> float:
        call = current_call()
        if call is not None and call.metadata:
            raise StatusError(Code.INVALID_ARGUMENT, "what is this?")
        return a + b


class IgnoresItsDeadline(AsyncConformance):
    async def wait(self, seconds: float) -> float:
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue
        return seconds


class DropsCancellation(AsyncConformance):
    async def wait(self, seconds: float) -> float:
        call = current_call()
        has_time = call is not None and (call.remaining() or 0) > 0.5
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            if has_time:  # so that deadlines are kept
                return -1.0
            raise
        return seconds


class ReordersAStream(AsyncStreams):
    async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
        numbers = list(range(pieces))
        random.shuffle(numbers)
        for number in numbers:
            yield Piece(number=number)


class KeepsAStreamOpen(AsyncStreams):
    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        try:
            for number in range(to):
                yield number
        finally:
            await asyncio.sleep(0.6)
