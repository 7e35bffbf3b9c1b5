from __future__ import annotations

from html import escape
from html.parser import HTMLParser

import pytest
from avrorpc_codegen.reference.prose import first_sentence, parse, to_html, to_html_line, to_text
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reference import document


def no_name(_: str) -> None:
    return None


def html(text: str) -> str:
    return to_html(text, no_name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Plain.", "<p>Plain.</p>"),
        ("One\ntwo\n\nthree", "<p>One\ntwo</p>\n<p>three</p>"),
        ("- a\n- b `c`", "<ul><li>a</li><li>b <code>c</code></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("```sql\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("*a* **b**", "<p><em>a</em> <strong>b</strong></p>"),
        ("a\\\nb", "<p>a<br>\nb</p>"),
        ("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"),
        ("![a](https://x.org/b)", '<p>!<a class="away" rel="noreferrer" href="https://x.org/b">a</a></p>'),
        (
            "[a](https://x.org/?a=1&b=2)",
            '<p><a class="away" rel="noreferrer" href="https://x.org/?a=1&amp;b=2">a</a></p>',
        ),
    ],
)
def test_the_markdown_that_we_know(text: str, expected: str) -> None:
    assert html(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <b>bold</b> & <!-- comment -->",
        "<div>\n\n<img src=x onerror=alert(1)>\n\n</div>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a](../other.html)",
        "# heading",
        "heading\n=======",
        "> quote",
        "[a]: https://x.org",
    ],
)
def test_all_else_is_text(text: str) -> None:
    found = html(text)
    assert set(Tags(found).found) == {"p"}
    assert escape(text.splitlines()[0])[:3] in found


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


ALPHABET = st.sampled_from([*"ab .,*_`[]()<>&#+-!|~\\\"'\n\t1:/", "<script>", "```\n", "https://", "é"])


@settings(deadline=None)
@given(st.lists(ALPHABET, max_size=40).map("".join))
def test_no_comment_breaks_a_page(text: str) -> None:
    document(html(text))
    document(to_html_line(text, no_name))
    allowed = {"p", "ul", "ol", "li", "code", "pre", "em", "strong", "br", "a", "hr"}
    assert set(Tags(html(text)).found) <= allowed


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_the_short_way_for_plain_comments_gives_the_same(text: str) -> None:
    plain = "A" + text
    slow = f" {plain}"  # It does not begin with a letter, which makes no other difference.
    assert html(plain) == html(slow)
    assert to_html_line(plain, no_name) == to_html_line(slow, no_name)
    assert to_text(plain) == to_text(slow)


def test_names_between_back_ticks_become_links() -> None:
    found = to_html("Takes a `Point`, not a `point`.", {"Point": "a.html#Point"}.get)
    assert found == '<p>Takes a <a href="a.html#Point"><code>Point</code></a>, not a <code>point</code>.</p>'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First, e.g. this. Second.", "First, e.g. this."),
        ("Over\ntwo lines. Second.", "Over two lines."),
        ("No end\n\nSecond", "No end"),
        ("- a list\n- of things", ""),
        ("", ""),
        ("Does *it*? Yes.", "Does *it*?"),
    ],
)
def test_the_first_sentence(text: str, expected: str) -> None:
    assert first_sentence(text) == expected


def test_text_has_no_marks() -> None:
    assert to_text("A *strong* `name` and [a link](https://x.org). More.") == "A strong name and a link."


def test_a_tree_has_no_nodes_that_the_writers_do_not_know() -> None:
    known = {"paragraph", "inline", "text", "softbreak", "hardbreak", "em", "strong", "link", "code_inline"}
    known |= {"fence", "hr", "bullet_list", "ordered_list", "list_item", "root"}
    text = "a\\\nb *c* **d** `e` [f](https://g.h)\n\n- i\n  1. j\n\n```\nk\n```\n\n    l\n\n> m\n\n# n\n\n<o>"
    assert {node.type for node in parse(text).walk()} <= known
