from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.parser import parse
from avrorpc_codegen.source import Source


def read(text: str) -> tuple[syntax.File, list[str]]:
    diagnostics = Diagnostics()
    file = parse(Source("a.avdl", text, Path("a.avdl")), diagnostics)
    return file, [f"{item.rule.value} {item.message}" for item in diagnostics.items]


def good(text: str) -> syntax.File:
    file, problems = read(text)
    assert problems == []
    assert file.is_complete
    return file


def item(text: str) -> Any:
    return good(f"protocol P {{ {text} }}").items[0]


def names(file: syntax.File) -> list[str]:
    return [part.name.text for part in file.items if not isinstance(part, syntax.Import)]


def test_a_protocol_has_doc_annotations_and_name() -> None:
    file = good('/** Does it. */ @namespace("a.b") @x-y({"k": [1, 2.5, null]}) protocol `protocol` { }')
    assert file.protocol is not None
    assert (file.protocol.doc, file.protocol.name.text) == ("Does it.", "protocol")
    assert file.protocol.name.is_quoted
    assert [(a.name.text, a.value.json) for a in file.protocol.annotations] == [
        ("namespace", "a.b"),
        ("x-y", {"k": [1, 2.5, None]}),
    ]


def test_a_file_without_protocol_has_namespace_schema_and_types() -> None:
    file = good('/** File. */ namespace a.b; schema array<R>; import idl "x"; record R {} fixed F(0x10);')
    assert (file.protocol, file.doc) == (None, "File.")
    assert file.namespace is not None
    assert file.namespace.text == "a.b"
    assert file.main_schema is not None
    assert isinstance(file.main_schema.plain, syntax.ArrayType)
    assert names(file) == ["R", "F"]


@pytest.mark.parametrize("kind", ["idl", "protocol", "schema"])
def test_imports(kind: str) -> None:
    found = item(f'import {kind} "a/b.avdl";')
    assert (found.kind.value, found.location) == (kind, "a/b.avdl")


def test_import_may_be_a_type_or_a_message() -> None:
    message = item("string import(import `import`);")
    assert (message.name.text, message.parameters[0].name.text) == ("import", "import")


def test_variables_share_a_type_and_may_have_docs_of_their_own() -> None:
    record = item('record R { /** All. */ @t(1) int a = 1, /** Own. */ @x("y") b, c = 3; }')
    assert [(v.name.text, v.doc, v.default and v.default.json) for v in record.fields] == [
        ("a", "All.", 1),
        ("b", "Own.", None),
        ("c", "All.", 3),
    ]
    assert record.fields[0].type is record.fields[2].type
    assert [a.name.text for a in record.fields[1].annotations] == ["x"]
    assert [a.name.text for a in record.fields[0].type.annotations] == ["t"]


def test_enums_keep_what_their_symbols_say() -> None:
    enum = item("enum E { /** First. */ A, @x(1) B } = A;")
    assert [(s.name.text, s.doc) for s in enum.symbols] == [("A", "First."), ("B", None)]
    assert enum.default is not None
    assert enum.default.text == "A"


def test_messages() -> None:
    message = item(
        "/** Go. */ @a(1) array<int>? go(int a = 1, /** B. */ string b) throws E, x.F;".replace("?", "")
    )
    assert (message.doc, message.name.text, message.one_way) == ("Go.", "go", None)
    assert [name.text for name in message.throws] == ["E", "x.F"]
    assert [(p.name.text, p.doc) for p in message.parameters] == [("a", None), ("b", "B.")]
    assert item("void a() oneway;").one_way is not None
    assert item("void a();").result is None
    assert item("T? a();").result.is_optional


def test_types() -> None:
    record = item(
        "record R { map<union { null, @x(1) decimal(4, 2), a.B? }> a; decimal(3) b; time_ms c;"
        " array d; map e; union f; }"
    )
    kinds = [type(field.type.plain).__name__ for field in record.fields]
    assert kinds == ["MapType", "DecimalType", "PrimitiveType", *["ReferenceType"] * 3]


def test_words_of_the_language_are_names_where_a_name_is_due() -> None:
    words = "protocol namespace import idl schema enum fixed error record array map union int void oneway"
    record = item("record R { " + " ".join(f"int {word};" for word in words.split()) + " }")
    assert [field.name.text for field in record.fields] == words.split()


def test_after_an_error_the_rest_is_read() -> None:
    file, problems = read(
        "protocol P { record A { int; string ok; }\nenum B { X, }\nfixed C(;"
        " void d(int) ; int e(); record F { } }"
    )
    assert len(problems) == 4
    assert names(file) == ["A", "e", "F"]
    assert not file.is_complete


@pytest.mark.parametrize(
    "text",
    [
        "protocol P { record A { int a } }",
        "protocol P { record A { int a\n int b; } }",
        "protocol P { void a()\n void b(); }",
        "protocol P { void a() }",
        'protocol P { import idl "x"\n }',
        "protocol P { record A { int a;\n",
        "protocol P { record A {\n int a;\nrecord B { } }",
        "protocol P { enum E { A B } record R { } }",
        "protocol P { void a(int b, ); void c(); }",
        "protocol P { recrod R { int a; } void c(); }",
        "protocol P { void a(union { int, } b); void c(); }",
        "protocol P { @a(1 void a(); void c(); }",
        "protocol P { @a void a(); void c(); }",
        "protocol P { void a(int b = x); void c(); }",
        "protocol P { void a() throws; void c(); }",
        "protocol P { } record R { }",
        "protocol { }",
        "protocol P",
        "namespace a; void b();",
        "record R { int a; } }",
        "x",
        "",
    ],
)
def test_one_mistake_gives_one_diagnostic(text: str) -> None:
    _, problems = read(text)
    assert len(problems) == (1 if text else 0), problems


def test_nesting_has_a_limit() -> None:
    _, problems = read("protocol P { record R { " + "array<" * 5000 + "int" + ">" * 5000 + " a; int b; } }")
    assert problems == ["AVR108 nested deeper than 64"]
    _, problems = read("@a(" + "[" * 5000 + "]" * 5000 + ") protocol P { }")
    assert problems[0] == "AVR108 nested deeper than 64"


def test_docs_that_document_nothing_are_warned_of() -> None:
    _, problems = read("protocol P { void a(int b /** late */) /** later */; /** last */ }")
    assert [problem[:6] for problem in problems] == ["AVR109"] * 3
