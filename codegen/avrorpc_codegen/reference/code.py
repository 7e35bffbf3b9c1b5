"""Code as pieces that know what they are: what a page colours, and what it links.

Knows no language and no page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from avrorpc_codegen.layout import text_width
from avrorpc_codegen.reference.addresses import Target

WIDTH: Final = 76
"""The longest line of code that a page shows without a scroll bar."""


class Role(Enum):
    """What a piece is; the value is the class of its HTML element."""

    PLAIN = ""
    """Punctuation, white space, names of parameters."""
    KEYWORD = "k"
    """A word of the language, or a type of its own."""
    TYPE = "t"
    """A named type."""
    NAME = "n"
    """What is declared here."""
    STRING = "s"
    """A string, or another literal."""
    NOTE = "a"
    """An annotation."""


@dataclass(slots=True, frozen=True)
class Piece:
    """A stretch of code."""

    text: str
    role: Role = Role.PLAIN
    target: Target | None = None
    """What it names."""


Code: TypeAlias = "tuple[Piece, ...]"

_PYTHON: Final = re.compile(
    r"(?P<string>[bru]*(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"))"
    r"|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"|(?P<number>\d[\w.]*)"
)
_PYTHON_WORDS: Final = frozenset({"def", "False", "from", "import", "None", "True"})


def text_of(code: Iterable[Piece]) -> str:
    """Return code as mere text."""
    return "".join(piece.text for piece in code)


def width(code: Iterable[Piece]) -> int:
    """Return the columns that code takes on one line."""
    return text_width(text_of(code))


def plain(text: str) -> Code:
    """Return text without a meaning of its own."""
    return (Piece(text),)


def joined(parts: Iterable[Code], separator: str) -> Code:
    """Return parts with a separator between them."""
    pieces: list[Piece] = []
    for part in parts:
        if pieces:
            pieces.append(Piece(separator))
        pieces.extend(part)
    return tuple(pieces)


def python_code(text: str, types: Mapping[str, Target]) -> Code:
    """Return Python code as pieces; `types` are the dotted names that have a place in the reference."""
    pieces: list[Piece] = []
    end = 0
    is_defined_next = False
    for match in _PYTHON.finditer(text):
        pieces.append(Piece(text[end : match.start()]))
        end = match.end()
        word = match[0]
        if match["name"] is None:
            pieces.append(Piece(word, Role.STRING))
        elif is_defined_next:
            pieces.append(Piece(word, Role.NAME))
        elif word in _PYTHON_WORDS:
            pieces.append(Piece(word, Role.KEYWORD))
        elif word in types:
            pieces.append(Piece(word, Role.TYPE, types[word]))
        elif (owner := word.rpartition(".")[0]) in types:  # A symbol of an enum, as a default.
            pieces += [Piece(owner, Role.TYPE, types[owner]), Piece(word[len(owner) :])]
        else:
            pieces.append(Piece(word))
        is_defined_next = word == "def"
    pieces.append(Piece(text[end:]))
    return tuple(piece for piece in pieces if piece.text)
