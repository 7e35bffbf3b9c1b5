"""A million items through every kind of stream: how fast, and what both ends hold meanwhile.

Over TCP and within the process it is a million, and over what else carries streams a tenth of that. And a
slow reader: how far its writer gets ahead before it has to wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import avrorpc

from benchmarks.load import MIB, Outcome, Panel, Points, Show
from benchmarks.load_server import serving
from benchmarks.load_service import LoadedService
from benchmarks.loadcontracts.load import AsyncLoadClient
from benchmarks.memory import is_flat, usage

ITEMS: Final = 1_000_000
WHOLE: Final = ("tcp", "local")
"""What all items go through; the rest gets a tenth."""
SIZE: Final = 100
SAMPLES: Final = 20
SLOW_ITEMS: Final = 200
PAUSE: Final = 0.002
"""Seconds that the slow reader takes for an item."""
COST: Final = 32
"""What `stream_window` counts for an item besides its bytes."""
SCHEMES: Final = ("tcp", "unix", "ws", "http", "local")
KINDS: Final = ("response", "request", "both")


class _Progress:
    """Samples of both ends, taken so many times in the course of one stream."""

    def __init__(self, client: AsyncLoadClient, items: int, show: Show, name: str) -> None:
        self.here: Points = []
        self.there: Points = []
        self._client = client
        self._items = items
        self._show = show
        self._name = name

    async def note(self, done: int) -> None:
        """Take a sample where one is due."""
        if done % max(1, self._items // SAMPLES) == 0:
            self.here.append((done, usage().memory))
            self.there.append((done, (await self._client.usage()).memory))
            self._show(f"{self._name}: {done:,} items")

    async def items(self) -> AsyncIterator[bytes]:
        """Give the items of a request stream."""
        item = bytes(SIZE)
        for number in range(self._items):
            await self.note(number)
            yield item


async def run(scale: float, show: Show) -> Outcome:
    """Run every kind of stream over everything that carries it."""
    items = int(ITEMS * scale)
    outcome = Outcome("streams", f"up to {items:,} items of {SIZE} bytes through each kind of stream")
    panels = {kind: Panel(f"{kind}: client and server", "items", "resident memory, MiB") for kind in KINDS}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "load.sock"
        listened = ("tcp://127.0.0.1:0", f"unix://{path}", "ws://127.0.0.1:0", "http://127.0.0.1:0")
        with serving(*listened) as urls:
            for scheme, url in zip(SCHEMES, (*urls, "local:"), strict=True):
                target = LoadedService() if scheme == "local" else None
                client = avrorpc.connect(AsyncLoadClient, url, target=target)
                for kind in KINDS:
                    if (scheme, kind) != ("http", "both"):  # which HTTP does not carry
                        count = items if scheme in WHOLE else items // 10
                        await _measure(outcome, panels[kind], client, scheme, kind, count, show)
                await _slow(outcome, client, scheme, show)
                await avrorpc.close(client)
    outcome.panels += panels.values()
    return outcome


async def _measure(
    outcome: Outcome, panel: Panel, client: AsyncLoadClient, scheme: str, kind: str, items: int, show: Show
) -> None:
    name = f"{scheme} {kind}"
    progress = _Progress(client, items, show, name)
    start = time.perf_counter()
    if kind == "request":
        count = await client.consume(0.0, progress.items())
    else:
        stream = client.produce(items, SIZE) if kind == "response" else client.mirror(progress.items())
        count = await _read(stream, progress if kind == "response" else None)
    outcome.figures[f"{name}: items"] = items
    outcome.figures[f"{name}: items/s"] = round(items / (time.perf_counter() - start))
    if count != items:
        outcome.failures.append(f"{name}: {count:,} items and not {items:,}")
    ends = (
        {"client": progress.here, "server": progress.there} if scheme != "local" else {"both": progress.here}
    )
    for end, points in ends.items():
        for when, point in (("start", points[0]), ("middle", points[len(points) // 2]), ("end", points[-1])):
            outcome.figures[f"{name}: {end} MiB at the {when}"] = round(point[1] / MIB, 2)
        panel.courses[f"{scheme}, {end}"] = [(done, memory / MIB) for done, memory in points]
        if not is_flat(points):
            outcome.failures.append(f"{name}: the memory of the {end} grows")


async def _read(stream: AsyncIterable[bytes], progress: _Progress | None) -> int:
    count = 0
    async for _ in stream:
        if progress is not None:
            await progress.note(count)
        count += 1
    return count


async def _slow(outcome: Outcome, client: AsyncLoadClient, scheme: str, show: Show) -> None:
    """Let one end read slowly, and see how far the other gets ahead."""
    show(f"{scheme}: a slow reader")
    ahead, taken = 0, 0
    stream = client.produce(ITEMS, SIZE)
    async for _ in stream:
        taken += 1
        await asyncio.sleep(PAUSE)
        ahead = max(ahead, (await client.usage()).produced - taken)
        if taken == SLOW_ITEMS:
            break
    await stream.aclose()  # type: ignore[attr-defined]
    _ahead(outcome, f"{scheme} response, slow reader", ahead)

    made, ahead = 0, 0

    async def items() -> AsyncIterator[bytes]:
        nonlocal made
        for made in range(1, ITEMS):  # noqa: B007 - the watcher reads it
            yield bytes(SIZE)

    sending = asyncio.ensure_future(client.consume(PAUSE, items()))
    taken = ITEMS  # of the stream before, until this one has begun
    while taken < SLOW_ITEMS or taken > made:
        await asyncio.sleep(PAUSE)
        taken = (await client.usage()).consumed
        if 0 < taken <= made:
            ahead = max(ahead, made - taken)
    sending.cancel()
    await asyncio.wait([sending])
    _ahead(outcome, f"{scheme} request, slow reader", ahead)


def _ahead(outcome: Outcome, name: str, items: int) -> None:
    outcome.figures[f"{name}: items ahead at most"] = items
    outcome.figures[f"{name}: KiB ahead at most, as counted"] = round(items * (SIZE + COST) / 1_024, 1)
