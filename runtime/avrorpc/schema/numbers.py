"""Arrays of numbers that stand in a buffer: `@buffer(true) array<double>` is an `array.array` in Python."""

from __future__ import annotations

from typing import Final

from avrorpc.schema.logical import logical_name
from avrorpc.schema.model import Array, Primitive, Schema

TYPE_CODES: Final = {"int": "i", "long": "q", "float": "f", "double": "d"}
"""The type code of `array.array` for each type of number."""


def number_code(schema: Schema) -> str | None:
    """Return the type code of the `array.array` for numbers of a type; None where it is no number.

    A number with a logical type is none: it is a date, a time or a decimal.
    """
    if not isinstance(schema, Primitive) or logical_name(schema) is not None:
        return None
    return TYPE_CODES.get(schema.name)


def buffer_code(schema: Array) -> str | None:
    """Return the type code of the `array.array` that `@buffer(true)` asks for; None where it is a list."""
    return number_code(schema.items) if schema.props.get("buffer") is True else None
