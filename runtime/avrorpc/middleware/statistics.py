"""Counts and latencies of calls, kept in memory: no dependency, no exporter.

One `Statistics` may stand in any number of chains; it counts them together. `snapshot` is a plain value,
which does not change afterwards.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from avrorpc.call import Call, Reply
from avrorpc.middleware.watching import OK, Ending, Watch, watched
from avrorpc.schema import Streaming
from avrorpc.service import Service

LATENCY_BOUNDS: Final = (
    *(0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0),
)
"""The upper bounds of the latency buckets, in seconds, from 100 microseconds to five minutes."""


@dataclass(slots=True, frozen=True)
class MethodStatistics:
    """What is known of the calls of one message, or of several together."""

    started: int = 0
    """Calls that have begun."""
    in_flight: int = 0
    """Those that have not ended."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """Ended calls by code: `OK`, or one of the sixteen; declared errors count as UNKNOWN."""
    declared: Mapping[str, int] = field(default_factory=dict)
    """Those that ended with a declared error, by its class name."""
    request_items: int = 0
    """Items of request streams."""
    response_items: int = 0
    """Items of response streams."""
    seconds: float = 0.0
    """How long all ended calls took together."""
    longest: float = 0.0
    """How long the longest took, in seconds."""
    bounds: Sequence[float] = LATENCY_BOUNDS
    """The upper bounds of the buckets, in seconds."""
    buckets: Sequence[int] = ()
    """Ended calls by how long they took: one bucket for each bound, and one for what took longer."""

    @property
    def ended(self) -> int:
        """Calls that have ended."""
        return self.started - self.in_flight

    @property
    def failed(self) -> int:
        """Calls that ended with neither a result nor a declared error."""
        return self.ended - self.codes.get(OK, 0) - sum(self.declared.values())

    def percentile(self, share: float) -> float | None:
        """Return the seconds within which a share of the ended calls ended; None where none has.

        The place within a bucket is interpolated, so that the error is at most a bucket's width.

        Args:
            share: From 0 to 1; 0.5 is the median.

        Raises:
            ValueError: The share is outside that.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a share is from 0 to 1, not {share}")
        if not self.ended:
            return None
        wanted, seen = share * self.ended, 0
        edges = (0.0, *self.bounds, max(self.longest, self.bounds[-1]))
        for count, (low, high) in zip(self.buckets, pairwise(edges), strict=True):
            if count and seen + count >= wanted:
                return min(low + (high - low) * (wanted - seen) / count, self.longest)
            seen += count
        return self.longest


class _Counts:
    """The counts of one message, as they change."""

    __slots__ = (
        "buckets",
        "codes",
        "declared",
        "in_flight",
        "longest",
        "request_items",
        "response_items",
        "seconds",
        "started",
    )

    def __init__(self, buckets: int) -> None:
        self.started = self.in_flight = self.request_items = self.response_items = 0
        self.codes: Counter[str] = Counter()
        self.declared: Counter[str] = Counter()
        self.seconds = self.longest = 0.0
        self.buckets = [0] * buckets


class Statistics:
    """Counts calls, by message; a middleware for either end.

    Args:
        bounds: The upper bounds of the latency buckets, in seconds, in ascending order.
    """

    def __init__(self, *, bounds: Sequence[float] = LATENCY_BOUNDS) -> None:
        if not bounds or list(bounds) != sorted(set(bounds)):
            raise ValueError("bounds must ascend, and there must be one at least")
        self._bounds = tuple(bounds)
        self._counts: dict[str, _Counts] = {}
        # Reentrant: the end of a stream that is collected as garbage may be told while this thread counts.
        self._lock = threading.RLock()

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            method = call.method
            if method.streaming is not Streaming.NONE:
                return await watched(service, call, _Watch(self, call))
            name, now = method.full_name, call.clock.now
            start = now()
            self._begin(name)
            try:
                reply = await service(call)
            except BaseException as error:
                self._end(name, now() - start, Ending(error))
                raise
            self._end(name, now() - start)
            return reply

        return serve

    def snapshot(self) -> dict[str, MethodStatistics]:
        """Return the statistics of each message that was called, by `protocol/message`."""
        with self._lock:
            return {name: self._frozen([counts]) for name, counts in self._counts.items()}

    def total(self, protocol: str | None = None) -> MethodStatistics:
        """Return the statistics of all messages together, or of one protocol's by its full name."""
        with self._lock:
            chosen = [
                counts
                for name, counts in self._counts.items()
                if protocol is None or name.rpartition("/")[0] == protocol
            ]
            return self._frozen(chosen)

    def reset(self) -> None:
        """Forget what has been counted; calls under way stay in flight, and count when they end."""
        with self._lock:
            for name, counts in list(self._counts.items()):
                fresh = self._counts[name] = _Counts(len(self._bounds) + 1)
                fresh.started = fresh.in_flight = counts.in_flight

    def _begin(self, name: str) -> None:
        with self._lock:
            counts = self._counts.get(name) or self._of(name)
            counts.started += 1
            counts.in_flight += 1

    def _item(self, name: str, *, is_request: bool) -> None:
        with self._lock:
            counts = self._of(name)
            if is_request:
                counts.request_items += 1
            else:
                counts.response_items += 1

    def _end(self, name: str, seconds: float, ending: Ending | None = None) -> None:
        """Count the end of a call; without an ending, it gave a result."""
        with self._lock:
            counts = self._counts.get(name) or self._of(name)
            counts.in_flight -= 1
            if ending is None:
                counts.codes[OK] += 1
            else:
                counts.codes[ending.code] += 1
                if ending.declared is not None:
                    counts.declared[ending.declared] += 1
            counts.seconds += seconds
            if seconds > counts.longest:
                counts.longest = seconds
            counts.buckets[bisect_left(self._bounds, seconds)] += 1

    def _of(self, name: str) -> _Counts:
        counts = self._counts.get(name)
        if counts is None:
            counts = self._counts[name] = _Counts(len(self._bounds) + 1)
        return counts

    def _frozen(self, all_counts: Sequence[_Counts]) -> MethodStatistics:
        return MethodStatistics(
            started=sum(counts.started for counts in all_counts),
            in_flight=sum(counts.in_flight for counts in all_counts),
            codes=dict(sum((counts.codes for counts in all_counts), Counter())),
            declared=dict(sum((counts.declared for counts in all_counts), Counter())),
            request_items=sum(counts.request_items for counts in all_counts),
            response_items=sum(counts.response_items for counts in all_counts),
            seconds=sum(counts.seconds for counts in all_counts),
            longest=max((counts.longest for counts in all_counts), default=0.0),
            bounds=self._bounds,
            buckets=tuple(
                sum(counts.buckets[index] for counts in all_counts) for index in range(len(self._bounds) + 1)
            ),
        )


class _Watch(Watch):
    __slots__ = ("_call", "_name", "_start", "_statistics")

    def __init__(self, statistics: Statistics, call: Call) -> None:
        self._statistics = statistics
        self._call = call
        self._name = call.method.full_name
        self._start = call.clock.now()
        statistics._begin(self._name)

    def request_item(self, item: Any) -> None:
        self._statistics._item(self._name, is_request=True)

    def response_item(self, item: Any) -> None:
        self._statistics._item(self._name, is_request=False)

    def ended(self, ending: Ending) -> None:
        self._statistics._end(self._name, self._call.clock.now() - self._start, ending)
