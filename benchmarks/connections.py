"""Ten thousand idle connections: what each costs at both ends, and that each still answers after a while.

Client and server are processes of their own. Every connection belongs to a client object of its own, makes
one call when it is opened, is asked by pings from both ends while it is idle, and makes one call at the end.
What the system itself holds for a socket is in no process's memory, and not in these figures.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Final

import avrorpc
from avrorpc import Limits

from benchmarks.load import Outcome, Panel, Show
from benchmarks.load_server import allow_descriptors, serving
from benchmarks.loadcontracts.load import AsyncLoadClient, Usage
from benchmarks.memory import usage

CONNECTIONS: Final = 10_000
STEPS: Final = (0.1, 0.25, 0.5, 0.75, 1.0)
AT_ONCE: Final = 50
"""How many are dialled at the same time; more wait in the system's queue of a listener."""
PING_SECONDS: Final = 10
"""A third of the default, so that each connection is asked several times."""
IDLE_SECONDS: Final = 25
SPARE: Final = 100
KIB: Final = 1_024


async def run(scale: float, show: Show) -> Outcome:
    """Open connections, leave them alone, and call on each of them again."""
    wanted = int(CONNECTIONS * scale)
    allowed = allow_descriptors(wanted + SPARE) - SPARE
    outcome = Outcome("connections", f"{min(wanted, allowed):,} idle connections over TCP")
    if allowed < wanted:
        outcome.notes.append(
            f"the system allows this process {allowed:,} descriptors more, so that it is fewer"
        )
    limits = f"ping_interval={PING_SECONDS}"
    with serving("tcp://127.0.0.1:0", limits=limits, descriptors=wanted + SPARE) as (url,):
        await _measure(outcome, url, min(wanted, allowed), show)
    return outcome


async def _measure(outcome: Outcome, url: str, wanted: int, show: Show) -> None:
    limits = Limits(ping_interval=PING_SECONDS)
    watcher = avrorpc.connect(AsyncLoadClient, url)
    await watcher.add(1, 1)
    clients: list[AsyncLoadClient] = []
    failures: Counter[str] = Counter()
    courses: dict[str, list[tuple[int, Usage]]] = {
        "client": [(0, usage())],
        "server": [(0, await watcher.usage())],
    }
    start = time.perf_counter()
    for step in STEPS:
        while len(clients) < int(wanted * step):
            room = min(AT_ONCE, int(wanted * step) - len(clients))
            new = [avrorpc.connect(AsyncLoadClient, url, limits=limits) for _ in range(room)]
            clients += new
            await _call(new, failures)
            show(f"{len(clients):,} connections")
        courses["client"].append((len(clients), usage()))
        courses["server"].append((len(clients), await watcher.usage()))
    outcome.figures["connections"] = len(clients)
    outcome.figures["connections opened/s, with a call on each"] = round(
        len(clients) / (time.perf_counter() - start), 1
    )
    before = {"client": courses["client"][-1][1], "server": courses["server"][-1][1]}
    for second in range(IDLE_SECONDS):
        show(f"{len(clients):,} connections, idle for {second} of {IDLE_SECONDS} s")
        await asyncio.sleep(1)
    after = {"client": usage(), "server": await watcher.usage()}
    start = time.perf_counter()
    await _call(clients, failures)
    outcome.figures["calls/s, one on each connection at the end"] = round(
        len(clients) / (time.perf_counter() - start), 1
    )
    for end, course in courses.items():
        _judge(outcome, end, course, before[end], after[end])
    outcome.figures["calls made"] = 2 * len(clients)
    outcome.figures["calls failed"] = sum(failures.values())
    outcome.failures += [f"{count} x {text}" for text, count in failures.most_common(5)]
    panel = Panel("what each end holds", "connections", "resident memory, MiB")
    for end, course in courses.items():
        panel.courses[end] = [(count, one.memory / KIB / KIB) for count, one in course]
    outcome.panels.append(panel)
    show("closing")
    for n in range(0, len(clients), AT_ONCE):
        await asyncio.gather(*(avrorpc.close(client) for client in clients[n : n + AT_ONCE]))
    left = usage()
    outcome.figures["client tasks left at the end"] = left.tasks
    outcome.figures["client descriptors left at the end"] = (
        left.descriptors - courses["client"][0][1].descriptors
    )
    there = await watcher.usage()
    outcome.figures["server descriptors left at the end"] = (
        there.descriptors - courses["server"][0][1].descriptors
    )
    await avrorpc.close(watcher)


def _judge(outcome: Outcome, end: str, course: list[tuple[int, Usage]], before: Usage, after: Usage) -> None:
    (_, empty), (count, full) = course[0], course[-1]
    outcome.figures |= {
        f"{end} MiB without connections": round(empty.memory / KIB / KIB, 1),
        f"{end} MiB with all": round(full.memory / KIB / KIB, 1),
        f"{end} KiB per connection": round((full.memory - empty.memory) / count / KIB, 2),
        f"{end} tasks per connection": round((full.tasks - empty.tasks) / count, 2),
        f"{end} percent of a core while idle": round(
            (after.seconds - before.seconds) / IDLE_SECONDS * 100, 1
        ),
        f"{end} MiB gained while idle": round((after.memory - before.memory) / KIB / KIB, 2),
    }


async def _call(clients: list[AsyncLoadClient], failures: Counter[str]) -> None:
    async def one(client: AsyncLoadClient) -> None:
        try:
            found = await client.add(1, 1)
        except avrorpc.RpcError as error:
            failures[f"{type(error).__name__}: {error}"[:200]] += 1
        else:
            if found != 2:
                failures[f"{found} is no sum"] += 1

    for n in range(0, len(clients), AT_ONCE):
        await asyncio.gather(*(one(client) for client in clients[n : n + AT_ONCE]))
