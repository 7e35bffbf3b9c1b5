from __future__ import annotations

import re
from pathlib import Path

import pytest
from avrorpc.schema import Json, compact
from avrorpc_codegen.lint.rules import LintRule
from support.linting import linted, linted_files, messages

TYPES = "namespace t; record T {} record U {}"
PROTOCOL: Json = {
    "protocol": "Q",
    "namespace": "q",
    "types": [],
    "messages": {"q": {"request": [], "response": "null"}},
}


def found(folder: Path, files: dict[str, str], *rules: LintRule) -> list[tuple[str, str]]:
    return [
        (finding.span.source.path.name, finding.diagnostic.message)
        for finding in linted_files(folder, files)
        if finding.rule in rules
    ]


@pytest.mark.parametrize(
    "text",
    [
        "namespace n; record R { int `a`; }",
        "namespace n; record `R` { int a; }",
        "namespace `n`.`m`; record R { int a; }",
        "namespace n; record R { @`x`(1) int a; }",
        "namespace n; enum E { `A` }",
    ],
)
def test_back_ticks_around_ordinary_names(tmp_path: Path, text: str) -> None:
    assert len(linted(tmp_path, text, LintRule.NEEDLESS_BACK_TICKS)) == 1


@pytest.mark.parametrize(
    ("text", "mended"),
    [("void`a`();", " a"), ("void `a`();", "a"), ("void a(int`b`= 1);", " b"), ("`a`b();", "a ")],
)
def test_a_name_without_its_back_ticks_stays_apart(tmp_path: Path, text: str, mended: str) -> None:
    record = "record a { int x; } " if text[0] == "`" else ""
    whole = f'@namespace("n") protocol P {{ {record}{text} }}'
    (finding,) = linted(tmp_path, whole, LintRule.NEEDLESS_BACK_TICKS)
    assert [edit.text for edit in finding.edits] == [mended]


@pytest.mark.parametrize(
    "word", ["error", "string", "timestamp_ms", "void", "true", "import", "idl", "union"]
)
def test_back_ticks_around_keywords_stay(tmp_path: Path, word: str) -> None:
    text = f"namespace n; record R {{ int `{word}`; }}"
    assert linted(tmp_path, text, LintRule.NEEDLESS_BACK_TICKS) == []


def test_a_namespace_said_twice(tmp_path: Path) -> None:
    text = '@namespace("n") protocol P { @namespace("n") record A {} @namespace("m") record B {} }'
    (finding,) = linted(tmp_path, text, LintRule.REPEATED_NAMESPACE)
    assert finding.span.start == text.rindex('@namespace("n")')
    text = '@namespace("") record A {}'
    assert messages(tmp_path, text, LintRule.REPEATED_NAMESPACE) == ["there is no namespace here anyway"]


def test_a_file_imported_again_by_another_path(tmp_path: Path) -> None:
    main = 'namespace n; import idl "t.avdl"; import idl "../schemas/t.avdl"; record R { t.T t; t.U u; }'
    files = {"schemas/t.avdl": TYPES, "schemas/main.avdl": main}
    ((name, message),) = found(tmp_path, files, LintRule.REPEATED_IMPORT, LintRule.UNUSED_IMPORT)
    assert name == "main.avdl"
    assert message.endswith("t.avdl is imported already")


@pytest.mark.parametrize(
    "main",
    [
        'namespace n; import idl "t.avdl"; record R { int a; }',
        'namespace n; import idl "t.avdl"; enum E { A }',
        '@namespace("n") protocol P { import idl "t.avdl"; void m(); }',
        '@namespace("n") protocol P { import idl "t.avdl"; record T {} T m(); }',
    ],
)
def test_an_import_that_nothing_uses(tmp_path: Path, main: str) -> None:
    files = {"schemas/t.avdl": TYPES, "schemas/main.avdl": main}
    ((name, message),) = found(tmp_path, files, LintRule.UNUSED_IMPORT)
    assert name == "main.avdl"
    assert message.startswith("nothing here uses what ")


@pytest.mark.parametrize(
    "main",
    [
        'namespace n; import idl "t.avdl"; record R { t.T a; }',
        'namespace n; import idl "t.avdl"; record R { map<array<union { null, t.T }>> a; }',
        'namespace n; schema array<t.U>; import idl "t.avdl";',
        'namespace n; import idl "t.avdl";',
        '@namespace("n") protocol P { import idl "t.avdl"; t.T m(); }',
        '@namespace("n") protocol P { import idl "t.avdl"; void m(t.U a); }',
        '@namespace("n") protocol P { import idl "e.avdl"; void m() throws e.E; }',
        '@namespace("n") protocol P { import idl "q.avdl"; void m(); }',
        '@namespace("n") protocol P { import protocol "q.avpr"; void m(); }',
        'namespace n; import idl "through.avdl"; record R { t.T a; }',
        'namespace n; import idl "t.avdl"; import idl "needy.avdl"; record R { d.D a; }',
        'namespace n; import idl "main.avdl"; record R {}',
    ],
)
def test_an_import_that_something_uses(tmp_path: Path, main: str) -> None:
    files = {
        "lib/t.avdl": TYPES,
        "lib/e.avdl": "namespace e; error E {}",
        "lib/q.avdl": '@namespace("q") protocol Q { void q(); }',
        "lib/q.avpr": compact(PROTOCOL),
        "lib/through.avdl": 'namespace x; import idl "t.avdl";',
        "lib/needy.avdl": "namespace d; record D { t.T t; }",
        "schemas/main.avdl": re.sub(r'"(?=\w+\.av)(?!main)', '"../lib/', main),
    }
    assert found(tmp_path, files, LintRule.UNUSED_IMPORT) == []


def test_types_and_errors_that_no_message_needs(tmp_path: Path) -> None:
    text = """
    @namespace("n") protocol P {
      record Used { array<Inner> a; } record Inner { union { null, Deep } b; } record Deep {}
      record Idle { Lower a; } record Lower {}
      error Thrown {} error Forgotten {} error Returned {}
      Used m(map<Returned> p) throws Thrown;
    }
    """
    assert messages(tmp_path, text, LintRule.UNUSED_TYPE, LintRule.UNTHROWN_ERROR) == [
        "no message uses `Idle`",
        "no message uses `Lower`",
        "no message throws `Forgotten`",
    ]


def test_a_type_that_another_files_message_needs_is_used(tmp_path: Path) -> None:
    files = {
        "schemas/a.avdl": '@namespace("n") protocol A { record R {} void a(); }',
        "schemas/b.avdl": '@namespace("m") protocol B { import idl "a.avdl"; n.R b(); }',
    }
    assert found(tmp_path, files, LintRule.UNUSED_TYPE) == []


@pytest.mark.parametrize("text", ['@namespace("n") protocol P { record R {} }', "namespace n; record R {}"])
def test_where_there_is_no_message_types_are_there_for_themselves(tmp_path: Path, text: str) -> None:
    assert messages(tmp_path, text, LintRule.UNUSED_TYPE) == []
