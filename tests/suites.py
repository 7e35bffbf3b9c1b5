"""Runs what `nox -s contracts` and `nox -s long` are made of: `python tests/suites.py NAME...`.

Arguments from the first that begins with a dash go to the last command, as in `fuzz --minutes 3`. All suites
are run, whichever fails; the exit code is then 1.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
BASE: Final = "origin/main"
"""What contracts are compared with, in clones that have it."""

SUITES: Final[dict[str, str]] = {
    "format": "avrogen format --check schemas tests/schemas benchmarks/schemas",
    "lint": "avrogen lint",
    "fresh": "avrogen generate --check",
    "breaking": f"avrogen breaking --against {BASE}",
    "service": "avrogen test avrorpc_services:tokenizer",
    "placements": "python -m pytest -q --tb=short tests/behaviours tests/placements tests/services",
    "conformance": "python -m pytest -q --tb=short --all tests/conformance",
    "faults": "python -m pytest -q --tb=short --every-fault tests/faults",
    "equivalence": "python -m pytest -q --tb=short tests/equivalence",
    "mutants": "python tests/mutants/run.py --jobs 2",
    "sanitizers": "python tests/fuzz/sanitized.py --minutes 10",
    "fuzz": "python tests/fuzz/run.py --minutes 30",
    "transfers": "python -m pytest -q --tb=short --every-fault tests/rest/test_transfers.py",
    "rest-tools": "python tests/rest_tools/schemathesis_run.py --continue-on-failure",
    "rest-client": "python tests/rest_tools/client_run.py",
}
"""Commands by name, without quotes: they are split at spaces."""
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "contracts": ("format", "lint", "fresh", "breaking", "service", "placements"),
    "long": (
        *("conformance", "faults", "equivalence", "mutants", "sanitizers", "fuzz"),
        *("transfers", "rest-tools", "rest-client"),
    ),
}
"""Suites that go together."""
SETTINGS: Final = {"HF_HUB_OFFLINE": "1", "EXAMPLES": "10000"}
"""The environment, where it does not say otherwise."""


def chosen(arguments: Sequence[str]) -> list[list[str]]:
    """Return the commands that are asked for, in the order of the arguments.

    Raises:
        KeyError: A name is none of a suite or a group.
    """
    options = next((at for at, text in enumerate(arguments) if text.startswith("-")), len(arguments))
    names = [suite for name in arguments[:options] for suite in GROUPS.get(name, (name,))]
    commands = [SUITES[name].split() for name in names]
    if commands:
        commands[-1] += arguments[options:]
    return commands


def is_here(commit: str) -> bool:
    """Return whether this is a clone of git that has a commit."""
    if shutil.which("git") is None:
        return False
    asked = ["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True).returncode == 0


def run(commands: Iterable[Sequence[str]]) -> list[tuple[str, int, float]]:
    """Run commands, and return of each its text, its exit code, and how many seconds it took."""
    results = []
    for program, *arguments in commands:
        text = " ".join([program, *arguments])
        if BASE in arguments and not is_here(BASE):
            print(f"\n$ {text}: left out, since there is no {BASE} here", flush=True)
            continue
        print(f"\n$ {text}", flush=True)
        began = time.monotonic()
        command = [sys.executable if program == "python" else program, *arguments]
        code = subprocess.run(command, cwd=ROOT, env={**SETTINGS, **os.environ}).returncode
        results.append((text, code, time.monotonic() - began))
    return results


def main() -> int:
    """Run what the command line names; return 1 where something failed."""
    try:
        commands = chosen(sys.argv[1:])
    except KeyError as error:
        print(f"there is no {error}; there is {', '.join([*GROUPS, *SUITES])}", file=sys.stderr)
        return 2
    if not commands:
        print(f"usage: {sys.argv[0]} NAME... of {', '.join([*GROUPS, *SUITES])}", file=sys.stderr)
        return 2
    results = run(commands)
    print()
    for text, code, seconds in results:
        print(f"{'failed' if code else 'passed':6} {seconds:7.0f} s  {text}")
    return 1 if any(code for _, code, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
