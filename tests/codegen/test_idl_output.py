"""Models as Avro IDL: what is printed compiles to the same model, and what gets lost is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc.schema import (
    NO_DEFAULT,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Message,
    NoDefault,
    Primitive,
    Protocol,
    Record,
    Schema,
    Union,
    parse_protocol,
    parse_schema,
    protocol_to_json,
    schema_to_json,
)
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.formatting import format_source
from avrorpc_codegen.idl_output import as_idl
from avrorpc_codegen.json_output import as_text, compiled
from avrorpc_codegen.reading import read_contracts
from avrorpc_codegen.source import Source
from hypothesis import HealthCheck, given, reject, settings
from support import models

RICH = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def printed(contract: Protocol | Schema) -> str:
    diagnostics = Diagnostics()
    text = as_idl(contract, "a.avpr", diagnostics)
    assert not diagnostics.items, diagnostics.render()
    assert text is not None
    return text


def compiled_again(folder: Path, text: str) -> Json:
    (folder / "a.avdl").write_text(text, newline="")
    diagnostics = Diagnostics()
    read = read_contracts([folder / "a.avdl"], [], diagnostics)
    # A default means the first branch that it fits, even one that contains itself by its own defaults; models
    # are made without a thought for that.
    if any("contains itself without end" in item.message for item in diagnostics.items):
        reject()
    assert not diagnostics.items, f"{diagnostics.render()}\n{text}"
    return compiled(read.contracts, read.roots[0])[0]


@RICH
@given(protocol=models.protocols())
def test_a_protocol_printed_and_compiled_is_the_same(tmp_path: Path, protocol: Protocol) -> None:
    text = printed(protocol)
    assert json.dumps(compiled_again(tmp_path, text)) == json.dumps(protocol_to_json(protocol)), text
    assert format_source(Source("a", text, Path("a")), Diagnostics()) == text


@RICH
@given(schema=models.schemas())
def test_a_schema_printed_and_compiled_is_the_same(tmp_path: Path, schema: Schema) -> None:
    text = printed(schema)
    assert json.dumps(compiled_again(tmp_path, text)) == json.dumps(schema_to_json(schema)), text
    assert format_source(Source("a", text, Path("a")), Diagnostics()) == text


R = Record("n.R", [Field("a", Primitive("int"))])
FAILED = Record("n.Failed", is_error=True)
E = Enum("n.E", ["A", "B"])
F = Fixed("n.F", 4)


def lost(contract: Protocol | Schema) -> tuple[list[str], str | None]:
    diagnostics = Diagnostics()
    text = as_idl(contract, "a.avpr", diagnostics)
    assert {item.rule for item in diagnostics.items} == {Rule.NOT_IN_IDL}
    assert {item.file for item in diagnostics.items} == {"a.avpr"}
    assert diagnostics.has_errors == (text is None)
    return [item.message for item in diagnostics.items], text


def message(response: Schema, *errors: Schema) -> Protocol:
    return Protocol("n.P", [R, FAILED], {"go": Message("go", [], response, [*errors])})


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (
            message(Primitive("long", {"logicalType": "x"})),
            'n.P.go: the type of a result cannot be annotated: `@logicalType("x")` is left out',
        ),
        (
            message(Array(Primitive("int", {"x": 1}), {"y": 2})),
            "n.P.go: the type of a result cannot be annotated: `@y(2)` is left out",
        ),
        (message(Primitive("int"), FAILED, R), "n.P.go: only errors can be thrown: R is left out"),
        (
            message(Primitive("int"), Array(Primitive("int"))),
            "n.P.go: only errors can be thrown: a type without a name is left out",
        ),
        (
            Union([Primitive("int"), Primitive("string")], {"x": 1}),
            "the schema: a union cannot be annotated: the property `x` is left out",
        ),
        (
            Primitive("int", {"name": "x"}),
            "the schema: an annotation `@name` means something else: the property is left out",
        ),
        (
            Primitive("int", {"a b": 1}),
            "the schema: `a b` is no name for an annotation: the property is left out",
        ),
        (
            Record("n.R", doc="a */ b"),
            "n.R: a comment ends at `*/`: in the documentation, it becomes `* /`",
        ),
        (
            Record("n.R", doc="a\r\nb "),
            "n.R: a comment keeps neither white space at its end nor carriage returns",
        ),
    ],
)
def test_what_gets_lost_is_named(contract: Protocol | Schema, expected: str, tmp_path: Path) -> None:
    messages, text = lost(contract)
    assert messages == [expected]
    assert text is not None
    compiled_again(tmp_path, text)


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (Fixed("n.date", 4), "n.date: in IDL no type can be called `date`"),
        (Array(Union([])), "the schema: in IDL a union has at least one branch"),
        (
            Record("n.R", [Field("a", Fixed("F", 4))]),
            "n.R.a: `F` has no namespace, and IDL cannot name it from inside `n`",
        ),
    ],
)
def test_what_cannot_be_printed_is_an_error(contract: Schema, expected: str) -> None:
    assert lost(contract) == ([expected], None)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Primitive("int", {"logicalType": "date"}), "schema date;"),
        (Primitive("int", {"logicalType": "date", "x": 1}), "schema @x(1) date;"),
        (Primitive("int", {"x": 1, "logicalType": "date"}), 'schema @x(1) @logicalType("date") int;'),
        (Primitive("long", {"logicalType": "date"}), 'schema @logicalType("date") long;'),
        (
            Primitive("bytes", {"logicalType": "decimal", "precision": 4, "scale": 2}),
            "schema decimal(4, 2);",
        ),
        (
            Primitive("bytes", {"logicalType": "decimal", "precision": 4}),
            'schema @logicalType("decimal") @precision(4) bytes;',
        ),
        (Union([Primitive("null"), Primitive("int", {"x": 1})]), "schema @x(1) int?;"),
        (Union([Primitive("int"), Primitive("null")]), "schema union { int, null };"),
        (Union([Primitive("null", {"x": 1}), Primitive("int")]), "schema union { @x(1) null, int };"),
        (Union([Primitive("null"), Array(Primitive("int"))]), "schema union { null, array<int> };"),
        (E, "namespace n;\n\nschema E;\n\nenum E { A, B }"),
        (Union([E, F]), "namespace n;\n\nenum E { A, B }\n\nfixed F(4);"),
        (
            Union([F, Array(E)]),
            "namespace n;\n\nschema union { F, array<E> };\n\nfixed F(4);\n\nenum E { A, B }",
        ),
        (Union([]), ""),
        (Fixed("record", 1), "schema `record`;\n\nfixed `record`(1);"),
        (
            Fixed("n.F", 1, props={"x-y": "x", "record": None, "a.NaN": [float("inf"), True]}),
            'namespace n;\n\nschema F;\n\n@x-y("x")\n@`record`(null)\n@a.NaN([Infinity, true])\nfixed F(1);',
        ),
        (
            Fixed("n.F", 1, props={"x": 'a"\\\n\u2028\U000e0001é'}),
            'namespace n;\n\nschema F;\n\n@x("a\\"\\\\\\n\\u2028\\udb40\\udc01é")\nfixed F(1);',
        ),
    ],
    ids=range(17),
)
def test_the_words_of_idl_are_used_where_they_say_the_same(schema: Schema, expected: str) -> None:
    assert printed(schema).rstrip("\n") == expected


@pytest.mark.parametrize(
    ("default", "branches", "expected"),
    [
        (NO_DEFAULT, ["null", "int"], "int? a"),
        (None, ["null", "int"], "int? a = null"),
        (1, ["int", "null"], "int? a = 1"),
        (1, ["null", "int"], "union { null, int } a = 1"),
        (None, ["int", "null"], "union { int, null } a = null"),
        (NO_DEFAULT, ["int", "null"], "union { int, null } a"),
    ],
)
def test_null_comes_where_a_default_puts_it(
    default: Json | NoDefault, branches: list[str], expected: str, tmp_path: Path
) -> None:
    field = Field("a", Union([Primitive(name) for name in branches]), default=default)
    record = Record("n.R", [field])
    text = printed(record)
    assert f"  {expected};\n" in text
    assert compiled_again(tmp_path, text) == schema_to_json(record)


DOUBLE = Primitive("double")


@pytest.mark.parametrize(
    ("schema", "default", "expected"),
    [
        (DOUBLE, "NaN", "NaN"),
        (Primitive("float"), "-Infinity", "-Infinity"),
        (Primitive("string"), "NaN", '"NaN"'),
        (Array(DOUBLE), ["Infinity", 1.5], "[Infinity, 1.5]"),
        (Map(DOUBLE), {"NaN": "NaN"}, '{"NaN": NaN}'),
        (Union([DOUBLE, Primitive("null")]), "NaN", "NaN"),
        (Union([Primitive("string"), DOUBLE]), "NaN", '"NaN"'),
        (Record("n.S", [Field("b", DOUBLE)]), {"b": "NaN"}, '{"b": NaN}'),
    ],
)
def test_floats_that_are_not_finite_are_words(
    schema: Schema, default: Json, expected: str, tmp_path: Path
) -> None:
    record = Record("n.R", [Field("a", schema, default=default)])
    text = printed(record)
    assert f" a = {expected};\n" in text
    assert json.dumps(compiled_again(tmp_path, text)) == json.dumps(schema_to_json(record))


GOLDEN = Path(__file__).parent / "golden"
OUTPUTS = sorted([*GOLDEN.glob("*/json/**/*.avpr"), *GOLDEN.glob("*/json/**/*.avsc")])


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: str(path.relative_to(GOLDEN)))
def test_every_compiled_contract_survives_the_way_back(path: Path, tmp_path: Path) -> None:
    text = path.read_text()
    contract = parse_protocol(text) if path.suffix == ".avpr" else parse_schema(text)
    assert as_text(compiled_again(tmp_path, printed(contract))) == text
