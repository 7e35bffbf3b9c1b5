"""What codecs are compared with: a value of each kind of message, in the forms that each library takes."""

from __future__ import annotations

import array
import random
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

import msgspec

from benchmarks.loadcontracts.codec import (
    MESSAGES,
    Box,
    Circle,
    Event,
    Events,
    Medium,
    Node,
    Numbers,
    Region,
    Small,
    Texts,
)

NUMBERS: Final = 100_000
"""How many doubles the numeric message has."""
_WORDS: Final = (
    *("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog"),
    *("während", "größere", "Füchse", "schlafen", "漢字"),
)


def _small() -> Small:
    return Small(id=123_456, name="a small record", price=12.5, active=True, tags=["new", "cheap"])


def _medium() -> Medium:
    return Medium(
        id="o-93261",
        customer="Ada Lovelace",
        email="ada@example.org",
        street="12 St James's Square",
        city="London",
        country="GB",
        currency="GBP",
        note="leave it at the door",
        quantity=3,
        weight=1_250,
        created=1_767_225_600_000,
        changed=1_767_229_200_000,
        number=93_261,
        price=19.99,
        tax=0.2,
        discount=2.5,
        paid=True,
        sent=False,
        region=Region.SOUTH,
        tags=["gift", "fragile", "express"],
    )


def _node(depth: int = 3) -> Node:
    return Node(
        label=f"node at {depth}",
        weight=depth * 1_000,
        notes={"colour": "red", "state": "new"},
        children=[_node(depth - 1) for _ in range(4)] if depth else [],
    )


def _numbers() -> Numbers:
    draw = random.Random(0).random
    return Numbers(start=1_767_225_600_000, values=array.array("d", (draw() for _ in range(NUMBERS))))


def _texts() -> Texts:
    draw = random.Random(0)
    lines = [" ".join(draw.choices(_WORDS, k=12)) for _ in range(100)]
    return Texts(lines=lines, glossary={f"word {n}": line for n, line in enumerate(lines[:50])})


def _events() -> Events:
    subjects = (None, Circle(radius=1.5), Box(width=2.0, height=3.5))
    values = (None, True, 1_234, 0.25, "ready")
    return Events(
        events=[
            Event(
                at=None if n % 4 == 0 else 1_767_225_600_000 + n,
                text=None if n % 3 == 0 else f"event {n}",
                subject=subjects[n % 3],
                value=values[n % 5],
            )
            for n in range(100)
        ]
    )


MAKERS: Final[Mapping[str, Callable[[], msgspec.Struct]]] = {
    "small": _small,
    "medium": _medium,
    "nested": _node,
    "numbers": _numbers,
    "texts": _texts,
    "unions": _events,
}
"""What makes each message, by the name of its row."""
TYPES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "small": Small,
    "medium": Medium,
    "nested": Node,
    "numbers": Numbers,
    "texts": Texts,
    "unions": Events,
}
"""The class of each."""


def schema_of(name: str) -> Any:
    """Return the schema of a message."""
    return MESSAGES.schema_of(TYPES[name])


def plain(value: Any) -> Any:
    """Return a value as libraries without classes take it: dicts, lists, symbols."""
    match value:
        case Enum():
            return value.value
        case array.array():
            return value.tolist()
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case Circle() | Box():
            fields = {name: plain(getattr(value, name)) for name in value.__struct_fields__}
            return {"-type": f"codec.{type(value).__name__}", **fields}
        case msgspec.Struct():
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        case _:
            return value
