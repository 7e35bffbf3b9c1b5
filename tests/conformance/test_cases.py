"""The case files are checked before they are run, and nothing is left out without a reason."""

from __future__ import annotations

import pytest
from avrorpc import Code, StatusError
from conformance.calling import SLOW, Outcome, came_too_soon, slowed
from conformance.loading import FOLDER, CaseError, Step, load, load_all
from conformance.placing import PLACES, expand, placements, reasons, slice_of
from testcontracts.script import Item

EXPANDED = list(expand(load_all()))

HEAD = "feature: f\nabout: a\ncases:\n"


def test_there_are_enough_cases_and_places() -> None:
    applicable = [one for one in EXPANDED if not one.reason]
    assert len(load_all()) >= 300
    assert len(applicable) >= 5_000
    assert {case.kind for case in load_all()} == set(PLACES)
    assert {one.where.placement for one in applicable} == set(placements().placements)
    assert {one.where.compression for one in applicable} == {"", "deflate", "zstd"}


def test_every_case_runs_somewhere_and_once_in_the_default_run() -> None:
    chosen = slice_of(EXPANDED)
    assert [one.case.name for one in chosen] == [case.name for case in load_all()]


def test_the_default_run_visits_every_placement() -> None:
    assert {one.where.placement for one in slice_of(EXPANDED)} == set(placements().placements)


def test_what_does_not_apply_has_one_of_the_listed_reasons() -> None:
    found = reasons(EXPANDED)
    assert set(found) <= set(placements().capabilities.values())
    assert found.total() + sum(not one.reason for one in EXPANDED) == len(EXPANDED)
    print("\n".join(f"{count:6} {reason}" for reason, count in found.most_common()))


def test_every_name_is_used_once_and_leads_to_one_place() -> None:
    names = [one.name for one in EXPANDED]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("*.yaml")))
def test_each_file_has_cases(file: str) -> None:
    assert load(file, (FOLDER / file).read_text())


def test_a_table_makes_a_case_of_each_row() -> None:
    row = "  - {name: '${n} items', each: [{n: 1}, {n: 2}], call: a/b, arguments: {value: '${n}'}, value: 2}"
    cases = load("f.yaml", HEAD + row)
    assert [case.name for case in cases] == ["1 items", "2 items"]
    assert [case.steps[0].arguments for case in cases if case.steps] == [{"value": 1}, {"value": 2}]


def test_short_forms_are_written_out() -> None:
    text = (
        "  - {name: n, call: c/m, value: [{$repeat: ab, times: 2}, {$list: 1, times: 2}, {$zeros: 4},"
        " {$nest: {a: 1}, by: b, times: 1}, {$merge: {a: 2}, a: 1, c: 3}, {$numbers: 2}]}"
    )
    (case,) = load("f.yaml", HEAD + text)
    assert case.steps is not None
    assert case.steps[0].value == [
        "abab",
        [1, 1],
        "AAAAAA==",
        {"a": 1, "b": [{"a": 1}]},
        {"a": 2, "c": 3},
        [{"number": 0}, {"number": 1}],
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  - {name: n, colour: red}", r"f.yaml: 'n': .*unknown field `colour`"),
        ("  - {name: n, name: m}", "f.yaml: line 4: the key 'name' stands twice"),
        ("  - {name: n}", "f.yaml: 'n': it must have one of steps, wire, peer, evolution"),
        ("  - {name: n, call: a/b}", "f.yaml: 'n': nothing is expected of the call a/b"),
        ("  - {name: n, call: a/b, steps: []}", "f.yaml: 'n': it has both call and steps"),
        ("  - {name: n, call: a/b, value: '${x}'}", r"f.yaml: 'n': \$\{x\} is in no row of each"),
        ("  - {name: n, each: [], call: a/b, value: 1}", "f.yaml: 'n': each has no rows"),
        ("  - {name: n, call: a/b, take: many, value: 1}", "f.yaml: 'n': Expected `int"),
        ("  - {name: n, wire: {lines: [{}]}}", "f.yaml: 'n': a line has one of send, receive and calls"),
        ("  - {name: n, wire: {lines: [{send: {}}]}}", "f.yaml: 'n': a line sends or receives one thing"),
        ("  - {call: a/b, value: 1}", "f.yaml: 'a case without a name': .*missing required field `name`"),
        ("  - {name: [", "f.yaml: while parsing"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_case(text: str, problem: str) -> None:
    with pytest.raises(CaseError, match=problem):
        load("f.yaml", HEAD + text)


def test_a_file_without_cases_is_refused() -> None:
    with pytest.raises(CaseError, match="missing required field `cases`"):
        load("f.yaml", "feature: f\nabout: a\n")


LATE = StatusError(Code.DEADLINE_EXCEEDED, "late")


def deadline_step(gives: str = "gives: [{number: 1}, {number: 2}]") -> Step:
    text = (
        "  - {name: n, call: script/produce, script: [emit: [{number: 1}, {number: 2}], pause: 0.5],"
        f" deadline: 1, {gives}, error: {{status: DEADLINE_EXCEEDED}}}}"
    )
    (case,) = load("f.yaml", HEAD + text)
    assert case.steps is not None
    return case.steps[0]


def test_a_deadline_that_cuts_off_what_should_come_before_it_proves_nothing() -> None:
    assert came_too_soon(deadline_step(), Outcome(items=[Item(number=1)], error=LATE))
    assert came_too_soon(deadline_step("count: 2"), Outcome(error=LATE))
    slow = slowed(deadline_step())
    assert slow.deadline == SLOW
    assert slow.script == [{"emit": [{"number": 1}, {"number": 2}]}, {"pause": 0.5 * SLOW}]


def test_a_contracts_deadline_that_cuts_off_the_answer_proves_nothing() -> None:
    text = "  - {{name: n, call: {}, script: [], value: {{number: 1}}}}"
    for call, timed in (("script/hasty", True), ("script/unary", False)):
        (case,) = load("f.yaml", HEAD + text.format(call))
        assert case.steps is not None
        assert came_too_soon(case.steps[0], Outcome(error=LATE)) is timed
        assert not came_too_soon(case.steps[0], Outcome(value=Item(number=1)))


def test_whatever_else_is_wrong_at_a_deadline_is_a_failure() -> None:
    whole = [Item(number=1), Item(number=2)]
    assert not came_too_soon(deadline_step(), Outcome(items=whole, error=LATE))
    assert not came_too_soon(deadline_step(), Outcome(items=[*whole, Item(number=3)], error=LATE))
    assert not came_too_soon(deadline_step(), Outcome(items=whole[:1]))
    assert not came_too_soon(deadline_step(), Outcome(error=StatusError(Code.INTERNAL, "broken")))
    with pytest.raises(AssertionError):
        came_too_soon(deadline_step(), Outcome(items=whole[1:], error=LATE))
