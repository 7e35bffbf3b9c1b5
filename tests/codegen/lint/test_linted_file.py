from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from avrorpc_codegen.lint.linted_file import LintedFile, Place
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.lint.surroundings import surroundings
from support.linting import FILE, project


def file(folder: Path, text: str) -> LintedFile:
    made = project(folder, {FILE: text})
    read = made.read({})
    assert read is not None
    (unit,) = (unit for unit in read.roots if unit.path == folder / FILE)
    assert unit.tree is not None
    return LintedFile(unit, unit.tree, surroundings(read, LintConfig(folder), folder / "schemas"))


TEXT = """
/** P. */
@namespace("n")
protocol P {
  import idl "avrorpc/tensor.avdl";
  @a(1) record R {
    /** One. */ array<map<@b(2) int>> @c(3) one;
    union { null, R } two, three = null;
  }
  error Bad { string why; }
  @d(4) enum E { @e(5) A }
  fixed F(4);
  @f({"x": [")"]}) R go(@g(6) int @h(7) p, R? q = null) throws Bad;
}
"""


def text_of(linted: LintedFile, start: int, end: int) -> str:
    return linted.source.text[start:end]


def test_syntax_and_model_stand_side_by_side(tmp_path: Path) -> None:
    linted = file(tmp_path, TEXT)
    assert [(d.tree.name.text, d.named.name) for d in linted.declared] == [
        (name, f"n.{name}") for name in ("R", "Bad", "E", "F")
    ]
    assert [m.message.name for m in linted.messages] == ["go"]
    assert [(v.owner, v.field.name, v.place, v.is_in_error) for v in linted.variables] == [
        ("R", "one", Place.FIELD, False),
        ("R", "two", Place.FIELD, False),
        ("R", "three", Place.FIELD, False),
        ("Bad", "why", Place.FIELD, True),
        ("go", "p", Place.PARAMETER, False),
        ("go", "q", Place.PARAMETER, False),
    ]
    assert all(v.tree.name.text == v.field.name for v in linted.variables)


def test_everything_annotated_is_found_in_its_place(tmp_path: Path) -> None:
    linted = file(tmp_path, TEXT)
    found = [
        (annotation.name.text, annotated.place, text_of(linted, span.start, span.end))
        for annotated in linted.annotated()
        for annotation in annotated.annotations
        for span in [linted.annotation_span(annotation)]
    ]
    assert sorted(found) == [
        ("a", Place.DECLARATION, "@a(1)"),
        ("b", Place.TYPE, "@b(2)"),
        ("c", Place.FIELD, "@c(3)"),
        ("d", Place.DECLARATION, "@d(4)"),
        ("e", Place.SYMBOL, "@e(5)"),
        ("f", Place.MESSAGE, '@f({"x": [")"]})'),
        ("g", Place.TYPE, "@g(6)"),
        ("h", Place.PARAMETER, "@h(7)"),
        ("namespace", Place.PROTOCOL, '@namespace("n")'),
    ]


def test_types_are_yielded_once_even_where_variables_share_them(tmp_path: Path) -> None:
    linted = file(tmp_path, TEXT)
    written = Counter(text_of(linted, full.span.start, full.span.end) for full in linted.full_types())
    assert written["union { null, R }"] == 1
    assert written["array<map<@b(2) int>>"] == written["map<@b(2) int>"] == written["@b(2) int"] == 1


def test_statements_and_documentation_have_their_places(tmp_path: Path) -> None:
    linted = file(tmp_path, TEXT)
    (item,) = linted.imports
    span = linted.import_span(item)
    assert text_of(linted, span.start, span.end) == 'import idl "avrorpc/tensor.avdl";'
    assert linted.tree.protocol is not None
    span = linted.doc_span("P.", linted.tree.protocol.name)
    assert text_of(linted, span.start, span.end) == "/** P. */"
    assert linted.doc_span("nowhere", linted.tree.protocol.name) == linted.tree.protocol.name.span


@pytest.mark.parametrize(
    ("text", "namespace", "said"),
    [
        ('@namespace("a.b") protocol P {}', "a.b", '"a.b"'),
        ("protocol a.b.P {}", "a.b", "a.b.P"),
        ("namespace a.b; record R {}", "a.b", "a.b"),
        ("protocol P {}", "", None),
        ("record R {}", "", None),
    ],
)
def test_the_namespace_and_where_it_is_said(
    tmp_path: Path, text: str, namespace: str, said: str | None
) -> None:
    linted = file(tmp_path, text)
    assert linted.namespace == namespace
    span = linted.namespace_span
    assert (span and text_of(linted, span.start, span.end)) == said
