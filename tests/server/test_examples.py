"""Example cases in contracts: what counts as one, and what a server makes of them."""

from __future__ import annotations

import json

from avrorpc import Server
from avrorpc.contracts import Outcome
from avrorpc.server.examples import examples_of, run_examples
from support.exemplary import CASES, EXEMPLARY, Exemplary


def test_the_cases_of_a_list_are_read_and_what_is_none_is_passed_over() -> None:
    cases = list(examples_of(EXEMPLARY.protocol.messages["times"]))
    assert [case.description for case in cases] == [
        case["description"] for case in CASES[:-1] if isinstance(case, dict)
    ]
    assert json.loads(cases[0].input) == {"a": 2, "b": 3}
    assert (cases[0].expected_output, cases[2].expected_output) == ("6", None)
    assert cases[3].validation_rules == ["result > 0"]


def test_cases_in_a_file_are_not_at_hand() -> None:
    assert list(examples_of(EXEMPLARY.protocol.messages["elsewhere"])) == []


async def test_cases_are_run_compared_and_judged() -> None:
    async with Server([Exemplary()]) as server:
        (served,) = server.services
        results = await run_examples(served, EXEMPLARY.methods["times"])
    outcomes = {result.description: (result.outcome, result.text) for result in results}
    assert outcomes["two and three"] == (Outcome.PASSED, "")
    assert outcomes["a wrong result"] == (Outcome.FAILED, "the result is 49")
    assert outcomes["no result"] == (Outcome.PASSED, "")
    assert outcomes["rules"][0] is Outcome.SKIPPED
    wrong, text = outcomes["an argument of another type"]
    assert wrong is Outcome.FAILED
    assert "a: expected int, got" in text
    broken, text = outcomes["it breaks"]
    assert broken is Outcome.FAILED
    assert "hunter2" not in text
    assert "an internal error" in text
    assert all(result.duration >= 0 for result in results)


async def test_what_may_change_something_is_not_run() -> None:
    implementation = Exemplary()
    async with Server([implementation]) as server:
        (served,) = server.services
        (result,) = await run_examples(served, EXEMPLARY.methods["store"])
    assert result.outcome is Outcome.SKIPPED
    assert "@readonly" in result.text
    assert implementation.stored == {}
