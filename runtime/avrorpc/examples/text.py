"""JSON text with the line of each value, for errors that people can find; a bare `...` is a string."""

from __future__ import annotations

import math
import re
from json import JSONDecodeError, JSONDecoder
from typing import Final

from avrorpc.examples.problem import BadExamples, below
from avrorpc.schema import Json

MAX_FILE_LENGTH: Final = 16 * 2**20
"""How many characters a case file may have."""
MAX_FILE_DEPTH: Final = 100
"""How deeply its values may be nested."""

_DECODER: Final = JSONDecoder()
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, Json]] = {"true": True, "false": False, "null": None, "...": "..."}
_MOST_DIGITS: Final = 400


class JsonText:
    """A JSON text that has been read.

    Args:
        text: The text.
        file: The file as people know it, for errors.

    Raises:
        BadExamples: It is no JSON, or above a limit.
    """

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._offsets: dict[str, int] = {}
        if len(text) > MAX_FILE_LENGTH:
            raise self._error(f"it is longer than MAX_FILE_LENGTH, {MAX_FILE_LENGTH} characters", 0)
        value, end = self._value(self._skip(0), "", 0)
        end = self._skip(end)
        if end < len(text):
            raise self._error("there is more text behind the end of the JSON", end)
        self.value: Final = value
        """What it says."""

    def error(self, problem: str, pointer: str) -> BadExamples:
        """Return the error for the value with a JSON pointer, or for the nearest around it."""
        near = pointer
        while near not in self._offsets:
            near = near.rpartition("/")[0]
        return self._error(problem, self._offsets[near], pointer)

    def _error(self, problem: str, at: int, pointer: str = "") -> BadExamples:
        line = self._text.count("\n", 0, at) + 1
        return BadExamples(problem, self._file, line, pointer, at)

    def _skip(self, at: int) -> int:
        match = _SPACE.match(self._text, at)
        return at if match is None else match.end()

    def _value(self, at: int, pointer: str, depth: int) -> tuple[Json, int]:
        if depth > MAX_FILE_DEPTH:
            raise self._error(f"it is nested more deeply than MAX_FILE_DEPTH, {MAX_FILE_DEPTH}", at)
        self._offsets[pointer] = at
        first = self._text[at : at + 1]
        if first == '"':
            return self._string(at, pointer)
        if first == "{":
            return self._object(at + 1, pointer, depth)
        if first == "[":
            return self._array(at + 1, pointer, depth)
        for word, value in _WORDS.items():
            if self._text.startswith(word, at):
                return value, at + len(word)
        match = _NUMBER.match(self._text, at)
        if match is None and first == "]":
            raise self._error("there is a comma too many", at, pointer)
        if match is None:
            found = repr(self._text[at : at + 12]) if first else "the end of the text"
            raise self._error(f"a JSON value was expected, and not {found}", at, pointer)
        if len(match.group()) > _MOST_DIGITS:
            raise self._error(f"a number has more than {_MOST_DIGITS} characters", at, pointer)
        if match[1] is None and match[2] is None:
            return int(match.group()), match.end()
        number = float(match.group())
        if not math.isfinite(number):
            raise self._error(f'{match.group()} is larger than any number; write "Infinity"', at, pointer)
        return number, match.end()

    def _string(self, at: int, pointer: str) -> tuple[str, int]:
        try:
            text, end = _DECODER.raw_decode(self._text, at)
        except JSONDecodeError as error:
            raise self._error(f"a string is not JSON: {error.msg}", error.pos, pointer) from None
        assert isinstance(text, str)
        return text, end

    def _object(self, at: int, pointer: str, depth: int) -> tuple[Json, int]:
        found: dict[str, Json] = {}
        at = self._skip(at)
        if self._text.startswith("}", at):
            return found, at + 1
        while True:
            if self._text.startswith("...", at):
                key, at = "...", at + 3
            elif self._text.startswith('"', at):
                key, at = self._string(at, pointer)
            else:
                is_trailing = bool(found) and self._text.startswith("}", at)
                problem = (
                    "there is a comma too many" if is_trailing else "a name in double quotes was expected"
                )
                raise self._error(problem, at, pointer)
            if key in found:
                raise self._error(f"{key!r} is there twice", at, pointer)
            at = self._skip(at)
            if key == "..." and not self._text.startswith(":", at):
                found[key] = "..."
            else:
                at = self._skip(self._expect(":", at, pointer))
                found[key], at = self._value(at, below(pointer, key), depth + 1)
            at = self._skip(at)
            if self._text.startswith("}", at):
                return found, at + 1
            at = self._skip(self._expect(",", at, pointer))

    def _array(self, at: int, pointer: str, depth: int) -> tuple[Json, int]:
        found: list[Json] = []
        at = self._skip(at)
        if self._text.startswith("]", at):
            return found, at + 1
        while True:
            item, at = self._value(at, below(pointer, len(found)), depth + 1)
            found.append(item)
            at = self._skip(at)
            if self._text.startswith("]", at):
                return found, at + 1
            at = self._skip(self._expect(",", at, pointer))

    def _expect(self, sign: str, at: int, pointer: str) -> int:
        if not self._text.startswith(sign, at):
            raise self._error(f"{sign!r} was expected", at, pointer)
        return at + 1
