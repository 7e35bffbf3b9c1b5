from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.comment import doc_text
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.formatting.comments import attach, doc_comment, essence, written
from avrorpc_codegen.formatting.document import render
from avrorpc_codegen.lexer import tokenize
from avrorpc_codegen.source import Source
from hypothesis import given
from hypothesis import strategies as st


def attached(text: str) -> list[tuple[str, ...]]:
    """Return each token that has comments, between those before it and those after it."""
    lexed = tokenize(Source("a", text, Path("a")), Diagnostics())
    words = attach(lexed, text)
    return [
        (*(r.text for r in word.before), word.token.text or "END", *(f"<{r.text}" for r in word.after))
        for word in words
        if word.before or word.after
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a; // why\nb", [(";", "<// why")]),
        ("a; /* why */\nb", [(";", "</* why */")]),
        ("a; /* why */ b", [("/* why */", "b")]),
        ("a; /* 1 */ // 2\nb", [(";", "</* 1 */", "<// 2")]),
        ("a; /** doc */\nb", [("/** doc */", "b")]),
        ("a; /* 1 */ /** doc */\nb", [("/* 1 */", "/** doc */", "b")]),
        ("a;\n// own\nb", [("// own", "b")]),
        ("// first\na", [("// first", "a")]),
        ("{ /* all */ }", [("/* all */", "}")]),
        ("{ a /* last */ }", [("a", "</* last */")]),
        ("{ // why\n a }", [("{", "<// why")]),
        ("{ /* of a */\n a }", [("/* of a */", "a")]),
        ("a // why\n, b", [(",", "<// why")]),
        ("a // why\n{ b }", [("{", "<// why")]),
        ("a\n// why\n; b", [(";", "<// why")]),
        ("a /* 1 */ // 2\n; b", [(";", "</* 1 */", "<// 2")]),
        ("a // 1\n; // 2\nb", [("a", "<// 1"), (";", "<// 2")]),
        ("a // 1\n// 2\n; b", [("a", "<// 1"), ("// 2", ";")]),
        ("a /** doc */ // 1\n; b", [("/** doc */", "// 1", ";")]),
        ("a // why\n= b", [("a", "<// why")]),
        ("a // 1\n, /* 2 */\nb", [(",", "<// 1"), ("/* 2 */", "b")]),
        ("}, // of the first\n{ b", [(",", "<// of the first")]),
        ("} // 1\n, // 2\n{ b", [("}", "<// 1"), (",", "<// 2")]),
        ("a /* end */", [("a", "</* end */")]),
        ("a\n/* end */", [("/* end */", "END")]),
    ],
)
def test_comments_stand_with_a_token(text: str, expected: list[tuple[str, ...]]) -> None:
    assert attached(text) == expected


def shown(comment: str, before: str = "", width: int = 40) -> str:
    text = f"{before}{comment}\na"
    lexed = tokenize(Source("a", text, Path("a")), Diagnostics())
    return render(written(attach(lexed, text)[0].before[0]), width)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("//a  ", "//a"),
        ("/* a */", "/* a */"),
        ("/**/", "/**/"),
        ("/***/", "/** */"),
        ("/**a*/", "/** a */"),
        ("/** a\n * b */", "/**\n * a\n * * b\n */"),
        ("/**\n * a\n *\n *   b\n */", "/**\n * a\n *\n *   b\n */"),
        ("/** a\n    b\n      c */", "/**\n * a\n * b\n *   c\n */"),
        ("/** *a */", "/** a */"),
        ("/** * *a */", "/**\n * *a\n */"),
        ("/**\r\n * a\r\n * b\r\n */", "/**\n * a\n * b\n */"),
        ("/** " + "x" * 40 + " */", "/**\n * " + "x" * 40 + "\n */"),
        ("/*\n      * a\n  * b\n*/", "/*\n * a\n * b\n */"),
        ("/* a\n\t b  \n\n   c */", "/* a\n     b\n\n   c */"),
    ],
)
def test_comments_are_written_in_one_way(comment: str, expected: str) -> None:
    assert shown(comment) == expected


def test_a_block_keeps_its_shape_where_it_moves() -> None:
    assert shown("/* a\n       b\n     c */", before="    ") == "/* a\n   b\n c */"


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.lists(st.sampled_from(["*", "/", " ", "\n", "\t", "\r\n", "a", "\xa0", "\x1a"]), max_size=20).map(
        "".join
    ),
)


@given(text=TEXTS.filter(lambda text: "*/" not in text))
def test_what_a_comment_says_can_be_said_again(text: str) -> None:
    source = f"/** {text} */ a"
    said = doc_text(source[:-2])
    assert doc_text(doc_comment(said)) == said
    lexed = tokenize(Source("a", source, Path("a")), Diagnostics())
    assert essence(lexed.comments[0]) == f"/**{said}"
    again = render(written(attach(lexed, source)[0].before[0]), 20)
    assert doc_text(again) == said


def test_the_essence_of_a_comment_is_without_its_white_space() -> None:
    text = "/* a\n   b  */ // c  \na"
    comments = tokenize(Source("a", text, Path("a")), Diagnostics()).comments
    assert [essence(comment) for comment in comments] == ["/* a\nb  */", "// c"]
