"""What the load is put on: an implementation that does next to nothing, and says what its process holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from avrorpc import stub

from benchmarks.loadcontracts.load import LoadService, Refused, Usage
from benchmarks.memory import Growth, usage


class LoadedService(LoadService):
    """See the contract."""

    def __init__(self) -> None:
        self._notes = 0
        self._produced = 0
        self._consumed = 0
        self._growth = Growth()

    async def add(self, a: int, b: int) -> int:
        return a + b

    async def echo(self, data: bytes) -> bytes:
        return data

    async def refuse(self, reason: str) -> None:
        raise Refused(reason=reason)

    async def fail(self) -> None:
        raise ZeroDivisionError

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def note(self, text: str) -> None:
        self._notes += 1

    async def produce(self, items: int, size: int) -> AsyncIterator[bytes]:
        item = bytes(size)
        for number in range(items):
            self._produced = number + 1
            yield item

    async def consume(self, pause: float, item: stub.Incoming[bytes]) -> int:
        taken = 0
        async for _ in item:
            self._consumed = taken = taken + 1
            if pause:
                await asyncio.sleep(pause)
        return taken

    async def mirror(self, item: stub.Incoming[bytes]) -> AsyncIterator[bytes]:
        async for one in item:
            yield one

    async def usage(self) -> Usage:
        return usage(notes=self._notes, produced=self._produced, consumed=self._consumed)

    async def trace(self) -> None:
        self._growth.begin()

    async def growth(self) -> list[str]:
        return self._growth.end()
