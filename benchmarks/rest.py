"""REST JSON on one core, against FastAPI: requests a second, processor time for each, and latencies.

All servers run at once, on one core where there are several, and take turns; the client has another core,
and is no more than a loop around `epoll`. It never sleeps: in a virtual machine, to wake a client costs the
server that answers it ten microseconds, whoever that is. One row has a client that does. Clients say the same
head over and over, as they mostly do, and in one row another each time. The processor time of a server's
process is what the rest of the machine disturbs least.
"""

from __future__ import annotations

import json
import random
import select
import socket
import statistics
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from benchmarks.load import Outcome, Panel, Show
from benchmarks.rest_payloads import PAYLOADS
from benchmarks.rest_servers import NAMES, side_by_side

PACKAGES: Final = ("avrorpc", "msgspec", "httptools", "uvloop", "fastapi", "starlette", "uvicorn", "pydantic")
CONNECTIONS: Final = 16
"""With one request in flight on each, for throughput."""
ROUNDS: Final = 9
SECONDS: Final = 0.6
"""How long one run takes."""

HEADS: Final = 1_024
"""Different heads, where each request has another than the last."""

FASTAPI, BEST, OURS = NAMES


@dataclass(slots=True, frozen=True)
class Way:
    """How servers are asked."""

    payload: str
    """The name of what is asked, in `PAYLOADS`."""
    differs: bool = False
    """Whether the head of each request is another."""
    sleeps: bool = False
    """Whether the client sleeps until there is an answer."""


WAYS: Final = {
    **{name: Way(name) for name in PAYLOADS},
    "small, other heads": Way("small", differs=True),
    "small, sleeping client": Way("small", sleeps=True),
}
"""By their names."""


class Connections:
    """Connections to one server that ask the same over and over.

    Args:
        port: The server's.
        way: How it is asked.
        number: How many connections.
    """

    def __init__(self, port: int, way: Way, number: int) -> None:
        path, asked, wanted = PAYLOADS[way.payload]
        body = json.dumps(asked, separators=(",", ":")).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        head += f"Accept: */*\r\nContent-Length: {len(body)}\r\n"
        heads = [f"{head}X-Request-Id: {index:08}\r\n" for index in range(HEADS)] if way.differs else [head]
        self._requests = cycle([f"{each}\r\n".encode() + body for each in heads])
        self._patience = -1 if way.sleeps else 0
        self._sockets: dict[int, socket.socket] = {}
        self._epoll = select.epoll()
        for _ in range(number):
            one = socket.create_connection(("127.0.0.1", port))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[one.fileno()] = one
            self._epoll.register(one, select.EPOLLIN)
        self._length = self._check(wanted)

    def close(self) -> None:
        """Close all."""
        self._epoll.close()
        for one in self._sockets.values():
            one.close()

    def _check(self, wanted: Any) -> int:
        """Ask once, and return the length of the answer, which later ones have too."""
        one = next(iter(self._sockets.values()))
        one.sendall(next(self._requests))
        came = b""
        while b"\r\n\r\n" not in came:
            came += one.recv(65_536)
        head, _, body = came.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
        while len(body) < int(fields["content-length"]):
            body += one.recv(65_536)
        if not head.startswith(b"HTTP/1.1 200") or json.loads(body) != wanted:
            raise RuntimeError(f"a server answers something else: {head!r} {body[:200]!r}")
        return len(head) + 4 + len(body)

    def load(self, seconds: float) -> int:
        """Keep every connection busy for a while, and return how many answers came."""
        requests, length, epoll, sockets = self._requests, self._length, self._epoll, self._sockets
        patience = self._patience
        came = dict.fromkeys(sockets, 0)
        count, waiting = 0, len(sockets)
        end = time.perf_counter() + seconds
        for one in sockets.values():
            one.sendall(next(requests))
        while waiting:
            for descriptor, _ in epoll.poll(patience):
                one = sockets[descriptor]
                data = one.recv(65_536)
                if not came[descriptor] and not data.startswith(b"HTTP/1.1 200"):
                    raise RuntimeError(f"a server fails: {data[:200]!r}")
                came[descriptor] += len(data)
                if came[descriptor] == length:
                    came[descriptor] = 0
                    count += 1
                    if time.perf_counter() < end:
                        one.sendall(next(requests))
                    else:
                        waiting -= 1
        return count

    def latencies(self, seconds: float) -> list[float]:
        """Ask one after the other on one connection for a while, and return the seconds of each."""
        one = next(iter(self._sockets.values()))
        times: list[float] = []
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            one.sendall(next(self._requests))
            left = self._length
            while left:
                left -= len(one.recv(left))
            times.append(time.perf_counter() - start)
        return times


async def run(scale: float, show: Show) -> Outcome:
    """Compare."""
    rounds, seconds = max(3, round(ROUNDS * scale)), SECONDS
    outcome = Outcome("rest", f"REST JSON on one core, {CONNECTIONS} connections", packages=PACKAGES)
    rates: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    costs: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    waits: defaultdict[str, list[float]] = defaultdict(list)
    shuffle = random.Random(0)
    with ExitStack() as stack:
        targets = side_by_side(stack)
        asked = {
            (name, way): Connections(targets[name].port, WAYS[way], CONNECTIONS)
            for name in NAMES
            for way in WAYS
        }
        for connections in asked.values():
            stack.callback(connections.close)
            connections.load(seconds / 4)
        for number in range(rounds):
            show(f"round {number + 1} of {rounds}")
            order = list(asked)
            shuffle.shuffle(order)
            for key in order:
                process = targets[key[0]].process
                before, start = processor_seconds(process), time.perf_counter()
                count = asked[key].load(seconds)
                taken = time.perf_counter() - start
                rates[key].append(count / taken)
                costs[key].append((processor_seconds(process) - before) / count)
            for name in NAMES:
                waits[name] += asked[name, "small"].latencies(seconds)
    for way in WAYS:
        panel = Panel(f"{way}: {PAYLOADS[WAYS[way].payload][0]}", "round", "requests per second")
        for name in NAMES:
            rate, cost = rates[name, way], costs[name, way]
            low, _, high = statistics.quantiles(rate, n=4)
            outcome.figures |= {
                f"{way}, {name}: requests per second": round(statistics.median(rate)),
                f"{way}, {name}: lower quartile": round(low),
                f"{way}, {name}: upper quartile": round(high),
                f"{way}, {name}: processor us per request": round(statistics.median(cost) * 1e6, 1),
            }
            panel.courses[name] = [(float(index + 1), each) for index, each in enumerate(rate)]
        outcome.panels.append(panel)
        for other, label in ((FASTAPI, "fastapi"), (BEST, "fastapi_msgspec")):
            outcome.figures[_named("rest_throughput_vs", label, way)] = _ratio(
                rates[OURS, way], rates[other, way]
            )
            outcome.figures[_named("rest_cpu_vs", label, way)] = _ratio(costs[other, way], costs[OURS, way])
    for name in NAMES:
        outcome.figures |= {
            f"one at a time, {name}: median ms": _milliseconds(waits[name], 50),
            f"one at a time, {name}: p99 ms": _milliseconds(waits[name], 99),
        }
    outcome.figures["rest_p99_ms"] = _milliseconds(waits[OURS], 99)
    outcome.notes.append("ratios: theirs to ours, median over rounds; above 1, ours is the better")
    return outcome


def _named(figure: str, other: str, way: str) -> str:
    suffix = way.removeprefix("small").strip(", ").replace(" ", "_")
    return f"{figure}_{other}_{suffix}".rstrip("_")


def _ratio(high: list[float], low: list[float]) -> float:
    return round(statistics.median(one / other for one, other in zip(high, low, strict=True)), 2)


def _milliseconds(seconds: list[float], percentile: int) -> float:
    return round(statistics.quantiles(seconds, n=100)[percentile - 1] * 1000, 3)


def processor_seconds(process: int) -> float:
    """Return the processor time that a process has used, of all its threads that still run."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9
