"""The values of annotations that mean something here; to other Avro peers they are mere properties."""

from __future__ import annotations

import datetime
import re
from enum import Enum
from typing import Final

from avrorpc.errors import SchemaError
from avrorpc.schema.model import Json, Message, Record

DECLARED_TYPE: Final = "urn:avrorpc:declared:"
"""What the `type` of a problem begins with that is a declared error; its full name follows."""
DECLARED_STATUS: Final = 422
"""The HTTP status of a declared error whose declaration names none."""

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h)")
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: Json) -> float:
    """Return the seconds that a text such as `30s`, `500ms` or `2m` stands for.

    Raises:
        SchemaError: It is no such text.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise SchemaError(f'{value!r} is no duration such as "30s", "500ms" or "2m"')
    return float(match[1]) * _UNITS[match[2]]


def deprecation_problem(value: Json) -> str | None:
    """Return what is wrong with a value of `@deprecated`, or None.

    It is true, a text, or an object with `text`, `since` and `sunset`, which are dates, and `link`, a URL.
    """
    if isinstance(value, bool | str):
        return None
    if not isinstance(value, dict) or not value:
        return "`@deprecated` needs true, a text, or an object with `text`, `since`, `sunset` or `link`"
    for key, item in value.items():
        if key not in ("text", "since", "sunset", "link"):
            return f"`@deprecated` has no {key!r}; it has `text`, `since`, `sunset` and `link`"
        if not isinstance(item, str):
            return f"`{key}` of `@deprecated` needs a text"
        if key in ("since", "sunset") and not _is_date(item):
            return f"`{key}` of `@deprecated` needs a date such as 2026-01-31, and {item!r} is none"
    return None


def _is_date(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


class Streaming(Enum):
    """Which sides of a message are streams; values are those of `@stream`."""

    NONE = "none"
    """One request, one reply; a message without the annotation."""
    REQUEST = "request"
    """Many requests, one reply: the last parameter is the item, the others are sent once at the opening."""
    RESPONSE = "response"
    """One request, many replies: the return type is the item."""
    BOTH = "both"
    """Both at once."""

    def __init__(self, value: str) -> None:
        self.takes_stream = value in ("request", "both")
        """Whether the caller sends items."""
        self.gives_stream = value in ("response", "both")
        """Whether the service sends items."""


def streaming(message: Message) -> Streaming:
    """Return which sides of a message are streams.

    Raises:
        SchemaError: `@stream` has a value that it cannot have, or the message has no parameter to stream.
    """
    value = message.props.get("stream", "none")
    try:
        found = Streaming(str(value))
    except ValueError:
        raise SchemaError(
            f'{message.name}: @stream({value!r}) is none of "request", "response", "both"'
        ) from None
    if found.takes_stream and not message.request:
        raise SchemaError(f"{message.name}: @stream({value!r}) needs a parameter, which is the item")
    if found is not Streaming.NONE and message.one_way:
        raise SchemaError(f"{message.name}: a one-way message cannot be a stream")
    return found


def takes_key(verb: str, message: Message) -> bool:
    """Return whether an `Idempotency-Key` matters on a route: what may be repeated anyway needs none."""
    props = message.props
    may_repeat = props.get("readonly") is True or props.get("idempotent") is True
    return verb in ("POST", "PATCH") and not may_repeat and props.get("stream") is None


def needs_key(verb: str, message: Message) -> bool:
    """Return whether a request without an `Idempotency-Key` is refused."""
    return takes_key(verb, message) and message.props.get("idempotency_key") == "required"


def declared_status(error: Record) -> int:
    """Return the HTTP status of a declared error: that of its `@http`, else 422."""
    stated = error.props.get("http")
    is_status = isinstance(stated, int) and not isinstance(stated, bool) and 400 <= stated <= 599
    return stated if is_status and isinstance(stated, int) else DECLARED_STATUS
