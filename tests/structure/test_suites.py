"""The suites that sessions of their own run name what is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from suites import GROUPS, SUITES, chosen, run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", SUITES)
def test_each_suite_names_files_that_are_there(name: str) -> None:
    paths = [word for word in SUITES[name].split() if "/" in word and word != "origin/main"]
    assert all((ROOT / path).exists() for path in paths)


def test_every_suite_is_of_a_session() -> None:
    assert {name for group in GROUPS.values() for name in group} == set(SUITES)


def test_groups_are_their_suites_and_options_go_to_the_last() -> None:
    assert chosen(["contracts"]) == [SUITES[name].split() for name in GROUPS["contracts"]]
    assert chosen(["lint", "fuzz", "--minutes", "3"])[1][-4:] == ["--minutes", "30", "--minutes", "3"]
    assert chosen([]) == []


def test_what_fails_is_told_and_does_not_keep_the_rest_from_running() -> None:
    ends = ["python", "-c", "import sys; sys.exit(3)"]
    assert [code for _, code, _ in run([ends, ["python", "--version"]])] == [3, 0]


@pytest.mark.parametrize("arguments", [["everything"], [], ["--all"]])
def test_a_name_that_is_none_is_told_what_there_is(arguments: list[str]) -> None:
    command = [sys.executable, "tests/suites.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "equivalence" in done.stderr
