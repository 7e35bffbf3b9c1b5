"""Names as words, and the ways to write them: `snake_case`, `camelCase` and so on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: `HTTPServer2` has `http` and `server2`."""
    return [word.lower() for part in name.split("_") for word in _split(part)]


def _split(part: str) -> list[str]:
    return _WORD.findall(re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", part))


def folded(name: str) -> str:
    """Return a name without what names should not differ in alone: case and underscores."""
    return name.replace("_", "").casefold()


class LetterCase(Enum):
    """A way to write names."""

    SNAKE = "snake_case"
    """Fields, parameters and messages, as Python has them."""
    CAMEL = "camelCase"
    """The same, as Java has them."""
    PASCAL = "PascalCase"
    """Types and protocols."""
    UPPER_SNAKE = "UPPER_SNAKE_CASE"
    """Symbols of enums."""

    def fits(self, name: str) -> bool:
        """Return whether a name is written so; underscores around it do not count."""
        bare = name.strip("_")
        return not bare or _PATTERNS[self].fullmatch(bare) is not None

    def apply(self, name: str) -> str:
        """Return a name written so; where it has no words, as it is."""
        found = words(name)
        if not found:
            return name
        match self:
            case LetterCase.SNAKE:
                return "_".join(found)
            case LetterCase.UPPER_SNAKE:
                return "_".join(found).upper()
            case LetterCase.PASCAL:
                return "".join(word.capitalize() for word in found)
            case LetterCase.CAMEL:
                return found[0] + "".join(word.capitalize() for word in found[1:])


_PATTERNS: Final = {
    LetterCase.SNAKE: re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*"),
    LetterCase.CAMEL: re.compile(r"[a-z0-9][A-Za-z0-9]*"),
    LetterCase.PASCAL: re.compile(r"[A-Z0-9][A-Za-z0-9]*"),
    LetterCase.UPPER_SNAKE: re.compile(r"[A-Z0-9]+(?:_[A-Z0-9]+)*"),
}


def usual_case(names: Iterable[str]) -> LetterCase:
    """Return the style that most names are in, of `snake_case` and `camelCase`; a draw is the first's."""
    balance = 0
    for name in names:
        balance += LetterCase.CAMEL.fits(name) - LetterCase.SNAKE.fits(name)
    return LetterCase.CAMEL if balance > 0 else LetterCase.SNAKE
