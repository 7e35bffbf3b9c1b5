"""Defaults of fields and parameters as Python values, made anew each time they are needed."""

from __future__ import annotations

from typing import Any

from avrorpc.codec.logical import logical_of
from avrorpc.codec.types import Types, maker, symbols
from avrorpc.errors import DecodeError, SchemaError
from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Json,
    Map,
    NoDefault,
    Primitive,
    Record,
    Schema,
    Union,
    default_problem,
    describe,
)


def default_value(schema: Schema, value: Json, types: Types) -> Any:
    """Return a fresh Python value for a default.

    Raises:
        SchemaError: The default does not fit the type, or contains itself by the defaults that it implies.
    """
    try:
        return _value(schema, value, types)
    except RecursionError:
        raise SchemaError(f"the default {value!r:.60} is nested too deeply, or contains itself") from None


def _value(schema: Schema, value: Json, types: Types) -> Any:
    match schema:
        case Union():
            for branch in schema.branches:
                if default_problem(branch, value) is None:
                    return _value(branch, value, types)
        case Array() if isinstance(value, list):
            return [_value(schema.items, item, types) for item in value]
        case Map() if isinstance(value, dict):
            return {key: _value(schema.values, item, types) for key, item in value.items()}
        case Record() if isinstance(value, dict):
            return _record(schema, value, types)
        case Enum() if isinstance(value, str) and value in schema.symbols:
            return symbols(schema, types)[value]
        case Fixed() | Primitive():
            return _scalar(schema, value)
    raise SchemaError(f"the default {value!r:.60} is no {describe(schema)}")


def _record(schema: Record, value: dict[str, Json], types: Types) -> Any:
    problem = default_problem(schema, value)
    if problem:
        raise SchemaError(problem)
    values = []
    for field in schema.fields:
        item = value.get(field.name, field.default)
        assert not isinstance(item, NoDefault)
        values.append(_value(field.type, item, types))
    return maker(schema, types)(values)


def _scalar(schema: Primitive | Fixed, value: Json) -> Any:
    problem = default_problem(schema, value)
    if problem:
        raise SchemaError(problem)
    plain: Any = value
    if isinstance(schema, Fixed) or schema.name == "bytes":
        plain = str(value).encode("latin-1")
    elif schema.name in ("float", "double"):
        plain = float(plain)
    logical = logical_of(schema)
    if logical is None:
        return plain
    try:
        return logical.from_avro(plain)
    except DecodeError as error:
        raise SchemaError(f"the default {value!r:.60}: {error}") from None
