"""A thousand calls of a megabyte at once, over one connection and over ten, with small calls in between.

What is measured is what memory it takes at both ends, and whether a small call has to wait until the large
ones are through: bodies travel in chunks, so that it need not.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import statistics
import time
from collections import Counter
from typing import Final

import avrorpc

from benchmarks.load import MIB, Outcome, Panel, Points, Show
from benchmarks.load_server import serving
from benchmarks.loadcontracts.load import AsyncLoadClient
from benchmarks.memory import resident, usage

CALLS: Final = 1_000
SIZE: Final = 1_000_000
SMALL_EVERY: Final = 0.02
"""Seconds between two small calls."""
SAMPLE_EVERY: Final = 0.05


async def run(scale: float, show: Show) -> Outcome:
    """Run both loads."""
    calls = max(10, int(CALLS * scale))
    outcome = Outcome("concurrency", f"{calls:,} calls of {SIZE:,} bytes there and back at once")
    panel = Panel("what each end holds", "seconds", "resident memory, MiB")
    for connections in (1, 10):
        limits = f"max_calls={calls + 10}"
        with serving("tcp://127.0.0.1:0", limits=limits) as (url,):
            show(f"{calls:,} calls over {connections} connections")
            await _measure(outcome, panel, url, calls, connections)
    outcome.panels.append(panel)
    return outcome


async def _measure(outcome: Outcome, panel: Panel, url: str, calls: int, connections: int) -> None:
    data = bytes(SIZE)
    watcher = avrorpc.connect(AsyncLoadClient, url)
    clients = [avrorpc.connect(AsyncLoadClient, url) for _ in range(connections)]
    for client in clients:
        await client.add(1, 1)
    _settle()
    course = _Course(watcher, clients[0])
    before = {"client": usage().memory, "server": (await watcher.usage()).memory}
    watching, asking = asyncio.create_task(course.watch()), asyncio.create_task(course.ask())
    failures: Counter[str] = Counter()
    start = time.perf_counter()

    async def one(number: int) -> None:
        try:
            if await clients[number % connections].echo(data) != data:
                failures["other bytes came back"] += 1
        except avrorpc.RpcError as error:
            failures[f"{type(error).__name__}: {error}"[:200]] += 1

    await asyncio.gather(*(one(number) for number in range(calls)))
    seconds = time.perf_counter() - start
    course.is_over = True
    await asyncio.gather(watching, asking)
    name = f"{connections} connection{'s' * (connections > 1)}"
    outcome.figures |= {
        f"{name}: seconds": round(seconds, 2),
        f"{name}: MiB/s there and back": round(2 * calls * SIZE / MIB / seconds, 1),
        f"{name}: calls failed": sum(failures.values()),
        f"{name}: small calls in between": len(course.small),
        f"{name}: small calls failed": course.failed,
        f"{name}: small call, median ms": round(statistics.median(course.small) * 1e3, 2),
        f"{name}: small call, longest ms": round(max(course.small) * 1e3, 2),
    }
    for end, points in (("client", course.here), ("server", course.there)):
        peak = max(memory for _, memory in points)
        outcome.figures |= {
            f"{name}: {end} MiB before": round(before[end] / MIB, 1),
            f"{name}: {end} MiB at most": round(peak, 1),
            f"{name}: {end} MiB at most per call": round((peak - before[end] / MIB) / calls, 3),
        }
        panel.courses[f"{end}, {name}"] = points
    outcome.failures += [f"{name}: {count} x {text}" for text, count in failures.most_common(5)]
    if course.failed:
        outcome.failures.append(f"{name}: {course.failed} small calls failed")
    for client in (watcher, *clients):
        await avrorpc.close(client)


def _settle() -> None:
    """Give memory that is free back to the system, where the C library lets it be asked to."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class _Course:
    """What happens beside the large calls: memory is watched, and small calls are made."""

    def __init__(self, watcher: AsyncLoadClient, client: AsyncLoadClient) -> None:
        self.is_over = False
        self.here: Points = []
        self.there: Points = []
        self.small: list[float] = []
        self.failed = 0
        self._watcher = watcher
        self._client = client
        self._start = time.perf_counter()

    async def watch(self) -> None:
        """Watch the memory of both ends, over a connection that carries nothing else."""
        while not self.is_over:
            now = time.perf_counter() - self._start
            self.here.append((now, resident() / MIB))
            self.there.append((now, (await self._watcher.usage()).memory / MIB))
            await asyncio.sleep(SAMPLE_EVERY)

    async def ask(self) -> None:
        """Make small calls on a connection that the large ones use."""
        while not self.is_over or not self.small:
            start = time.perf_counter()
            try:
                await self._client.add(1, 1)
            except avrorpc.RpcError:
                self.failed += 1
            self.small.append(time.perf_counter() - start)
            await asyncio.sleep(SMALL_EVERY)
