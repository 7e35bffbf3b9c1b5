"""JSON values as text, letter for letter as the Apache Java implementation writes them.

The MD5 of such a text identifies a protocol, so that two implementations that write the same text need no
extra round trip; and a contract that moves from Apache's tools to ours shows no difference. What a value
means is not known here.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

from avrorpc.schema.model import Json

_SPECIAL: Final = re.compile(r'["\\\x00-\x1f]')
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class _Raw(str):
    """Text that goes out as it is."""

    __slots__ = ()


def compact(value: Json) -> str:
    """Return JSON without white space, non-ASCII characters kept."""
    out: list[str] = []
    waiting: list[Json] = [value]
    while waiting:  # A stack, since a chain of types in types may be long.
        item = waiting.pop()
        if isinstance(item, _Raw):
            out.append(item)
        elif isinstance(item, dict):
            waiting.append(_Raw("}"))
            for index, (key, inner) in reversed(list(enumerate(item.items()))):
                waiting += (inner, _Raw(f"{',' if index else ''}{_string(key)}:"))
            waiting.append(_Raw("{"))
        elif isinstance(item, list):
            waiting.append(_Raw("]"))
            for index, inner in reversed(list(enumerate(item))):
                waiting += (inner, _Raw(",")) if index else (inner,)
            waiting.append(_Raw("["))
        else:
            out.append(_scalar(item))
    return "".join(out)


def pretty(value: Json) -> str:
    """Return JSON with an indented line for each member of an object, and lists on the line of their key."""
    out: list[str] = []
    waiting: list[tuple[Json, str]] = [(value, "\n")]
    while waiting:
        item, line = waiting.pop()
        if isinstance(item, _Raw):
            out.append(item)
        elif isinstance(item, dict):
            inside = f"{line}  "
            waiting.append((_Raw(f"{line}}}" if item else " }"), line))
            for index, (key, inner) in reversed(list(enumerate(item.items()))):
                before = _Raw(f"{',' if index else ''}{inside}{_string(key)} : ")
                waiting += ((inner, inside), (before, inside))
            waiting.append((_Raw("{"), line))
        elif isinstance(item, list):
            waiting.append((_Raw(" ]"), line))
            for index, inner in reversed(list(enumerate(item))):
                waiting += ((inner, line), (_Raw(", " if index else " "), line))
            waiting.append((_Raw("["), line))
        else:
            out.append(_scalar(item))
    return "".join(out)


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
