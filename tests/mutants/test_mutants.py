"""The list of faults fits the sources. To try them takes minutes: `python tests/mutants/run.py`."""

from __future__ import annotations

import ast

import pytest
from conformance.loading import load_all
from conformance.placing import expand
from mutants.run import ROOT, RUNTIME, Mutant, mutants, try_one

LISTED = mutants()


def test_there_are_at_least_forty() -> None:
    assert len(LISTED) >= 40
    assert len({mutant.name for mutant in LISTED}) == len(LISTED)


@pytest.mark.parametrize("mutant", LISTED, ids=lambda mutant: mutant.name)
def test_each_changes_one_line_that_is_still_there(mutant: Mutant) -> None:
    source = (RUNTIME / mutant.file).read_text()
    changed = mutant.applied(source)
    assert changed != source
    ast.parse(changed)


@pytest.mark.parametrize("mutant", [one for one in LISTED if not one.test], ids=lambda mutant: mutant.name)
def test_each_names_cases_that_run_there(mutant: Mutant) -> None:
    assert mutant.case
    cases = [case for case in load_all() if mutant.case in case.name]
    assert [one for one in expand(cases) if one.where.placement == mutant.place and not one.reason]


@pytest.mark.parametrize("mutant", [one for one in LISTED if one.test], ids=lambda mutant: mutant.name)
def test_or_a_test_that_is_there(mutant: Mutant) -> None:
    assert not mutant.case
    file, _, function = mutant.test.partition("::")
    assert f"def {function}(" in (ROOT / file).read_text() or not function


def test_a_line_that_is_not_there_once_is_refused() -> None:
    with pytest.raises(ValueError, match="0 times"):
        Mutant("x", "f", "no such line", "pass", "", "", "").applied("a = 1\n")
    with pytest.raises(ValueError, match="2 times"):
        Mutant("x", "f", "a = 1", "pass", "", "", "").applied("a = 1\na = 1\n")


def test_a_fault_that_changes_nothing_survives() -> None:
    harmless = Mutant(
        "harmless",
        "limits.py",
        "DEFAULT_LIMITS = Limits()",
        "DEFAULT_LIMITS = Limits( )",
        "",
        "a ping is answered",
        "tcp",
    )
    assert try_one(harmless)[1] == "SURVIVED"
