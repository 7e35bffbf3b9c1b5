"""Cases held against their messages, against results, and against errors."""

from __future__ import annotations

import pytest
from avrorpc.examples import (
    Names,
    RuleError,
    case_from_json,
    case_problems,
    check_names,
    error_problems,
    output_problems,
    rules_of,
)
from avrorpc.schema import Json, Message, parse_protocol

TEXT = """{"protocol":"P","namespace":"n","types":[
{"type":"record","name":"R","fields":[{"name":"ids","type":{"type":"array","items":"int"}},
  {"name":"text","type":"string"},{"name":"ids_sum","type":"int"}]},
{"type":"error","name":"Gone","fields":[{"name":"what","type":"string"}]}],
"messages":{
"m":{"request":[{"name":"text","type":"string"},{"name":"n","type":"int","default":1}],"response":"R",
  "errors":["Gone"]},
"s":{"request":[{"name":"n","type":"int"},{"name":"item","type":"int"}],"response":"long","stream":"both"}}}"""
MESSAGES: dict[str, Message] = parse_protocol(TEXT).messages
GIVEN: dict[str, Json] = {"text": "ab", "n": 1}
RESULT: Json = {"ids": [1, 2], "text": "ab", "ids_sum": 3}


def problems(message: str, **said: Json) -> list[str]:
    case = case_from_json(message, {"input": {"text": "a"}, **said})
    return list(map(str, case_problems(case, MESSAGES[message])))


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({}, []),
        ({"input": {}}, ["/input: m needs 'text': string"]),
        ({"input": {"text": 1}}, ["/input/text: expected string, got 1"]),
        ({"input": {"text": "", "z": 1}}, ["/input/z: m has no 'z'; it has text, n"]),
        ({"expected_output": {"ids": ["..."], "...": "..."}}, []),
        ({"expected_output": {"ids": 1, "...": "..."}}, ["/expected_output/ids: expected array<int>, got 1"]),
        ({"expected_error": "Gone"}, []),
        ({"expected_error": {"name": "n.Gone", "fields": {"what": "x"}}}, []),
        ({"expected_error": {"code": "NOT_FOUND"}}, []),
        ({"expected_error": "No"}, ["/expected_error: m declares no error 'No'; it declares Gone"]),
        (
            {"expected_error": {"name": "Gone", "fields": {"why": 1}}},
            ["/expected_error/fields/why: Gone has no 'why'; it has what"],
        ),
    ],
)
def test_a_case_is_held_against_its_message(said: dict[str, Json], found: list[str]) -> None:
    assert problems("m", **said) == found


def test_streams_are_lists_on_both_sides() -> None:
    assert problems("s", input={"n": 1, "item": [1, 2]}, expected_output=[1, "..."]) == []
    assert problems("s", input={"n": 1, "item": 2}) == ["/input/item: expected array<int>, got 2"]
    assert problems("s", input={"n": 1, "item": []}, expected_output=3) == [
        "/expected_output: expected array<long>, got 3"
    ]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (["len(ids) == n"], ""),
        (["input.text == output.text"], ""),
        (["text == ''"], "'text' is a parameter and a field of the result: write input.text or output.text"),
        (["missing == 1"], "there is no 'missing'; there are text, n, ids, ids_sum, input, output"),
        (["output.idz == 1"], "output has no 'idz'; it has ids, text, ids_sum"),
        (["input.idz == 1"], "input has no 'idz'; it has text, n"),
        (["len(ids"], "')' was expected"),
        ({"ids_length": "n +"}, "a value was expected"),
        ({"ids_weight": "n"}, "'ids_weight' is neither one of ids, text, ids_sum, output, nor"),
        ({"n_sum": "n"}, "'n_sum' is neither one of"),
    ],
)
def test_rules_are_held_against_the_names_of_the_message(rules: Json, said: str) -> None:
    found = problems("m", validation_rules=rules)
    assert [problem.startswith(f"/validation_rules: {said}") for problem in found] == [True] * bool(said)


def test_the_short_form_is_written_out_and_a_whole_name_wins() -> None:
    said: dict[str, Json] = {"ids_length": "n + 1", "ids_sum": 3, "text": "'ab'", "output_rows": "1"}
    case = case_from_json("m", {"input": {}, "validation_rules": said})
    names = Names.of(MESSAGES["m"])
    assert [(rule.text, rule.pointer) for rule in rules_of(case, names.fields)] == [
        ("length(output.ids) == (n + 1)", "/validation_rules/ids_length"),
        ("output.ids_sum == (3)", "/validation_rules/ids_sum"),
        ("output.text == ('ab')", "/validation_rules/text"),
        ("rows(output) == (1)", "/validation_rules/output_rows"),
    ]
    loose = case_from_json("m", {"input": {}, "validation_rules": {"ids_mean": "1.4"}, "tolerance": 0.2})
    assert [rule.text for rule in rules_of(loose, names.fields)] == [
        "approx(mean(output.ids), (1.4), 0.2, 0.0)"
    ]
    assert output_problems(loose, MESSAGES["m"], GIVEN, RESULT) == []


def test_what_is_wrong_with_a_result_is_all_told() -> None:
    said: dict[str, Json] = {
        "input": GIVEN,
        "expected_output": {"ids": [1, 3], "...": "..."},
        "validation_rules": ["ids_sum == n", "ids[5] == 1"],
    }
    assert output_problems(case_from_json("m", said), MESSAGES["m"], GIVEN, RESULT) == [
        "/ids/1: expected 3, got 2",
        "ids_sum == n does not hold: ids_sum is 3; n is 1",
        "ids[5]: there is no item 5; there are 2, at character 1 of the rule 'ids[5] == 1'",
    ]


def test_a_result_in_the_place_of_an_error_and_the_other_way_round() -> None:
    failing = case_from_json("m", {"input": {}, "expected_error": {"name": "Gone", "fields": {"what": "x"}}})
    assert output_problems(failing, MESSAGES["m"], GIVEN, 1) == ["expected the error Gone, got the result 1"]
    assert error_problems(failing, "n.Gone", "", {"what": "x"}, "told") == []
    assert error_problems(failing, "n.Gone", "", {"what": "y"}, "told") == [
        'Gone/what: expected "x", got "y"'
    ]
    assert error_problems(failing, "n.Other", "", {}, "told") == ["expected the error Gone, got told"]
    assert error_problems(failing, "", "ABORTED", {}, "told") == ["expected the error Gone, got told"]
    coded = case_from_json("m", {"input": {}, "expected_error": {"code": "ABORTED"}})
    assert error_problems(coded, "", "ABORTED", {}, "told") == []
    assert error_problems(coded, "n.Gone", "", {}, "told") == ["expected the error ABORTED, got told"]
    plain = case_from_json("m", {"input": {}})
    assert error_problems(plain, "", "ABORTED", {}, "told") == ["told"]


def test_a_parameter_called_output_goes_by_input() -> None:
    names = Names(("output", "a"))
    assert names.values({"output": 1, "a": 2}, 3) == {"input": {"output": 1, "a": 2}, "output": 3, "a": 2}
    check_names("input.output < output", names)
    with pytest.raises(RuleError):
        check_names("input.b", names)
