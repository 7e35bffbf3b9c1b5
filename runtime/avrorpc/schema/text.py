"""JSON values as text, letter for letter as the Apache Java implementation writes them.

The MD5 of such a text identifies a protocol, so that two implementations that write the same text need no
extra round trip; and a contract that moves from Apache's tools to ours shows no difference. What a value
means is not known here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import chain, repeat
from typing import Final, TypeAlias, TypeVar

from avrorpc.schema.model import Json

T = TypeVar("T")

_SPECIAL: Final = re.compile(r'["\\\x00-\x1f]')
_DIFFERENT: Final = re.compile(r"[\[:,]-?(?:[0-9]+[.e]|NaN|Infinity)|^-?(?:[0-9]+[.e]|NaN|Infinity)|\\u00")
"""What may be a fractional number, or the escape of a control character, in compact JSON."""
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


_Parts: TypeAlias = "Iterator[tuple[str, Json]]"
"""The parts of an object or a list, each with the text that stands before it."""
_Layout: TypeAlias = "Callable[[dict[str, Json] | list[Json], str], tuple[str, _Parts, str, str]]"
"""Lays an object or a list out on a line: its opening, its parts, its closing, the line of its parts."""


def compact(value: Json) -> str:
    """Return JSON without white space, non-ASCII characters kept."""
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:  # A chain of types in types is as deep as it is long.
        return _text(value, _compact)
    # Python's own encoder, ten times as fast, writes all alike but for these.
    return _text(value, _compact) if _DIFFERENT.search(text) else text


def pretty(value: Json) -> str:
    """Return JSON with an indented line for each member of an object, and lists on the line of their key."""
    return _text(value, _pretty)


def _text(value: Json, layout: _Layout) -> str:
    """Return a value as text, by a stack of what is open, since a chain of types in types may be long."""
    out: list[str] = []
    opened: list[tuple[_Parts, str, str]] = []
    parts, closing, line = iter([("", value)]), "", "\n"
    while True:
        for before, item in parts:
            if isinstance(item, dict | list):
                opened.append((parts, closing, line))
                opening, parts, closing, line = layout(item, line)
                out += (before, opening)
                break
            out += (before, _scalar(item))
        else:
            out.append(closing)
            if not opened:
                return "".join(out)
            parts, closing, line = opened.pop()


def _compact(value: dict[str, Json] | list[Json], line: str) -> tuple[str, _Parts, str, str]:
    if isinstance(value, dict):
        return (
            "{",
            ((f"{comma}{_string(key)}:", item) for comma, (key, item) in _listed(value.items())),
            "}",
            line,
        )
    return "[", _listed(value), "]", line


def _pretty(value: dict[str, Json] | list[Json], line: str) -> tuple[str, _Parts, str, str]:
    if isinstance(value, dict):
        inner = f"{line}  "
        members = (
            (f"{comma}{inner}{_string(key)} : ", item) for comma, (key, item) in _listed(value.items())
        )
        return "{", members, f"{line}}}" if value else " }", inner
    return "[ " if value else "[", _listed(value, ", "), " ]", line


def _listed(items: Iterable[T], comma: str = ",") -> Iterator[tuple[str, T]]:
    """Yield each item after what separates it from the one before."""
    return zip(chain([""], repeat(comma)), items, strict=False)


def number(value: float) -> str:
    """Return a number as `Double.toString` writes it; NaN and the infinities as JSON strings.

    From a thousandth to below ten million it is a plain decimal, else it has an exponent.
    """
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int), "a finite number has an exponent"
    minus = "-" * sign
    figures = "".join(map(str, digits)).rstrip("0")
    if not figures:
        return f"{minus}0.0"
    point = len(digits) + exponent
    if 0 < point <= 7:
        return f"{minus}{figures[:point]:0<{point}}.{figures[point:] or '0'}"
    if -2 <= point <= 0:
        return f"{minus}0.{'0' * -point}{figures}"
    return f"{minus}{figures[0]}.{figures[1:] or '0'}E{point - 1}"


def _string(value: str) -> str:
    return f'"{_SPECIAL.sub(_escape, value)}"' if _SPECIAL.search(value) else f'"{value}"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04X}"


def _scalar(value: bool | float | str | None) -> str:
    match value:
        case str():
            return _string(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case _:
            return number(value)
