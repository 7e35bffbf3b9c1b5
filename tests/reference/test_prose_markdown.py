from __future__ import annotations

import re
from html import escape

import pytest
from avrorpc_codegen.reference.prose import to_html
from avrorpc_codegen.reference.prose_markdown import (
    code_span,
    escaped,
    fenced,
    to_markdown,
    to_markdown_cell,
    to_markdown_line,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

PLAIN = MarkdownIt("commonmark", {"html": True})
TABLES = MarkdownIt("commonmark", {"html": True}).enable("table")
ALPHABET = st.sampled_from(
    [*"ab .,*_`[]()<>&#+-!|~=\\\"'\n1:", "<b>", "```\n", "\n\n", "- ", "1. ", "  ", "https://x.y"]
)


def no_name(_: str) -> None:
    return None


def seen(text: str) -> str:
    """Return what a reader of Markdown that allows everything makes of what we write."""
    return normal(str(PLAIN.render(to_markdown(text, no_name))))


def normal(html: str) -> str:
    for ours, theirs in [
        (' class="away" rel="noreferrer"', ""),
        ("<br>", "<br />"),
        ("<hr>", "<hr />"),
        (' start="1"', ""),
        ("&#x27;", "'"),
    ]:
        html = html.replace(ours, theirs)
    return "".join(html.split())


@settings(deadline=None)
@given(st.lists(ALPHABET, max_size=30).map("".join))
@example("a\n# b")
@example("```#")
@example("1. a\n2) b")
@example("- \n- a")
@example("+\n\n\n\n+")
@example("1. a\n2.\n\n\n\n3. b\n   - c\n   -\n\n\n   - d")
def test_every_reader_sees_what_our_own_page_shows(text: str) -> None:
    mine = normal(to_html(text, no_name))
    theirs = seen(text)
    theirs = re.sub('<codeclass="language-[^"]*">', "<code>", theirs)
    assert theirs == mine


@pytest.mark.parametrize(
    "text", ["# a", "- a", "1. a", "<b>a</b>", "a_b_c", "*a*", "a | b", "[a](b)", "`a`", "~a~", "= a"]
)
def test_escaped_text_is_text(text: str) -> None:
    assert PLAIN.render(escaped(text)) == f"<p>{PLAIN.renderInline(escaped(text))}</p>\n"
    assert to_html(escaped(text), no_name) == normal_paragraph(text)


def normal_paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


@pytest.mark.parametrize("text", ["a", "`", "a``b`c", " ", "`a`"])
def test_code_may_hold_back_ticks(text: str) -> None:
    assert normal(str(PLAIN.renderInline(code_span(text)))) == normal(f"<code>{text}</code>")
    assert str(PLAIN.render(fenced(f"{text}\n```\n"))).startswith("<pre><code>")


def test_names_become_links() -> None:
    assert to_markdown("See `Point`.", {"Point": "a.md#point"}.get) == "See [`Point`](a.md#point)."


def test_lists_keep_their_numbers_and_what_stands_in_them() -> None:
    text = "2. a\n\n   b\n3. c\n   - d\n     e"
    assert to_markdown(text, no_name) == "2. a\n\n   b\n\n3. c\n\n   - d\n     e"


def test_a_line_has_one_line() -> None:
    assert to_markdown_line("Over\ntwo. More.", no_name) == "Over two."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One.\n\nTwo.", "One.<br>Two."),
        ("Of:\n- a\n- b `|` c", "Of:<br>• a<br>• b `\\|` c"),
        ("```\na\n\nb|c\n```", "`a`<br>`b\\|c`"),
        ("a\\\nb", "a<br>b"),
        ("a | b", "a \\| b"),
    ],
)
def test_a_cell_holds_whole_comments(text: str, expected: str) -> None:
    cell = to_markdown_cell(text, no_name)
    assert cell == expected
    assert str(TABLES.render(f"| h |\n|---|\n| {cell} |\n")).count("<td>") == 1
