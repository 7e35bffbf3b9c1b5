"""An implementation of the ledger that keeps account of what was begun, ended and given up, by key."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from avrorpc import stub
from testcontracts.ledger import LedgerService

PATIENCE = 10.0
"""Seconds after which a test that waits for something has failed."""


class Books(LedgerService):
    """Any thread may look at it, wait for it, and let held calls go."""

    def __init__(self) -> None:
        self.begun: Counter[str] = Counter()
        """How often a key was booked."""
        self.held: Counter[str] = Counter()
        """How many calls came to where they wait."""
        self.ended: Counter[str] = Counter()
        """How many came to their end."""
        self.given_up: Counter[str] = Counter()
        """How many were cancelled, or cut off."""
        self._changed = threading.Condition()
        self._released: set[str] = set()
        self._waiting: list[tuple[str, asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def wait(self, counter: Counter[str], key: str, number: int = 1) -> None:
        """Wait until a key was counted so often."""
        with self._changed:
            done = self._changed.wait_for(lambda: counter[key] >= number, PATIENCE)
        assert done, f"{key} was not counted {number} times: {self.of(key)}"

    def release(self, key: str) -> None:
        """Let the calls of a key go, now and from now on."""
        with self._changed:
            self._released.add(key)
            waiting = [entry for entry in self._waiting if entry[0] == key]
            self._changed.notify_all()
        for _, loop, future in waiting:
            loop.call_soon_threadsafe(_resolve, future)

    def wait_for_end(self, key: str, number: int) -> None:
        """Wait until so many calls of a key are over, and check that there were no more."""
        with self._changed:
            done = self._changed.wait_for(lambda: self.ended[key] + self.given_up[key] == number, PATIENCE)
        assert done, f"{number} calls of {key} should be over: {self.of(key)}"
        assert self.begun[key] == number, self.of(key)

    def of(self, key: str) -> dict[str, int]:
        """Return what was counted of a key."""
        counters = {"begun": self.begun, "held": self.held, "ended": self.ended, "given_up": self.given_up}
        return {name: counter[key] for name, counter in counters.items()}

    def forget(self, key: str) -> None:
        """Begin anew with a key whose calls are over."""
        for counter in (self.begun, self.held, self.ended, self.given_up):
            del counter[key]

    def count_up(self, counter: Counter[str], key: str) -> None:
        """Count a key once more."""
        with self._changed:
            counter[key] += 1
            self._changed.notify_all()

    @contextmanager
    def _booked(self, key: str) -> Iterator[None]:
        self.count_up(self.begun, key)
        try:
            yield
        except BaseException:
            self.count_up(self.given_up, key)
            raise
        else:
            self.count_up(self.ended, key)

    async def _hold(self, key: str) -> None:
        loop = asyncio.get_running_loop()
        entry = (key, loop, loop.create_future())
        with self._changed:
            if key in self._released:
                return
            self._waiting.append(entry)
        self.count_up(self.held, key)
        try:
            await entry[2]
        finally:
            with self._changed:
                self._waiting.remove(entry)

    async def book(self, key: str, *, hold: bool = False) -> int:
        with self._booked(key):
            number = self.begun[key]
            if hold:
                await self._hold(key)
        return number

    async def put(self, key: str, *, hold: bool = False) -> int:
        with self._booked(key):
            if hold:
                await self._hold(key)
        return 1

    async def note(self, key: str) -> None:
        with self._booked(key):
            pass

    async def count(self, key: str, items: int, *, hold: bool = False) -> AsyncIterator[int]:
        with self._booked(key):
            for number in range(items):
                yield number
                if hold and number == 0:
                    await self._hold(key)

    async def total(self, key: str, hold: bool, item: stub.Incoming[int]) -> int:
        total = 0
        with self._booked(key):
            async for each in item:
                total += each
            if hold:
                await self._hold(key)
        return total

    async def echo(self, key: str, hold: bool, item: stub.Incoming[int]) -> AsyncIterator[int]:
        with self._booked(key):
            async for each in item:
                yield each
            if hold:
                await self._hold(key)

    async def size(self, body: bytes) -> int:
        return len(body)

    async def blob(self, size: int) -> bytes:
        return bytes(size)

    def block(self, key: str) -> int:
        with self._booked(key):
            self.count_up(self.held, key)
            with self._changed:
                assert self._changed.wait_for(lambda: key in self._released, PATIENCE)
        return threading.get_ident()


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
