"""Scalars as plain text, in paths, queries and headers: a string as it is, all else as JSON spells it."""

from __future__ import annotations

import math
import re
from typing import Final

from avrorpc.schema.logical import logical_name
from avrorpc.schema.model import Json, Primitive, Schema
from avrorpc.schema.routes import plain_branch

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,39})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BOOLEANS: Final = {"true": True, "false": False}


def from_plain(schema: Schema, text: str) -> Json:
    """Return the JSON value that plain text stands for, by a type that is a scalar, or one or null.

    Text that the type cannot mean comes back as it is: no number is a string in JSON, so that whoever
    checks the value refuses it in its own words.
    """
    scalar = plain_branch(schema) or schema
    if not isinstance(scalar, Primitive) or logical_name(scalar) is not None:
        return text
    match scalar.name:
        case "boolean":
            return _BOOLEANS.get(text, text)
        case "int" | "long" if _WHOLE.fullmatch(text):
            return int(text)
        case "int" | "long" | "float" | "double" if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        case _:
            return text
