"""Implementations of `script.Script` in both colours: they do what a call tells them, and note what they saw.

What a script means stands once, in `play`; the two classes differ in how they wait.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from avrorpc import Code, StatusError, current_call
from avrorpc.contracts import RetryInfo
from testcontracts.script import Item, Observation, Refused, Script, ScriptService, Unexpected

PATIENCE: Final = 20.0
"""Seconds after which `observe` answers, whatever it has seen."""


class Seen:
    """What became of one call, or of several of one key. Threads share it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.begun = self.ended = self.received = self.sum = self.size = self.sent = 0
        self.cancelled = False

    @contextmanager
    def call(self) -> Iterator[None]:
        with self.changed:
            self.begun += 1
            self.changed.notify_all()
        cancelled = False
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            cancelled = True
            raise
        except StatusError as error:
            cancelled = error.code is Code.CANCELLED and "the call" in error.message
            raise
        finally:
            with self.changed:
                self.ended += 1
                self.cancelled |= cancelled
                self.changed.notify_all()

    def read(self, item: Item) -> None:
        self.received += 1
        self.sum += item.number
        self.size += len(item.data)

    @property
    def is_over(self) -> bool:
        return 0 < self.begun == self.ended

    def observation(self) -> Observation:
        return Observation(
            begun=self.begun,
            ended=self.ended,
            cancelled=self.cancelled,
            received=self.received,
            sum=self.sum,
            size=self.size,
            sent=self.sent,
        )


@dataclass
class Give:
    """Give an item."""

    item: Any


@dataclass
class Read:
    """Read an item; the answer is None at the end."""


@dataclass
class Pause:
    """Wait; None for ever."""

    seconds: float | None


Command: TypeAlias = Give | Read | Pause
Play: TypeAlias = Generator[Command, Item | None, None]


def play(script: Script, seen: Seen) -> Play:
    """Yield what a script asks for, one command at a time; what was read is sent in."""
    for step in script.steps:
        if step.emit is not None:
            for item in step.emit:
                yield Give(item)
        if step.burst is not None:
            data = bytes(step.burst.size)
            for number in range(step.burst.count):
                yield Give(Item(number=number, data=data))
        if step.read is not None:
            yield from _read(step.read)
        if step.drain:
            yield from _read(-1)
        if step.echo is not None:
            left = step.echo
            while left and (got := (yield Read())) is not None:
                yield Give(got)
                left -= 1
        if step.pause is not None:
            yield Pause(step.pause)
        if step.hold:
            yield Pause(None)
        if step.metadata is not None:
            yield Give(_metadata(step.metadata))
        if step.deadline:
            yield Give(_deadline())
        if step.misfit:
            yield Give("no item")
        if step.refuse is not None:
            raise Refused(reason=step.refuse, after=seen.received)
        if step.surprise is not None:
            raise Unexpected(reason=step.surprise)
        if step.crash is not None:
            raise RuntimeError(step.crash)
        if step.cancel:
            raise asyncio.CancelledError
        if step.fail is not None:
            failure = step.fail
            details: list[object] = [*failure.details]
            if failure.retry is not None:
                details.append(RetryInfo(seconds=failure.retry))
            raise StatusError(Code(failure.code), failure.message, details=details)


def _read(count: int) -> Play:
    while count and (yield Read()) is not None:
        count -= 1


def _metadata(key: str) -> Item:
    context = current_call()
    assert context is not None
    found = context.metadata.get(key)
    return Item(number=int(found is not None), text=key, data=found or b"")


def _deadline() -> Item:
    context = current_call()
    assert context is not None
    left = context.remaining()
    return Item(number=-1 if left is None else math.ceil(left * 1000), text="ms")


class _Watched:
    """What both colours share: what was seen of each key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}

    def seen(self, key: str) -> Seen:
        if not key:
            return Seen()  # of a call that nobody asks about
        with self._lock:
            return self._seen.setdefault(key, Seen())


def _answer(given: list[Item], texts: list[str], seen: Seen) -> Item:
    return given[-1] if given else Item(number=seen.received, text="".join(texts))


class SyncScript(_Watched, ScriptService):
    """With `def`. It cannot be made to stop waiting, and so refuses to wait for ever."""

    def unary(self, script: Script) -> Item:
        return self._once(script, ())

    def hasty(self, script: Script) -> Item:
        return self._once(script, ())

    def post(self, script: Script) -> None:
        self._once(script, ())

    def consume(self, script: Script, item: Iterable[Item]) -> Item:
        return self._once(script, item)

    def produce(self, script: Script) -> Iterator[Item]:
        seen = self.seen(script.key)
        with seen.call():
            yield from self._run(script, (), seen, [])

    def converse(self, script: Script, item: Iterable[Item]) -> Iterator[Item]:
        seen = self.seen(script.key)
        with seen.call():
            yield from self._run(script, item, seen, [])

    def observe(self, key: str, *, ended: bool = False) -> Observation:
        seen = self.seen(key)
        with seen.changed:
            seen.changed.wait_for(lambda: seen.is_over if ended else seen.begun, PATIENCE if ended else 0.0)
            return seen.observation()

    def _once(self, script: Script, items: Iterable[Item]) -> Item:
        seen, texts = self.seen(script.key), list[str]()
        with seen.call():
            return _answer(list(self._run(script, items, seen, texts)), texts, seen)

    @staticmethod
    def _run(script: Script, items: Iterable[Item], seen: Seen, texts: list[str]) -> Iterator[Item]:
        playing, source, got = play(script, seen), iter(items), None
        while True:
            try:
                command = playing.send(got)
            except StopIteration:
                return
            got = None
            match command:
                case Give(item):
                    yield item
                    seen.sent += 1
                case Read():
                    got = next(source, None)
                    if got is not None:
                        seen.read(got)
                        texts.append(got.text)
                case Pause(None):
                    raise RuntimeError("a `def` cannot wait for ever")
                case Pause(float(seconds)):
                    time.sleep(seconds)


class AsyncScript(_Watched, ScriptService):
    """With `async def`. It suspends only to wait, and where its caller's items do."""

    async def unary(self, script: Script) -> Item:
        return await self._once(script, None)

    async def hasty(self, script: Script) -> Item:
        return await self._once(script, None)

    async def post(self, script: Script) -> None:
        await self._once(script, None)

    async def consume(self, script: Script, item: AsyncIterable[Item]) -> Item:
        return await self._once(script, item)

    async def produce(self, script: Script) -> AsyncIterator[Item]:
        seen = self.seen(script.key)
        with seen.call():
            async for given in self._run(script, None, seen, []):
                yield given
                seen.sent += 1

    async def converse(self, script: Script, item: AsyncIterable[Item]) -> AsyncIterator[Item]:
        seen = self.seen(script.key)
        with seen.call():
            async for given in self._run(script, item, seen, []):
                yield given
                seen.sent += 1

    async def observe(self, key: str, *, ended: bool = False) -> Observation:
        # Calls of one key may run on several loops, which no event of asyncio joins.
        seen, until = self.seen(key), time.monotonic() + PATIENCE
        while ended and not seen.is_over and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        return seen.observation()

    async def _once(self, script: Script, items: AsyncIterable[Item] | None) -> Item:
        seen, texts = self.seen(script.key), list[str]()
        with seen.call():
            given = [item async for item in self._run(script, items, seen, texts)]
            seen.sent += len(given)
            return _answer(given, texts, seen)

    @staticmethod
    async def _run(
        script: Script, items: AsyncIterable[Item] | None, seen: Seen, texts: list[str]
    ) -> AsyncIterator[Item]:
        playing, got = play(script, seen), None
        source = None if items is None else aiter(items)
        while True:
            try:
                command = playing.send(got)
            except StopIteration:
                return
            got = None
            match command:
                case Give(item):
                    yield item
                case Read() if source is not None:
                    got = await anext(source, None)
                    if got is not None:
                        seen.read(got)
                        texts.append(got.text)
                case Pause(None):
                    await asyncio.get_running_loop().create_future()
                case Pause(float(seconds)):
                    await asyncio.sleep(seconds)
