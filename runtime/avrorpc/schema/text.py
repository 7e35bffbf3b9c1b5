"""JSON values as text, letter for letter as the Apache Java implementation writes them.

The MD5 of such a text identifies a protocol, so that two implementations that write the same text need no
extra round trip; and a contract that moves from Apache's tools to ours shows no difference. What a value
means is not known here. What writes an object or a list is a generator that `finish` drives, since these may
be nested more deeply than Python's stack is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator
from decimal import Decimal
from typing import Final, TypeAlias

from avrorpc.schema.model import Json
from avrorpc.schema.nesting import finish

_Writing: TypeAlias = "Generator[_Writing, None, None]"
_SPECIAL: Final = re.compile(r'["\\\x00-\x1f]')
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def compact(value: Json) -> str:
    """Return JSON without white space, non-ASCII characters kept."""
    out: list[str] = []
    finish(_compact(value, out.append))
    return "".join(out)


def pretty(value: Json) -> str:
    """Return JSON with an indented line for each member of an object, and lists on the line of their key."""
    out: list[str] = []
    finish(_pretty(value, "\n", out.append))
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


def _compact(value: Json, write: Callable[[str], None]) -> _Writing:
    if isinstance(value, dict):
        before = "{"
        for key, item in value.items():
            write(f"{before}{_string(key)}:")
            if isinstance(item, dict | list):
                yield _compact(item, write)
            else:
                write(_scalar(item))
            before = ","
        write("}" if value else "{}")
    elif isinstance(value, list):
        before = "["
        for item in value:
            write(before)
            if isinstance(item, dict | list):
                yield _compact(item, write)
            else:
                write(_scalar(item))
            before = ","
        write("]" if value else "[]")
    else:
        write(_scalar(value))


def _pretty(value: Json, line: str, write: Callable[[str], None]) -> _Writing:
    if isinstance(value, dict):
        inner = f"{line}  "
        before = "{"
        for key, item in value.items():
            write(f"{before}{inner}{_string(key)} : ")
            if isinstance(item, dict | list):
                yield _pretty(item, inner, write)
            else:
                write(_scalar(item))
            before = ","
        write(f"{line}}}" if value else "{ }")
    elif isinstance(value, list):
        before = "[ "
        for item in value:
            write(before)
            if isinstance(item, dict | list):
                yield _pretty(item, line, write)
            else:
                write(_scalar(item))
            before = ", "
        write(" ]" if value else "[ ]")
    else:
        write(_scalar(value))
