"""Runs benchmarks by name, prints their tables, and writes JSON and plots to `benchmarks/results`."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import measure, report, write

BENCHMARKS = ("calls_by_placement", "compile_contracts")


def show(text: str) -> None:
    """Show what is being done, on one line that the next text replaces."""
    print(f"\r\033[K{text}\r", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all by default"
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each contender runs")
    parser.add_argument("--seconds", type=float, default=0.3, help="how long one run takes, about")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args()
    for name in options.names or BENCHMARKS:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; there is {', '.join(BENCHMARKS)}")
        module = importlib.import_module(f"benchmarks.{name}")
        result = measure(
            module.benchmark(),
            rounds=options.rounds,
            seconds=options.seconds,
            progress=show if sys.stderr.isatty() else lambda text: None,
        )
        print(report(result))
        if not options.dry:
            print(f"written to {write(result)}")


if __name__ == "__main__":
    main()
