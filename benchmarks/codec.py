"""Encoding and decoding typed records, beside the codecs that a Python programmer could use instead.

All run interleaved in each round; a ratio is the median of the ratios within a round, of encoding and
decoding together.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from avrorpc.codec import acceleration

from benchmarks import codec_messages as messages
from benchmarks.codec_protobuf import KIND
from benchmarks.codec_rivals import FASTAVRO, MSGPACK, NAMES, OURS, PURE, contenders
from benchmarks.harness import RESULTS, Benchmark, Result, measure, write_figures
from benchmarks.load import Outcome, Show

PACKAGES: Final = ("avrorpc", "msgspec", "fastavro", "avro", "protobuf", "cython")
ROUNDS: Final = 15
SECONDS: Final = 0.1
"""How long one run takes."""
TITLES: Final = {
    "small": "small: 5 fields",
    "medium": "medium: 20 fields",
    "nested": "nested: 85 records",
    "numbers": f"{messages.NUMBERS:,} doubles",
    "texts": "150 texts",
    "unions": "100 records of unions",
}
_SHORT: Final = {
    "avrorpc, pure Python": "pure",
    "msgspec MessagePack": "msgpack",
    "protobuf, made and read": "protobuf_read",
}


@dataclass(slots=True)
class Comparison(Outcome):
    """What came of all messages."""

    results: dict[str, Result] = field(default_factory=dict)

    def report(self) -> str:
        """Return a table for people: microseconds to encode and to decode, and the ratio."""
        lines = [self.title]
        for name, result in self.results.items():
            lines.append(f"{TITLES[name]:26} {'encode':>13} {'decode':>13} {'times ours':>11}")
            for rival in NAMES:
                times = [result.median(f"{rival} {direction}") for direction in ("encode", "decode")]
                both = zip(_both(result, rival), _both(result, OURS), strict=True)
                ratio = statistics.median(theirs / own for theirs, own in both)
                shown = [f"{_shown(time):>13}" for time in times]
                lines.append(f"  {rival:24} {' '.join(shown)} {ratio:11.2f}")
        return "\n".join([*lines, *self.notes])

    def write(self, folder: Path = RESULTS) -> Path:
        """Write the figures as JSON, and the plot as SVG and PNG."""
        path = write_figures(self.name, self.figures, self.packages, folder)
        plot(self.results, self.title, folder)
        return path


async def run(scale: float, show: Show) -> Outcome:
    """Measure all messages; a scale under 1 makes fewer rounds."""
    out = Comparison(
        "codec", f"Avro codecs beside others (protobuf by {KIND}, avrorpc {acceleration.description})"
    )
    out.packages = PACKAGES
    if not acceleration.is_native:
        out.notes.append(f"without the accelerator: {acceleration.why_not}")
    rounds = max(3, round(ROUNDS * scale))
    for name in messages.MAKERS:
        benchmark = Benchmark(f"codec {name}", TITLES[name], "message", contenders(name))
        result = measure(
            benchmark,
            rounds=rounds,
            seconds=SECONDS,
            progress=lambda text, name=name: show(f"{name}: {text}"),  # type: ignore[misc]
        )
        out.results[name] = result
        out.figures.update(figures(name, result))
    out.figures["codec_float_array_vs_fastavro"] = out.figures["codec_numbers_vs_fastavro"]
    return out


def figures(name: str, result: Result) -> dict[str, float]:
    """Return the times of a message in microseconds, and the ratios.

    `vs` is how many times longer another takes, but of MessagePack how many times longer ours takes.
    """
    found: dict[str, float] = {}
    for rival in NAMES:
        for direction in ("encode", "decode"):
            low, high = result.quartiles(f"{rival} {direction}")
            key = f"codec_{name}_{_key(rival)}_{direction}"
            found[f"{key}_us"] = round(result.median(f"{rival} {direction}"), 4)
            found[f"{key}_us_quartiles_apart"] = round(high - low, 4)
    for rival in NAMES[1:]:
        ratios = [theirs / own for theirs, own in zip(_both(result, rival), _both(result, OURS), strict=True)]
        if rival == MSGPACK:
            ratios = [1 / ratio for ratio in ratios]
        found[f"codec_{name}_vs_{_key(rival)}"] = round(statistics.median(ratios), 3)
    pure = [theirs / own for theirs, own in zip(_both(result, FASTAVRO), _both(result, PURE), strict=True)]
    found[f"codec_{name}_pure_vs_fastavro"] = round(statistics.median(pure), 3)
    return found


def _both(result: Result, rival: str) -> list[float]:
    encoded, decoded = result.times[f"{rival} encode"], result.times[f"{rival} decode"]
    return [one + other for one, other in zip(encoded, decoded, strict=True)]


def _key(rival: str) -> str:
    return _SHORT.get(rival, rival)


def plot(results: dict[str, Result], title: str, folder: Path) -> None:
    """Draw the times of each codec, a panel for each message, on logarithmic scales."""
    import matplotlib as mpl  # noqa: PLC0415 - only for plots

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "avrorpc"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, every = plt.subplots(2, 3, figsize=(15, 8.5), layout="constrained")
    names = list(NAMES)[::-1]
    colours = {"encode": "#4878a8", "decode": "#e0995e"}
    for axes, (name, result) in zip(every.flat, results.items(), strict=True):
        for offset, (direction, colour) in zip((0.2, -0.2), colours.items(), strict=True):
            medians = [result.median(f"{rival} {direction}") for rival in names]
            spans = [result.quartiles(f"{rival} {direction}") for rival in names]
            errors = [
                [max(0.0, median - low) for median, (low, _) in zip(medians, spans, strict=True)],
                [max(0.0, high - median) for median, (_, high) in zip(medians, spans, strict=True)],
            ]
            places = [place + offset for place in range(len(names))]
            bars = axes.barh(
                places, medians, 0.38, xerr=errors, color=colour, ecolor="#333333", capsize=2, label=direction
            )
            axes.bar_label(bars, labels=[_shown(median) for median in medians], padding=4, fontsize=8)
        axes.set_yticks(range(len(names)), names, fontsize=9)
        for label in axes.get_yticklabels():
            label.set_fontweight("bold" if label.get_text() == OURS else "normal")
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        axes.set_xlim(low, high * 4)
        axes.set_title(TITLES[name], fontsize=11)
        axes.set_xlabel("microseconds (median and quartiles, log scale)", fontsize=8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.legend(
        *every[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False
    )
    figure.suptitle(title, fontsize=13)
    figure.savefig(folder / "codec.svg", metadata={"Date": None})
    figure.savefig(folder / "codec.png", dpi=110, metadata={"Software": None})
    plt.close(figure)


def _shown(microseconds: float) -> str:
    if microseconds >= 1_000:
        return f"{microseconds / 1_000:,.1f} ms"
    return f"{microseconds:.2f} us" if microseconds < 10 else f"{microseconds:.0f} us"
