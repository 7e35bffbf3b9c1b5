"""Lines out of bytes that come in any parts."""

from __future__ import annotations

import pytest
from avrorpc import LimitExceeded, Limits
from avrorpc.codec.lines import Lines
from hypothesis import given
from hypothesis import strategies as st

PARTS = st.lists(st.lists(st.sampled_from([b"a", b"bc", b"\n"])).map(b"".join))
LIMITS = Limits(max_body=3)


@given(PARTS)
def test_lines_are_the_same_in_whatever_parts_they_come(parts: list[bytes]) -> None:
    lines = Lines()
    found = [line for part in parts for line in lines.feed(part)]
    *whole, rest = b"".join(parts).split(b"\n")
    assert (found, lines.rest(), lines.pending) == (whole, rest, len(rest))


@given(PARTS)
def test_a_line_above_the_limit_is_refused_in_whatever_parts_it_comes(parts: list[bytes]) -> None:
    lines, is_refused = Lines(LIMITS), False
    try:
        for part in parts:
            lines.feed(part)
    except LimitExceeded:
        is_refused = True
    assert is_refused == any(len(line) > LIMITS.max_body for line in b"".join(parts).split(b"\n"))


def test_an_error_names_the_limit() -> None:
    lines = Lines(LIMITS)
    lines.feed(b"abc")
    with pytest.raises(LimitExceeded, match="a line is above max_body=3 bytes"):
        lines.feed(b"d")


def test_a_long_line_in_small_parts_is_joined_once() -> None:
    lines = Lines()
    for _ in range(100_000):
        assert lines.feed(b"ab") == []
    assert lines.pending == 200_000
    assert lines.feed(b"\n") == [b"ab" * 100_000]
