"""A new project, from its first line to its own tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from avrorpc_codegen.command import SUBCOMMANDS, main
from click.testing import CliRunner, Result
from support.projects import run


def init(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["init", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def environment_of(folder: Path, site: Path) -> Path:
    """Make a virtual environment that sees our wheel, and what this one has; return its Python."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    installed = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "others.pth").write_text("\n".join([str(site), *installed]))
    return folder / "bin" / "python"


def test_its_own_tests_types_and_style_pass_at_once(tmp_path: Path, site: Path) -> None:
    project = tmp_path / "book-shelf"
    run("avrorpc_codegen", "init", "book-shelf", folder=tmp_path, path=(site,))
    python = environment_of(tmp_path / "venv", site)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    steps = re.findall(r"- run: avrogen (.+)", (project / ".github" / "workflows" / "ci.yml").read_text())
    assert steps[:3] == ["format --check", "lint", "generate --check"]
    for line in (
        "pip install --quiet --no-index --no-deps --no-build-isolation --editable .",
        *(f"avrorpc_codegen {step}" for step in steps[:3] if step.split()[0] in SUBCOMMANDS),
        "pytest -q",
        "mypy",
    ):
        command = [str(python), "-m", *line.split()]
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        assert "9 passed" in done.stdout or not line.startswith("pytest")


@pytest.mark.parametrize("package", ["a", "z9_", "a" * 40])
@pytest.mark.parametrize("ci", ["github", "gitlab", "none"])
def test_style_is_right_whatever_the_names(tmp_path: Path, package: str, ci: str) -> None:
    assert init(str(tmp_path / "x"), "--package", package, "--ci", ci).exit_code == 0
    for arguments in (["check"], ["format", "--check", "--diff"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--no-cache"]
        done = subprocess.run(command, cwd=tmp_path / "x", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = init("my shelf")
    written, _, after = result.stdout.partition("\nmy-shelf is ready. Next:\n\n")
    assert {line.split()[0] for line in written.splitlines()} == files(tmp_path / "my shelf")
    assert after.splitlines() == ["  cd 'my shelf'", '  pip install -e ".[dev,test]"', "  pytest"]


def test_a_folder_with_nothing_but_git_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shelf"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    result = init()
    assert result.exit_code == 0
    assert "  avrogen serve shelf.service:shelf\n" in result.stdout
    assert (folder / "schemas" / "shelf" / "shelf.avdl").is_file()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "src").mkdir()
    result = init(str(tmp_path))
    assert result.exit_code == 2
    assert "is not empty, and nothing is overwritten; it holds README.md, src/" in result.stderr
    assert files(tmp_path) == {"README.md"}


def test_of_many_files_in_the_way_some_are_named(tmp_path: Path) -> None:
    for number in range(13):
        (tmp_path / f"{number:02}").touch()
    assert "09 and 3 more" in init(str(tmp_path)).stderr


def test_a_name_that_does_not_work_is_wrong_usage_and_writes_nothing(tmp_path: Path) -> None:
    result = init(str(tmp_path / "x"), "--package", "json")
    assert result.exit_code == 2
    assert "'json' cannot be the name of its package" in result.stderr
    assert not (tmp_path / "x").exists()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = init(str(tmp_path / "file" / "x"))
    assert result.exit_code == 2
    assert "Not a directory" in result.stderr
