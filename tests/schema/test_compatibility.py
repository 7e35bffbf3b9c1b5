"""What a reader can make of what a writer wrote; Avro's own checker is asked the same, and our codec."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import avro.compatibility
import avro.schema
import pytest
from avrorpc.codec.decode import compile_decoder
from avrorpc.errors import ContractMismatch
from avrorpc.schema import (
    Extent,
    Json,
    Kind,
    Primitive,
    Record,
    can_read,
    compact,
    incompatibilities,
    parse_protocol,
    parse_schema,
    request_record,
)
from hypothesis import given, settings
from support.avro_strategies import schemas
from support.versions import as_records, versions

NEVER, SOME, MEANING = Extent.NEVER, Extent.SOME, Extent.MEANING


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


def array(items: Json) -> Json:
    return {"type": "array", "items": items}


def mapping(values: Json) -> Json:
    return {"type": "map", "values": values}


def logical(base: str, name: str, **more: Json) -> Json:
    return {"type": base, "logicalType": name, **more}


def decimal(precision: int, scale: int) -> Json:
    return logical("bytes", "decimal", precision=precision, scale=scale)


Found = tuple[Kind, Extent, str, str]


def compared(writer: Json, reader: Json) -> list[Found]:
    found = incompatibilities(parse_schema(compact(writer)), parse_schema(compact(reader)))
    return [(item.kind, item.extent, item.writer.path, item.reader.path) for item in found]


TREE = record(field("value", "int"), field("next", ["null", "a.R"]))
TEXT_TREE = record(field("value", "string"), field("next", ["null", "a.R"]))

FINE: list[tuple[str, Json, Json]] = [
    ("the same", TREE, TREE),
    ("int to long", "int", "long"),
    ("int to float", "int", "float"),
    ("long to double", "long", "double"),
    ("string to bytes", "string", "bytes"),
    ("another namespace", record(name="a.R"), record(name="b.R")),
    ("an alias", record(name="a.Old"), record(name="a.New", aliases=["Old"])),
    ("an alias with a namespace", record(name="b.Old"), record(name="a.New", aliases=["b.Old"])),
    ("a field by its alias", record(field("old", "int")), record(field("new", "int", aliases=["old"]))),
    (
        "an alias beside a type of that last name",
        record(field("value", "int"), name="a.Old"),
        [
            record(field("value", "string"), name="b.Old"),
            record(field("value", "int"), name="a.New", aliases=["Old"]),
        ],
    ),
    ("a field more, with a default", record(), record(field("b", "int", default=1))),
    ("a field less", record(field("b", "int")), record()),
    (
        "fields in another order",
        record(field("a", "int"), field("b", "int")),
        record(field("b", "int"), field("a", "int")),
    ),
    ("a symbol more", enumeration("A"), enumeration("A", "B")),
    ("a symbol less, with a default", enumeration("A", "B"), enumeration("A", default="A")),
    ("symbols in another order", enumeration("A", "B"), enumeration("B", "A")),
    ("into a union", "int", ["null", "long"]),
    ("out of a union of one", ["int"], "long"),
    ("a wider union", ["null", "int"], ["string", "long", "null"]),
    ("an error for a record", record(), record(type="error")),
    ("a number becomes a moment", "long", logical("long", "timestamp-millis")),
    ("a decimal of more digits", decimal(5, 2), decimal(9, 2)),
    ("a logical type that does not fit is none", "string", logical("string", "date")),
    ("a decimal without precision is none", "bytes", logical("bytes", "decimal")),
    ("a fixed UUID", fixed(16, logicalType="uuid"), fixed(16, logicalType="uuid")),
    (
        "the same default, as another number",
        record(field("a", "double", default=1)),
        record(field("a", "double", default=1.0)),
    ),
]

FAILS: list[tuple[str, Json, Json, list[Found]]] = [
    ("long to int", "long", "int", [(Kind.TYPE, NEVER, "", "")]),
    ("in an array", array("string"), array("int"), [(Kind.TYPE, SOME, "[]", "[]")]),
    ("in a map", mapping("string"), mapping("int"), [(Kind.TYPE, SOME, "{}", "{}")]),
    ("another kind", enumeration("A", name="a.R"), record(), [(Kind.TYPE, NEVER, "", "")]),
    ("another name", record(name="a.X"), record(name="a.Y"), [(Kind.NAME, NEVER, "", "")]),
    ("another size", fixed(2), fixed(3), [(Kind.SIZE, NEVER, "", "")]),
    ("a field more", record(), record(field("b", "int")), [(Kind.FIELD, NEVER, "", "b")]),
    (
        "two fields more",
        record(),
        record(field("b", "int"), field("c", "int")),
        [(Kind.FIELD, NEVER, "", "b"), (Kind.FIELD, NEVER, "", "c")],
    ),
    (
        "a renamed field without an alias",
        record(field("old", "int")),
        record(field("new", "int")),
        [(Kind.FIELD, NEVER, "", "new")],
    ),
    (
        "a field by its alias, of another type",
        record(field("old", "string")),
        record(field("new", "int", aliases=["old"])),
        [(Kind.TYPE, NEVER, "old", "new")],
    ),
    ("one symbol less", enumeration("A", "B"), enumeration("A"), [(Kind.SYMBOL, SOME, "", "")]),
    (
        "all symbols others",
        enumeration("A", "B"),
        enumeration("C"),
        [(Kind.SYMBOL, NEVER, "", ""), (Kind.SYMBOL, NEVER, "", "")],
    ),
    ("into a union without it", "string", ["null", "int"], [(Kind.BRANCH, NEVER, "", "")]),
    ("out of a union", ["null", "int"], "int", [(Kind.BRANCH, SOME, "", "")]),
    (
        "a union of others",
        ["null", "int"],
        ["string", array("int")],
        [(Kind.BRANCH, NEVER, "", ""), (Kind.BRANCH, NEVER, "", "")],
    ),
    ("out of a union of one", ["string"], "int", [(Kind.BRANCH, NEVER, "", "")]),
    (
        "a branch whose inside differs",
        ["null", array("string")],
        ["null", array("int")],
        [(Kind.TYPE, SOME, "[]", "[]")],
    ),
    ("into nothing", "int", [], [(Kind.BRANCH, NEVER, "", "")]),
    ("a recursive record", TREE, TEXT_TREE, [(Kind.TYPE, NEVER, "value", "value")]),
    (
        "the worst comes first",
        record(field("few", array(TREE)), field("each", "a.R"), name="a.S"),
        record(field("few", array(TEXT_TREE)), field("each", "a.R"), name="a.S"),
        [(Kind.TYPE, NEVER, "each.value", "each.value")],
    ),
    (
        "one type for two fields",
        record(field("a", "int"), field("b", array("int"))),
        record(field("a", "string"), field("b", array("string"))),
        [(Kind.TYPE, NEVER, "a", "a"), (Kind.TYPE, SOME, "b[]", "b[]")],
    ),
    ("bytes as text", "bytes", "string", [(Kind.TEXT, SOME, "", "")]),
    ("text as a UUID", "string", logical("string", "uuid"), [(Kind.LOGICAL, SOME, "", "")]),
    ("a number as a time", "int", logical("int", "time-millis"), [(Kind.LOGICAL, SOME, "", "")]),
    ("fewer digits", decimal(9, 2), decimal(5, 2), [(Kind.LOGICAL, SOME, "", "")]),
    ("bytes as a decimal", "bytes", decimal(5, 2), [(Kind.LOGICAL, SOME, "", "")]),
    ("another scale", decimal(5, 2), decimal(5, 3), [(Kind.LOGICAL, MEANING, "", "")]),
    (
        "another unit",
        logical("long", "timestamp-millis"),
        logical("long", "timestamp-micros"),
        [(Kind.LOGICAL, MEANING, "", "")],
    ),
    (
        "another unit by promotion",
        logical("int", "date"),
        logical("long", "timestamp-millis"),
        [(Kind.LOGICAL, MEANING, "", "")],
    ),
    (
        "local time",
        logical("long", "timestamp-millis"),
        logical("long", "local-timestamp-millis"),
        [(Kind.LOGICAL, MEANING, "", "")],
    ),
    (
        "types of somebody's own",
        logical("long", "euro"),
        logical("long", "dollar"),
        [(Kind.LOGICAL, MEANING, "", "")],
    ),
    (
        "another default",
        record(field("a", "int", default=1)),
        record(field("a", "int", default=2)),
        [(Kind.DEFAULT, MEANING, "a", "a")],
    ),
    (
        "true is not one",
        record(field("a", ["int", "boolean"], default=1)),
        record(field("a", ["boolean", "int"], default=True)),
        [(Kind.DEFAULT, MEANING, "a", "a")],
    ),
]
BOTH = [*FINE, *((name, writer, reader) for name, writer, reader, _ in FAILS)]


@pytest.mark.parametrize(("writer", "reader"), [pytest.param(*row[1:], id=row[0]) for row in FINE])
def test_nothing_stands_in_the_way(writer: Json, reader: Json) -> None:
    assert compared(writer, reader) == []
    assert can_read(parse_schema(compact(writer)), parse_schema(compact(reader)))


@pytest.mark.parametrize(
    ("writer", "reader", "expected"), [pytest.param(*row[1:], id=row[0]) for row in FAILS]
)
def test_all_that_stands_in_the_way_is_found(writer: Json, reader: Json, expected: list[Found]) -> None:
    assert compared(writer, reader) == expected
    readable = all(extent is MEANING for _, extent, _, _ in expected)
    assert can_read(parse_schema(compact(writer)), parse_schema(compact(reader))) is readable


@pytest.mark.parametrize(("writer", "reader"), [pytest.param(*row[1:], id=row[0]) for row in BOTH])
def test_the_codec_refuses_what_is_predicted_and_nothing_else(writer: Json, reader: Json) -> None:
    wrote, reads = parse_schema(compact(writer)), parse_schema(compact(reader))
    if any(item.is_final for item in incompatibilities(wrote, reads)):
        with pytest.raises(ContractMismatch):
            compile_decoder(wrote, reads, {})
    else:
        compile_decoder(wrote, reads, {})


def test_a_place_names_the_record_and_the_field_around_it() -> None:
    inner: Json = record(field("deep", array("string")), name="a.I")
    other: Json = record(field("deep", array("int")), name="a.I")
    wrote, reads = record(field("a", ["null", inner])), record(field("b", ["null", other], aliases=["a"]))
    (found,) = incompatibilities(parse_schema(compact(wrote)), parse_schema(compact(reads)))
    assert (found.writer.path, found.reader.path) == ("a.deep[]", "b.deep[]")
    assert isinstance(found.writer.record, Record)
    assert (found.writer.record.name, found.writer.field) == ("a.I", "deep")
    assert isinstance(found.writer.schema, Primitive)
    assert isinstance(found.reader.schema, Primitive)
    assert (found.writer.schema.name, found.reader.schema.name) == ("string", "int")
    assert found.message == "string is not int"


def test_parameters_are_compared_like_the_fields_of_a_record() -> None:
    def message(*parameters: Json) -> Record:
        protocol: Json = {
            "protocol": "P",
            "messages": {"m": {"request": list(parameters), "response": "null"}},
        }
        return request_record(parse_protocol(compact(protocol)).messages["m"])

    old, new = message(field("a", "int")), message(field("a", "long"), field("b", "int"))
    assert [item.message for item in incompatibilities(old, new)] == [
        "the parameter b is not written, and has no default"
    ]
    assert [item.message for item in incompatibilities(new, old)] == ["long is not int"]


def test_a_chain_of_thousands_of_records_is_compared_and_its_path_is_cut() -> None:
    def chain(last: Json) -> Record:
        records = [Record(f"R{number}") for number in range(5000)]
        for record, following in pairwise(records):
            record.fields.extend(tail("next", following))
        records[-1].fields.extend(tail("last", parse_schema(compact(last))))
        return records[0]

    def tail(name: str, schema: Any) -> list[Any]:
        (made,) = request_fields(name)
        made.type = schema
        return [made]

    def request_fields(name: str) -> list[Any]:
        parsed = parse_schema(compact(record(field(name, "null"))))
        assert isinstance(parsed, Record)
        return parsed.fields

    (found,) = incompatibilities(chain("string"), chain("int"))
    assert found.writer.path.startswith("next.next.")
    assert found.writer.path.endswith(".next.last")
    assert len(found.writer.path) < 200


def test_a_wide_recursive_schema_is_compared_once_for_each_pair() -> None:
    names = [f"a.R{number}" for number in range(60)]

    def web(base: str) -> Json:
        fields = [field(f"f{index}", ["null", name]) for index, name in enumerate(names)]
        first = record(
            *[field(f"f{i}", ["null", record(name=n)]) for i, n in enumerate(names[1:])], name=names[0]
        )
        return record(
            field("first", first), field("all", ["null", *names]), field("x", base), *fields[:1], name="a.W"
        )

    assert compared(web("int"), web("string")) == [(Kind.TYPE, NEVER, "x", "x")]


# Avro's own checker, as a second opinion.

DIFFERENCES: list[tuple[str, Json, Json, bool, str]] = [
    (
        "an alias without a namespace",
        record(name="a.Old"),
        record(name="a.New", aliases=["Old"]),
        True,
        "an alias is relative to the namespace of the type that has it; avro compares it with the full name",
    ),
    (
        "bytes as text",
        "bytes",
        "string",
        False,
        "the types are promoted, and yet bytes such as FF are no text: every reader fails on them",
    ),
    (
        "a branch of the same name that does not fit",
        record(field("x", "int"), name="a.R"),
        [record(field("x", "string"), name="b.R"), record(field("x", "int"), name="c.R")],
        False,
        "the specification takes the first branch that matches by name; avro tries all of them",
    ),
    (
        "a field of an enum with a default of its own",
        record(),
        record(field("e", enumeration("A", default="A"))),
        False,
        "the default of an enum stands for unknown symbols, not for missing fields; avro is right by chance",
    ),
    (
        "text as a UUID",
        "string",
        logical("string", "uuid"),
        False,
        "avro looks at no logical type",
    ),
    ("fewer digits", decimal(9, 2), decimal(5, 2), False, "avro looks at no logical type"),
    ("bytes as a decimal", "bytes", decimal(5, 2), False, "avro looks at no logical type"),
    ("a number as a time", "int", logical("int", "time-millis"), False, "avro looks at no logical type"),
]
"""Rows where the two differ, or might: name, writer, reader, our answer, and why it is right."""
AGREES = {"a field of an enum with a default of its own"}


def avros(writer: Json, reader: Json) -> bool:
    checker: Any = avro.compatibility.ReaderWriterCompatibilityChecker()  # type: ignore[no-untyped-call]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of logical types that it does not know.
        wrote, reads = avro.schema.parse(compact(writer)), avro.schema.parse(compact(reader))
    result = checker.get_compatibility(reads, wrote)
    return bool(result.compatibility is avro.compatibility.SchemaCompatibilityType.compatible)


@pytest.mark.parametrize(
    ("name", "writer", "reader", "ours"), [pytest.param(*row[:4], id=row[0]) for row in DIFFERENCES]
)
def test_where_the_avro_package_differs_it_is_on_purpose(
    name: str, writer: Json, reader: Json, ours: bool
) -> None:
    assert can_read(parse_schema(compact(writer)), parse_schema(compact(reader))) is ours
    assert (avros(writer, reader) is ours) is (name in AGREES)


NAMES_THAT_DIFFER = {row[0] for row in DIFFERENCES}


@pytest.mark.parametrize(("name", "writer", "reader"), [pytest.param(*row, id=row[0]) for row in BOTH])
def test_the_avro_package_agrees_elsewhere(name: str, writer: Json, reader: Json) -> None:
    if name in NAMES_THAT_DIFFER | {
        "an alias",
        "an alias beside a type of that last name",
        "an error for a record",
        "into nothing",
        "types of somebody's own",
    }:
        return  # explained above, or not a schema to that package
    ours = can_read(parse_schema(compact(writer)), parse_schema(compact(reader)))
    assert avros(writer, reader) is ours


@settings(max_examples=400, deadline=None)
@given(versions())
def test_the_avro_package_agrees_on_any_change(pair: tuple[Any, Any]) -> None:
    for writer, reader in (pair, pair[::-1]):
        found = incompatibilities(parse_schema(compact(writer)), parse_schema(compact(reader)))
        if any(item.kind is Kind.TEXT for item in found):
            continue  # explained above
        ours = all(item.extent is MEANING for item in found)
        assert avros(as_records(writer), as_records(reader)) is ours


@settings(max_examples=300, deadline=None)
@given(schemas(), schemas())
def test_the_codec_agrees_on_any_two_schemas(writer: Any, reader: Any) -> None:
    wrote, reads = parse_schema(compact(writer)), parse_schema(compact(reader))
    is_final = any(item.is_final for item in incompatibilities(wrote, reads))
    try:
        compile_decoder(wrote, reads, {})
    except ContractMismatch:
        assert is_final
    else:
        assert not is_final


@settings(max_examples=100, deadline=None)
@given(schemas())
def test_every_schema_reads_what_it_wrote(schema: Any) -> None:
    assert incompatibilities(parse_schema(compact(schema)), parse_schema(compact(schema))) == []
