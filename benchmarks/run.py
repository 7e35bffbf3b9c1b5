"""Runs benchmarks by name, prints their tables, and writes JSON and plots to `benchmarks/results`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.harness import measure, report, write
from benchmarks.load import Outcome, Show

BENCHMARKS = ("calls_by_placement", "compile_contracts")
"""Contenders for the same work."""
LOADS = (
    "connections",
    "concurrency",
    "streams",
    "soak",
    "rest",
    "rest_streams",
    "rest_transfers",
    "switching",
    "codec",
)
"""What is put on a server; run by name alone, since they take minutes."""


def show(text: str) -> None:
    """Show what is being done, on one line that the next text replaces."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}\r", end="", file=sys.stderr, flush=True)


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(BENCHMARKS)}, which is the default, and {', '.join(LOADS)}",
    )
    parser.add_argument("--rounds", type=int, default=15, help="how often each contender runs")
    parser.add_argument("--seconds", type=float, default=0.3, help="how long one run takes, about")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of a load, 1 being the whole")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args()
    failed = False
    for name in options.names or BENCHMARKS:
        if name not in (*BENCHMARKS, *LOADS):
            parser.error(f"there is no benchmark {name!r}; there is {', '.join((*BENCHMARKS, *LOADS))}")
        module = importlib.import_module(f"benchmarks.{name}")
        if name in LOADS:
            failed |= bear(module.run, options.scale, write_it=not options.dry)
            continue
        result = measure(
            module.benchmark(),
            rounds=options.rounds,
            seconds=options.seconds,
            progress=show,
        )
        print(report(result))
        if not options.dry:
            print(f"written to {write(result)}")
    sys.exit(failed)


def bear(
    run: Callable[[float, Show], Coroutine[None, None, Outcome]], scale: float, *, write_it: bool
) -> bool:
    """Run a load, print what became of it, and return whether something failed."""
    outcome = asyncio.run(run(scale, show))
    print(outcome.report())
    if write_it:
        print(f"written to {outcome.write()}")
    return bool(outcome.failures)


if __name__ == "__main__":
    main()
