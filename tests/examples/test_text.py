"""JSON text with the place of each value."""

from __future__ import annotations

import json

import pytest
from avrorpc.examples import BadExamples
from avrorpc.examples.text import MAX_FILE_DEPTH, MAX_FILE_LENGTH, JsonText
from avrorpc.schema import Json
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 1]))
def test_json_is_read_as_the_standard_library_reads_it(value: Json, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert JsonText(text, "f").value == json.loads(text)


def test_three_dots_stand_for_a_string_as_value_item_and_key() -> None:
    assert JsonText('[[...], {"a": ..., ...}]', "f").value == [["..."], {"a": "...", "...": "..."}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "f:1: a JSON value was expected, and not the end of the text"),
        ("[1,\n 2,]", "f:2, at /2: there is a comma too many"),
        ('{"a": 1,}', "f:1: there is a comma too many"),
        ('{"a": 1, "a": 2}', "f:1: 'a' is there twice"),
        ("{a: 1}", "f:1: a name in double quotes was expected"),
        ('["a\n"]', "f:1, at /0: a string is not JSON: Invalid control character at"),
        ("[1 2]", "f:1: ',' was expected"),
        ("NaN", "f:1: a JSON value was expected, and not 'NaN'"),
        ("[1e999]", 'f:1, at /0: 1e999 is larger than any number; write "Infinity"'),
        ("1 2", "f:1: there is more text behind the end of the JSON"),
        ("1" * 500, "f:1: a number has more than 400 characters"),
        ("[" * (MAX_FILE_DEPTH + 2), f"f:1: it is nested more deeply than MAX_FILE_DEPTH, {MAX_FILE_DEPTH}"),
        (" " * (MAX_FILE_LENGTH + 1), "f:1: it is longer than MAX_FILE_LENGTH"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(BadExamples) as caught:
        JsonText(text, "f")
    assert str(caught.value).startswith(said)


def test_an_error_is_at_the_nearest_value_around_it() -> None:
    text = JsonText('{\n "a~/b": [\n  1]}', "f")
    assert text.error("so", "/a~0~1b/0/x/y").line == 3
    assert text.error("so", "/nothing").line == 1
