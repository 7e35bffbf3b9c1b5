"""JSON text to nodes that know their places.

Knows nothing of Avro. Comments are accepted, as Apache's tools accept them in `.avsc` and `.avpr` files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from avrorpc.schema import MAX_JSON_DEPTH, Json, finish

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

    def plain(self) -> Json:
        """Return the value without its places."""
        if self.items is not None:
            return [item.plain() for item in self.items]
        if self.members is not None:
            return {key: member.value.plain() for key, member in self.members.items()}
        return self.scalar

    def depth(self) -> int:
        """Return how many brackets are open at once where the value is the deepest."""
        depth = 0
        level = [self]
        while level := [node for node in level if node.items is not None or node.members is not None]:
            depth += 1
            level = [
                inner
                for node in level
                for inner in (node.items or [member.value for member in (node.members or {}).values()])
            ]
        return depth

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


_Reading: TypeAlias = "Node | Generator[_Reading, Node, Node]"
"""A node, or what reads a list or an object: it yields the same for each value inside, and is sent a node."""


class _JsonReader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.position = 0
        self.depth = 0

    def document(self) -> Node:
        self.skip()
        node = finish(self.whole())
        self.skip()
        if self.position < len(self.text):
            raise self.unexpected("expected the end of the file")
        return node

    def skip(self) -> None:
        gap = _GAP.match(self.text, self.position)
        self.position = gap.end() if gap else self.position

    def whole(self) -> Generator[_Reading, Node, Node]:
        return (yield self.value())

    def value(self) -> _Reading:
        character = self.text[self.position : self.position + 1]
        if character == '"':
            start = self.position
            return Node(self.string(), self.span(start, self.position))
        if character in ("{", "["):
            return self.nested(character)
        number = _NUMBER.match(self.text, self.position)
        if number is not None:
            return self.number(number)
        word = _WORD.match(self.text, self.position)
        if word is not None and word[0] in _WORDS:
            self.position = word.end()
            scalar = _WORDS[word[0]]
            return Node(scalar if isinstance(scalar, bool) else None, self.span(*word.span()))
        raise self.unexpected("expected a value")

    def nested(self, character: str) -> Generator[_Reading, Node, Node]:
        opening = self.span(self.position, self.position + 1)
        self.position += 1
        self.depth += 1
        if self.depth > MAX_JSON_DEPTH:
            raise _NotJson(f"nested deeper than {MAX_JSON_DEPTH}", opening, None, Rule.TOO_DEEP)
        node = yield from self.object_node(opening) if character == "{" else self.list_node(opening)
        self.depth -= 1
        return node

    def list_node(self, opening: Span) -> Generator[_Reading, Node, Node]:
        items: list[Node] = []
        self.skip()
        if not self.accept("]"):
            items.append((yield self.value()))
            while self.goes_on("]", opening):
                items.append((yield self.value()))
        return Node(None, opening, items=items)

    def object_node(self, opening: Span) -> Generator[_Reading, Node, Node]:
        members: dict[str, Member] = {}
        self.skip()
        if not self.accept("}"):
            goes_on = True
            while goes_on:
                key, span = self.key(members)
                members[key] = Member(span, (yield self.value()))
                goes_on = self.goes_on("}", opening)
        return Node(None, opening, members=members)

    def key(self, members: dict[str, Member]) -> tuple[str, Span]:
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
        return key, span

    def goes_on(self, close: str, opening: Span) -> bool:
        """Go past a comma, and return True, or past the bracket that closes."""
        self.skip()
        if self.accept(close):
            return False
        if not self.accept(","):
            if self.position >= len(self.text):
                raise _NotJson(f"this bracket is not closed before the end of the file: `{close}`", opening)
            raise self.unexpected(f"expected `,` or `{close}`")
        comma = self.position - 1
        self.skip()
        if self.text.startswith(close, self.position):
            raise _NotJson(
                f"nothing may stand between the last `,` and `{close}`",
                self.span(comma, comma + 1),
                "leave the comma out",
            )
        return True

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
        return _NotJson(f"{problem}, found `{shown}`", self.span(start, end), hint)
