"""A project of some files, linted and mended as a whole, and compared with what is committed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from avrorpc_codegen.command import main
from avrorpc_codegen.lint.rules import LintRule
from click.testing import CliRunner
from support.golden import REPOSITORY
from support.linting import linted_files

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def outputs(folder: Path, case: str) -> dict[str, str]:
    """Return all that lint says about a project, and the files that it mends."""
    project = folder / case
    shutil.copytree(GOLDEN / case, project, ignore=shutil.ignore_patterns("expected"))
    os.chdir(project)
    before = {path: path.read_text() for path in sorted(project.rglob("*.avdl"))}
    runner = CliRunner()
    files = {
        "findings.txt": runner.invoke(main, ["lint"]).stderr,
        "statistics.txt": runner.invoke(main, ["lint", "--statistics"]).stdout,
        "fix.diff": runner.invoke(main, ["lint", "--diff"]).stdout,
    }
    assert before == {path: path.read_text() for path in before}
    files["left.txt"] = runner.invoke(main, ["lint", "--fix"]).stderr
    for path, text in before.items():
        if path.read_text() != text:
            files[f"fixed/{path.relative_to(project).as_posix()}"] = path.read_text()
    return files


@pytest.mark.parametrize("case", CASES)
def test_output_is_what_is_committed(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    files = outputs(tmp_path, case)
    expected = GOLDEN / case / "expected"
    if request.config.getoption("--update-golden"):
        shutil.rmtree(expected, ignore_errors=True)
        for name, text in files.items():
            (expected / name).parent.mkdir(parents=True, exist_ok=True)
            (expected / name).write_text(text)
    committed = {path.relative_to(expected).as_posix(): path.read_text() for path in expected.rglob("*.*")}
    assert sorted(files) == sorted(committed), "a file is missing, or an orphan; see --update-golden"
    for name, text in files.items():
        assert text == committed[name], name


def test_our_own_contracts_give_no_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    result = CliRunner().invoke(main, ["lint"])
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_sensible_contract_gives_no_findings(tmp_path: Path) -> None:
    tutorial = (REPOSITORY / "docs" / "tutorial.md").read_text()
    text = tutorial.partition("```java\n")[2].partition("```")[0]
    assert linted_files(tmp_path, {"schemas/weather.avdl": text}) == []


def test_what_is_imported_is_not_judged(tmp_path: Path) -> None:
    own = 'namespace a; import idl "../lib/b.avdl"; /** Has one. */ record A { /** Where. */ b.b x; }'
    files = {"schemas/a.avdl": own, "lib/b.avdl": "namespace b; record b { int X; }"}
    assert linted_files(tmp_path, files) == []


def test_findings_come_file_by_file_from_top_to_bottom(tmp_path: Path) -> None:
    files = {
        "schemas/b.avdl": "namespace n; record b { int `X`; }",
        "schemas/a.avdl": "namespace n; record a { int Y; }",
    }
    found = linted_files(tmp_path, files)
    places = [(finding.span.source.path.name, finding.span.start) for finding in found]
    assert places == sorted(places)
    assert {finding.rule for finding in found} >= {LintRule.TYPE_NAME, LintRule.NEEDLESS_BACK_TICKS}
