"""The words of a rule: numbers, strings, names and signs, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from avrorpc.examples.problem import RuleError

MAX_RULE_LENGTH: Final = 2_000
"""How many characters a rule may have."""


class Kind(Enum):
    """What a token is."""

    NUMBER = "a number"
    STRING = "a string"
    NAME = "a name"
    SIGN = "a sign"
    END = "the end"


class Token(NamedTuple):
    """One token; `start` and `end` are its offsets."""

    kind: Kind
    text: str
    start: int
    end: int


KEYWORDS: Final = frozenset({"and", "or", "not", "in", "true", "false", "null"})
_PYTHON: Final = {"True": "true", "False": "false", "None": "null", "is": "==", "&&": "and", "||": "or"}
"""Words of other languages, and what is written here."""
_TOKEN: Final = re.compile(
    r"""(?P<number>(?:[0-9]+\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<name>[^\W\d]\w*)
    |(?P<sign>==|!=|<=|>=|//|&&|\|\||[-+*/%<>()\[\].,:])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_SPACE: Final = " \t\r\n"


def tokenize(rule: str) -> Iterator[Token]:
    """Yield the tokens of a rule, and one for its end.

    Raises:
        RuleError: It is too long, or a character begins nothing.
    """
    if len(rule) > MAX_RULE_LENGTH:
        raise RuleError(f"it is longer than MAX_RULE_LENGTH, {MAX_RULE_LENGTH} characters", rule)
    at = 0
    while at < len(rule):
        if rule[at] in _SPACE:
            at += 1
            continue
        match = _TOKEN.match(rule, at)
        if match is None:
            raise RuleError(_stranger(rule, at), rule, at)
        text = match.group()
        if text in _PYTHON:
            raise RuleError(f"there is no {text!r}; write {_PYTHON[text]!r}", rule, at)
        yield Token(Kind[str(match.lastgroup).upper()], text, at, match.end())
        at = match.end()
    yield Token(Kind.END, "", len(rule), len(rule))


def string_value(token: Token, rule: str) -> str:
    """Return what a string says.

    Raises:
        RuleError: It has an escape that there is not.
    """

    def plain(match: re.Match[str]) -> str:
        said = match[1]
        if said[0] == "u" and len(said) == 5:
            return chr(int(said[1:], 16))
        if said not in _ESCAPES:
            raise RuleError(f"there is no escape \\{said}", rule, token.start + 1 + match.start())
        return _ESCAPES[said]

    return _ESCAPE.sub(plain, token.text[1:-1])


def _stranger(rule: str, at: int) -> str:
    if rule[at] in "\"'":
        return "a string has no end"
    if rule[at] == "=":
        return "there is no assignment; compare with =="
    if rule[at] == "!":
        return "there is no '!'; write not"
    return f"{rule[at]!r} begins nothing"
