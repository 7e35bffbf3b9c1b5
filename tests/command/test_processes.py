"""What tests start in processes of their own is the code beside the tests, whatever is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.processes import ROOT, environment

LOCATE = "import importlib, sys; print(importlib.import_module(sys.argv[1]).__file__)"


@pytest.mark.parametrize(
    "module",
    [
        *("avrorpc", "avrorpc_codegen", "avrorpc_services", "avrorpc_contracts.llm"),
        *("support.implementations", "testcontracts.small"),
    ],
)
def test_a_process_runs_this_checkouts_code(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoy = tmp_path / "elsewhere" / module.split(".", maxsplit=1)[0] / "__init__.py"
    decoy.parent.mkdir(parents=True)
    decoy.write_text("raise AssertionError('this is not the code beside the tests')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    command = [sys.executable, "-c", LOCATE, module]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(ROOT)


def test_what_the_path_held_before_is_still_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert environment()["PYTHONPATH"].endswith(":/somewhere")
    monkeypatch.delenv("PYTHONPATH")
    assert environment(COLOUR="no")["PYTHONPATH"].endswith(str(ROOT / "tests" / "generated"))
    assert environment(COLOUR="no")["COLOUR"] == "no"
