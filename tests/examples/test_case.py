"""Cases as data: what a case file may say, and what it may not."""

from __future__ import annotations

import pytest
from avrorpc.examples import ABSENT, BadExamples, Case, ExpectedError, Tolerance, case_from_json
from avrorpc.schema import Json

FULL: dict[str, Json] = {
    "description": "d",
    "input": {"a": 1},
    "expected_output": None,
    "validation_rules": {"output": "a"},
    "tolerance": {"absolute": 0.5, "relative": 0.0},
    "variant": "v",
}


def test_a_case_says_again_what_it_was_made_from() -> None:
    case = case_from_json("m", FULL)
    assert case.to_json() == FULL
    assert case.expected_output is None
    assert case_from_json("m", {"input": {}}) == Case(message="m")
    assert Case(message="m").expected_output is ABSENT


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("Gone", ExpectedError("Gone")),
        ({"name": "a.Gone", "fields": {"x": 1}}, ExpectedError("a.Gone", {"x": 1})),
        ({"code": "NOT_FOUND"}, ExpectedError(code="NOT_FOUND")),
    ],
)
def test_an_error_is_a_name_with_fields_or_a_code(said: Json, error: ExpectedError) -> None:
    case = case_from_json("m", {"input": {}, "expected_error": said})
    assert case.expected_error == error
    assert case_from_json("m", case.to_json()) == case


def test_a_number_is_an_absolute_tolerance() -> None:
    assert case_from_json("m", {"input": {}, "tolerance": 0.1}).tolerance == Tolerance(0.1)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (3, "a case is an object"),
        ({}, "a case needs an `input`"),
        ({"input": []}, "at /input: `input` is an object"),
        ({"input": {}, "expected_ouput": 1}, "at /expected_ouput: a case has no 'expected_ouput'"),
        ({"input": {}, "description": 1}, "at /description: `description` is a string"),
        ({"input": {}, "validation_rules": "x"}, "at /validation_rules: `validation_rules` is a list"),
        ({"input": {}, "validation_rules": [1]}, "at /validation_rules/0: a rule is a string"),
        ({"input": {}, "validation_rules": {"a": True}}, "at /validation_rules/a: a rule is a string, or"),
        ({"input": {}, "tolerance": -1}, "at /tolerance/absolute: a tolerance is a number that is not"),
        ({"input": {}, "tolerance": {"exact": 1}}, "at /tolerance/exact: it has `absolute`"),
        ({"input": {}, "expected_error": {}}, "at /expected_error: it needs either"),
        ({"input": {}, "expected_error": {"code": "X"}}, "at /expected_error/code: there is no code 'X'"),
        ({"input": {}, "expected_error": "E", "expected_output": 1}, "at /expected_error: a call that fails"),
        (
            {"input": {}, "expected_error": {"code": "ABORTED", "fields": {"a": 1}}},
            "at /expected_error/fields: a code has no fields",
        ),
    ],
)
def test_what_is_no_case_is_refused_with_its_place(case: Json, said: str) -> None:
    with pytest.raises(BadExamples) as caught:
        case_from_json("m", case)
    assert str(caught.value).startswith(said)
