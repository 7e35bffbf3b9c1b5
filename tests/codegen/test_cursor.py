from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.cursor import Cursor, Failed
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.lexer import Kind
from avrorpc_codegen.source import Source


def cursor(text: str) -> Cursor:
    return Cursor(Source("a.avdl", text, Path("a.avdl")), Diagnostics())


def test_moving_keeps_count_of_braces() -> None:
    here = cursor("{ { } ;")
    for braces in (1, 2, 1, 1):
        here.advance()
        assert here.braces == braces
    assert here.at_end()
    here.advance()
    assert here.at_end()


def test_back_ticked_words_are_no_keywords() -> None:
    assert cursor("record").at_word("record", "error")
    assert not cursor("`record`").at_word("record")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("a b c; next", "next"),
        ("a { b; { c } } next", "next"),
        ("a { b } ; next", "next"),
        ("a b }", "}"),
        ("a b", ""),
    ],
)
def test_recovery_ends_with_the_statement(text: str, after: str) -> None:
    here = cursor(text)
    here.recover(0)
    assert here.token.text == after
    assert not here.is_complete


@pytest.mark.parametrize(
    ("text", "after"),
    [("{ x } name; next", "next"), ("{ x }\nnext", "next"), ("{ x }; next", "next"), ("{ x } }", "}")],
)
def test_recovery_leaves_inner_braces(text: str, after: str) -> None:
    here = cursor(text)
    here.advance()
    here.recover(0)
    assert here.token.text == after


def test_a_flawed_token_is_reported_once() -> None:
    here = cursor("~ x")
    assert here.token.kind is Kind.BAD
    assert isinstance(here.failure("expected y"), Failed)
    assert [item.rule.value for item in here.diagnostics.items] == ["AVR103"]


def test_lists_end_with_their_mark() -> None:
    here = cursor("a, b) c")
    seen: list[str] = []
    here.listed(")", lambda: seen.append(here.advance().text), "the list")
    assert (seen, here.token.text) == (["a", "b"], "c")
    with pytest.raises(Failed):
        cursor("a,)").listed(")", lambda: None, "the list")
