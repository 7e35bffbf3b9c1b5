"""Documentation comments as a small, safe part of Markdown: paragraphs, lists, code, links, emphasis.

Whatever else a comment holds, HTML and headings among it, is text. A name between back-ticks that means
something in the contracts becomes a link.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import Final, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from avrorpc_codegen.documentation import split_summary

Finder: TypeAlias = "Callable[[str], str | None]"
"""Says where the link of a name between back-ticks leads, if it means something."""

_NOT_OURS: Final = ("blockquote", "code", "heading", "image", "lheading", "reference")
_SAFE: Final = ("https://", "http://", "mailto:")
_PLAIN: Final = re.compile(r"[^\W\d_][^\\`*_\[\]<&\n\0]*")
"""One line that begins with a letter and has no mark of Markdown: most comments, which need no parser."""
_TAGS: Final = {"bullet_list": "ul", "list_item": "li", "em": "em", "strong": "strong"}


@dataclass
class _List:
    start: Token
    paragraphs: list[Token] = field(default_factory=list)
    """The tokens of those that stand in its items directly."""
    is_joined: bool = False


def _join_lists(state: StateCore) -> None:
    """Make one list of what CommonMark has as one: the parser ends it at an empty item and two blank lines.

    The items of such a list are apart, so that each shows its paragraphs.
    """
    tokens: list[Token] = []
    around: list[_List] = []
    ended: _List | None = None  # just before this token
    for token in state.tokens:
        if token.type.endswith("_list_open"):
            if ended and (ended.start.type, ended.start.markup) == (token.type, token.markup):
                ended.is_joined = True
                around.append(ended)
                del tokens[-1]
            else:
                around.append(_List(token))
                tokens.append(token)
            ended = None
            continue
        tokens.append(token)
        ended = around.pop() if token.type.endswith("_list_close") else None
        if ended and ended.is_joined:
            for paragraph in ended.paragraphs:
                paragraph.hidden = False
        elif around and token.type.startswith("paragraph_") and token.level == around[-1].start.level + 2:
            around[-1].paragraphs.append(token)
    state.tokens = tokens


class _Parser(MarkdownIt):
    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.disable(list(_NOT_OURS))
        self.core.ruler.after("block", "join_lists", _join_lists)

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's own name for it
        return url.lower().startswith(_SAFE)


_PARSER: Final = _Parser()


def parse(text: str) -> SyntaxTreeNode:
    """Return a comment as a tree."""
    return SyntaxTreeNode(_PARSER.parse(text))


def parse_span(text: str) -> SyntaxTreeNode:
    """Return text as a tree of what stands within a line: neither paragraphs nor lists."""
    return SyntaxTreeNode(_PARSER.parseInline(text))


def first_sentence(text: str) -> str:
    """Return the first sentence of a comment as it is written; empty where it does not begin with one."""
    if _PLAIN.fullmatch(text):
        return split_summary(text)[0]
    for node in parse(text).children[:1]:
        if node.type == "paragraph":
            return split_summary(node.children[0].content)[0]
    return ""


def to_text(text: str) -> str:
    """Return the first sentence of a comment without any marks."""
    if _PLAIN.fullmatch(text):
        return split_summary(text)[0]
    return "".join(
        " " if node.type in ("softbreak", "hardbreak") else node.content
        for node in parse_span(first_sentence(text)).walk()
        if node.type in ("text", "code_inline", "softbreak", "hardbreak")
    )


def to_html(text: str, find: Finder) -> str:
    """Return a comment as HTML."""
    if _PLAIN.fullmatch(text):
        return f"<p>{escape(text.strip())}</p>"
    return "\n".join(_html(node, find) for node in parse(text).children)


def to_html_line(text: str, find: Finder) -> str:
    """Return the first sentence of a comment as HTML that fits into a line."""
    return to_html_span(first_sentence(text), find)


def to_html_span(text: str, find: Finder) -> str:
    """Return text that fits into a line as HTML."""
    return escape(text.strip()) if _PLAIN.fullmatch(text) else _html(parse_span(text), find)


def _html(node: SyntaxTreeNode, find: Finder) -> str:
    match node.type:
        case "text":
            return escape(node.content)
        case "code_inline":
            code = f"<code>{escape(node.content)}</code>"
            target = find(node.content)
            return f'<a href="{escape(target)}">{code}</a>' if target else code
        case "fence":
            return f"<pre><code>{escape(node.content)}</code></pre>"
        case "softbreak":
            return "\n"
        case "hardbreak":
            return "<br>\n"
        case "hr":
            return "<hr>"
        case _:
            inner = "".join(_html(child, find) for child in node.children)
    match node.type:
        case "paragraph":
            return inner if node.hidden else f"<p>{inner}</p>"
        case "ordered_list":
            return f'<ol start="{node.attrs.get("start", 1)}">{inner}</ol>'
        case "link":
            return f'<a class="away" rel="noreferrer" href="{escape(str(node.attrs["href"]))}">{inner}</a>'
        case _:
            tag = _TAGS.get(node.type)
            return f"<{tag}>{inner}</{tag}>" if tag else inner
