from __future__ import annotations

import pytest
from avrorpc.schema import (
    Enum,
    Field,
    Fixed,
    Json,
    Primitive,
    Record,
    Schema,
    Union,
    compact,
    describe,
    full_aliases,
    parse_schema,
)
from avrorpc.schema.resolution import PROMOTIONS, field_slots, matches, reader_branch


def schema(value: Json) -> Schema:
    return parse_schema(compact(value))


def record(name: str, *aliases: str) -> Json:
    return {"type": "record", "name": name, "fields": [], "aliases": list(aliases)}


def field(name: str, *aliases: str) -> Field:
    return Field(name, Primitive("int"), aliases=list(aliases))


def test_what_a_reader_converts_is_a_table_of_the_specification() -> None:
    numbers = ["int", "long", "float", "double"]
    upward = {(low, high) for place, low in enumerate(numbers) for high in numbers[place + 1 :]}
    assert upward | {("string", "bytes"), ("bytes", "string")} == PROMOTIONS


@pytest.mark.parametrize(
    ("writer", "reader", "expected"),
    [
        ("int", "int", True),
        ("int", "double", True),
        ("double", "int", False),
        (record("a.R"), record("b.R"), True),
        (record("a.R"), record("a.S"), False),
        (record("a.R"), record("a.S", "R"), True),
        (record("a.R"), record("a.S", "b.R"), True),
        (record("a.R", "S"), record("a.S"), False),
        (record("a.R"), {"type": "enum", "name": "a.R", "symbols": ["X"]}, False),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "string"}, True),
        ({"type": "array", "items": "int"}, {"type": "map", "values": "int"}, False),
    ],
)
def test_types_match_by_kind_and_name(writer: Json, reader: Json, *, expected: bool) -> None:
    assert matches(schema(writer), schema(reader)) is expected


@pytest.mark.parametrize(
    ("writer", "branches", "expected"),
    [
        ("int", ["double", "int"], "int"),
        ("int", ["string", "double", "long"], "double"),
        ("string", ["null", "int"], None),
        (record("b.R"), [record("a.R"), record("b.R")], "b.R"),
        (record("c.R"), [record("a.R"), record("b.R")], "a.R"),
        (record("a.R"), [record("b.R"), record("b.S", "a.R")], "b.S"),
        (record("a.Old"), [record("b.Old"), record("a.New", "Old")], "a.New"),
        (record("a.Old"), [record("b.Old"), record("c.New", "Old")], "b.Old"),
        (record("Old"), [record("b.Old"), record("New", "Old")], "New"),
        (record("a.Old"), [record("a.New", "Old"), record("a.Old")], "a.Old"),
    ],
)
def test_a_reader_takes_the_same_type_before_one_that_matches(
    writer: Json, branches: list[Json], expected: str | None
) -> None:
    union = schema(branches)
    assert isinstance(union, Union)
    found = reader_branch(schema(writer), union)
    assert (found and describe(found)) == expected


@pytest.mark.parametrize(
    ("name", "aliases", "full"),
    [
        ("a.R", ["Old", "b.Old"], ["a.Old", "b.Old"]),
        ("a.b.R", ["Old"], ["a.b.Old"]),
        ("R", ["Old", "b.Old"], ["Old", "b.Old"]),
        ("R", [], []),
    ],
)
def test_an_alias_without_a_namespace_lies_in_that_of_its_type(
    name: str, aliases: list[str], full: list[str]
) -> None:
    for named in (Record(name, aliases=aliases), Enum(name, aliases=aliases), Fixed(name, aliases=aliases)):
        assert full_aliases(named) == full


def test_fields_go_by_name_first() -> None:
    assert field_slots({"a"}, [field("a", "b"), field("c", "a", "d")]) == {"a": 0, "c": 1, "d": 1}
    assert field_slots({"b"}, [field("a", "b"), field("c", "b")]) == {"a": 0, "b": 1, "c": 1}
