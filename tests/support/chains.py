"""Contracts whose types stand in each other, each written whole in the JSON of the one before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LINKS = {
    "optional": ("record", "{0}? next = null;", 4),
    "error": ("error", "{0}? next = null;", 4),
    "required": ("record", "{0} next;", 3),
    "map": ("record", "map<{0}> next;", 4),
    "array of optional": ("record", "array<union {{ null, {0} }}> next;", 5),
    "map of optional": ("record", "map<union {{ null, {0} }}> next;", 5),
}
"""How each record refers to the next: what it is, its field, and how many brackets of JSON it adds."""


def chain(shape: str, length: int, *, inner_first: bool = False) -> str:
    """Return a protocol of so many records in a row, `T0` outermost; the last one holds `string x`."""
    word, field, _ = LINKS[shape]
    fields = [field.format(f"T{index + 1}") for index in range(length - 1)]
    records = [f"{word} T{index} {{ {body} }}" for index, body in enumerate([*fields, "string x;"])]
    text = "\n".join(reversed(records) if inner_first else records)
    message = "T0 ask(T0 value);" if word == "record" else "string ask(string x) throws T0;"
    return f'@namespace("chain") protocol Long {{\n{text}\n{message}\n}}'


def circle(length: int) -> str:
    """Return a protocol of records that all reach each other, as those of a syntax tree do."""
    records = [
        f"record T{index} {{ string x; "
        + " ".join(f"T{other}? f{other} = null;" for other in sorted(_others(index, length)))
        + " }"
        for index in range(length)
    ]
    return f'@namespace("chain") protocol Long {{\n{chr(10).join(records)}\nT0 ask(T0 value);\n}}'


def _others(index: int, length: int) -> set[int]:
    return {(index + step) % length for step in (-1, 0, 1)} | {index * 7 % length, index * 5 % length}


def below(frames: int, function: Callable[[], T]) -> T:
    """Call a function with so many more frames on the stack."""
    return below(frames - 1, function) if frames else function()
