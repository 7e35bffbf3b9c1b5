"""What a process holds, and whether it grows."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from benchmarks.loadcontracts.load import Usage

WARM_UP = 0.2
"""The share of a run after which its memory should grow no more."""
TOLERANCE = 0.03
"""How much of its memory a flat process may gain from then to the end, by the trend."""
TOP = 12
"""How many places are named that memory grew at."""
_HERE = Path(__file__).resolve().parent.parent


class Growth:
    """Where memory grows between two moments, by lines of code."""

    def __init__(self) -> None:
        self._before: tracemalloc.Snapshot | None = None

    def begin(self) -> None:
        """Note from now on where memory is taken."""
        gc.collect()
        if not tracemalloc.is_tracing():
            tracemalloc.start(1)
        self._before = self._snapshot()

    def end(self) -> list[str]:
        """Return the places that took most since, and stop."""
        if self._before is None:
            return []
        gc.collect()
        found = self._snapshot().compare_to(self._before, "lineno")
        self._before = None
        tracemalloc.stop()
        grown = sorted((entry for entry in found if entry.size_diff > 0), key=lambda entry: -entry.size_diff)
        return [
            f"{entry.size_diff:+,} bytes in {entry.count_diff:+,} blocks at {_place(entry.traceback[0])}"
            for entry in grown[:TOP]
        ]

    @staticmethod
    def _snapshot() -> tracemalloc.Snapshot:
        own = tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__)
        return tracemalloc.take_snapshot().filter_traces((own,))


def _place(frame: tracemalloc.Frame) -> str:
    path = Path(frame.filename)
    shown = path.relative_to(_HERE) if path.is_relative_to(_HERE) else Path(*path.parts[-2:])
    return f"{shown}:{frame.lineno}"


def resident() -> int:
    """Return this process's resident memory in bytes; where no file tells, the most it ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def usage(*, notes: int = 0, produced: int = 0, consumed: int = 0) -> Usage:
    """Return what this process holds, garbage collected before."""
    gc.collect()
    try:
        tasks = len(asyncio.all_tasks())
    except RuntimeError:  # there is no loop here
        tasks = 0
    return Usage(
        memory=resident(),
        seconds=time.process_time(),
        tasks=tasks,
        descriptors=sum(1 for _ in Path("/dev/fd").iterdir()) - 1,
        threads=threading.active_count(),
        notes=notes,
        produced=produced,
        consumed=consumed,
    )


def gain(points: Sequence[tuple[float, float]]) -> float:
    """Return how much memory a run gains after its warm-up, by the median of all slopes (Theil-Sen).

    Args:
        points: Progress, from 0 to the end, and memory.
    """
    end = points[-1][0]
    late = [point for point in points if point[0] >= end * WARM_UP]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(late, 2) if b[0] > a[0]]
    return statistics.median(slopes) * end * (1 - WARM_UP) if slopes else 0.0


def is_flat(points: Sequence[tuple[float, float]]) -> bool:
    """Whether memory does not grow after the warm-up."""
    return gain(points) <= TOLERANCE * statistics.median(memory for _, memory in points)
