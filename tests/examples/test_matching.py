"""Results held against what is expected: wildcards, tolerances, and what a difference says."""

from __future__ import annotations

import pytest
from avrorpc.examples import Tolerance, mismatches
from avrorpc.schema import Json
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_every_value_is_itself_and_fits_the_wildcard(value: Json) -> None:
    assert mismatches(value, value) == []
    assert mismatches("...", value) == []


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1, 1.0),
        ("NaN", "NaN"),
        (["..."], []),
        (["..."], [1, "a", None]),
        ([["..."]], []),
        ([["..."]], [[1], [], [2, 3]]),
        ([1, "...", 4], [1, 2, 3, 4]),
        ([1, "...", 4], [1, 4]),
        (["...", 2, "..."], [1, 2, 3]),
        ([["..."], ["..."]], [[1], [2]]),
        ({"a": 1, "...": "..."}, {"a": 1, "b": 2}),
        ({"a": "..."}, {"a": {"deep": []}}),
    ],
)
def test_what_fits(expected: Json, got: Json) -> None:
    assert mismatches(expected, got) == []


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (1, 2, ["expected 1, got 2"]),
        (1, True, ["expected 1, got true"]),
        ("1", 1, ['expected "1", got 1']),
        ("NaN", 1.0, ['expected "NaN", got 1.0']),
        ([["..."]], [1], ['/0: expected ["..."], got 1']),
        ([["..."], ["..."]], [[1]], ['expected 2 items, got 1: [["..."], ["..."]] / [[1]]']),
        ([1, "...", 4], [1, 5], ["/1: expected 4, got 5"]),
        ([1, "...", 4], [1], ["expected at least 2 items, got 1: [1]"]),
        (["...", 9, "..."], [1, 2], ["expected [9] among the items of [1, 2]"]),
        ({"a": 1}, {"b": 2}, ["/a: expected 1, got nothing", "/b: expected nothing, got 2"]),
        ({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, ["/a~1b/~0: expected 1, got 2"]),
        ([1] * 9, [2] * 9, [f"/{index}: expected 1, got 2" for index in range(5)]),
    ],
)
def test_what_does_not_fit_is_told_with_its_pointer(expected: Json, got: Json, said: list[str]) -> None:
    assert list(map(str, mismatches(expected, got))) == said


def test_numbers_are_met_within_the_tolerance_absolute_or_relative() -> None:
    assert mismatches([1.0], [1.1], Tolerance(absolute=0.2)) == []
    assert mismatches([100], [101], Tolerance(relative=0.01)) == []
    assert mismatches([100], [102], Tolerance(relative=0.01)) != []
    assert mismatches("NaN", "NaN", Tolerance(absolute=1)) == []
    assert mismatches("Infinity", 1e308, Tolerance(relative=1)) != []
    assert mismatches(10**400, 10**400, Tolerance(absolute=1)) == []


def test_large_whole_numbers_are_not_rounded() -> None:
    assert mismatches(2**63 - 1, 2**63 - 2) != []
