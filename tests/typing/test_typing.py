"""Both type checkers accept right uses of generated code, and reject every mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPTS = Path(sys.executable).parent


def run(tool: str, *arguments: str) -> str:
    environment = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [str(SCRIPTS / tool), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def mypy(file: Path) -> set[int]:
    output = run("mypy", "--strict", "--no-error-summary", "--hide-error-context", str(file))
    lines = re.findall(rf"{re.escape(file.name)}:(\d+): error", output)
    return {int(line) for line in lines}


def pyright(file: Path) -> set[int]:
    report = json.loads(run("pyright", "--outputjson", str(file)))
    return {
        item["range"]["start"]["line"] + 1
        for item in report["generalDiagnostics"]
        if item["severity"] == "error"
    }


@pytest.mark.parametrize("check", [mypy, pyright])
def test_right_uses_are_accepted(check) -> None:  # type: ignore[no-untyped-def]
    assert check(HERE / "right_uses.py") == set()


@pytest.mark.parametrize("check", [mypy, pyright])
def test_every_mistake_is_rejected_and_nothing_else(check) -> None:  # type: ignore[no-untyped-def]
    file = HERE / "mistakes.py"
    lines = file.read_text(encoding="utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# mistake")}
    assert len(marked) > 20
    assert check(file) == marked
