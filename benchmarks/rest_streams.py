"""Streams of small items over REST on one core, against FastAPI's `StreamingResponse`: items a second.

As in `rest`, all servers run at once on one core and take turns, and the client has another. A stream is read
whole, again and again: as lines of JSON and as server-sent events, from a generator that always has its next
item, and from one that waits for each. And how long a client waits for the first item.
"""

from __future__ import annotations

import random
import socket
import statistics
import time
from collections import defaultdict
from contextlib import ExitStack
from itertools import product
from typing import Final

from benchmarks.load import Outcome, Panel, Show
from benchmarks.rest import BEST, FASTAPI, OURS, PACKAGES, processor_seconds
from benchmarks.rest_payloads import TEXT
from benchmarks.rest_servers import NAMES, side_by_side

ROUNDS: Final = 9
COUNTS: Final = {"ready": 20_000, "waiting": 5_000}
"""Items of one stream, by what its generator does: it has each, or waits for each."""
FIRSTS: Final = 100
"""How often, in each round, the first item is waited for."""
MEDIA: Final = {"lines": "application/x-ndjson", "events": "text/event-stream"}
END: Final = b"0\r\n\r\n"


class Stream:
    """One connection, by which streams are read whole.

    Args:
        port: The server's.
        media: The type that is asked for.
        count: How many items there are.
        waits: Whether the generator waits for each.
    """

    def __init__(self, port: int, media: str, count: int, *, waits: bool) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(1 << 20)
        self._count = count
        target = f"/ticks?count={count}&waits={str(waits).lower()}"
        self._request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: {media}\r\n\r\n".encode()
        text = self._text()
        if not text.startswith(b"HTTP/1.1 200") or text.count(TEXT.encode()) != count:
            raise RuntimeError(f"a server answers something else: {text[:300]!r}")

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def read(self) -> float:
        """Ask once, read all, and return how many seconds the first item took."""
        buffer, receive, end = self._buffer, self._socket.recv_into, b""
        start = time.perf_counter()
        self._socket.sendall(self._request)
        head = b""
        while TEXT.encode() not in head:
            head += buffer[: receive(buffer)]
        first = time.perf_counter() - start
        end = head[-len(END) :]
        while end != END:
            size = receive(buffer)
            end = (end + buffer[max(0, size - len(END)) : size])[-len(END) :]
        return first

    def _text(self) -> bytes:
        self._socket.sendall(self._request)
        text = b""
        while not text.endswith(END):
            text += self._socket.recv(1 << 20)
        return text


async def run(scale: float, show: Show) -> Outcome:
    """Compare."""
    rounds = max(3, round(ROUNDS * scale))
    outcome = Outcome("rest_streams", "Streams over REST on one core", packages=PACKAGES)
    rates: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    costs: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    firsts: defaultdict[str, list[float]] = defaultdict(list)
    shuffle = random.Random(0)
    with ExitStack() as stack:
        targets = side_by_side(stack)
        streams = {
            (name, f"{form}, {kind}"): Stream(targets[name].port, MEDIA[form], count, waits=kind == "waiting")
            for name, form, (kind, count) in product(NAMES, MEDIA, COUNTS.items())
        }
        short = {name: Stream(targets[name].port, MEDIA["events"], 1, waits=False) for name in NAMES}
        for stream in (*streams.values(), *short.values()):
            stack.callback(stream.close)
        for number in range(rounds):
            show(f"round {number + 1} of {rounds}")
            order = list(streams)
            shuffle.shuffle(order)
            for key in order:
                process, count = targets[key[0]].process, COUNTS[key[1].rpartition(" ")[2]]
                before, start = processor_seconds(process), time.perf_counter()
                streams[key].read()
                rates[key].append(count / (time.perf_counter() - start))
                costs[key].append((processor_seconds(process) - before) / count)
            for name in NAMES:
                firsts[name] += [short[name].read() for _ in range(FIRSTS)]
    for what in (f"{form}, {kind}" for form, kind in product(MEDIA, COUNTS)):
        panel = Panel(what, "round", "items per second")
        for name in NAMES:
            rate, cost = rates[name, what], costs[name, what]
            low, _, high = statistics.quantiles(rate, n=4)
            outcome.figures |= {
                f"{what}, {name}: items per second": round(statistics.median(rate)),
                f"{what}, {name}: lower quartile": round(low),
                f"{what}, {name}: upper quartile": round(high),
                f"{what}, {name}: processor us per item": round(statistics.median(cost) * 1e6, 2),
            }
            panel.courses[name] = [(float(index + 1), each) for index, each in enumerate(rate)]
        outcome.panels.append(panel)
        for other in (FASTAPI, BEST):
            ratios = [
                ours / theirs for ours, theirs in zip(rates[OURS, what], rates[other, what], strict=True)
            ]
            outcome.figures[f"{what}: throughput to that of {other}"] = round(statistics.median(ratios), 2)
    for name in NAMES:
        outcome.figures[f"first event, {name}: median us"] = round(statistics.median(firsts[name]) * 1e6)
    outcome.notes.append("ratios: ours to theirs, median over rounds; above 1, ours is the better")
    return outcome
