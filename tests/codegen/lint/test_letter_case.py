from __future__ import annotations

import pytest
from avrorpc_codegen.lint.letter_case import LetterCase, folded, usual_case, words
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("user_id", ["user", "id"]),
        ("userId", ["user", "id"]),
        ("HTTPServer2", ["http", "server2"]),
        ("parseURL", ["parse", "url"]),
        ("EXTRA_LARGE", ["extra", "large"]),
        ("sha256_sum", ["sha256", "sum"]),
        ("_id", ["id"]),
        ("__", []),
    ],
)
def test_names_are_split_into_words(name: str, expected: list[str]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    ("case", "good", "bad"),
    [
        (LetterCase.SNAKE, ["a", "user_id", "_id", "x2", "_", "token_2"], ["userId", "User", "a__b", "A"]),
        (LetterCase.CAMEL, ["a", "userId", "_id", "userID"], ["user_id", "User"]),
        (LetterCase.PASCAL, ["A", "DType", "MD5", "Order2"], ["order", "Order_Line", "orderLine"]),
        (LetterCase.UPPER_SNAKE, ["A", "FLOAT8_E4M3FN", "X"], ["Small", "small", "A__B"]),
    ],
)
def test_what_fits_a_style(case: LetterCase, good: list[str], bad: list[str]) -> None:
    assert all(case.fits(name) for name in good)
    assert not any(case.fits(name) for name in bad)


@given(name=NAMES, case=st.sampled_from(LetterCase))
def test_a_name_written_in_a_style_fits_it(name: str, case: LetterCase) -> None:
    assert case.fits(case.apply(name))


def test_the_usual_style_is_that_of_most_names() -> None:
    assert usual_case([]) is LetterCase.SNAKE
    assert usual_case(["a", "b"]) is LetterCase.SNAKE
    assert usual_case(["userId", "a"]) is LetterCase.CAMEL
    assert usual_case(["userId", "user_id"]) is LetterCase.SNAKE
    assert usual_case(["userId", "user_id", "bosId"]) is LetterCase.CAMEL


def test_names_that_should_not_stand_side_by_side_fold_to_one() -> None:
    assert folded("user_id") == folded("userId") == folded("USERID")
    assert folded("user_id") != folded("user_ids")
