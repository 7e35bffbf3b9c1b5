from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc_codegen.comment import Comment, strip_indent
from avrorpc_codegen.source import Source, Span


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("a", "a"),
        ("* a", "a"),
        ("** a", "a"),
        ("*a\n * b\n *  c", "a\nb\n c"),
        ("** a\n   ** b", "a\nb"),
        ("** a\n * b", "* a\nb"),
        ("* a\n b", "* a\nb"),
        ("a\n   b\n     c", "a\nb\n  c"),
        ("a\n   b\n\n   c", "a\n   b\n\n   c"),
        ("* a\r\n * b", "a\nb"),
        ("a\n\tb\n\tc", "a\nb\nc"),
    ],
)
def test_indentation_of_comments_is_taken_away_as_by_java(comment: str, text: str) -> None:
    assert strip_indent(comment) == text


def test_the_text_of_a_comment_has_no_delimiters() -> None:
    text = "x /**\n   * One.\n   *   Two.\n   */ y"
    span = Span(Source("a.avdl", text, Path("a.avdl")), 2, len(text) - 2)
    assert Comment(span, is_doc=True).text == "One.\n  Two."
