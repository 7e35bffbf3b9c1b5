"""The text of JSON, as Java writes it."""

from __future__ import annotations

import json

import pytest
from avrorpc.schema import Json, compact, pretty
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-1.5, "-1.5"),
        (100.0, "100.0"),
        (0.1, "0.1"),
        (0.001, "0.001"),
        (0.00123, "0.00123"),
        (0.0009, "9.0E-4"),
        (9999999.0, "9999999.0"),
        (1234567.25, "1234567.25"),
        (1e7, "1.0E7"),
        (1e10, "1.0E10"),
        (123456789.5, "1.234567895E8"),
        (1.5e300, "1.5E300"),
        (-2.5e-300, "-2.5E-300"),
        (5e-324, "5.0E-324"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (float("nan"), '"NaN"'),
        (float("inf"), '"Infinity"'),
        (float("-inf"), '"-Infinity"'),
        (10**18, "1000000000000000000"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_numbers_and_words(value: Json, text: str) -> None:
    assert compact(value) == pretty(value) == text


def test_strings_escape_what_json_demands_and_no_more() -> None:
    assert compact('"\\/\b\f\n\r\t') == r'"\"\\/\b\f\n\r\t"'
    assert compact("\x00\x1f\x7f\u2028é😀") == '"\\u0000\\u001F\x7f\u2028é😀"'


def test_compact_has_no_white_space() -> None:
    assert compact({"a": [1, {}, [], {"b": None}], "c": "d e"}) == '{"a":[1,{},[],{"b":null}],"c":"d e"}'
    assert (compact([]), compact({})) == ("[]", "{}")


def test_pretty_indents_objects_and_leaves_lists_on_their_line() -> None:
    value: Json = {"types": [{"name": "A", "symbols": ["X", "Y"]}, {}, []], "messages": {}}
    lines = [
        "{",
        '  "types" : [ {',
        '    "name" : "A",',
        '    "symbols" : [ "X", "Y" ]',
        "  }, { }, [ ] ],",
        '  "messages" : { }',
        "}",
    ]
    assert pretty(value) == "\n".join(lines)


@given(JSON)
def test_both_texts_say_the_value(value: Json) -> None:
    assert json.loads(compact(value)) == value
    assert json.loads(pretty(value)) == value
