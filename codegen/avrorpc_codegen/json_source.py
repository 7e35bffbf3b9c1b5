"""JSON text to nodes that know their places.

Knows nothing of Avro. Comments are accepted, as Apache's tools accept them in `.avsc` and `.avpr` files.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from avrorpc.schema import MAX_JSON_DEPTH, Json

from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.source import Source, Span

_GAP: Final = re.compile(r"(?:[ \t\n\r]+|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_STRING: Final = re.compile(r'"[^"\\\x00-\x1f]*(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*)*"')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.])")
_WORD: Final = re.compile(r"\w+")
_WORDS: Final[dict[str, Json]] = {"true": True, "false": False, "null": None}
_PYTHON_WORDS: Final = {"True": "true", "False": "false", "None": "null"}
_MOST_DIGITS: Final = 400


@dataclass(slots=True, eq=False)
class Node:
    """A JSON value; of a list or an object, `span` is the bracket that opens it."""

    scalar: bool | int | float | str | None
    """The value, unless it is a list or an object."""
    span: Span
    items: list[Node] | None = None
    """What a list holds."""
    members: dict[str, Member] | None = None
    """What an object holds, by key."""

    @property
    def is_container(self) -> bool:
        """Whether it is a list or an object."""
        return self.items is not None or self.members is not None

    def depth(self) -> int:
        """Return how deeply it is nested: 0 without a list or an object."""
        depth, level = 0, [self]
        while any(node.is_container for node in level):
            depth += 1
            level = [inner for node in level for inner in node.inner()]
        return depth

    def inner(self) -> list[Node]:
        """Return what a list or an object holds."""
        return self.items or [member.value for member in (self.members or {}).values()]

    def plain(self) -> Json:
        """Return the value without its places."""
        if self.items is not None:
            return [item.plain() for item in self.items]
        if self.members is not None:
            return {key: member.value.plain() for key, member in self.members.items()}
        return self.scalar

    def shown(self) -> str:
        """Return the value in the words of a diagnostic."""
        if self.items is not None:
            return "a list"
        if self.members is not None:
            return "an object"
        text = json.dumps(self.scalar, ensure_ascii=False)
        return f"`{text if len(text) <= 40 else f'{text[:37]}...'}`"


@dataclass(slots=True, eq=False)
class Member:
    """A key of an object, and its value."""

    key: Span
    value: Node


def parse_json(source: Source, diagnostics: Diagnostics) -> Node | None:
    """Read a whole text; where it is not JSON, say so once and return None."""
    reader = _JsonReader(source)
    try:
        return reader.document()
    except _NotJson as error:
        diagnostics.error(error.rule, error.message, error.span, help=error.help)
        return None


@dataclass(slots=True)
class _NotJson(Exception):
    message: str
    span: Span
    help: str | None = None
    rule: Rule = field(default=Rule.BAD_JSON)


class _JsonReader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.position = 0

    def document(self) -> Node:
        self.skip()
        root = self.value()
        opened = [root] if root.is_container else []
        while opened:
            around = opened[-1]
            close = "]" if around.items is not None else "}"
            self.skip()
            if self.accept(close):
                opened.pop()
                continue
            if around.items or around.members:
                self.comma(close, around.span)
            node = self.item(around)
            if node.is_container:
                opened.append(node)
            if len(opened) > MAX_JSON_DEPTH:
                raise _NotJson(f"nested deeper than {MAX_JSON_DEPTH}", node.span, None, Rule.TOO_DEEP)
        self.skip()
        if self.position < len(self.text):
            raise self.unexpected("expected the end of the file")
        return root

    def skip(self) -> None:
        gap = _GAP.match(self.text, self.position)
        self.position = gap.end() if gap else self.position

    def value(self) -> Node:
        """Return a value; of a list or an object, only the bracket is read that opens it."""
        start = self.position
        character = self.text[start : start + 1]
        if character == '"':
            return Node(self.string(), self.span(start, self.position))
        if character in ("{", "["):
            self.position += 1
            opening = self.span(start, start + 1)
            return Node(None, opening, members={}) if character == "{" else Node(None, opening, items=[])
        number = _NUMBER.match(self.text, start)
        if number is not None:
            return self.number(number)
        word = _WORD.match(self.text, start)
        if word is not None and word[0] in _WORDS:
            self.position = word.end()
            scalar = _WORDS[word[0]]
            return Node(scalar if isinstance(scalar, bool) else None, self.span(*word.span()))
        raise self.unexpected("expected a value")

    def item(self, around: Node) -> Node:
        """Return the next value of a list, or of an object, and put it there."""
        if around.items is not None:
            node = self.value()
            around.items.append(node)
            return node
        members = around.members
        assert members is not None, "a container is a list or an object"
        start = self.position
        if not self.text.startswith('"', start):
            raise self.unexpected("expected a key as a string")
        key = self.string()
        span = self.span(start, self.position)
        if key in members:
            line, column = self.source.position(members[key].key.start)
            raise _NotJson(f'the key "{key:.40}" occurs twice', span, f"the first is at {line}:{column}")
        self.skip()
        if not self.accept(":"):
            raise self.unexpected("expected `:` after the key")
        self.skip()
        node = self.value()
        members[key] = Member(span, node)
        return node

    def comma(self, close: str, opening: Span) -> None:
        if not self.accept(","):
            if self.position >= len(self.text):
                raise _NotJson(f"this bracket is not closed before the end of the file: `{close}`", opening)
            raise self.unexpected(f"expected `,` or `{close}`")
        comma = self.position - 1
        self.skip()
        if self.text.startswith(close, self.position):
            problem = f"nothing may stand between the last `,` and `{close}`"
            raise _NotJson(problem, self.span(comma, comma + 1), "leave the comma out")

    def accept(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.position):
            return False
        self.position += 1
        return True

    def string(self) -> str:
        start = self.position
        match = _STRING.match(self.text, start)
        if match is None:
            raise self.bad_string(start)
        self.position = match.end()
        text = match[0][1:-1]
        if "\\" not in text:
            return text
        try:
            value = json.loads(match[0])
        except json.JSONDecodeError as error:
            place = start + error.pos
            shown = self.text[place : place + 2]
            span = self.span(place, place + 2)
            help_line = r"the escapes are \" \\ \/ \b \f \n \r \t and \u0041"
            raise _NotJson(f"`{shown}` is no escape", span, help_line) from error
        assert isinstance(value, str)
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise _NotJson("this string holds half of a surrogate pair", self.span(start, self.position))
        return value

    def bad_string(self, start: int) -> _NotJson:
        end = start + 1
        while end < len(self.text) and self.text[end] >= " " and self.text[end] != '"':
            end += 2 if self.text[end] == "\\" and self.text[end + 1 : end + 2] >= " " else 1
        if end >= len(self.text) or self.text[end] in "\r\n":
            return _NotJson("this string has no end on its line", self.span(start, min(end, len(self.text))))
        code = ord(self.text[end])
        problem = "a string may not hold this control character as it is"
        return _NotJson(problem, self.span(end, end + 1), f"write `\\u{code:04x}`")

    def number(self, match: re.Match[str]) -> Node:
        self.position = match.end()
        span = self.span(*match.span())
        if match[1] or match[2]:
            value = float(match[0])
            if value in (float("inf"), float("-inf")):
                raise _NotJson("this number does not fit a double", span)
            return Node(value, span)
        if len(match[0]) > _MOST_DIGITS:
            raise _NotJson("this number has too many digits", span)
        return Node(int(match[0]), span)

    def span(self, start: int, end: int) -> Span:
        return Span(self.source, start, end)

    def unexpected(self, problem: str) -> _NotJson:
        start = self.position
        if start >= len(self.text):
            return _NotJson(f"{problem}, found the end of the file", self.span(start, start))
        word = _WORD.match(self.text, start)
        end = word.end() if word else start + 1
        found = self.text[start:end]
        hint = None
        if found == "'" or found in "\u201c\u201d\u2018\u2019":
            hint = "JSON's strings and keys stand in `\"`"
        elif self.text.startswith("/*", start):
            return _NotJson("this comment has no end", self.span(start, start + 2), "close it with `*/`")
        elif found in ("NaN", "Infinity"):
            hint = f'write `"{found}"`, as a string'
        elif found in _PYTHON_WORDS:
            hint = f"JSON writes `{_PYTHON_WORDS[found]}`"
        shown = found if len(found) <= 40 else f"{found[:37]}..."
        shown = shown if shown.isprintable() else f"U+{ord(found[0]):04X}"
        return _NotJson(f"{problem}, found `{shown}`", self.span(start, end), hint)
