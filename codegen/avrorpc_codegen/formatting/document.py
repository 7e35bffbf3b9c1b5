"""Documents: text with the places where its lines may break, and their layout for a width.

A group stands on one line where it fits; else each of its own lines breaks, and the groups inside decide
for themselves. This is the algebra of Oppen, Wadler and many formatters since. Knows nothing of Avro.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from avrorpc_codegen.layout import text_width

STEP: Final = 2
"""By how many columns a level is indented."""


@dataclass(slots=True, frozen=True)
class Space:
    """One blank; none at the beginning or the end of a line, and never two."""


@dataclass(slots=True, frozen=True)
class Line:
    """A place where a group's lines break; in a group on one line it is a blank or nothing."""

    is_blank: bool = True
    """Whether it is a blank where it does not break."""
    is_hard: bool = False
    """Whether it breaks in any case, and the groups around it too."""
    has_gap: bool = False
    """Whether an empty line follows where it breaks."""


@dataclass(slots=True, frozen=True)
class Ending:
    """What ends its line, such as a comment from `//` on; it may be longer than the line has room."""

    text: str


@dataclass(slots=True, frozen=True)
class Verbatim:
    """Text of several lines; each is indented relative to the line on which the first begins."""

    first: str
    others: tuple[tuple[int, str], ...]


@dataclass(slots=True, frozen=True)
class Choice:
    """One text in a group on one line, another in a broken one."""

    flat: str
    broken: str


@dataclass(slots=True, frozen=True)
class Concat:
    """One after the other."""

    parts: tuple[Doc, ...]
    is_forced: bool


@dataclass(slots=True, frozen=True)
class Indent:
    """Lines that break inside are indented further."""

    inner: Doc
    by: int
    is_forced: bool


@dataclass(slots=True, frozen=True)
class Group:
    """What stands on one line if it fits."""

    inner: Doc
    is_forced: bool
    """Whether something inside ends a line in any case."""


Doc: TypeAlias = str | Space | Line | Ending | Verbatim | Choice | Concat | Indent | Group

EMPTY: Final = ""
SPACE: Final = Space()
LINE: Final = Line()
SOFT: Final = Line(is_blank=False)
HARD: Final = Line(is_hard=True)


def concat(*parts: Doc) -> Concat:
    """Return documents as one."""
    kept = tuple(part for part in parts if part != EMPTY)
    return Concat(kept, any(_is_forced(part) for part in kept))


def indent(*parts: Doc, by: int = STEP) -> Indent:
    """Return documents as one, indented."""
    inner = concat(*parts)
    return Indent(inner, by, inner.is_forced)


def group(*parts: Doc) -> Group:
    """Return documents as one that stands on one line if it fits."""
    inner = concat(*parts)
    return Group(inner, inner.is_forced)


def joined(parts: Iterable[Doc], separator: Doc) -> Concat:
    """Return documents with another between each two."""
    out: list[Doc] = []
    for part in parts:
        out += [separator, part] if out else [part]
    return concat(*out)


def render(document: Doc, width: int) -> str:
    """Lay a document out; a line is longer than the width only where it has no place to break."""
    return _Renderer(width).run(document)


def _is_forced(doc: Doc) -> bool:
    match doc:
        case Concat() | Indent() | Group():
            return doc.is_forced
        case Line():
            return doc.is_hard
        case Ending() | Verbatim():
            return True
        case _:
            return False


class _Renderer:
    def __init__(self, width: int) -> None:
        self.width = width
        self.out: list[str] = []
        self.column = 0
        self.margin = 0
        """How far the current line is indented."""
        self.begins_line = True
        self.wants_space = False
        self.has_ended = False
        """Whether nothing more may stand on the line."""
        self.waiting: list[tuple[int, bool, Doc]] = []
        """What is still to be laid out, the next one last: indentation, whether on one line, document."""

    def run(self, document: Doc) -> str:
        self.waiting.append((0, False, document))
        while self.waiting:
            margin, is_flat, doc = self.waiting.pop()
            match doc:
                case str():
                    self.text(doc, margin)
                case Space():
                    self.wants_space = True
                case Line():
                    if doc.is_hard or not is_flat:
                        self.end_line(margin, has_gap=doc.has_gap)
                    else:
                        self.wants_space |= doc.is_blank
                case Ending():
                    self.wants_space = True
                    self.text(doc.text, margin)
                    self.has_ended = True
                case Verbatim():
                    self.verbatim(doc, margin)
                case Choice():
                    self.text(doc.flat if is_flat else doc.broken, margin)
                case Concat():
                    self.waiting.extend((margin, is_flat, part) for part in reversed(doc.parts))
                case Indent():
                    self.waiting.append((margin + doc.by, is_flat, doc.inner))
                case Group():
                    fits = not doc.is_forced and (is_flat or self.fits(doc.inner, margin))
                    self.waiting.append((margin, fits, doc.inner))
        return "".join(self.out)

    def text(self, text: str, margin: int) -> None:
        if not text:
            return
        if self.has_ended:
            self.end_line(margin + STEP)
        if self.begins_line:
            self.out.append(" " * self.margin)
        elif self.wants_space:
            self.out.append(" ")
            self.column += 1
        self.out.append(text)
        self.column += text_width(text)
        self.begins_line = self.wants_space = False

    def end_line(self, margin: int, *, has_gap: bool = False) -> None:
        if self.out:
            self.out.append("\n\n" if has_gap else "\n")
        self.column = self.margin = margin
        self.begins_line = True
        self.wants_space = self.has_ended = False

    def verbatim(self, doc: Verbatim, margin: int) -> None:
        self.text(doc.first, margin)
        start = self.margin
        for offset, line in doc.others:
            self.end_line(max(0, start + offset) if line else 0)
            if line:
                self.text(line, self.margin)
        self.begins_line = False

    def fits(self, doc: Doc, margin: int) -> bool:
        """Return whether a document fits on the line, with what follows up to the next place to break."""
        room = self.width - (margin + STEP if self.has_ended else self.column)
        has_space = self.wants_space and not self.begins_line
        found: list[tuple[bool, Doc]] = [(True, doc)]
        rest = len(self.waiting)
        while room >= 0:
            if not found:
                if rest == 0:
                    return True
                rest -= 1
                found.append(self.waiting[rest][1:])
            is_flat, part = found.pop()
            match part:
                case Space():
                    has_space = True
                case Line():
                    if part.is_hard or not is_flat:
                        return True
                    has_space |= part.is_blank
                case Ending() | Verbatim():
                    return True
                case str() | Choice():
                    text = part if isinstance(part, str) else part.flat if is_flat else part.broken
                    room -= text_width(text) + (has_space and text != "")
                    has_space = has_space and text == ""
                case Concat():
                    found.extend((is_flat, inner) for inner in reversed(part.parts))
                case Indent() | Group():
                    found.append((is_flat, part.inner))
        return False
