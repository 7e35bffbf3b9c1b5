"""Pages as HTML: complete files that need nothing but the style sheet and the script beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from importlib.resources import files
from typing import Final
from urllib.parse import quote

from jinja2 import PackageLoader
from markupsafe import Markup

from avrorpc_codegen.reference import navigation
from avrorpc_codegen.reference.addresses import HOME, Address, Addresses, Kind, Page, Target
from avrorpc_codegen.reference.building import count_line
from avrorpc_codegen.reference.code import Code, Piece, Role
from avrorpc_codegen.reference.pages import Badge, Doc, Reference, Trail, Use
from avrorpc_codegen.reference.prose import to_html, to_html_line, to_html_span, to_text
from avrorpc_codegen.reference.search_index import search_index
from avrorpc_codegen.templating import template_environment

_BREAKS: Final = re.compile(r"(?<=[._/])(?=[^._/])|(?<=[a-z0-9])(?=[A-Z])")
_MOST_USES: Final = 12
_MOST_LETTERS: Final = 160


@dataclass(slots=True, frozen=True)
class _Link:
    label: str
    href: str
    is_current: bool
    is_inner: bool


@dataclass(slots=True, frozen=True)
class _LinkGroup:
    title: str
    href: str
    items: list[_Link]


class HtmlPages:
    """The HTML of one reference.

    Args:
        reference: What the pages show.
        addresses: Where everything is.
        mark: What is said at the top of each file, by its path.
    """

    def __init__(self, reference: Reference, addresses: Addresses, mark: Callable[[str], str]) -> None:
        self._reference = reference
        self.addresses = addresses
        self.mark = mark
        self._environment = template_environment(
            PackageLoader("avrorpc_codegen", "reference/templates/html"), is_html=True
        )
        self._environment.globals["site"] = reference
        self.titles = _titles(reference)

    def files(self) -> dict[str, str]:
        """Return the text of each file by its path."""
        reference = self._reference
        texts = {
            path_of(HOME): self._page(
                "home",
                Trail(HOME, reference.title),
                navigation.of_home(reference),
                counts=count_line(reference),
            )
        }
        home: list[tuple[str, Target | None]] = [(reference.title, None)]
        for namespace in reference.namespaces:
            page = self.addresses[namespace.target].page
            trail = Trail(page, namespace.title, "namespace", namespace.doc, home)
            groups = navigation.of_namespace(namespace)
            texts[path_of(page)] = self._page("namespace", trail, groups, namespace=namespace)
            above = [*home, (namespace.title, namespace.target)]
            for protocol in namespace.protocols:
                page = self.addresses[protocol.target].page
                trail = Trail(page, protocol.name, "protocol", protocol.doc, above)
                groups = navigation.of_protocol(namespace, protocol)
                texts[path_of(page)] = self._page("protocol", trail, groups, protocol=protocol)
            for type_ in namespace.types if namespace.is_split else []:
                page = self.addresses[type_.target].page
                trail = Trail(page, type_.name, type_.kind, type_.doc, above)
                texts[path_of(page)] = self._page("type_page", trail, navigation.of_type(type_), type=type_)
        for name, (opening, closing) in {"style.css": ("/*", " */"), "site.js": ("//", "")}.items():
            text = (files("avrorpc_codegen.reference") / "assets" / name).read_text(encoding="utf-8")
            path = f"assets/{name}"
            texts[path] = f"{opening} {self.mark(path)}{closing}\n{text}"
        path = "assets/search-index.js"
        href = partial(_relative, HOME, self.addresses)
        texts[path] = f"// {self.mark(path)}\n{search_index(reference, href)}"
        return texts

    def _page(self, template: str, trail: Trail, groups: list[navigation.Group], **content: object) -> str:
        show = Show(self, trail.page)
        titles = [trail.title, *(name for name, _ in trail.above[:0:-1])]
        window_title = " · ".join([*titles, self._reference.title] if trail.above else titles)
        return self._environment.get_template(f"{template}.html.j2").render(
            show=show,
            trail=trail,
            window_title=window_title,
            summary=to_text(trail.doc.text) if trail.doc else f"{trail.title}: {count_line(self._reference)}",
            navigation=[show.group(group) for group in groups],
            **content,
        )


class Show:
    """What the templates of one page call to show things."""

    def __init__(self, site: HtmlPages, page: Page) -> None:
        self._site = site
        self._page = page
        self.mark = site.mark(path_of(page))
        """What stands at the top of the file."""
        self.root = "../" if page.folder else ""
        """The way from this page to the first one."""

    def href(self, target: Target) -> str:
        """Return the link to something."""
        return _relative(self._page, self._site.addresses, target)

    def above(self, target: Target | None) -> str:
        """Return the link to what lies above this page; None is the first page."""
        return self.href(target) if target is not None else f"{self.root}index.html"

    def here(self, anchor: str) -> str:
        """Return the link to a place on this page."""
        return f"#{quote(anchor)}"

    def anchor(self, target: Target) -> str:
        """Return the id of something on its page."""
        return self._site.addresses[target].anchor

    def prose(self, doc: Doc) -> Markup:
        """Return a comment."""
        return Markup(to_html(doc.text, partial(self._find, doc)) if doc else "")  # noqa: S704 - it is escaped

    def line(self, doc: Doc) -> Markup:
        """Return the first sentence of a comment."""
        return Markup(to_html_line(doc.text, partial(self._find, doc)) if doc else "")  # noqa: S704 - it is escaped

    def ticked(self, text: str) -> Markup:
        """Return a sentence of our own, its back-ticks made code."""
        return Markup(to_html_span(text, lambda _: None))  # noqa: S704 - it is escaped

    def meaning(self, badge: Badge, doc: Doc) -> Markup:
        """Return what a badge means; names in it are seen from where a comment is."""
        return Markup(to_html_span(badge.meaning, partial(self._find, doc)))  # noqa: S704 - it is escaped

    def code(self, code: Code) -> Markup:
        """Return code, coloured and linked."""
        return Markup("".join(map(self._piece, code)))  # noqa: S704 - it is escaped

    def badge(self, badge: Badge) -> Markup:
        """Return a badge."""
        tone = f" {badge.tone}" if badge.tone else ""
        return Markup('<span class="badge{}" title="{}">{}</span>').format(tone, badge.meaning, badge.label)

    def breakable(self, name: str) -> Markup:
        """Return a name that may be broken where its words begin."""
        return Markup("<wbr>".join(map(escape, _BREAKS.split(name))))  # noqa: S704 - it is escaped

    def uses(self, uses: list[Use]) -> Markup:
        """Return the places that use a type, those of one message as one."""
        ways: dict[tuple[Target, str], list[str]] = {}
        for use in uses:
            ways.setdefault((use.target, use.label), []).append(use.how)
        items = [
            Markup('<li><a href="{}">{}</a> <span class="how">{}</span></li>').format(
                self.href(target), self.breakable(label), ", ".join(how)
            )
            for (target, label), how in ways.items()
        ]
        shown = Markup('<ul class="uses">{}</ul>').format(Markup("\n").join(items[:_MOST_USES]))
        if len(items) <= _MOST_USES:
            return shown
        rest = Markup("\n").join(items[_MOST_USES:])
        fold = Markup('<details><summary>{} more</summary><ul class="uses">{}</ul></details>')
        return shown + fold.format(len(items) - _MOST_USES, rest)

    def group(self, group: navigation.Group) -> _LinkGroup:
        """Return links that stand beside the page."""
        items = [
            _Link(entry.label, self.href(entry.target), entry.is_current, entry.is_inner)
            for entry in group.entries
        ]
        return _LinkGroup(group.title, self.href(group.target) if group.target else "", items)

    def _piece(self, piece: Piece) -> str:
        text = escape(piece.text)
        if piece.target is not None:
            title = escape(self._site.titles.get(piece.target, ""))
            return f'<a class="t" href="{escape(self.href(piece.target))}" title="{title}">{text}</a>'
        return text if piece.role is Role.PLAIN else f'<span class="{piece.role.value}">{text}</span>'

    def _find(self, doc: Doc, text: str) -> str | None:
        target = self._site.addresses.find(text, doc.namespace, doc.protocol)
        return None if target is None else self.href(target)


def path_of(page: Page) -> str:
    """Return the path of a page's file."""
    name = f"{page.name or 'index'}.html"
    return f"{page.folder}/{name}" if page.folder else name


def _relative(page: Page, addresses: Addresses, target: Target) -> str:
    address: Address = addresses[target]
    anchor = f"#{quote(address.anchor)}" if address.anchor else ""
    if address.page == page and anchor:
        return anchor
    if page.folder == address.page.folder:
        return quote(f"{address.page.name or 'index'}.html") + anchor
    return quote(("../" if page.folder else "") + path_of(address.page)) + anchor


def _titles(reference: Reference) -> dict[Target, str]:
    """Return what is said of each type where it is named: its kind and its first sentence."""
    titles: dict[Target, str] = {}
    for type_ in reference.types:
        sentence = to_text(type_.doc.text)
        if len(sentence) > _MOST_LETTERS:
            sentence = f"{sentence[:_MOST_LETTERS].rstrip()}…"
        titles[Target(Kind.TYPE, type_.full_name)] = f"{type_.kind}: {sentence}" if sentence else type_.kind
    return titles
