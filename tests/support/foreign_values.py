"""The test contract as other implementations can take it, and its values in Avro's JSON encoding."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from testcontracts.conformance import CONFORMANCE


def protocol(
    change: Callable[[dict[str, Any]], object] = lambda _: None, *, text: str = CONFORMANCE.text
) -> str:
    """Return the text of a protocol, the test contract's by default, with a change."""
    made: dict[str, Any] = json.loads(text)
    change(made)
    return json.dumps(made)


def without_keywords(made: dict[str, Any]) -> None:
    """Take out the message `import`: avsc's clients make a JavaScript function of each message's name."""
    del made["messages"]["import"]


def everything_json(**changes: Any) -> dict[str, Any]:
    """Return an `Everything` in Avro's JSON encoding, with numbers that JavaScript can hold."""
    values: dict[str, Any] = {
        "flag": True,
        "small": -7,
        "large": 2**52 + 1,
        "single": 0.5,
        "twofold": 3.141592653589793,
        "blob": "\x00\xff",
        "text": "grüße, 世界 🌍",
        "colour": "GREEN",
        "word": "abcd",
        "numbers": [1, -1, 0],
        "named": {"a": 1.5, "": -2.25},
        "shape": {"conformance.Circle": {"centre": {"x": 1.0, "y": 0.0}, "radius": 2.0}},
        "note": None,
        "day": 18_321,
        "moment": 1_582_979_401_250,
        "price": "\xfb\x2e",
        "tree": {"label": "root", "children": [{"label": "leaf", "children": []}]},
        "class": 7,
    }
    return {**values, **changes}
