from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Array, Fixed, Json, Primitive, Schema, Union
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.idl_words import default_word, keyword_of, name_word, optional_of, text_word, value_word
from avrorpc_codegen.lexer import Kind, tokenize
from avrorpc_codegen.source import Source
from hypothesis import given
from support.models import IDENTIFIERS, TEXT

NULL, INT = Primitive("null"), Primitive("int")


def token(word: str) -> tuple[Kind, object]:
    diagnostics = Diagnostics()
    first, end = tokenize(Source("a", word, Path("a")), diagnostics).tokens
    assert (end.kind, diagnostics.items) == (Kind.END, [])
    return first.kind, first.value


@given(name=IDENTIFIERS)
def test_a_name_is_read_as_the_name(name: str) -> None:
    assert token(name_word(name)) == (Kind.NAME, name)


@pytest.mark.parametrize(
    ("name", "word"), [("record", "`record`"), ("NaN", "`NaN`"), ("a.int", "a.int"), ("x", "x")]
)
def test_keywords_stand_in_back_ticks(name: str, word: str) -> None:
    assert name_word(name) == word


@given(text=TEXT)
def test_a_string_is_read_as_its_text(text: str) -> None:
    assert token(text_word(text)) == (Kind.STRING, text)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "null"),
        (True, "true"),
        (-1, "-1"),
        (1e300, "1e+300"),
        (float("-inf"), "-Infinity"),
        ({"a": [1, {}], 'b"': []}, '{"a": [1, {}], "b\\"": []}'),
    ],
)
def test_values(value: Json, word: str) -> None:
    assert value_word(value) == word


@pytest.mark.parametrize(
    ("props", "expected"),
    [
        ({"logicalType": "decimal", "precision": 4, "scale": 0, "x": 1}, ("decimal(4, 0)", {"x": 1})),
        ({"logicalType": "decimal", "precision": True, "scale": 0}, None),
        ({"logicalType": "decimal", "precision": 4, "scale": -1}, None),
        ({"logicalType": "decimal", "scale": 0, "precision": 4}, None),
        ({"logicalType": ["decimal"]}, None),
        ({}, None),
    ],
)
def test_a_decimal_is_a_keyword_only_where_it_says_the_same(
    props: dict[str, Json], expected: tuple[str, dict[str, Json]] | None
) -> None:
    assert keyword_of(Primitive("bytes", props)) == (expected or ("bytes", props))


@pytest.mark.parametrize(
    ("branches", "is_reversed", "expected"),
    [
        ([NULL, INT], False, INT),
        ([NULL, INT], True, None),
        ([INT, NULL], True, INT),
        ([INT, NULL], False, None),
        ([NULL, Array(INT)], False, None),
        ([NULL], False, None),
        ([Primitive("null", {"x": 1}), INT], False, None),
    ],
)
def test_a_question_mark_stands_for_null_and_a_simple_type(
    branches: list[Schema], is_reversed: bool, expected: Schema | None
) -> None:
    assert optional_of(Union(branches), is_reversed=is_reversed) is expected


def test_a_default_that_does_not_fit_is_written_as_it_is() -> None:
    assert default_word(Array(INT), {"NaN": "NaN"}) == '{"NaN": "NaN"}'
    assert default_word(Fixed("F", 3), "NaN") == '"NaN"'
