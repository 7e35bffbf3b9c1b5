"""Example cases of what is served: shown, and run against the implementation."""

from __future__ import annotations

import json

from avrorpc import Server
from avrorpc.contracts import Outcome
from avrorpc.server.examples import examples_of, run_examples
from support.exemplary import CASES, EXEMPLARY, Exemplary


def test_the_cases_of_a_list_are_shown_as_json_and_expressions() -> None:
    cases = list(examples_of(EXEMPLARY.methods["times"]))
    assert [case.description for case in cases] == [
        case["description"] for case in CASES if isinstance(case, dict)
    ]
    assert json.loads(cases[0].input) == {"a": 2, "b": 3}
    assert (cases[0].expected_output, cases[2].expected_output) == ("6", None)
    assert cases[3].validation_rules == ["output > a"]
    assert [case.variant for case in cases] == [""] * (len(cases) - 1) + ["other"]


def test_cases_in_a_file_are_not_at_hand_where_no_code_was_generated() -> None:
    assert list(examples_of(EXEMPLARY.methods["elsewhere"])) == []


async def test_cases_are_run_and_judged() -> None:
    async with Server([Exemplary()]) as server:
        (served,) = server.services
        results = await run_examples(served, EXEMPLARY.methods["times"])
    outcomes = {result.description: (result.outcome, result.text) for result in results}
    assert outcomes["two and three"] == (Outcome.PASSED, "")
    assert outcomes["a wrong result"] == (Outcome.FAILED, "expected 50, got 49")
    assert outcomes["no result"] == (Outcome.PASSED, "")
    assert outcomes["rules"] == (
        Outcome.FAILED,
        "output > a does not hold: output is 2; a is 2",
    )
    assert outcomes["another kind"][0] is Outcome.SKIPPED
    wrong, text = outcomes["an argument of another type"]
    assert wrong is Outcome.FAILED
    assert "input.a: expected int, got" in text
    broken, text = outcomes["it breaks"]
    assert broken is Outcome.FAILED
    assert "hunter2" not in text
    assert "an internal error" in text
    assert all(result.duration >= 0 for result in results)


async def test_the_variants_of_the_implementation_are_heeded() -> None:
    class Other(Exemplary):
        __variants__ = ("other",)

    async with Server([Other()]) as server:
        (served,) = server.services
        results = await run_examples(served, EXEMPLARY.methods["times"])
    assert results[-1].text == "expected 1, got 0"


async def test_what_may_change_something_is_run_only_where_that_is_asked_for() -> None:
    implementation = Exemplary()
    async with Server([implementation]) as server:
        (served,) = server.services
        (result,) = await run_examples(served, EXEMPLARY.methods["store"])
        assert result.outcome is Outcome.SKIPPED
        assert "@readonly" in result.text
        assert implementation.stored == {}
        (result,) = await run_examples(served, EXEMPLARY.methods["store"], include_changing=True)
    assert result.outcome is Outcome.PASSED
    assert implementation.stored == {"changed": 1}
