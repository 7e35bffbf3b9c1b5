"""A soak: a million calls over TCP and ten million in one process, of every kind, and nothing may grow.

Calls, streams, errors of both sorts, cancellations, deadlines, one-way messages, connections that come and
go, and connections that are cut off with calls under way. Memory, tasks, descriptors and threads are sampled
at both ends.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

import avrorpc
from avrorpc import Code, StatusError, stub

from benchmarks.load import MIB, Outcome, Panel, Points, Show
from benchmarks.load_server import allow_descriptors, serving
from benchmarks.load_service import LoadedService
from benchmarks.loadcontracts.load import AsyncLoadClient, LoadClient, LoadService, Refused, Usage
from benchmarks.memory import Growth, gain, is_flat, usage

TCP_CALLS: Final = 1_000_000
LOCAL_CALLS: Final = 10_000_000
WORKERS: Final = 32
CLIENTS: Final = 4
SAMPLES: Final = 100
TRACED: Final = 0.03
"""The share of the calls that is made again with memory traced, which makes them slow."""
BLOCKING_EVERY: Final = 20
"""One call in so many is made by a blocking client in a thread."""
BATCH: Final = 10_000


class Soak:
    """One run: what is left to do, and what went otherwise than it must."""

    def __init__(self, url: str, calls: int) -> None:
        self.url = url
        self.left = calls
        self.made: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._random = random.Random(0)
        self._clients = [avrorpc.connect(AsyncLoadClient, url) for _ in range(CLIENTS)]
        self._blob = random.Random(1).randbytes(65_536)
        self._kinds: list[tuple[str, Callable[[AsyncLoadClient], Awaitable[None]], int]] = [
            ("add", self._add, 700),
            ("echo", self._echo, 80),
            ("declared error", self._refuse, 50),
            ("undeclared error", self._fail, 30),
            ("one-way", self._note, 40),
            ("response stream", self._produce, 20),
            ("response stream, left early", self._leave, 10),
            ("request stream", self._consume, 10),
            ("two-way stream", self._mirror, 10),
            ("cancelled", self._cancel, 20),
            ("deadline", self._expire, 10),
            ("new connection", self._reconnect, 5),
            ("connection cut off", self._cut_off, 5),
        ]

    @property
    def client(self) -> AsyncLoadClient:
        """A client that stays."""
        return self._clients[0]

    async def run(self, calls: int) -> None:
        """Make so many calls."""
        self.left = calls
        thread = threading.Thread(target=self._block, args=(calls // BLOCKING_EVERY,), name="soak-blocking")
        self.left -= calls // BLOCKING_EVERY
        thread.start()
        try:
            await asyncio.gather(*(self._work(self._clients[n % CLIENTS]) for n in range(WORKERS)))
        finally:
            await asyncio.to_thread(thread.join)

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            await avrorpc.close(client)

    async def _work(self, client: AsyncLoadClient) -> None:
        names, weights = [kind[0] for kind in self._kinds], [kind[2] for kind in self._kinds]
        works = {name: work for name, work, _ in self._kinds}
        while self.left > 0:
            name = self._random.choices(names, weights)[0]
            self.left -= 1
            self.made[name] += 1
            try:
                await works[name](client)
            except Exception as error:  # noqa: BLE001 - it is counted, and fails the soak
                self.failures[f"{name}: {type(error).__name__}: {error}"[:200]] += 1

    def _block(self, calls: int) -> None:
        """Make calls with a blocking client, which is made anew now and then."""
        while calls > 0:
            client = avrorpc.connect(LoadClient, self.url)
            try:
                for number in range(min(calls, 1_000)):
                    calls -= 1
                    self.made["blocking"] += 1
                    if number % 20 == 0:
                        _expect(sum(1 for _ in client.produce(10, 100)), 10)
                    elif number % 20 == 1:
                        with suppress(Refused):
                            client.refuse("asked to")
                            raise AssertionError("nothing was refused")
                    else:
                        _expect(client.add(number, 1), number + 1)
            except Exception as error:  # noqa: BLE001 - it is counted, and fails the soak
                self.failures[f"blocking: {type(error).__name__}: {error}"[:200]] += 1
            finally:
                avrorpc.close(client)

    async def _add(self, client: AsyncLoadClient) -> None:
        _expect(await client.add(20, 22), 42)

    async def _echo(self, client: AsyncLoadClient) -> None:
        data = self._blob[: self._random.choice((10, 1_000, 20_000, 65_536))]
        _expect(await client.echo(data), data)

    async def _refuse(self, client: AsyncLoadClient) -> None:
        try:
            await client.refuse("asked to")
        except Refused as error:
            _expect(error.reason, "asked to")
        else:
            raise AssertionError("nothing was refused")

    async def _fail(self, client: AsyncLoadClient) -> None:
        await _expect_code(client.fail(), Code.INTERNAL)

    async def _note(self, client: AsyncLoadClient) -> None:
        await client.note("something")

    async def _produce(self, client: AsyncLoadClient) -> None:
        _expect([len(item) async for item in client.produce(20, 200)], [200] * 20)

    async def _leave(self, client: AsyncLoadClient) -> None:
        items = client.produce(1_000_000, 1_000)
        _expect(len(await anext(items)), 1_000)
        close: Callable[[], Awaitable[None]] = items.aclose  # type: ignore[attr-defined]
        await close()

    async def _consume(self, client: AsyncLoadClient) -> None:
        _expect(await client.consume(0.0, _items(20)), 20)

    async def _mirror(self, client: AsyncLoadClient) -> None:
        _expect([item async for item in client.mirror(_items(10))], [bytes([n]) for n in range(10)])

    async def _cancel(self, client: AsyncLoadClient) -> None:
        waiting = asyncio.ensure_future(client.wait(60.0))
        if self._random.random() < 0.5:
            await client.add(1, 1)
        waiting.cancel()
        await asyncio.wait([waiting])
        _expect(waiting.cancelled(), True)

    async def _expire(self, client: AsyncLoadClient) -> None:
        await _expect_code(avrorpc.with_options(client, timeout=0.002).wait(60.0), Code.DEADLINE_EXCEEDED)

    async def _reconnect(self, _: AsyncLoadClient) -> None:
        client = avrorpc.connect(AsyncLoadClient, self.url)
        try:
            _expect(await client.add(1, 2), 3)
        finally:
            await avrorpc.close(client)

    async def _cut_off(self, _: AsyncLoadClient) -> None:
        client = avrorpc.connect(AsyncLoadClient, self.url)
        waiting = asyncio.ensure_future(client.wait(60.0))
        items = client.produce(1_000_000, 1_000)
        await anext(items)
        await avrorpc.close(client)
        await asyncio.wait([waiting])
        _expect(isinstance(waiting.exception(), avrorpc.ConnectionLost), True)
        with suppress(avrorpc.ConnectionLost, avrorpc.ClientStateError):
            async for _item in items:
                pass


class LocalService(LoadService):
    """What synchronous callers reach in their own process; see the contract."""

    def add(self, a: int, b: int) -> int:
        return a + b

    def echo(self, data: bytes) -> bytes:
        return data

    def refuse(self, reason: str) -> None:
        raise Refused(reason=reason)

    def fail(self) -> None:
        raise ZeroDivisionError

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)

    def note(self, text: str) -> None:
        pass

    def produce(self, items: int, size: int) -> Iterator[bytes]:
        for _ in range(items):
            yield bytes(size)

    def consume(self, pause: float, item: stub.Incoming[bytes]) -> int:
        return sum(1 for _ in item)

    def mirror(self, item: stub.Incoming[bytes]) -> Iterator[bytes]:
        yield from item

    def usage(self) -> Usage:
        return usage()

    def trace(self) -> None:
        raise NotImplementedError

    def growth(self) -> list[str]:
        raise NotImplementedError


class LocalSoak:
    """Calls within the process, synchronous, asynchronous, and verified, in turns."""

    def __init__(self) -> None:
        service = LocalService()
        self._local = avrorpc.connect(LoadClient, "local:", target=service)
        self._verify = avrorpc.connect(LoadClient, "verify:", target=service)
        self._driven = avrorpc.connect(LoadClient, "local:", target=LoadedService())
        self._async = avrorpc.connect(AsyncLoadClient, "local:", target=LoadedService())
        self._timed = avrorpc.with_options(self._local, timeout=30.0)

    async def batch(self, number: int) -> None:
        """Make `BATCH` calls."""
        match number % 20:
            case 0:
                self._sync(self._verify)
            case 1 | 2:
                self._sync(self._driven)
            case 3:
                self._sync(self._timed)
            case 4 | 5 | 6:
                await self._asynchronous(self._async)
            case _:
                self._sync(self._local)

    @staticmethod
    def _sync(client: LoadClient) -> None:
        data = bytes(1_000)
        for number in range(BATCH // 100):
            for other in range(90):
                _expect(client.add(number, other), number + other)
            for _ in range(4):
                _expect(client.echo(data), data)
            for _ in range(2):
                with suppress(Refused):
                    client.refuse("asked to")
                    raise AssertionError("nothing was refused")
            try:
                client.fail()
            except StatusError as error:
                _expect(error.code, Code.INTERNAL)
            client.note("something")
            _expect(sum(1 for _ in client.produce(10, 10)), 10)
            _expect(client.consume(0.0, (b"", b"")), 2)

    @staticmethod
    async def _asynchronous(client: AsyncLoadClient) -> None:
        for number in range(BATCH // 100):
            for other in range(93):
                _expect(await client.add(number, other), number + other)
            for _ in range(2):
                with suppress(Refused):
                    await client.refuse("asked to")
                    raise AssertionError("nothing was refused")
            await _expect_code(client.fail(), Code.INTERNAL)
            _expect(len([item async for item in client.produce(10, 10)]), 10)
            _expect(await client.consume(0.0, _items(3)), 3)
            _expect(len([item async for item in client.mirror(_items(3))]), 3)
            waiting = asyncio.ensure_future(client.wait(60.0))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])


async def _items(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number])


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{str(found)[:50]} and not {str(wanted)[:50]}")


async def _expect_code(call: Awaitable[object], code: Code) -> None:
    try:
        await call
    except StatusError as error:
        _expect(error.code, code)
    else:
        raise AssertionError(f"no {code.name}")


async def _tcp(outcome: Outcome, url: str, calls: int, show: Show) -> None:
    soak = Soak(url, calls)
    await soak.run(min(2_000, calls))  # imports, caches, threads
    soak.made.clear()
    here, there = [usage()], [await soak.client.usage()]
    start = time.perf_counter()
    for number in range(SAMPLES):
        await soak.run(calls // SAMPLES)
        here.append(usage())
        there.append(await soak.client.usage())
        rate = (number + 1) * (calls // SAMPLES) / (time.perf_counter() - start)
        show(
            f"tcp: {number + 1} % at {rate:,.0f} calls/s, client {here[-1].memory / MIB:.1f} MiB,"
            f" server {there[-1].memory / MIB:.1f} MiB"
        )
    seconds = time.perf_counter() - start
    made = sum(soak.made.values())
    outcome.figures |= {"tcp calls": made, "tcp calls/s": round(made / seconds, 1)}
    outcome.figures |= {f"tcp calls: {name}": count for name, count in sorted(soak.made.items())}
    courses = {"client": here, "server": there}
    for name, course in courses.items():
        _judge(outcome, f"tcp {name}", course, made)
    outcome.panels.append(_panel(f"{made:,} calls over TCP", courses, made))
    await _trace_tcp(outcome, soak, int(calls * TRACED), show)
    outcome.figures["tcp failures"] = sum(soak.failures.values())
    outcome.failures += [f"{count} x {text}" for text, count in soak.failures.most_common(10)]
    await soak.close()


async def _trace_tcp(outcome: Outcome, soak: Soak, calls: int, show: Show) -> None:
    show("tcp: where memory grows")
    growth = Growth()
    growth.begin()
    await soak.client.trace()
    await soak.run(calls)
    for name, grown in (("client", growth.end()), ("server", await soak.client.growth())):
        outcome.notes.append(f"tcp {name}, grown most within {calls:,} calls:")
        outcome.notes += [f"  {line}" for line in grown[:5]]


async def _local(outcome: Outcome, calls: int, show: Show) -> None:
    soak, batches = LocalSoak(), max(calls // BATCH, 20)
    for number in range(20):
        await soak.batch(number)
    here, start = [usage()], time.perf_counter()
    for number in range(batches):
        await soak.batch(number)
        if (number + 1) % max(batches // SAMPLES, 20) == 0:
            here.append(usage())
            done, rate = (number + 1) / batches, (number + 1) * BATCH / (time.perf_counter() - start)
            show(f"local: {done:.0%} at {rate:,.0f} calls/s, {here[-1].memory / MIB:.1f} MiB")
    seconds, made = time.perf_counter() - start, batches * BATCH
    outcome.figures |= {"local calls": made, "local calls/s": round(made / seconds, 1)}
    _judge(outcome, "local", here, made)
    outcome.panels.append(_panel(f"{made:,} calls within the process", {"process": here}, made))
    growth = Growth()
    growth.begin()
    for number in range(20):
        await soak.batch(number)
    outcome.notes.append(f"local, grown most within {20 * BATCH:,} calls:")
    outcome.notes += [f"  {line}" for line in growth.end()[:5]]


def _judge(outcome: Outcome, name: str, course: list[Usage], calls: int) -> None:
    first, last = course[0], course[-1]
    points: Points = [(calls * n / (len(course) - 1), one.memory) for n, one in enumerate(course)]
    gained = gain(points)
    outcome.figures |= {
        f"{name} MiB at the start": round(first.memory / MIB, 2),
        f"{name} MiB at the end": round(last.memory / MIB, 2),
        f"{name} MiB gained after the warm-up": round(gained / MIB, 3),
        f"{name} tasks gained": last.tasks - first.tasks,
        f"{name} descriptors gained": last.descriptors - first.descriptors,
        f"{name} threads gained": last.threads - first.threads,
        f"{name} is flat": int(is_flat(points)),
    }
    if not is_flat(points):
        outcome.failures.append(f"{name}: memory grows by {gained / MIB:.2f} MiB after the warm-up")
    for what in ("tasks", "descriptors", "threads"):
        if getattr(last, what) > getattr(first, what) + CLIENTS:
            outcome.failures.append(
                f"{name}: {what} grew from {getattr(first, what)} to {getattr(last, what)}"
            )


def _panel(title: str, courses: dict[str, list[Usage]], calls: int) -> Panel:
    panel = Panel(title, "calls", "resident memory, MiB")
    for name, course in courses.items():
        panel.courses[name] = [
            (calls * n / (len(course) - 1), one.memory / MIB) for n, one in enumerate(course)
        ]
    return panel


async def run(scale: float, show: Show) -> Outcome:
    """Run the soak at a scale, 1 being the whole."""
    allow_descriptors(4_096)
    logging.getLogger("avrorpc").setLevel(logging.CRITICAL)  # errors are part of the load
    outcome = Outcome("soak", "A soak: every kind of call, and nothing grows")
    await _local(outcome, int(LOCAL_CALLS * scale), show)
    with serving("tcp://127.0.0.1:0", descriptors=4_096) as (url,):
        await _tcp(outcome, url, int(TCP_CALLS * scale), show)
    return outcome
