"""The one way in which things are measured here: side by side, interleaved, repeated.

A benchmark has contenders that do the same work. Each round runs every contender once, in an order that
changes, for a number of operations that was calibrated to take about the same time. What counts is the median
over the rounds; the spread (quartiles) stands beside it, and ratios are medians of the ratios within a round,
so that a slow moment of the machine hits both sides.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

Work = Callable[[int], None]
"""Does an operation so many times."""


@dataclass(slots=True)
class Contender:
    """One way to do the work."""

    name: str
    open: Callable[[], AbstractContextManager[Work]]
    """Prepares the work, and cleans up after it."""


@dataclass(slots=True)
class Benchmark:
    """Contenders for the same work; ratios are taken to the first of them."""

    name: str
    title: str
    operation: str
    """What one operation is, for the axis of the plot."""
    contenders: list[Contender]
    packages: tuple[str, ...] = ()
    """Whose versions the result records."""


@dataclass(slots=True)
class Result:
    """What was measured: microseconds per operation, by contender and round."""

    benchmark: Benchmark
    times: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Return a contender's median."""
        return statistics.median(self.times[name])

    def quartiles(self, name: str) -> tuple[float, float]:
        """Return a contender's first and third quartile."""
        low, _, high = statistics.quantiles(self.times[name], n=4)
        return low, high

    def ratio(self, name: str) -> float:
        """Return the median ratio to the first contender, round by round."""
        first = self.times[self.benchmark.contenders[0].name]
        return statistics.median(own / base for own, base in zip(self.times[name], first, strict=True))

    def figures(self) -> dict[str, float]:
        """Return all numbers, flat."""
        out: dict[str, float] = {}
        for name in self.times:
            low, high = self.quartiles(name)
            out[f"{name} median us"] = round(self.median(name), 4)
            out[f"{name} lower quartile us"] = round(low, 4)
            out[f"{name} upper quartile us"] = round(high, 4)
            out[f"{name} ratio"] = round(self.ratio(name), 3)
        return out


def measure(benchmark: Benchmark, *, rounds: int, seconds: float, progress: Callable[[str], None]) -> Result:
    """Run a benchmark.

    Args:
        benchmark: What to run.
        rounds: How often each contender runs.
        seconds: How long one run should take.
        progress: Told what is being done.
    """
    result = Result(benchmark, {contender.name: [] for contender in benchmark.contenders})
    opened = [contender.open() for contender in benchmark.contenders]
    works: dict[str, Work] = {}
    try:
        for contender, context in zip(benchmark.contenders, opened, strict=True):
            progress(f"preparing {contender.name}")
            works[contender.name] = context.__enter__()
        counts = {name: _calibrate(work, seconds) for name, work in works.items()}
        order = list(works)
        shuffle = random.Random(0)
        for number in range(rounds):
            progress(f"round {number + 1} of {rounds}")
            shuffle.shuffle(order)
            for name in order:
                result.times[name].append(_time(works[name], counts[name]) / counts[name] * 1e6)
    finally:
        for _, context in zip(works, opened, strict=False):
            context.__exit__(None, None, None)
    return result


def _calibrate(work: Work, seconds: float) -> int:
    count = 1
    while (taken := _time(work, count)) < seconds / 4:
        count *= 2 if taken > seconds / 100 else 8
    return max(1, round(count * seconds / taken))


def _time(work: Work, count: int) -> float:
    start = time.perf_counter()
    work(count)
    return time.perf_counter() - start


def machine() -> dict[str, str | int]:
    """Return what the figures were measured on."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {"cpu": model, "cores": os.cpu_count() or 1, "system": platform.platform()}


def versions(packages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the versions that matter."""
    yield "python", platform.python_version()
    for package in packages:
        try:
            yield package, metadata.version(package)
        except metadata.PackageNotFoundError:
            yield package, "absent"


def write(result: Result, folder: Path = RESULTS) -> Path:
    """Write a result as JSON and as a plot; return the JSON's path."""
    path = write_figures(result.benchmark.name, result.figures(), result.benchmark.packages, folder)
    plot(result, folder / f"{result.benchmark.name}.svg")
    return path


def write_figures(
    name: str, figures: Mapping[str, float], packages: tuple[str, ...], folder: Path = RESULTS
) -> Path:
    """Write figures with what they were measured on, and return the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    content = {"figures": dict(figures), "versions": dict(versions(packages)), "machine": machine()}
    path.write_text(json.dumps(content, indent=2) + "\n")
    return path


def plot(result: Result, path: Path) -> None:
    """Draw medians with their quartiles, on a logarithmic scale."""
    import matplotlib as mpl  # noqa: PLC0415 - only for plots

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "avrorpc"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    names = list(result.times)[::-1]
    medians = [result.median(name) for name in names]
    spans = [result.quartiles(name) for name in names]
    errors = [
        [max(0.0, median - low) for median, (low, _) in zip(medians, spans, strict=True)],
        [max(0.0, high - median) for median, (_, high) in zip(medians, spans, strict=True)],
    ]
    figure, axes = plt.subplots(figsize=(8, 0.5 * len(names) + 1.2), layout="constrained")
    bars = axes.barh(names, medians, xerr=errors, color="#4878a8", ecolor="#333333", capsize=3)
    labels = [f" {median:,.2f} us" for median in medians]
    axes.bar_label(bars, labels=labels, padding=6)
    axes.set_xscale("log")
    axes.set_xlim(right=max(medians) * 6)
    axes.set_xlabel(f"microseconds per {result.benchmark.operation} (median and quartiles, log scale)")
    axes.set_title(result.benchmark.title)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def report(result: Result) -> str:
    """Return a table for people."""
    first = result.benchmark.contenders[0].name
    lines = [result.benchmark.title, f"{'':32} {'median':>12} {'quartiles':>25} {'ratio':>9}"]
    for name in result.times:
        low, high = result.quartiles(name)
        span = f"{low:,.3f} .. {high:,.3f}"
        lines.append(f"{name:32} {result.median(name):>9,.3f} us {span:>25} {result.ratio(name):>9,.2f}")
    lines.append(f"ratio: to {first}, median over rounds; {sys.version.split()[0]} on {machine()['cpu']}")
    return "\n".join(lines)
