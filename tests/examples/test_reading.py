"""Case files: lists, objects by message name, and what is neither."""

from __future__ import annotations

import pytest
from avrorpc.examples import BadExamples, by_message, cases_from_json, cases_to_text, read_cases, reading

LIST = '[{"description": "one", "input": {"a": 1}},\n {"input": {"b": ...}}]'
OBJECT = '{"//": "a comment", "m": [{"input": {}}], "n": [{"input": {"x": 2}}]}'


def test_a_list_is_for_the_message_that_names_the_file() -> None:
    one, two = read_cases(LIST, "f.json", "m")
    assert (one.case.message, one.case.input, one.pointer) == ("m", {"a": 1}, "/0")
    assert (two.case.input, two.case.title) == ({"b": "..."}, "a case without a description")


def test_an_object_has_lists_by_message_and_gives_one_message_its_own() -> None:
    assert [placed.case.message for placed in read_cases(OBJECT, "f.json")] == ["m", "n"]
    (only,) = read_cases(OBJECT, "f.json", "n")
    assert (only.case.input, only.pointer) == ({"x": 2}, "/n/0")


def test_what_is_written_is_read_again_and_is_the_same_each_time() -> None:
    cases = [placed.case for placed in read_cases(OBJECT, "f.json")]
    text = cases_to_text(cases, "made")
    assert text == cases_to_text(cases, "made")
    assert text.startswith('{\n  "//": "made",\n')
    assert [placed.case for placed in read_cases(text, "g.json")] == cases
    assert by_message(cases) == {"m": (cases[0],), "n": (cases[1],)}


@pytest.mark.parametrize(
    ("text", "message", "said"),
    [
        ("3", "m", "f.json:1: a case file is a list of cases, or an object"),
        ("[]", None, "f.json:1: a file for several messages is an object"),
        ('{"n": []}', "m", "f.json:1: it has cases for n, and not for m"),
        ('{"n": {}}', None, "f.json:1, at /n: the cases of n are no list"),
        ('[{"input": {}},\n {"description": "d"}]', "m", "f.json:2, at /1: the case 'd': a case needs an"),
        ('[{"input": {},\n "tolerance": "x"}]', "m", "f.json:2, at /0/tolerance: `tolerance` is a number"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_case_and_pointer(
    text: str, message: str | None, said: str
) -> None:
    with pytest.raises(BadExamples) as caught:
        read_cases(text, "f.json", message)
    assert str(caught.value).startswith(said)


def test_the_number_of_cases_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_CASES", 1)
    with pytest.raises(BadExamples, match="there are more than MAX_CASES, 1, cases"):
        read_cases(LIST, "f.json", "m")


def test_an_error_about_a_case_says_which() -> None:
    (_, two) = read_cases(LIST, "f.json", "m")
    assert str(two.error("no", "/input")) == (
        "f.json:2, at /1/input: the case 'a case without a description': no"
    )
    (inline,) = cases_from_json([{"input": {}}], "", "m")
    assert str(inline.error("no")) == "at /0: the case 'a case without a description': no"
