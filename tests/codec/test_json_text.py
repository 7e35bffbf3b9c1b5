"""JSON texts: what is refused, and in which words."""

from __future__ import annotations

import json

import pytest
from avrorpc import Limits
from avrorpc.codec.json_text import parse_json
from avrorpc.errors import EncodeError, LimitExceeded
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_what_is_json_is_read(value: object) -> None:
    text = json.dumps(value)
    assert parse_json(text.encode("utf-8", "surrogatepass")) == json.loads(text)


NAMES = st.sampled_from(["a", "b", ":", '":', 'a": ', "\\", ""])


@given(st.lists(st.tuples(NAMES, NAMES), max_size=3), st.sampled_from(["", " ", "\n\t"]))
def test_a_name_that_stands_twice_is_refused_and_no_other(pairs: list[tuple[str, str]], space: str) -> None:
    inner = ",".join(f"{json.dumps(name)}{space}:{space}{json.dumps(value)}" for name, value in pairs)
    text = f'{{"in{{": [{{{inner}}}]}}'.encode()
    if len({name for name, _ in pairs}) == len(pairs):
        assert parse_json(text) == json.loads(text)
    else:
        with pytest.raises(EncodeError, match="stands twice"):
            parse_json(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "Expecting value, at line 1, column 1"),
        (rb'"\ud800"', "half of a surrogate pair"),
        (rb'{"\uDFFFx": 1}', "half of a surrogate pair"),
        (b'{"a": 1,\n "b" 2}', "Expecting ':' delimiter, at line 2, column 6"),
        (b"{} {}", "Extra data"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "the name 'c' stands twice in one object"),
        (b"NaN", 'NaN is no JSON; write "NaN", a string'),
        (b"[-Infinity]", '-Infinity is no JSON; write "-Infinity", a string'),
        (b"1e999", "1e999 is beyond what a double holds"),
        (b'"\xff"', "byte 1 is no UTF-8"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b"1" * 10_000, "too many digits"),
        (b'"\x01"', "Invalid control character"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(text: bytes, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        parse_json(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
@pytest.mark.parametrize("depth", [5, 100_000])
def test_depth_has_a_limit(opening: bytes, depth: int) -> None:
    with pytest.raises(LimitExceeded, match="max_depth=4"):
        parse_json(opening * depth, Limits(max_depth=4))


def test_brackets_in_strings_are_not_depth() -> None:
    assert parse_json(b'["[[[[[[", "\\"[[["]', Limits(max_depth=1)) == ["[[[[[[", '"[[[']
