"""Path templates such as `/plans/{id}`: literal segments and variables.

A variable is a whole segment. Literals stand as they are read, not percent-encoded; what a URI may not hold
as it is, such as letters of other scripts, its writer encodes. Source: RFC 3986, sections 3.3 and 6.2.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from avrorpc.errors import SchemaError

_LITERAL: Final = re.compile(r"[\w\-.~!$&'()*+,;=:@]+")
_VARIABLE: Final = re.compile(r"\{([^\W\d]\w*)\}")
_PCHAR: Final = "-._~!$&'()*+,;=:@"


@dataclass(slots=True, frozen=True)
class Segment:
    """What stands between two slashes of a template."""

    text: str
    """The literal text, or the variable's name."""
    is_variable: bool = False
    """Whether any text may stand there."""


@dataclass(slots=True, frozen=True)
class PathTemplate:
    """A template, taken apart."""

    segments: tuple[Segment, ...]
    """Its parts; none for `/`."""

    def __str__(self) -> str:
        parts = (f"{{{part.text}}}" if part.is_variable else part.text for part in self.segments)
        return "/" + "/".join(parts)

    @property
    def uri(self) -> str:
        """The template with its literals percent-encoded where a URI asks for it."""
        parts = (
            f"{{{part.text}}}" if part.is_variable else quote(part.text, safe=_PCHAR)
            for part in self.segments
        )
        return "/" + "/".join(parts)

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of its variables, from left to right."""
        return tuple(part.text for part in self.segments if part.is_variable)

    @property
    def shape(self) -> tuple[str | None, ...]:
        """What it matches: its literals, and None for each variable, whatever that is called."""
        return tuple(None if part.is_variable else part.text for part in self.segments)


def parse_template(text: str) -> PathTemplate:
    """Take a template apart.

    Raises:
        SchemaError: It is none; the error says what is wrong, without repeating the template.
    """
    if not text.startswith("/"):
        raise SchemaError("a path begins with `/`")
    if "?" in text or "#" in text:
        raise SchemaError("a path ends before `?` and `#`; `@query` names what stands behind")
    if text == "/":
        return PathTemplate(())
    segments = tuple(_segment(part) for part in text[1:].split("/"))
    names = [part.text for part in segments if part.is_variable]
    for name in names:
        if names.count(name) > 1:
            raise SchemaError(f"the variable `{{{name}}}` stands in it twice")
    return PathTemplate(segments)


def _segment(part: str) -> Segment:
    if not part:
        raise SchemaError("it has an empty segment: two slashes in a row, or one at the end")
    if part in (".", ".."):
        raise SchemaError(f"`{part}` is resolved by clients, and never reaches a server")
    variable = _VARIABLE.fullmatch(part)
    if variable is not None:
        return Segment(variable[1], is_variable=True)
    if "{" in part or "}" in part:
        raise SchemaError(f"`{part}` is no variable: one is a whole segment, such as `{{id}}`")
    if _LITERAL.fullmatch(part) is None:
        raise SchemaError(f"`{part}` has a character that no path may have")
    return Segment(part)
