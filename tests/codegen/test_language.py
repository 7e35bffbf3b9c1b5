"""Avro IDL from end to end: each rule of the grammar of Avro 1.12, and the JSON that comes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from avrorpc.schema import compact
from avrorpc_codegen.json_output import compiled
from support.contracts import resolved


def json_of(folder: Path, text: str, *others: tuple[str, str]) -> str:
    """Compile a file, with others beside it, and return its JSON without white space."""
    contracts, diagnostics = resolved(folder, {"a.avdl": text, **dict(others)}, "a.avdl")
    assert not diagnostics.has_errors, diagnostics.render()
    return compact(compiled(contracts, next(iter(contracts.by_unit)))[0])


def protocol_of(folder: Path, inside: str, *others: tuple[str, str]) -> str:
    """Compile a protocol in the namespace `n`, and return what its JSON has beside its name."""
    text = json_of(folder, f'@namespace("n") protocol P {{ {inside} }}', *others)
    head = '{"protocol":"P","namespace":"n",'
    assert text.startswith(head)
    return text.removeprefix(head).removesuffix("}")


FIELDS = [
    ("null a", '{"name":"a","type":"null"}'),
    ("boolean a = true", '{"name":"a","type":"boolean","default":true}'),
    ("int a = -1", '{"name":"a","type":"int","default":-1}'),
    ("int a = 0x1F", '{"name":"a","type":"int","default":31}'),
    ("int a = -0X1f", '{"name":"a","type":"int","default":-31}'),
    ("int a = 017", '{"name":"a","type":"int","default":15}'),
    ("int a = 0", '{"name":"a","type":"int","default":0}'),
    ("long a = 5L", '{"name":"a","type":"long","default":5}'),
    ("long a = 9223372036854775807l", '{"name":"a","type":"long","default":9223372036854775807}'),
    ("long a = 3", '{"name":"a","type":"long","default":3}'),
    ("float a = 1", '{"name":"a","type":"float","default":1}'),
    ("float a = 0.1f", '{"name":"a","type":"float","default":0.1}'),
    ("double a = 1.", '{"name":"a","type":"double","default":1.0}'),
    ("double a = .5", '{"name":"a","type":"double","default":0.5}'),
    ("double a = +1.5D", '{"name":"a","type":"double","default":1.5}'),
    ("double a = 1e10", '{"name":"a","type":"double","default":1.0E10}'),
    ("double a = 12d", '{"name":"a","type":"double","default":12.0}'),
    ("double a = 1.25E-7", '{"name":"a","type":"double","default":1.25E-7}'),
    ("double a = 0x1.8p1", '{"name":"a","type":"double","default":3.0}'),
    ("double a = -0x.8P+2f", '{"name":"a","type":"double","default":-2.0}'),
    ("double a = NaN", '{"name":"a","type":"double","default":"NaN"}'),
    ("float a = -Infinity", '{"name":"a","type":"float","default":"-Infinity"}'),
    ("double a = +Infinity", '{"name":"a","type":"double","default":"Infinity"}'),
    (
        r'string a = "\n\r\t\b\f\\\'\""',
        r'{"name":"a","type":"string","default":"\n\r\t\b\f\\' + r"'" + r'\""}',
    ),
    (
        r'string a = "\0\7\18\101\377\400"',
        r'{"name":"a","type":"string","default":"\u0000\u0007\u00018Aÿ 0"}',
    ),
    (r'string a = "\u0041\ud83d\ude00é"', '{"name":"a","type":"string","default":"A😀é"}'),
    (r'bytes a = "\u00ff"', '{"name":"a","type":"bytes","default":"ÿ"}'),
    ("date a", '{"name":"a","type":{"type":"int","logicalType":"date"}}'),
    ("time_ms a", '{"name":"a","type":{"type":"int","logicalType":"time-millis"}}'),
    ("timestamp_ms a", '{"name":"a","type":{"type":"long","logicalType":"timestamp-millis"}}'),
    ("local_timestamp_ms a", '{"name":"a","type":{"type":"long","logicalType":"local-timestamp-millis"}}'),
    ("uuid a", '{"name":"a","type":{"type":"string","logicalType":"uuid"}}'),
    (
        "decimal(4) a",
        '{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":0}}',
    ),
    (
        "decimal(0x10, 2)? a",
        '{"name":"a","type":["null",{"type":"bytes","logicalType":"decimal","precision":16,"scale":2}]}',
    ),
    (
        '@logicalType("timestamp-micros") long a',
        '{"name":"a","type":{"type":"long","logicalType":"timestamp-micros"}}',
    ),
    ("array<int> a = []", '{"name":"a","type":{"type":"array","items":"int"},"default":[]}'),
    (
        'map<array<long>> a = {"x": [1, 2]}',
        '{"name":"a","type":{"type":"map","values":{"type":"array","items":"long"}},"default":{"x":[1,2]}}',
    ),
    ("union { null, int } a = 1", '{"name":"a","type":["null","int"],"default":1}'),
    ("union { E } a", '{"name":"a","type":["E"]}'),
    ("int? a", '{"name":"a","type":["null","int"]}'),
    ("int? a = null", '{"name":"a","type":["null","int"],"default":null}'),
    ("int? a = 0", '{"name":"a","type":["int","null"],"default":0}'),
    ('E? a = "X"', '{"name":"a","type":["E","null"],"default":"X"}'),
    ("array<E?> a", '{"name":"a","type":{"type":"array","items":["null","E"]}}'),
    ('n.E a = "Y"', '{"name":"a","type":"E","default":"Y"}'),
    ("`n`.`E` a", '{"name":"a","type":"E"}'),
    ('@x("y") int a', '{"name":"a","type":{"type":"int","x":"y"}}'),
    ('@x("y") int? a', '{"name":"a","type":["null",{"type":"int","x":"y"}]}'),
    (
        "@x.`y`-z(1) array<@w(2) int> a",
        '{"name":"a","type":{"type":"array","items":{"type":"int","w":2},"x.y-z":1}}',
    ),
    ('int @x({"k": [null, 1.5, true], "l": {}}) a', None),
    ('int @x("y") a = 1', '{"name":"a","type":"int","default":1,"x":"y"}'),
    ('int @order("DESCENDING") a', '{"name":"a","type":"int","order":"descending"}'),
    ('int @order("ascending") a', '{"name":"a","type":"int"}'),
    ('int @order("ignore") @aliases(["b", "c"]) @x(1) a = 2', None),
    ("/** D */ int a", '{"name":"a","type":"int","doc":"D"}'),
    ("/** D */ int /** E */ a", '{"name":"a","type":"int","doc":"E"}'),
    ("int `record`", '{"name":"record","type":"int"}'),
    ("int union", '{"name":"union","type":"int"}'),
    ("int größe", '{"name":"größe","type":"int"}'),
    ("int _a1", '{"name":"_a1","type":"int"}'),
]
EXPECTED = {
    'int @x({"k": [null, 1.5, true], "l": {}}) a': (
        '{"name":"a","type":"int","x":{"k":[null,1.5,true],"l":{}}}'
    ),
    'int @order("ignore") @aliases(["b", "c"]) @x(1) a = 2': (
        '{"name":"a","type":"int","default":2,"order":"ignore","aliases":["b","c"],"x":1}'
    ),
}


@pytest.mark.parametrize(("field", "json"), FIELDS, ids=[field for field, _ in FIELDS])
def test_fields(tmp_path: Path, field: str, json: str | None) -> None:
    found = protocol_of(tmp_path, f"enum E {{ X, Y }} record R {{ {field}; }}")
    enum = '{"type":"enum","name":"E","symbols":["X","Y"]}'
    record = f'{{"type":"record","name":"R","fields":[{json or EXPECTED[field]}]}}'
    assert found == f'"types":[{enum},{record}],"messages":{{}}'


def test_variables_that_share_a_type(tmp_path: Path) -> None:
    found = protocol_of(tmp_path, "/** R */ record R { /** D */ int? a, /** E */ @x(1) b = 2, c = null; }")
    fields = (
        '{"name":"a","type":["null","int"],"doc":"D"},'
        '{"name":"b","type":["int","null"],"doc":"E","default":2,"x":1},'
        '{"name":"c","type":["null","int"],"doc":"D","default":null}'
    )
    assert found == f'"types":[{{"type":"record","name":"R","doc":"R","fields":[{fields}]}}],"messages":{{}}'


@pytest.mark.parametrize(
    ("declaration", "json"),
    [
        ("enum E {}", '{"type":"enum","name":"E","symbols":[]}'),
        (
            '/** E */ @x(1) @aliases(["D", "n.C", "m.B"]) enum E { A, /** b */ @y(2) B } = B;',
            (
                '{"type":"enum","name":"E","doc":"E","symbols":["A","B"],"default":"B","x":1,'
                '"aliases":["D","C","m.B"]}'
            ),
        ),
        ("fixed F(0x10);", '{"type":"fixed","name":"F","size":16}'),
        ('@p("q") fixed F(010);', '{"type":"fixed","name":"F","size":8,"p":"q"}'),
        ("fixed F(0);", '{"type":"fixed","name":"F","size":0}'),
        ("record R {}", '{"type":"record","name":"R","fields":[]}'),
        (
            '/** Why. */ @x({"a": null}) error R { string s; }',
            '{"type":"error","name":"R","doc":"Why.","fields":[{"name":"s","type":"string"}],"x":{"a":null}}',
        ),
        ('@namespace("m") record R {}', '{"type":"record","name":"R","namespace":"m","fields":[]}'),
        ('@namespace("") record R {}', '{"type":"record","name":"R","namespace":"","fields":[]}'),
        ("record m.k.R { R? r; }", None),
        ('@namespace("ignored") record m.R {}', '{"type":"record","name":"R","namespace":"m","fields":[]}'),
        ("record `error` { `error`? e; }", None),
        (
            '@logicalType("decimal") @precision(4) fixed F(4);',
            '{"type":"fixed","name":"F","size":4,"logicalType":"decimal","precision":4,"scale":0}',
        ),
    ],
    ids=lambda value: value,
)
def test_declarations(tmp_path: Path, declaration: str, json: str | None) -> None:
    special = {
        "record m.k.R { R? r; }": (
            '{"type":"record","name":"R","namespace":"m.k","fields":[{"name":"r","type":["null","R"]}]}'
        ),
        "record `error` { `error`? e; }": (
            '{"type":"record","name":"error","fields":[{"name":"e","type":["null","error"]}]}'
        ),
    }
    assert protocol_of(tmp_path, declaration) == f'"types":[{json or special[declaration]}],"messages":{{}}'


@pytest.mark.parametrize(
    ("message", "json"),
    [
        ("void a();", '"a":{"request":[],"response":"null"}'),
        ("null a();", '"a":{"request":[],"response":"null"}'),
        ("void a() oneway;", '"a":{"request":[],"response":"null","one-way":true}'),
        ("null a() oneway;", '"a":{"request":[],"response":"null","one-way":true}'),
        ("array<int> a();", '"a":{"request":[],"response":{"type":"array","items":"int"}}'),
        ("int? a();", '"a":{"request":[],"response":["null","int"]}'),
        ("void a() throws E, n.E2;", '"a":{"request":[],"response":"null","errors":["E","E2"]}'),
        (
            '/** D */ @x(1) @y.z("t") void a();',
            '"a":{"doc":"D","x":1,"y.z":"t","request":[],"response":"null"}',
        ),
        (
            "int a(/** P */ @t(1) long @p(2) b = 3, string /** C */ c);",
            (
                '"a":{"request":[{"name":"b","type":{"type":"long","t":1},"doc":"P","default":3,"p":2},'
                '{"name":"c","type":"string","doc":"C"}],"response":"int"}'
            ),
        ),
        ("void `void`(); void import(E error);", None),
        (
            "void a(int? b = 1);",
            '"a":{"request":[{"name":"b","type":["int","null"],"default":1}],"response":"null"}',
        ),
    ],
    ids=lambda value: value,
)
def test_messages(tmp_path: Path, message: str, json: str | None) -> None:
    errors = ",".join(f'{{"type":"error","name":"{name}","fields":[]}}' for name in ("E", "E2"))
    named = (
        '"void":{"request":[],"response":"null"},'
        '"import":{"request":[{"name":"error","type":"E"}],"response":"null"}'
    )
    found = protocol_of(tmp_path, f"error E {{}} error E2 {{}} {message}")
    assert found == f'"types":[{errors}],"messages":{{{json or named}}}'


@pytest.mark.parametrize(
    ("text", "json"),
    [
        ("protocol P { }", '{"protocol":"P","types":[],"messages":{}}'),
        ("protocol a.b.P { }", '{"protocol":"P","namespace":"a.b","types":[],"messages":{}}'),
        (
            '/** D */ @x(1) @namespace("a") protocol P { }',
            '{"protocol":"P","namespace":"a","doc":"D","x":1,"types":[],"messages":{}}',
        ),
        ("protocol P { } \x1a anything } at all", '{"protocol":"P","types":[],"messages":{}}'),
        ("\ufeffprotocol P { }", '{"protocol":"P","types":[],"messages":{}}'),
        ("protocol P { } // the end", '{"protocol":"P","types":[],"messages":{}}'),
        ("/**/ /***/ /* ** */ protocol P { /**/ }", '{"protocol":"P","doc":"","types":[],"messages":{}}'),
        ("", "[]"),
        ("namespace a.b;", "[]"),
        ("schema int;", '"int"'),
        ("namespace a; schema array<R>; record R {}", None),
        ('schema @x("y") map<bytes>;', '{"type":"map","values":"bytes","x":"y"}'),
        (
            "namespace a; record R { E e; } enum E { X }",
            (
                '[{"type":"record","name":"R","namespace":"a","fields":[{"name":"e","type":'
                '{"type":"enum","name":"E","symbols":["X"]}}]},"a.E"]'
            ),
        ),
    ],
    ids=range(13),
)
def test_files(tmp_path: Path, text: str, json: str | None) -> None:
    record = '{"type":"record","name":"R","namespace":"a","fields":[]}'
    assert json_of(tmp_path, text) == (json or f'{{"type":"array","items":{record}}}')


def test_imports_stand_where_they_are_written(tmp_path: Path) -> None:
    """Types and messages of imported files come in the order of the text, each file once."""
    found = protocol_of(
        tmp_path,
        'record A {} void a(); import idl "b.avdl"; record Z {} import idl "b.avdl"; '
        'import protocol "c.avpr"; import schema "d.avsc"; void z();',
        ("b.avdl", '@namespace("n") protocol B { import schema "d.avsc"; record B1 {} void b(); }'),
        ("c.avpr", '{"protocol":"C","namespace":"n","messages":{"c":{"request":[],"response":"null"}}}'),
        (
            "d.avsc",
            '{"type":"record","name":"n.D","fields":[{"name":"e","type":{"type":"fixed","name":"E","size":1}}]}',
        ),
    )
    types = (
        '{"type":"record","name":"A","fields":[]},'
        '{"type":"record","name":"D","fields":[{"name":"e","type":{"type":"fixed","name":"E","size":1}}]},'
        '{"type":"record","name":"B1","fields":[]},{"type":"record","name":"Z","fields":[]}'
    )
    messages = ",".join(f'"{name}":{{"request":[],"response":"null"}}' for name in "abcz")
    assert found == f'"types":[{types}],"messages":{{{messages}}}'


def test_a_file_of_types_passes_on_types_and_no_messages(tmp_path: Path) -> None:
    found = protocol_of(
        tmp_path,
        'import idl "types.avdl"; A get();',
        ("types.avdl", 'namespace n; import idl "other.avdl"; record B {}'),
        ("other.avdl", '@namespace("n") protocol Other { record A {} void not_ours(); }'),
    )
    types = '{"type":"record","name":"A","fields":[]},{"type":"record","name":"B","fields":[]}'
    assert found == f'"types":[{types}],"messages":{{"get":{{"request":[],"response":"A"}}}}'


def test_forward_references_and_cycles(tmp_path: Path) -> None:
    found = protocol_of(tmp_path, "record A { B? b; } record B { A? a; C c; } fixed C(1);")
    c = '{"name":"c","type":{"type":"fixed","name":"C","size":1}}'
    b = f'{{"type":"record","name":"B","fields":[{{"name":"a","type":["null","A"]}},{c}]}}'
    a = f'{{"type":"record","name":"A","fields":[{{"name":"b","type":["null",{b}]}}]}}'
    assert found == f'"types":[{a}],"messages":{{}}'


def test_comments_out_of_place_are_warned_of_where_java_warns(tmp_path: Path) -> None:
    """All places that can have no documentation; Java refuses that of symbols too, which we keep."""
    text = """protocol Comments {
  /** Kept */
  enum /** x */ A /** x */ {
    /** Kept */ A,
    /** Kept */ B
    /** x */}
      /** x */= /** x */ A /** x */;
  /** Kept */ fixed /** x */ F /** x */( /** x */ 16 /** x */) /** x */;
  /** Kept */ error /** x */ H /** x */{
    /** Kept */string /** Kept */reason, explanation /** x */;
    /** x */}
  /** x */
  /** Kept */ void /** x */ m /** x */( string /** Kept */ message, /** Kept */ string other /** x */)
    /** x */ throws /** x */ H /** x */;
  record R { array</** x */ int> a /** x */ = /** x */ [ /** x */ ] /** x */; }
}
"""
    _, diagnostics = resolved(tmp_path, {"a.avdl": text})
    assert {item.rule.value for item in diagnostics.items} == {"AVR109"}
    found = sorted(item.span.start for item in diagnostics.items if item.span is not None)
    assert found == [index for index in range(len(text)) if text.startswith("/** x */", index)]


def test_the_examples_of_the_reference_compile(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "idl.md"
    protocol, types = re.findall(r"^```avdl\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert '"protocol":"Mail"' in json_of(tmp_path, protocol, ("stamps.avdl", types))
    assert json_of(tmp_path, types).startswith('{"type":"array","items":{"type":"record","name":"Stamp"')
