from __future__ import annotations

import math
from pathlib import Path

import pytest
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.lexer import Kind, Lexed, tokenize
from avrorpc_codegen.source import Source
from hypothesis import given
from hypothesis import strategies as st


def lex(text: str) -> tuple[Lexed, list[str]]:
    diagnostics = Diagnostics()
    lexed = tokenize(Source("a.avdl", text, Path("a.avdl")), diagnostics)
    return lexed, [item.rule.value for item in diagnostics.items]


def values(text: str) -> list[object]:
    lexed, problems = lex(text)
    assert problems == []
    return [token.value for token in lexed.tokens[:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("record a.b-c.`enum`", ["record", "a.b-c.enum"]),
        ("`record`", ["record"]),
        ("java-class.x.y-z", ["java-class.x.y-z"]),
        ("a. b", None),
        ("größe 漢字 देवनागरी _x", ["größe", "漢字", "देवनागरी", "_x"]),
        ("10 -10 0x1F -0X1f 017 10L 0l", [10, -10, 31, -31, 15, 10, 0]),
        ("1.5 .5 5. 1e3 1E-3 -1.5f 2d +2.5", [1.5, 0.5, 5.0, 1000.0, 0.001, -1.5, 2.0, 2.5]),
        ("0x1.8p1 0xAP0f -0x.8P-1d", [3.0, 10.0, -0.25]),
        ("Infinity -Infinity +Infinity NaNs", [math.inf, -math.inf, math.inf, "NaNs"]),
        (r'"a\n\t\b\f\r\\\'\"\101\0\377\u00e9"', ["a\n\t\b\f\r\\'\"A\0\xffé"]),
        (r'"\ud83d\ude00"', ["😀"]),
        ('"// no /* comment */"', ["// no /* comment */"]),
        ("a // b\nc /* d * / */ e /**/ f", ["a", "c", "e", "f"]),
        ("a\x1a b @#$", ["a"]),
        ('@x({"a":[1]})', ["@", "x", "(", "{", "a", ":", "[", 1, "]", "}", ")"]),
        ("a\r\nb\rc\fd", ["a", "b", "c", "d"]),
    ],
)
def test_tokens(text: str, expected: list[object] | None) -> None:
    if expected is None:
        assert lex(text)[1] == ["AVR103"]
    else:
        assert values(text) == expected


def test_not_a_number_is_a_number() -> None:
    (value,) = values("NaN")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("#", ["AVR103"]),
        ("~~~ ~", ["AVR103", "AVR103"]),
        ("/* open", ["AVR104"]),
        ("/*/", ["AVR104"]),
        ('"open', ["AVR104"]),
        ('"open\n"', ["AVR104", "AVR104"]),
        ("`two words`", ["AVR104", "AVR104"]),
        (r'"\x"', ["AVR105"]),
        (r'"\u12"', ["AVR105"]),
        ('"\t"', ["AVR105"]),
        (r'"\ud800"', ["AVR105"]),
        ("09", ["AVR106"]),
        ("0x", ["AVR106"]),
        ("1_000", ["AVR106"]),
        ("12abc", ["AVR106"]),
        ("1e99999", ["AVR106"]),
        ("+7", ["AVR106"]),
        ("9" * 5000, ["AVR106"]),
        ("0x1p99999", ["AVR106"]),
        ("\x00", ["AVR103"]),
        ("\u00a0", ["AVR103"]),
    ],
)
def test_problems(text: str, problems: list[str]) -> None:
    assert lex(text)[1] == problems


def test_documentation_stands_with_the_next_token() -> None:
    lexed, _ = lex("/** one */ /* plain */ /** two */ a // line\n b /** three */")
    assert [[doc.text for doc in token.docs] for token in lexed.tokens] == [["one", "two"], [], ["three"]]
    assert len(lexed.comments) == 5


def test_spans_cover_the_text_of_tokens() -> None:
    lexed, _ = lex('record `a`.b { int x = -0x1F; string y = "a\\n"; }')
    for token in lexed.tokens:
        assert token.span.source.text[token.span.start : token.span.end] == token.text


@given(st.text(alphabet=st.sampled_from('a1.-+`"\\/*@{}()\n\t \x00é漢xXpPeELfNI_,;') | st.characters()))
def test_any_text_ends_in_tokens(text: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        return
    lexed, _ = lex(text)
    assert lexed.tokens[-1].kind is Kind.END
    ends = [token.span.end for token in lexed.tokens]
    assert ends == sorted(ends)
