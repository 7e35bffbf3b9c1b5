"""Whether a value fits a schema: everything that does not, each with its path.

The rules are the encoder's own. It stops at the first problem; where it finds one, this looks at the parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from avrorpc.codec.encode import compile_choice, compile_encoder
from avrorpc.codec.types import Types, attributes
from avrorpc.errors import EncodeError
from avrorpc.schema import Array, Map, Record, Schema, Union


def validate(schema: Schema, value: object, types: Types | None = None) -> list[EncodeError]:
    """Return what keeps a value from being encoded, and nothing where it fits.

    Each error has a `path`, such as `.orders[3].price`, and a `problem`. Of a value whose own type is wrong,
    or that lacks a field, the parts are not looked at.

    Args:
        schema: What the value should fit.
        value: Any value, such as one that was made without being checked.
        types: Python classes by the full names of Avro types; a record without one is a `dict`, an enum a
            `str`.
    """
    return list(_problems(schema, value, "", types or {}))


def _problems(schema: Schema, value: Any, path: str, types: Types) -> Iterator[EncodeError]:
    try:
        compile_encoder(schema, types)(bytearray(), value)
    except EncodeError as error:
        found = False
        if error.path:
            for step, part, inner in _parts(schema, value, types):
                for problem in _problems(part, inner, path + step, types):
                    found = True
                    yield problem
        if not found:
            yield EncodeError(error.problem, path + error.path)


def _parts(schema: Schema, value: Any, types: Types) -> Iterator[tuple[str, Schema, Any]]:
    """Yield the parts of a value that is right as a whole: step, schema and value of each."""
    match schema:
        case Union():
            yield "", schema.branches[compile_choice(schema, types)(value)], value
        case Array():
            for index, item in enumerate(value):
                yield f"[{index}]", schema.items, item
        case Map():
            for key, item in value.items():
                yield f"[{key!r}]", schema.values, item
        case Record():
            cls = types.get(schema.name)
            names = [field.name for field in schema.fields] if cls is None else attributes(schema, cls)
            for name, field in zip(names, schema.fields, strict=True):
                inner = value[name] if isinstance(value, Mapping) else getattr(value, name)
                yield f".{name}", field.type, inner
