"""What one version of a schema wrote, another reads; fastavro is asked the same wherever it can answer."""

from __future__ import annotations

import datetime
import enum
import io
from typing import Any

import fastavro
import msgspec
import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder, compile_fields
from avrorpc.codec.encode import compile_encoder
from avrorpc.errors import ContractMismatch, DecodeError, UnreadableValue
from avrorpc.schema import Field, Json, Record, compact, parse_schema


def resolve(writer: Json, reader: Json, value: Any, types: dict[str, type] | None = None) -> Any:
    wrote, reads = parse_schema(compact(writer)), parse_schema(compact(reader))
    out = bytearray()
    compile_encoder(wrote, {})(out, value)
    cursor = Cursor(bytes(out))
    result = compile_decoder(wrote, reads, types or {})(cursor)
    cursor.finish()
    return result


def fastavros(writer: Any, reader: Any, value: Any) -> Any:
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(writer), value)
    written.seek(0)
    return fastavro.schemaless_reader(written, fastavro.parse_schema(writer), fastavro.parse_schema(reader))


def record(*fields: Json, name: str = "a.R", **more: Json) -> Json:
    made: dict[str, Json] = {"type": "record", "name": name, "fields": list(fields)}
    return {**made, **more}


def field(name: str, schema: Json, **more: Json) -> Json:
    return {"name": name, "type": schema, **more}


def enumeration(*symbols: Json, **more: Json) -> Json:
    made: dict[str, Json] = {"type": "enum", "name": "a.E", "symbols": list(symbols)}
    return {**made, **more}


def fixed(size: int, name: str = "a.F", **more: Json) -> Json:
    return {"type": "fixed", "name": name, "size": size, **more}


INTS: Json = {"type": "array", "items": "int"}
LONGS: Json = {"type": "array", "items": "long"}
TREE = record(field("value", "int"), field("next", ["null", "a.R"]))
WIDER_TREE = record(
    field("next", ["null", "a.R"]), field("value", "long"), field("new", "string", default="n")
)

WORKS: list[tuple[str, Json, Json, Any, Any]] = [
    ("int to long", "int", "long", 7, 7),
    ("int to float", "int", "float", 7, 7.0),
    ("int to double", "int", "double", 7, 7.0),
    ("long to float", "long", "float", 7, 7.0),
    ("long to double", "long", "double", 2**40, float(2**40)),
    ("float to double", "float", "double", 0.5, 0.5),
    ("string to bytes", "string", "bytes", "ä", "ä".encode()),
    ("bytes to string", "bytes", "string", "ä".encode(), "ä"),
    ("promotion in an array", INTS, LONGS, [1, 2], [1, 2]),
    (
        "promotion in a map",
        {"type": "map", "values": "int"},
        {"type": "map", "values": "double"},
        {"a": 1},
        {"a": 1.0},
    ),
    (
        "fields in another order",
        record(field("a", "int"), field("b", "string")),
        record(field("b", "string"), field("a", "int")),
        {"a": 1, "b": "x"},
        {"b": "x", "a": 1},
    ),
    (
        "a field less",
        record(field("a", "int"), field("b", INTS), field("c", "int")),
        record(field("c", "int")),
        {"a": 1, "b": [2], "c": 3},
        {"c": 3},
    ),
    (
        "a field more",
        record(field("a", "int")),
        record(field("a", "int"), field("b", "int", default=5)),
        {"a": 1},
        {"a": 1, "b": 5},
    ),
    (
        "a record more",
        record(),
        record(field("b", record(field("x", "int", default=1), name="a.I"), default={})),
        {},
        {"b": {"x": 1}},
    ),
    ("a list more", record(), record(field("b", INTS, default=[1])), {}, {"b": [1]}),
    (
        "a field by its alias",
        record(field("old", "int")),
        record(field("new", "int", aliases=["old"])),
        {"old": 1},
        {"new": 1},
    ),
    ("a record by its alias", record(name="a.Old"), record(name="a.New", aliases=["Old"]), {}, {}),
    ("a record by its full alias", record(name="b.Old"), record(name="a.New", aliases=["b.Old"]), {}, {}),
    ("a record of another namespace", record(name="a.R"), record(name="b.R"), {}, {}),
    ("an error for a record", record(name="a.R"), record(name="a.R", type="error"), {}, {}),
    ("symbols in another order", enumeration("A", "B"), enumeration("B", "A"), "B", "B"),
    ("a symbol less, with a default", enumeration("A", "B"), enumeration("A", default="A"), "B", "A"),
    ("an enum by its alias", enumeration("A"), enumeration("A", name="a.N", aliases=["E"]), "A", "A"),
    ("a fixed", fixed(2), fixed(2, name="b.F"), b"ab", b"ab"),
    ("a fixed by its alias", fixed(2), fixed(2, name="a.N", aliases=["F"]), b"ab", b"ab"),
    ("into a union", "int", ["null", "int"], 7, 7),
    ("into a union by promotion", "int", ["string", "long"], 7, 7),
    ("into a union, the same type first", "int", ["double", "int"], 7, 7),
    ("out of a union", ["int"], "long", 7, 7),
    ("a union to a wider one", ["null", "int"], ["string", "null", "long"], 7, 7),
    ("a union to a wider one, null", ["null", "int"], ["string", "null", "long"], None, None),
    ("a named branch", [record(), "int"], ["int", record()], {}, {}),
    (
        "a recursive record",
        TREE,
        WIDER_TREE,
        {"value": 1, "next": {"value": 2, "next": None}},
        {"next": {"next": None, "value": 2, "new": "n"}, "value": 1, "new": "n"},
    ),
    (
        "a recursive field less",
        record(field("gone", TREE), name="a.S"),
        record(name="a.S"),
        {"gone": {"value": 1, "next": None}},
        {},
    ),
]

FAILS: list[tuple[str, Json, Json, str]] = [
    ("long to int", "long", "int", "the writer has long, the reader has int"),
    ("double to float", "double", "float", "the writer has double, the reader has float"),
    ("int to string", "int", "string", "the writer has int, the reader has string"),
    ("int to boolean", "int", "boolean", "the writer has int, the reader has boolean"),
    (
        "array to map",
        INTS,
        {"type": "map", "values": "int"},
        "the writer has array<int>, the reader has map<int>",
    ),
    (
        "in an array",
        {"type": "array", "items": "string"},
        INTS,
        "[]: the writer has string, the reader has int",
    ),
    (
        "in a map",
        {"type": "map", "values": "string"},
        {"type": "map", "values": "int"},
        "{}: the writer has string, the reader has int",
    ),
    (
        "a record of another name",
        record(name="a.X"),
        record(name="a.Y"),
        "the writer has a.X, the reader has a.Y",
    ),
    ("a fixed of another size", fixed(2), fixed(3), "the writer has a.F of 2 bytes, the reader of 3"),
    (
        "a record for an enum",
        record(name="a.E"),
        enumeration(),
        "the writer has the record a.E, the reader has the enum a.E",
    ),
    (
        "a field more",
        record(),
        record(field("b", "int")),
        "b: the writer's a.R has no such field, and the reader has no default for it",
    ),
    (
        "deep inside",
        record(field("a", record(field("b", {"type": "array", "items": "string"}), name="a.I"))),
        record(field("a", record(field("b", INTS), name="a.I"))),
        "a.b[]: the writer has string, the reader has int",
    ),
    ("into a union", "string", ["null", "int"], "the writer has string, the reader has union { null, int }"),
    (
        "a branch less",
        ["null", "string"],
        ["null", "int"],
        "the writer has string, the reader has union { null, int }",
    ),
    (
        "a branch for a broken one",
        ["null", record(field("b", "string"))],
        ["null", record(field("b", "int"))],
        "b: the writer has string, the reader has int",
    ),
    (
        "another unit of time",
        {"type": "long", "logicalType": "timestamp-millis"},
        {"type": "long", "logicalType": "timestamp-micros"},
        "a timestamp-millis is read as a timestamp-micros",
    ),
    ("into nothing", "int", [], "the writer has int, the reader has union {  }"),
]


@pytest.mark.parametrize(
    ("writer", "reader", "value", "expected"), [pytest.param(*row[1:], id=row[0]) for row in WORKS]
)
def test_versions_that_fit_are_resolved(writer: Json, reader: Json, value: Any, expected: Any) -> None:
    result = resolve(writer, reader, value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("writer", "reader", "value", "expected"), [pytest.param(*row[1:], id=row[0]) for row in WORKS]
)
def test_fastavro_resolves_them_alike(writer: Json, reader: Json, value: Any, expected: Any) -> None:
    if expected == {"b": {"x": 1}}:
        expected = {"b": {}}  # fastavro takes a record's default as it stands
    assert fastavros(writer, reader, value) == expected


@pytest.mark.parametrize(
    ("writer", "reader", "problem"), [pytest.param(*row[1:], id=row[0]) for row in FAILS]
)
def test_versions_that_do_not_fit_name_the_field_at_once(writer: Json, reader: Json, problem: str) -> None:
    with pytest.raises(ContractMismatch) as caught:
        compile_decoder(parse_schema(compact(writer)), parse_schema(compact(reader)), {})
    assert problem in str(caught.value)


OTHERS = record(field("b", "int"), name="a.Other")
PER_VALUE: list[tuple[str, Json, Json, Any, Any, str]] = [
    (
        "a symbol less",
        record(field("e", enumeration("A", "B"))),
        record(field("e", enumeration("A"))),
        {"e": "A"},
        {"e": "B"},
        ".e: the writer has the symbol B, a.E has neither it nor a default symbol here",
    ),
    ("out of a union", ["null", "int"], "int", 1, None, "the writer has null, the reader has int"),
    (
        "a branch less",
        {"type": "array", "items": ["int", "string"]},
        {"type": "array", "items": ["int"]},
        [1],
        [1, "x"],
        "[1]: the writer has string, the reader has union { int }",
    ),
    (
        "a branch that is broken",
        ["string", record(field("b", "string"))],
        ["string", record(field("b", "int"))],
        "x",
        {"b": "x"},
        ".b: the writer has string, the reader has int",
    ),
    (
        "a branch that lacks a field",
        [OTHERS, record(field("a", "int"))],
        [OTHERS, record(field("b", "int"))],
        {"b": 1},
        {"a": 1},
        "the writer has no field b, and the reader no default for it",
    ),
    (
        "a branch in another unit",
        ["string", {"type": "long", "logicalType": "timestamp-millis"}],
        ["string", {"type": "long", "logicalType": "timestamp-micros"}],
        "x",
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        "a timestamp-millis is read as a timestamp-micros",
    ),
]


@pytest.mark.parametrize(
    ("writer", "reader", "good", "bad", "problem"), [pytest.param(*row[1:], id=row[0]) for row in PER_VALUE]
)
def test_what_only_some_values_have_fails_with_them(
    writer: Json, reader: Json, good: Any, bad: Any, problem: str
) -> None:
    assert resolve(writer, reader, good) == good
    with pytest.raises(UnreadableValue) as caught:
        resolve(writer, reader, bad)
    assert str(caught.value) == problem
    assert isinstance(caught.value, ContractMismatch)


def test_a_field_with_its_own_name_wins_over_an_alias() -> None:
    writer = record(field("a", "int"), field("b", "int"))
    reader = record(field("b", "int", aliases=["a"]))
    assert resolve(writer, reader, {"a": 1, "b": 2}) == {"b": 2}
    both = record(field("a", "int"), field("b", "int", aliases=["a"], default=9))
    assert resolve(record(field("a", "int")), both, {"a": 1}) == {"a": 1, "b": 9}


def test_a_type_goes_to_the_branch_that_has_its_full_name_as_an_alias() -> None:
    writer = record(field("value", "int"), name="a.Old")
    other = record(field("value", "int"), field("other", "int", default=1), name="b.Old")
    new = record(field("renamed", "int", aliases=["value"]), name="a.New", aliases=["Old"])
    assert resolve(writer, [other, new], {"value": 5}) == {"renamed": 5}
    assert resolve(["null", writer], [other, new, "null"], {"value": 5}) == {"renamed": 5}
    assert resolve([writer], new, {"value": 5}) == {"renamed": 5}
    outer: Json = {"type": "array", "items": record(field("inner", writer), name="a.Outer")}
    renamed = record(field("moved", [other, new], aliases=["inner"]), name="a.Outer")
    reader: Json = {"type": "array", "items": renamed}
    assert resolve(outer, reader, [{"inner": {"value": 5}}]) == [{"moved": {"renamed": 5}}]


def test_defaults_are_made_anew_for_each_value() -> None:
    writer = {"type": "array", "items": record()}
    reader: Json = {"type": "array", "items": record(field("b", INTS, default=[]))}
    first, second = resolve(writer, reader, [{}, {}])
    assert first == second
    assert first["b"] is not second["b"]


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """The reader's own class, with an attribute that is named otherwise."""

    class_: str
    more: list[int]


class Colour(enum.Enum):
    """The reader's own enum."""

    RED = "RED"
    GREY = "GREY"


def test_the_readers_classes_are_made() -> None:
    writer = record(field("gone", "int"), field("class", "string"))
    reader = record(field("class", "string"), field("more", INTS, default=[1]))
    made = resolve(writer, reader, {"gone": 1, "class": "c"}, {"a.R": Reader})
    assert made == Reader(class_="c", more=[1])
    grey = enumeration("RED", "GREY", default="GREY")
    assert resolve(enumeration("GREEN", "RED"), grey, "GREEN", {"a.E": Colour}) is Colour.GREY
    assert resolve(enumeration("GREEN", "RED"), grey, "RED", {"a.E": Colour}) is Colour.RED


def test_an_unknown_error_keeps_its_path_through_a_skipped_field() -> None:
    writer = parse_schema(compact(record(field("gone", "string"))))
    decode = compile_decoder(writer, parse_schema(compact(record())), {})
    with pytest.raises(DecodeError) as caught:
        decode(Cursor(b"\x02\xff"))
    assert caught.value.path == ".gone"


def fields(*items: Json) -> list[Field]:
    parsed = parse_schema(compact(record(*items)))
    assert isinstance(parsed, Record)
    return parsed.fields


def test_parameters_resolve_like_fields_and_come_in_the_readers_order() -> None:
    decode = compile_fields(
        fields(field("b", "int"), field("gone", "int")),
        fields(field("a", "int", default=1), field("b", "long")),
        {},
        "request of m",
    )
    assert decode(Cursor(b"\x04\x06")) == [1, 2]


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(ContractMismatch, match=r"^a: the writer's request of m has no such field"):
        compile_fields(fields(), fields(field("a", "int")), {}, "request of m")
