"""Applies each fault of `mutants.yaml` to a copy of the runtime, and runs what must then fail.

    python tests/mutants/run.py [--only NAME] [--jobs N]

A fault that makes the cases hang counts as caught, and the table says so. One that no case catches is an
error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import yaml  # type: ignore[import-untyped]

ROOT: Final = Path(__file__).resolve().parents[2]
RUNTIME: Final = ROOT / "runtime" / "avrorpc"
SECONDS: Final = 120.0
"""How long the cases of one fault may take."""


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    name: str
    file: str
    line: str
    replacement: str
    why: str
    case: str = ""
    place: str = ""
    test: str = ""
    """A test, where no case sees it."""

    @property
    def selection(self) -> list[str]:
        """What pytest is to run."""
        if self.test:
            return [self.test]
        return ["tests/conformance/test_conformance.py", "--all", "--case", self.case, "--place", self.place]

    def applied(self, source: str) -> str:
        """Return a file's text with the fault.

        Raises:
            ValueError: The line stands there more or less than once.
        """
        lines = source.splitlines(keepends=True)
        places = [number for number, line in enumerate(lines) if line.strip() == self.line]
        if len(places) != 1:
            raise ValueError(f"{self.name}: {self.file} has {self.line!r} {len(places)} times, and not once")
        (place,) = places
        lines[place] = lines[place].replace(self.line, self.replacement)
        return "".join(lines)


def mutants() -> list[Mutant]:
    """Return all faults of the list."""
    listed = yaml.safe_load((Path(__file__).parent / "mutants.yaml").read_text())
    return [Mutant(replacement=fields.pop("with"), **fields) for fields in listed]


def try_one(mutant: Mutant) -> tuple[Mutant, str, float]:
    """Run the cases of a fault, and return what came of it, and the seconds that it took."""
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "avrorpc"
        shutil.copytree(RUNTIME, copy, ignore=shutil.ignore_patterns("__pycache__"))
        changed = copy / mutant.file
        try:
            changed.write_text(mutant.applied(changed.read_text()))
        except ValueError as error:
            return mutant, f"STALE: {error}", 0.0
        said = _run(mutant, folder)
    return mutant, said, time.monotonic() - began


def _run(mutant: Mutant, folder: str) -> str:
    parts = ("codegen", "services", "generated")
    path = os.pathsep.join([folder, *(str(ROOT / part) for part in parts)])
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no"]
    command += mutant.selection
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "caught by the timeout"
    if done.returncode == 0:
        return "SURVIVED"
    if done.returncode != 1:
        return f"BROKEN: pytest ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"
    return "caught"


def run(chosen: Iterable[Mutant], jobs: int) -> Iterator[tuple[Mutant, str, float]]:
    """Try faults, several at a time, and yield what came of each."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(try_one, chosen)


def main() -> int:
    """Try the faults that were asked for; return how many were not caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--only", action="append", help="the name of a fault; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="how many are tried at a time")
    given = parser.parse_args()
    known = mutants()
    unknown = set(given.only or ()) - {mutant.name for mutant in known}
    if unknown:
        parser.error(
            f"there is no {', '.join(sorted(unknown))}; there is {', '.join(one.name for one in known)}"
        )
    chosen = [mutant for mutant in known if not given.only or mutant.name in given.only]
    missed, began = 0, time.monotonic()
    for mutant, said, seconds in run(chosen, given.jobs):
        missed += not said.startswith("caught")
        print(f"{mutant.name:32} {said:24} {seconds:6.1f} s  {mutant.file}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} faults are caught, in {time.monotonic() - began:.0f} s")
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
