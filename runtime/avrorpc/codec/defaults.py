"""Defaults of fields and parameters as Python values, made anew each time they are needed."""

from __future__ import annotations

import array
from typing import Any

from avrorpc.codec.logical import logical_of
from avrorpc.codec.types import Types, maker, symbols
from avrorpc.errors import DecodeError, SchemaError
from avrorpc.schema import (
    MAX_DEFAULT_VALUES,
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
    buffer_code,
    default_problem,
    describe,
)


def default_value(schema: Schema, value: Json, types: Types) -> Any:
    """Return a fresh Python value for a default.

    Raises:
        SchemaError: The default does not fit the type, contains itself by the defaults that it implies, or
            implies more than `MAX_DEFAULT_VALUES` values by them.
    """
    try:
        return _Making(types).value(schema, value)
    except RecursionError:
        raise SchemaError(f"the default {value!r:.60} is nested too deeply, or contains itself") from None


class _Making:
    """One default on its way to a value, and how much it may still imply."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._left = MAX_DEFAULT_VALUES

    def value(self, schema: Schema, value: Json) -> Any:
        self._left -= 1
        if self._left < 0:
            raise SchemaError(f"the default implies more than {MAX_DEFAULT_VALUES=} values")
        match schema:
            case Union():
                for branch in schema.branches:
                    if default_problem(branch, value) is None:
                        return self.value(branch, value)
            case Array() if isinstance(value, list):
                code = buffer_code(schema)
                items = [self.value(schema.items, item) for item in value]
                return items if code is None else array.array(code, items)
            case Map() if isinstance(value, dict):
                return {key: self.value(schema.values, item) for key, item in value.items()}
            case Record() if isinstance(value, dict):
                return self.record(schema, value)
            case Enum() if isinstance(value, str) and value in schema.symbols:
                return symbols(schema, self._types)[value]
            case Fixed() | Primitive():
                return _scalar(schema, value)
        raise SchemaError(f"the default {value!r:.60} is no {describe(schema)}")

    def record(self, schema: Record, value: dict[str, Json]) -> Any:
        problem = default_problem(schema, value)
        if problem:
            raise SchemaError(problem)
        values = []
        for field in schema.fields:
            item = value.get(field.name, field.default)
            assert not isinstance(item, NoDefault)
            values.append(self.value(field.type, item))
        return maker(schema, self._types)(values)


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
