from __future__ import annotations

from pathlib import Path

import pytest
from support.contracts import resolved


def rules(folder: Path, text: str, namespace: str = "n") -> list[str]:
    _, diagnostics = resolved(folder, {"p.avdl": f'@namespace("{namespace}") protocol P {{ {text} }}'})
    return [item.rule.value for item in diagnostics.items]


@pytest.mark.parametrize(
    "text",
    [
        "record a-b {}",
        "record R { int a-b; }",
        "record R { int a.b; }",
        "record `int` {}",
        "enum `uuid` {}",
        "enum E { A-B }",
        "enum E { A.B }",
        "void a-b();",
        "void a.b();",
        "void a(int b-c);",
        '@aliases(["1"]) fixed F(1);',
        '@namespace("a..b") record R {}',
        "fixed a.`string`(1);",
    ],
)
def test_invalid_names(tmp_path: Path, text: str) -> None:
    assert rules(tmp_path, text) == ["AVR205"]


@pytest.mark.parametrize(
    "text",
    [
        "record R { int a; int a; }",
        "record R {} enum R {}",
        "enum E { A, A }",
        "void a(); int a();",
        "void a(int b, int b);",
        "error A {} void go() throws A, A;",
    ],
)
def test_names_that_come_twice(tmp_path: Path, text: str) -> None:
    assert rules(tmp_path, text) == ["AVR204"]


def test_an_invalid_namespace_is_reported_once(tmp_path: Path) -> None:
    assert rules(tmp_path, "record A {} record B { A a; } void go();", "a-b") == ["AVR205"]


def test_names_may_be_in_any_script_and_keywords_may_name_fields(tmp_path: Path) -> None:
    assert (
        rules(tmp_path, "record Größe { int `int`; int 漢字; int देवनागरी; } void `void`(int `record`);") == []
    )
