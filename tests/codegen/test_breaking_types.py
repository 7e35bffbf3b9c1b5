"""How types differ, and what they are as JSON and in Python."""

from __future__ import annotations

import pytest
from avrorpc.schema import Json, Schema, Union, compact, parse_schema
from avrorpc_codegen.breaking.pairing import Pairing
from avrorpc_codegen.breaking.representation import is_tagged, json_form, json_kind, python_type, reads_json
from avrorpc_codegen.breaking.type_change import ChangeKind, branches, shown, type_changes


def schema(value: Json) -> Schema:
    return parse_schema(compact(value))


def record(name: str) -> Json:
    return {"type": "record", "name": name, "fields": []}


def logical(base: str, kind: str, **more: Json) -> Json:
    return {"type": base, "logicalType": kind, **more}


PAIRING = Pairing(new_names={"a.A": "a.A", "a.B": "a.C"})
ADDED, REMOVED = ChangeKind.BRANCH_ADDED, ChangeKind.BRANCH_REMOVED


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("int", "int", []),
        ("int", "long", [(ChangeKind.TYPE, None)]),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "string"}, [(ChangeKind.TYPE, None)]),
        ({"type": "array", "items": "int"}, {"type": "map", "values": "int"}, [(ChangeKind.TYPE, None)]),
        ("long", logical("long", "timestamp-millis"), [(ChangeKind.LOGICAL, None)]),
        (
            logical("bytes", "decimal", precision=9, scale=2),
            logical("bytes", "decimal", precision=9, scale=3),
            [(ChangeKind.LOGICAL, None)],
        ),
        (logical("string", "nonsense", more=1), logical("string", "nonsense", more=2), []),
        ("int", ["null", "int"], [(ADDED, "null")]),
        (["null", "int"], "int", [(REMOVED, "null")]),
        (["int", "null"], ["null", "int"], []),
        (["null", "int"], ["null", "long"], [(ChangeKind.TYPE, None)]),
        (["null", "int"], ["null", "string"], [(REMOVED, "int"), (ADDED, "string")]),
        (["int", "string"], ["string", "int", "null"], [(ADDED, "null")]),
        (record("a.A"), record("a.A"), []),
        (record("a.B"), record("a.C"), []),
        (record("a.A"), record("a.C"), [(ChangeKind.TYPE, None)]),
        ([record("a.A"), record("a.B")], [record("a.C"), record("a.A")], []),
    ],
)
def test_changes_inside_a_type(old: Json, new: Json, expected: list[tuple[ChangeKind, str | None]]) -> None:
    found = type_changes(schema(old), schema(new), PAIRING)
    assert [(item.kind, item.branch and shown(item.branch)) for item in found] == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("int", "int"),
        (logical("long", "timestamp-millis"), "long (timestamp-millis)"),
        (logical("bytes", "decimal", precision=9), "bytes (decimal(9, 0))"),
        ({"type": "map", "values": ["null", logical("int", "date")]}, "map<union { null, int (date) }>"),
        ({"type": "array", "items": record("a.A")}, "array<a.A>"),
    ],
)
def test_types_in_words(value: Json, words: str) -> None:
    assert shown(schema(value)) == words


FORMS: list[tuple[Json, str, str, str]] = [
    ("null", "null", "null", "None"),
    ("boolean", "a boolean", "a boolean", "bool"),
    ("int", "an integer", "a number", "int"),
    ("long", "an integer", "a number", "int"),
    ("double", "a number", "a number", "float"),
    ("string", "text", "a string", "str"),
    ("bytes", "base64", "a string", "bytes"),
    (logical("int", "date"), "a date", "a string", "datetime.date"),
    (logical("long", "time-micros"), "a time of day", "a string", "datetime.time"),
    (logical("long", "timestamp-micros"), "a moment", "a string", "datetime.datetime"),
    (logical("long", "local-timestamp-millis"), "a local time", "a string", "datetime.datetime"),
    (logical("long", "timestamp-nanos"), "an integer", "a number", "int"),
    (logical("long", "euro"), "an integer", "a number", "int"),
    (logical("string", "uuid"), "a UUID", "a string", "uuid.UUID"),
    (logical("bytes", "decimal", precision=3), "a decimal in quotes", "a string", "decimal.Decimal"),
    ({"type": "array", "items": "int"}, "a list", "a list", "list[int]"),
    ({"type": "array", "items": "int", "buffer": True}, "a list", "a list", "stub.NumberArray[int]"),
    ({"type": "map", "values": "int"}, "an object", "an object", "dict[str, int]"),
    (record("a.B"), "an object", "an object", "a.C"),
    ({"type": "enum", "name": "a.E", "symbols": ["X"]}, "a symbol", "a string", "a.E"),
    ({"type": "fixed", "name": "a.F", "size": 2}, "base64", "a string", "a.F"),
    (
        {"type": "fixed", "name": "a.F", "size": 12, "logicalType": "duration"},
        "an object of three numbers",
        "an object",
        "a.F",
    ),
    (["string", "null", "int", "long"], "one of several", "a string", "int | str | None"),
]


@pytest.mark.parametrize(("value", "form", "kind", "python"), FORMS)
def test_types_as_json_and_in_python(value: Json, form: str, kind: str, python: str) -> None:
    assert json_form(schema(value)) == form
    assert json_kind(schema(value)) == kind
    assert python_type(schema(value), PAIRING.new_names) == python


def test_some_forms_are_read_as_others() -> None:
    assert reads_json(schema("int"), schema("double"))
    assert not reads_json(schema("double"), schema("int"))
    assert reads_json(schema(logical("string", "uuid")), schema("string"))
    assert not reads_json(schema("bytes"), schema("string"))


def test_a_branch_needs_its_name_where_another_looks_alike() -> None:
    union = schema(["null", "int", "string", "bytes", record("a.A")])
    assert isinstance(union, Union)
    tagged = [is_tagged(branch, branches(union)) for branch in union.branches]
    assert tagged == [False, False, True, True, False]
    assert branches(schema("int"))[0] is not union
