"""JSON values as YAML: the part of YAML that every reader reads alike, all texts in quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from avrorpc.schema import Json

_PLAIN_KEY: Final = re.compile(r"[A-Za-z$/][A-Za-z0-9_$./{}-]*")
_UNPRINTABLE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 does not take for a text."""


def as_yaml(value: Json) -> str:
    """Return a value as a YAML document, ending in a line break."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Json) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, item in value.items():
                yield from _placed(f"{_key(key)}:", item, "  ")
        case list() if value:
            for item in value:
                yield from _placed("-", item, "  ")
        case _:
            yield _scalar(value)


def _placed(head: str, value: Json, indent: str) -> Iterator[str]:
    """Yield a value behind what leads to it: on that line, or below it."""
    inner = list(_lines(value))
    if not (isinstance(value, dict | list) and value):
        yield f"{head} {inner[0]}"
    elif head == "-":
        yield f"- {inner[0]}"
        yield from (indent + line for line in inner[1:])
    else:
        yield head
        yield from (indent + line for line in inner)


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _WORDS else _scalar(key)


def _scalar(value: Json) -> str:
    # JSON's scalars, its empty array and object are YAML's; a double-quoted text needs what JSON escapes.
    text = json.dumps(value, ensure_ascii=False)
    match value:
        case str():
            return _UNPRINTABLE.sub(lambda match: json.dumps(match[0])[1:-1], text)
        case float() if "." not in text:
            return text.replace("e", ".0e")  # to YAML 1.1, `1e+16` is a text
        case _:
            return text
