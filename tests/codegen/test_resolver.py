from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Array, Enum, Fixed, Primitive, Record, Union, describe, schema_to_json
from support.contracts import named, resolved


def problems(folder: Path, text: str) -> list[str]:
    _, diagnostics = resolved(folder, {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})
    return [f"{item.rule.value} {item.message}" for item in diagnostics.items]


def record(folder: Path, text: str) -> Record:
    found = named(folder, text, "R")
    assert isinstance(found, Record)
    return found


def test_references_may_look_ahead_and_be_recursive(tmp_path: Path) -> None:
    found = record(
        tmp_path, "record R { Later later; R? self; map<array<R>> many; } record Later { R? back; }"
    )
    later = found.fields[0].type
    assert isinstance(later, Record)
    assert later.fields[0].type.branches[1] is found  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("type_", "json"),
    [
        ("date", {"type": "int", "logicalType": "date"}),
        ("time_ms", {"type": "int", "logicalType": "time-millis"}),
        ("timestamp_ms", {"type": "long", "logicalType": "timestamp-millis"}),
        ("local_timestamp_ms", {"type": "long", "logicalType": "local-timestamp-millis"}),
        ("uuid", {"type": "string", "logicalType": "uuid"}),
        ("decimal(5)", {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 0}),
        ("decimal(0x5, 02)", {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}),
        ("int?", ["null", "int"]),
        ("array<string?>", {"type": "array", "items": ["null", "string"]}),
        ('@x("y") int?', ["null", {"type": "int", "x": "y"}]),
        ("map<union { null, bytes }>", {"type": "map", "values": ["null", "bytes"]}),
    ],
)
def test_types(tmp_path: Path, type_: str, json: object) -> None:
    assert schema_to_json(record(tmp_path, f"record R {{ {type_} a; }}").fields[0].type) == json


@pytest.mark.parametrize(
    ("field", "order"),
    [
        ("int? a", "null, int"),
        ("int? a = null", "null, int"),
        ("int? a = 1", "int, null"),
        ('string? a = ""', "string, null"),
    ],
)
def test_null_stands_where_the_default_wants_it(tmp_path: Path, field: str, order: str) -> None:
    assert describe(record(tmp_path, f"record R {{ {field}; }}").fields[0].type) == f"union {{ {order} }}"


def test_each_variable_of_a_declaration_has_its_own_null(tmp_path: Path) -> None:
    fields = record(tmp_path, "record R { int? a, b = 1, c = null; }").fields
    assert [describe(field.type) for field in fields] == [
        "union { null, int }",
        "union { int, null }",
        "union { null, int }",
    ]


def test_enums_and_fixed(tmp_path: Path) -> None:
    enum = named(tmp_path, "/** E. */ enum E { /** A. */ A, B } = B;", "E")
    assert isinstance(enum, Enum)
    assert (enum.symbols, enum.default, enum.doc) == (["A", "B"], "B", "E.")
    fixed = named(tmp_path, "fixed F(0x10);", "F")
    assert isinstance(fixed, Fixed)
    assert fixed.size == 16


def test_docs_of_symbols_are_kept_beside_the_model(tmp_path: Path) -> None:
    contracts, _ = resolved(tmp_path, {"a.avdl": "namespace n; enum E { /** A. */ A, B }"})
    assert contracts.types["n.E"].symbol_docs == {"A": "A."}


def test_messages(tmp_path: Path) -> None:
    text = """@namespace("n") protocol P {
        error E {}
        /** Go. */ @t("1s") array<int> go(/** A. */ int a = 1) throws E;
        void tell() oneway;
    }"""
    contracts, diagnostics = resolved(tmp_path, {"p.avdl": text})
    assert not diagnostics.items
    go, tell = contracts.protocols["n.P"].protocol.messages.values()
    assert (go.doc, go.props, go.one_way) == ("Go.", {"t": "1s"}, False)
    assert (go.request[0].doc, go.request[0].default) == ("A.", 1)
    assert isinstance(go.response, Array)
    assert go.errors == [contracts.types["n.E"].named]
    assert tell.one_way
    assert isinstance(tell.response, Primitive)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("record R { Missing a; }", "AVR203 there is no type `n.Missing`"),
        ("record R { void a; }", "AVR212 `void` stands only for the result of a message"),
        ("int go() oneway;", "AVR208 a one-way message has no result"),
        ("record R {} void go() throws R;", "AVR209 `R` is no error, and only errors can be thrown"),
        ("void go() throws Missing;", "AVR203 there is no type `n.Missing`"),
        ("void go() throws string;", "AVR203 there is no type `n.string`"),
        ("record R { union { int, union { string } } a; }", "AVR206 a union may not contain a union"),
        ("record R { union { int, string? } a; }", "AVR206 a union may not contain a union"),
        ("record R { union { int, date } a; }", "AVR206 a union may not have two branches of type int"),
        ("record R { null? a; }", "AVR206 a union may not have two branches of type null"),
        ("fixed F(-1);", "AVR211 the size of a fixed is from 0 to 2147483647, not -1"),
        ("record R { decimal(2, 3) a; }", "AVR211 the scale of a decimal is from 0 to 2, not 3"),
        (
            '@logicalType("decimal") @precision(10) fixed F(4);',
            "AVR211 a fixed of 4 bytes holds decimals of up to 9 digits, not 10",
        ),
        ("enum E { A } = B;", "AVR207 `B` is no symbol of this enum"),
        ("record R { int a = 1.5; }", "AVR207 this default does not fit: 1.5 is no value of type int"),
        ('record R { int a = "x"; }', 'AVR207 this default does not fit: "x" is no value of type int'),
        (
            "record R { R a = {}; }",
            "AVR207 this default does not fit: it contains itself without end",
        ),
        ("void go(string a = null);", "AVR207 this default does not fit: null is no value of type string"),
    ],
)
def test_what_is_wrong_is_said_once(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


@pytest.mark.parametrize(
    "text",
    [
        'record R { double a = 1; float b = "NaN"; double c = -Infinity; long d = 1L; }',
        "record R { union { null, int } a = 5; union { int, null } b = null; R? c = null; }",
        'fixed F(2); record R { bytes a = "\\u00ff"; F b = "\\u0000a"; }',
        'enum E { A } record R { E a = "A"; array<E> b = ["A"]; map<E> c = {"x": "A"}; } void go(R r = {});',
        'record R { int x; int y = 1; } record S { R r = {"x": 1}; array<R> rs = [{"x": 1, "y": 2}]; }',
    ],
)
def test_defaults_that_fit(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == []


def test_a_close_name_is_suggested(tmp_path: Path) -> None:
    files = {
        "a.avdl": 'namespace a; import idl "b.avdl"; record R { Tokeniser x; strng y; Other z; }',
        "b.avdl": "namespace b; record Tokenizer {} record Other {}",
    }
    _, diagnostics = resolved(tmp_path, files, "a.avdl")
    assert [item.help for item in diagnostics.items] == [
        "did you mean `b.Tokenizer`?",
        "did you mean `string`?",
        "did you mean `b.Other`?",
    ]


def test_a_file_sees_what_it_imports_and_no_more(tmp_path: Path) -> None:
    files = {
        "a.avdl": "namespace n; record A { B b; }",
        "b.avdl": 'namespace n; import idl "a.avdl"; record B { A? a; }',
    }
    _, diagnostics = resolved(tmp_path, files)
    (finding,) = diagnostics.items
    assert finding.message.startswith("`n.B` is declared in ")
    _, diagnostics = resolved(tmp_path, files, "b.avdl")
    assert not diagnostics.items, "what one root imports is one namespace, as in Java"


def test_what_could_not_be_read_is_not_missed(tmp_path: Path) -> None:
    files = {"a.avdl": 'namespace n; import idl "nowhere.avdl"; record A { B b; C c; }'}
    _, diagnostics = resolved(tmp_path, files)
    assert [item.rule.value for item in diagnostics.items] == ["AVR201"]
    _, diagnostics = resolved(
        tmp_path, {"a.avdl": "namespace n; record A { B b; }\nrecord B { int; }\nrecord C { in }"}
    )
    assert [item.rule.value for item in diagnostics.items] == ["AVR107"] * 2


def test_json_files_may_repeat_a_type_but_not_change_it(tmp_path: Path) -> None:
    same = '{"type": "record", "name": "n.R", "fields": [{"name": "a", "type": "int"}]}'
    files = {"a.avdl": "namespace n; record R { int a; }", "b.avsc": same, "c.avsc": same}
    assert not resolved(tmp_path, files)[1].items
    files["d.avsc"] = same.replace("int", "long")
    (finding,) = resolved(tmp_path, files)[1].items
    assert finding.rule.value == "AVR204"
    assert finding.file.endswith("d.avsc")


def test_unions_keep_their_order(tmp_path: Path) -> None:
    union = record(tmp_path, "record R { union { string, null, R, array<int> } a; }").fields[0].type
    assert isinstance(union, Union)
    assert describe(union) == "union { string, null, n.R, array<int> }"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('@aliases(["A", "n.A"]) record R {}', ["the alias `n.A` is given twice"]),
        ('@aliases(["A"]) record R {} @aliases(["n.A"]) enum E { X }', ["two types have the alias `n.A`"]),
        ('@aliases(["E"]) record R {} enum E { X }', ["the alias `n.E` is the name of another type"]),
        ('@aliases(["R"]) record R {}', ["the alias `n.R` is the name of the type itself"]),
        ('@aliases(["x-y"]) record R {}', ["`x-y` is not a name"]),
        ('record R { int @aliases(["b", "b"]) a; }', ["the alias `b` is given twice"]),
        ('record R { int @aliases(["c"]) a, @aliases(["c"]) b; }', ["the alias `c` is given twice"]),
        ('record R { int @aliases(["b"]) a; int b; }', ["the alias `b` is the name of a field"]),
        ('record R { int @aliases(["a"]) a; }', ["the alias `a` is the name of a field"]),
        ('void go(int @aliases(["b"]) a, int b);', ["the alias `b` is the name of a parameter"]),
        ('@aliases(["A", "x.A"]) record R { int @aliases(["b-c", "d"]) a; }', []),
    ],
)
def test_an_alias_leads_to_one_thing(tmp_path: Path, text: str, found: list[str]) -> None:
    assert [problem.partition(" ")[2] for problem in problems(tmp_path, text)] == found


def test_files_that_repeat_a_type_repeat_its_aliases(tmp_path: Path) -> None:
    same = '{"type": "fixed", "name": "n.F", "size": 1, "aliases": ["G"]}'
    _, diagnostics = resolved(tmp_path, {"a.avsc": same, "b.avsc": same})
    assert not diagnostics.items


def test_annotations_of_a_union_are_lost_and_a_warning_says_so(tmp_path: Path) -> None:
    text = '@namespace("n") protocol P { record R { @x(1) union { null, int } a; @x(1) int? b; } }'
    contracts, diagnostics = resolved(tmp_path, {"p.avdl": text})
    assert [item.severity.value for item in diagnostics.items] == ["warning"]
    assert describe(contracts.types["n.R"].named.fields[0].type) == "union { null, int }"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("declaration", "props"),
    [
        (
            '@logicalType("decimal") @precision(4) bytes',
            {"logicalType": "decimal", "precision": 4, "scale": 0},
        ),
        (
            '@precision(4) @scale(2) @logicalType("decimal") bytes',
            {"precision": 4, "scale": 2, "logicalType": "decimal"},
        ),
        ('@logicalType("money") @precision(4) bytes', {"logicalType": "money", "precision": 4}),
    ],
)
def test_a_decimal_always_has_a_scale(tmp_path: Path, declaration: str, props: dict[str, object]) -> None:
    field = record(tmp_path, f"record R {{ {declaration} a; }}").fields[0]
    assert list(field.type.props.items()) == list(props.items())
