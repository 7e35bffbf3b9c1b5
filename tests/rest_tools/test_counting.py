"""What is counted of a Schemathesis run, and when an operation accepts too little."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_tools.counting import Count, counted, problems, table

GET, PUT = "GET /books/{id}", "PUT /books/{id}"
EXAMPLE = {"made": {"value": "b1"}}
ID = {"name": "id", "in": "path", "examples": EXAMPLE}
DOCUMENT: dict[str, Any] = {
    "paths": {"/books/{id}": {"get": {"parameters": [ID]}, "put": {"parameters": []}}}
}


def case(
    phase: str, status: int | None, mode: str = "positive", name: str = GET, id_: str = "b1"
) -> dict[str, Any]:
    verb, path = name.split(" ")
    meta = {"generation": {"mode": mode}, "phase": {"name": phase}}
    told = {"method": verb, "path": path, "meta": meta, "path_parameters": {"id": id_}}
    return {"value": told, "status": status}


def report(label: str, *cases: dict[str, Any], failing: int = 0) -> list[str]:
    """Return the events of one scenario, as Schemathesis writes them, and of one without requests."""
    listed = {str(number): one for number, one in enumerate(cases)}
    answered = {id_: one.pop("status") for id_, one in listed.items()}
    checks = [
        {"name": "not_a_server_error", "status": "success"},
        {"name": "ignored_auth", "status": "success"},
    ]
    recorder = {
        "label": label,
        "cases": listed,
        "checks": {id_: list(checks) for id_ in listed},
        "interactions": {
            id_: {"response": None if status is None else {"status_code": status}}
            for id_, status in answered.items()
        },
    }
    for id_ in list(listed)[:failing]:
        recorder["checks"][id_] = [{"name": "not_a_server_error", "status": "failure"}]  # type: ignore[index]
    events = [
        {"EngineStarted": {"id": "1"}},
        {"ScenarioFinished": {"recorder": {"label": label}}},
        {"ScenarioFinished": {"recorder": recorder}},
    ]
    return [json.dumps(event) for event in events]


def test_requests_are_counted_by_what_they_are() -> None:
    lines = report(
        GET,
        case("examples", 200),
        case("fuzzing", 200),
        case("coverage", 404),
        case("fuzzing", None),
        case("coverage", 405, "negative"),
        case("fuzzing", 200, "negative"),
        failing=1,
    )
    count = counted(lines, DOCUMENT)[GET]
    assert (count.cases, count.negative, count.valid, count.accepted) == (6, 2, 3, 1)
    assert (count.examples, count.examples_accepted) == (1, 1)
    assert (count.checks, count.failures) == (11, 1)
    assert dict(count.refused) == {404: 1, 0: 1}
    assert count.share == pytest.approx(1 / 3)


def test_scenarios_of_several_operations_count_for_each() -> None:
    lines = report("Stateful tests", case("stateful", 200, name=PUT), case("stateful", 404))
    counts = counted(lines, DOCUMENT)
    assert [(one.valid, one.accepted) for one in counts.values()] == [(1, 0), (1, 1)]


def test_a_request_of_another_method_counts_for_the_operation_it_is_made_for() -> None:
    counts = counted(report(GET, case("coverage", 405, "negative", "PATCH /books/{id}")), DOCUMENT)
    assert {name: one.negative for name, one in counts.items()} == {GET: 1, PUT: 0}


def test_examples_of_other_operations_count_as_generated() -> None:
    lines = report(GET, case("examples", 200), case("examples", 404, id_="Emma"))
    count = counted(lines, DOCUMENT)[GET]
    assert (count.examples, count.examples_accepted, count.valid, count.accepted) == (1, 1, 1, 0)


def test_what_a_check_sends_by_itself_is_no_valid_request() -> None:
    count = counted(report(GET, case("fuzzing", 200), {**case("fuzzing", 401), "parent_id": "0"}), DOCUMENT)[
        GET
    ]
    assert (count.cases, count.valid, count.accepted) == (2, 1, 1)


@pytest.mark.parametrize(
    ("count", "problem"),
    [
        (Count(valid=4, accepted=2), None),
        (Count(valid=4, accepted=1), "1 of 4 valid requests are answered 2xx, and there is no example"),
        (Count(), "0 of 0 valid requests are answered 2xx, and there is no example"),
        (Count(valid=4, accepted=1, examples=1, examples_accepted=1), None),
        (Count(valid=4, accepted=0, examples=2, examples_accepted=1), "1 of 2 examples are not answered 2xx"),
        (Count(valid=4, accepted=4, examples=1), "1 of 1 examples are not answered 2xx"),
    ],
)
def test_half_of_what_is_valid_is_accepted_or_examples_stand_in_for_it(
    count: Count, problem: str | None
) -> None:
    assert count.problem == problem


def test_an_operation_that_nothing_was_sent_to_is_a_problem() -> None:
    cases = [case("fuzzing", status) for status in (200, 409, 409)]
    counts = counted(report(GET, *cases), DOCUMENT)
    found = problems(counts)
    assert found == [
        "GET /books/{id}: 1 of 3 valid requests are answered 2xx, and there is no example (2 times 409)",
        "PUT /books/{id}: 0 of 0 valid requests are answered 2xx, and there is no example (no answers)",
    ]
    lines = table(counts).splitlines()
    assert lines[1].split() == ["GET", "/books/{id}", "3", "6", "0", "3", "1", "33%", "0", "0"]
    assert lines[3].split()[:4] == ["2", "operations", "3", "6"]
    assert lines[4:] == found
