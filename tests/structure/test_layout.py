"""The shape of the repository: folders, names, exports, and the commands that are promised."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "codegen": "avrorpc_codegen",
    "runtime": "avrorpc",
    "services": "avrorpc_services",
    "generated": "avrorpc_contracts",
}
VAGUE = {"util", "utils", "helper", "helpers", "common", "base", "manager", "misc"}


@pytest.mark.parametrize(("folder", "package"), PACKAGES.items())
def test_a_code_folder_holds_one_package_and_nothing_else_to_import(folder: str, package: str) -> None:
    found = {
        path.name for path in (ROOT / folder).iterdir() if path.name[0] != "." and path.name != "__pycache__"
    }
    assert found == {package}
    assert (ROOT / folder / package / "__init__.py").exists()
    assert (ROOT / folder / package / "py.typed").exists()


def test_no_module_has_a_vague_name() -> None:
    for folder in (*PACKAGES, "tests", "benchmarks", "examples"):
        for path in (ROOT / folder).rglob("*.py"):
            if "golden" not in path.parts:  # there are names of all kinds, and none of them ours
                assert not {path.stem, *path.relative_to(ROOT).parent.parts} & VAGUE, path


def test_each_module_says_what_it_is() -> None:
    for folder in PACKAGES:
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text()
            assert not text or re.match(r'(#[^\n]*\n)*"""', text), path


def sorted_like_a_linter(names: list[str]) -> list[str]:
    """Constants first, then classes, then the rest."""
    return sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))


@pytest.mark.parametrize(
    "module",
    [
        "avrorpc.client",
        "avrorpc.server",
        "avrorpc.schema",
        "avrorpc.stub",
        "avrorpc.middleware",
        "avrorpc_contracts.llm",
    ],
)
def test_a_modules_exports_exist_and_are_sorted(module: str) -> None:
    imported = importlib.import_module(module)
    assert imported.__all__ == sorted_like_a_linter(imported.__all__)
    for name in imported.__all__:
        assert hasattr(imported, name)


def test_the_noxfile_stays_short() -> None:
    assert len((ROOT / "noxfile.py").read_text().splitlines()) < 100


def test_ci_runs_the_test_command_of_the_readme() -> None:
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if "nox -s tests" in line]
    assert len(commands) == 1
    ci = ROOT / ".ci" / "run"
    assert commands[0] in ci.read_text().splitlines()
    assert os.access(ci, os.X_OK)


def test_every_session_that_is_named_is_there() -> None:
    sessions = set(re.findall(r"@nox\.session\ndef (\w+)", (ROOT / "noxfile.py").read_text()))
    assert {"demo", "tests", "contracts", "lint", "types", "generate", "wheel", "bench"} <= sessions
    used = " ".join(path.read_text() for path in (ROOT / ".ci" / "run", ROOT / "README.md"))
    for command in re.findall(r"nox -s ([a-z ]+)", used):
        assert set(command.split()) <= sessions
