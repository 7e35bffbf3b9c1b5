"""The annotations that mean something to callers, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avrorpc.schema import Field, Json, Message, Props, streaming

from avrorpc_codegen.reference.code import Code
from avrorpc_codegen.reference.idl import annotation
from avrorpc_codegen.reference.pages import Badge

_ONE_WAY: Final = Badge("one-way", "The caller does not wait, and learns of no result and no error.")
_IDEMPOTENT: Final = Badge("idempotent", "Calling it twice does no more than calling it once.")
_READONLY: Final = Badge("read-only", "It changes nothing, so it may be called again at any time.")
_SENSITIVE: Final = Badge("sensitive", "It belongs in no log, no trace and no error text.", "warn")
_ITEM: Final = Badge("item", "Any number of these is sent, one after another.")
_STREAMS: Final = {
    "response": "The reply is a stream; the result is the type of each item.",
    "request": "The request is a stream of the last parameter; the others are sent once, at its opening.",
    "both": "Request and reply are streams: of the last parameter, and of the result.",
}


def message_badges(message: Message) -> list[Badge]:
    """Return what callers of a message should know of."""
    return [*([_ONE_WAY] if message.one_way else []), *badges(message.props)]


def parameter_badges(item: Field, message: Message) -> list[Badge]:
    """Return what callers should know of a parameter, such as that it is the item of a stream."""
    is_item = streaming(message).takes_stream and item is message.request[-1]
    return [*([_ITEM] if is_item else []), *badges(item.props)]


def badges(props: Props) -> list[Badge]:
    """Return what the properties of a message, a protocol or a type say to callers."""
    found: list[Badge] = []
    deprecated = props.get("deprecated")
    if deprecated is True:
        found.append(Badge("deprecated", "New code should not use it.", "warn"))
    elif isinstance(deprecated, str):
        found.append(Badge("deprecated", deprecated, "warn"))
    elif isinstance(deprecated, dict):
        words = {"text": "", "since": "since ", "sunset": "gone from ", "link": "see "}
        told = [f"{word}{deprecated[key]}" for key, word in words.items() if key in deprecated]
        found.append(Badge("deprecated", "; ".join(told).rstrip(".") + ".", "warn"))
    if props.get("readonly") is True:
        found.append(_READONLY)
    if props.get("idempotent") is True:
        found.append(_IDEMPOTENT)
    stream = props.get("stream")
    if isinstance(stream, str) and stream in _STREAMS:
        found.append(Badge(f"stream: {stream}", _STREAMS[stream]))
    timeout = props.get("timeout")
    if isinstance(timeout, str):
        found.append(Badge(f"timeout {timeout}", "The deadline of a call that states none of its own."))
    if props.get("sensitive") is True:
        found.append(_SENSITIVE)
    routes = props.get("http")
    texts = [route for route in (routes if isinstance(routes, list) else [routes]) if isinstance(route, str)]
    return [
        *found,
        *(
            Badge(route, "The HTTP route that the contract states for this message.", "http")
            for route in texts
        ),
    ]


def notes(props: Props) -> list[Code]:
    """Return the annotations that no badge speaks of, as code."""
    return [annotation(name, value) for name, value in props.items() if not badges({name: value})]


def variable_notes(item: Field) -> list[Code]:
    """Return the annotations of a field or a parameter that no badge speaks of."""
    special: Mapping[str, Json] = {
        **({"order": item.order} if item.order is not None else {}),
        **({"aliases": list(item.aliases)} if item.aliases else {}),
    }
    return notes({**special, **item.props})
