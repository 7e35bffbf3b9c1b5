"""A load: something put on a server, or on this process, for a while, and what became of it.

Unlike in a `Benchmark`, nothing is compared: figures are counts, sizes and verdicts, and the plot shows a
course.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.harness import RESULTS, write_figures

PACKAGES: Final = ("avrorpc", "msgspec", "aiohttp", "wsproto", "uvloop")
MIB: Final = 1_048_576

Points = list[tuple[float, float]]
Show = Callable[[str], None]
"""Told what is being done."""


@dataclass(slots=True)
class Panel:
    """One part of a plot: courses over the same progress."""

    title: str
    across: str
    up: str
    courses: dict[str, Points] = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """What became of a load."""

    name: str
    title: str
    figures: dict[str, float] = field(default_factory=dict)
    panels: list[Panel] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What is printed beside the figures."""
    failures: list[str] = field(default_factory=list)
    """What must not have been; none where the load was borne."""
    packages: tuple[str, ...] = PACKAGES
    """Whose versions the result records."""

    def report(self) -> str:
        """Return a table for people."""
        lines = [self.title]
        lines += [f"  {name:<58} {_shown(number):>16}" for name, number in self.figures.items()]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  FAILED: {failure}" for failure in self.failures]
        return "\n".join(lines)

    def write(self, folder: Path = RESULTS) -> Path:
        """Write the figures as JSON, and the plot; return the JSON's path."""
        path = write_figures(self.name, self.figures, self.packages, folder)
        plot(self.title, self.panels, folder / f"{self.name}.svg")
        return path


def _shown(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:,.3f}"


def plot(title: str, panels: Sequence[Panel], path: Path) -> None:
    """Draw courses as lines, a panel beside the other."""
    import matplotlib as mpl  # noqa: PLC0415 - only for plots

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "avrorpc"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, every = plt.subplots(
        1, len(panels), figsize=(5.2 * len(panels), 3.6), layout="constrained", squeeze=False
    )
    for axes, panel in zip(every[0], panels, strict=True):
        for name, points in panel.courses.items():
            marker = "o" if len(points) < 12 else None
            axes.plot([x for x, _ in points], [y for _, y in points], label=name, marker=marker, markersize=3)
        axes.set_title(panel.title, fontsize=10)
        axes.set_xlabel(panel.across)
        axes.set_ylabel(panel.up)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.legend(frameon=False, fontsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.suptitle(title, fontsize=11)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
