"""JSON text to values, strictly: what two readers could understand in two ways is refused.

RFC 8259 leaves to each reader what repeated names, `NaN` and numbers beyond a double mean; here they are
errors, as I-JSON (RFC 7493) has it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from avrorpc.errors import EncodeError, LimitExceeded
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.schema import Json

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(data: bytes | bytearray | memoryview, limits: Limits = DEFAULT_LIMITS) -> Json:
    """Return the value of a JSON text in UTF-8.

    Raises:
        EncodeError: It is no JSON; the text says where.
        LimitExceeded: It is nested deeper than `max_depth`.
    """
    data = bytes(data)
    # Brackets within strings are counted too: only what might be too deep is looked at closely.
    if len(data) > limits.max_depth < data.count(b"[") + data.count(b"{"):
        _check_depth(_text(data), limits.max_depth)
    value: Json
    try:
        value = _QUICK.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        pass  # what is wrong is told below
    else:
        if _stands_once(data, value):
            return value
    text = _text(data)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise EncodeError(f"{error.msg}, at line {error.lineno}, column {error.colno}") from None
    except _Refused as error:
        raise EncodeError(str(error)) from None
    except RecursionError:
        raise LimitExceeded(f"JSON is nested deeper than max_depth={limits.max_depth}") from None
    except ValueError:  # int() refuses what has thousands of digits
        raise EncodeError("a number has too many digits") from None
    if _SURROGATE.search(data) is not None:
        try:
            msgspec.json.encode(value)
        except UnicodeEncodeError:
            raise EncodeError("half of a surrogate pair stands alone, which is no character") from None
    return value


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise EncodeError(f"byte {error.start} is no UTF-8") from None
    if text.startswith("\ufeff"):
        raise EncodeError("it begins with a byte order mark, which JSON has not")
    return text


def format_json(value: Json | Mapping[str, Any]) -> bytes:
    """Return the JSON text of a value, in UTF-8 and without spaces; equal values have equal texts."""
    return _ENCODER.encode(value)


def as_it_stands(text: bytes) -> object:
    """Return what `format_json` writes as a JSON text that there is already, within another value."""
    return msgspec.Raw(text)


def _stands_once(data: bytes, value: Json) -> bool:
    """Whether no name stands twice in one object, as far as that is seen at once."""
    colons = data.count(b":")
    if colons == (len(value) if type(value) is dict else 0):
        return True
    names = _names(value)
    return colons == names or len(_NAMES.findall(data)) == names


def _names(value: Json) -> int:
    """Return how many names the objects of a value have, all together."""
    if type(value) is dict:
        return len(value) + sum(_names(item) for item in value.values() if type(item) in _NESTING)
    if type(value) is list and not set(map(type, value)).isdisjoint(_NESTING):
        return sum(_names(item) for item in value)
    return 0


class _Refused(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _Refused(f"the name {repeated!r:.60} stands twice in one object")
    return made


def _constant(name: str) -> float:
    raise _Refused(f'{name} is no JSON; write "{name}", a string')


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _Refused(f"{text:.60} is beyond what a double holds")
    return value


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)


_ENCODER: Final = msgspec.json.Encoder()
_QUICK: Final = msgspec.json.Decoder()
"""As strict, but for names that stand twice; those are fewer in what it gives than in the text."""
_NAMES: Final = re.compile(rb'"[ \t\r\n]*:')
"""Stands behind each name of an object; more of it may stand within texts."""
_NESTING: Final = (dict, list)


def _check_depth(text: str, most: int) -> None:
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > most:
                raise LimitExceeded(f"JSON is nested deeper than max_depth={most}")
        elif character in "]}":
            depth -= 1
