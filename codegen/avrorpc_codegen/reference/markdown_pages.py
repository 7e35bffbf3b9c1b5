"""Pages as Markdown, with the anchors that GitHub and its kin make of headings."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import quote

from jinja2 import PackageLoader

from avrorpc_codegen.reference.addresses import HOME, Addresses, Page, Target
from avrorpc_codegen.reference.building import count_line
from avrorpc_codegen.reference.code import Code, Piece, Role, text_of
from avrorpc_codegen.reference.pages import Badge, Doc, Line, Reference, Use
from avrorpc_codegen.reference.prose_markdown import (
    code_span,
    escaped,
    fenced,
    to_markdown,
    to_markdown_cell,
    to_markdown_line,
    to_markdown_span,
)
from avrorpc_codegen.templating import template_environment

_NOT_IN_ANCHORS: Final = re.compile(r"[^\w\- ]")
_GAPS: Final = re.compile(
    r"^ *(?P<marks>`{3,})[^`\n]*\n.*?^ *(?P=marks)$| +$|(?P<gap>(?: *\n){3,})", re.MULTILINE | re.DOTALL
)
"""What optional parts leave behind when they are not there; fenced code is passed over."""


class MarkdownPages:
    """The Markdown of one reference.

    The anchor of a heading depends on the headings above it on its page, and pages link to each other in all
    directions: so all pages are written twice, the first time to learn the anchors.

    Args:
        reference: What the pages show.
        addresses: Where everything is.
        mark: What is said at the top of each file, by its path.
    """

    def __init__(self, reference: Reference, addresses: Addresses, mark: Callable[[str], str]) -> None:
        self._reference = reference
        self.addresses = addresses
        self.mark = mark
        self.anchors: dict[tuple[Page, str], str] = {}
        """The anchors that headings have, by the page and the anchor that we have for them."""
        self._environment = template_environment(
            PackageLoader("avrorpc_codegen", "reference/templates/markdown")
        )
        self._environment.globals["site"] = reference

    def files(self) -> dict[str, str]:
        """Return the text of each file by its path."""
        self._texts()
        return self._texts()

    def _texts(self) -> dict[str, str]:
        texts = {path_of(HOME): self._page("home", HOME, counts=count_line(self._reference))}
        for namespace in self._reference.namespaces:
            page = self.addresses[namespace.target].page
            texts[path_of(page)] = self._page("namespace", page, namespace=namespace)
            for protocol in namespace.protocols:
                page = self.addresses[protocol.target].page
                text = self._page("protocol", page, protocol=protocol, namespace=namespace)
                texts[path_of(page)] = text
            for type_ in namespace.types if namespace.is_split else []:
                page = self.addresses[type_.target].page
                texts[path_of(page)] = self._page("type_page", page, type=type_, namespace=namespace)
        return texts

    def _page(self, template: str, page: Page, **content: object) -> str:
        show = Show(self, page)
        text = self._environment.get_template(f"{template}.md.j2").render(show=show, **content)
        tidy = _GAPS.sub(_without_gap, text)
        return f"<!-- {self.mark(path_of(page))} -->\n\n{tidy.strip()}\n"


class Show:
    """What the templates of one page call to show things."""

    def __init__(self, site: MarkdownPages, page: Page) -> None:
        self._site = site
        self._page = page
        self._taken: set[str] = set()

    def heading(self, level: int, text: str, anchor: str = "") -> str:
        """Return a heading; `anchor` is what others know it by."""
        slug = _NOT_IN_ANCHORS.sub("", text.lower()).replace(" ", "-")
        number, free = 0, slug
        while free in self._taken:
            number += 1
            free = f"{slug}-{number}"
        self._taken.add(free)
        if anchor:
            self._site.anchors[self._page, anchor] = free
        return f"{'#' * level} {escaped(text)}"

    def anchor(self, target: Target) -> str:
        """Return what others know something by."""
        return self._site.addresses[target].anchor

    def href(self, target: Target) -> str:
        """Return the link to something."""
        address = self._site.addresses[target]
        known = address.anchor
        while known and (address.page, known) not in self._site.anchors:
            known = known.rpartition(".")[0]  # A field has no heading; its type has.
        anchor = f"#{quote(self._site.anchors[address.page, known])}" if known else ""
        if address.page == self._page and anchor:
            return anchor
        return quote(os.path.relpath(path_of(address.page), self._page.folder or ".")) + anchor

    def home(self) -> str:
        """Return the link to the first page."""
        return "../README.md" if self._page.folder else "README.md"

    def link(self, target: Target, text: str) -> str:
        """Return a name as a link."""
        return f"[{escaped(text)}]({self.href(target)})"

    def text(self, text: str) -> str:
        """Return text as it is."""
        return escaped(text)

    def span(self, text: str) -> str:
        """Return text as code within a line."""
        return code_span(text)

    def prose(self, doc: Doc) -> str:
        """Return a comment."""
        return to_markdown(doc.text, partial(self._find, doc)) if doc else ""

    def line(self, doc: Doc) -> str:
        """Return the first sentence of a comment."""
        return to_markdown_line(doc.text, partial(self._find, doc)) if doc else ""

    def meaning(self, badge: Badge, doc: Doc) -> str:
        """Return what a badge means; names in it are seen from where a comment is."""
        return to_markdown_span(badge.meaning, partial(self._find, doc))

    def row(self, line: Line) -> str:
        """Return a line's first sentence, and what callers should know of, as a cell of a table."""
        told = [f"**{escaped(badge.label)}**" for badge in line.badges]
        doc = line.doc
        text = to_markdown_line(doc.text, partial(self._find, doc), in_table=True) if doc else ""
        return " ".join([text, *told]).strip()

    def cell(self, doc: Doc, badges: list[Badge], notes: list[Code]) -> str:
        """Return a comment as a cell of a table, after what callers should know of."""
        told = [f"**{escaped(badge.label)}**" for badge in badges]
        told += [code_span(text_of(note), in_table=True) for note in notes]
        text = to_markdown_cell(doc.text, partial(self._find, doc)) if doc else ""
        return " ".join([*told, text]).strip()

    def code(self, code: Code, *, in_table: bool = False) -> str:
        """Return code within a line, with its links."""
        if not any(piece.target for piece in code):
            return code_span(text_of(code), in_table=in_table)
        return "".join(self._piece(piece) for piece in code)

    def block(self, code: Code, language: str) -> str:
        """Return code on its own lines."""
        return fenced(text_of(code), language)

    def fenced(self, text: str, language: str) -> str:
        """Return text as a block of code."""
        return fenced(text, language)

    def uses(self, uses: list[Use]) -> str:
        """Return the places that use a type, those of one message as one."""
        ways: dict[tuple[Target, str], list[str]] = {}
        for use in uses:
            ways.setdefault((use.target, use.label), []).append(use.how)
        return ", ".join(
            f"{self.link(target, label)} ({escaped(', '.join(how))})" for (target, label), how in ways.items()
        )

    def _piece(self, piece: Piece) -> str:
        if piece.target is not None:
            return f"[{code_span(piece.text)}]({self.href(piece.target)})"
        return escaped(piece.text) if piece.role is Role.PLAIN else code_span(piece.text)

    def _find(self, doc: Doc, text: str) -> str | None:
        target = self._site.addresses.find(text, doc.namespace, doc.protocol)
        return None if target is None else self.href(target)


def _without_gap(match: re.Match[str]) -> str:
    return match[0] if match["marks"] else "\n\n" if match["gap"] else ""


def path_of(page: Page) -> str:
    """Return the path of a page's file."""
    name = f"{page.name or 'README'}.md"
    return f"{page.folder}/{name}" if page.folder else name
