"""Typed values to JSON values and back, led by the schema.

The mapping is the design's: records are objects, bytes base64, enums their symbols, dates and times ISO 8601,
decimals strings, NaN and the infinities strings. A value of a union stands bare where nothing else could be
meant; a record among several carries `$type`, its full name; whatever else would be ambiguous is wrapped as
`{"name": value}`, and may always be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from avrorpc.codec.json_reading import Problem, compile_json_fields, compile_json_reader
from avrorpc.codec.json_writing import compile_json_writer
from avrorpc.codec.types import Types
from avrorpc.errors import EncodeError
from avrorpc.schema import Field, Json, Schema


def to_json(schema: Schema, value: Any, types: Types) -> Json:
    """Return the JSON value of a typed or generic value.

    Raises:
        EncodeError: The value does not fit the schema; the error names the path.
    """
    return compile_json_writer(schema, types)(value)


def from_json(schema: Schema, value: Json, types: Types, path: str = "") -> Any:
    """Return the typed or generic value that JSON stands for, defaults filled in.

    Raises:
        EncodeError: The JSON does not fit the schema; the error names the path.
    """
    problems: list[Problem] = []
    try:
        made = compile_json_reader(schema, types)(value, (None, path) if path else None, problems)
    except RecursionError:
        raise EncodeError("the value is nested too deeply", path) from None
    if problems:
        raise problems[0].error()
    return made


def fields_from_json(
    fields: list[Field], value: Mapping[str, Json], types: Types, what: str, path: str = ""
) -> list[Any]:
    """Return the values of fields or parameters, in their order, defaults filled in.

    Raises:
        EncodeError: One is missing, unknown, or does not fit.
    """
    problems: list[Problem] = []
    try:
        made = compile_json_fields(fields, types, what)(value, (None, path) if path else None, problems)
    except RecursionError:
        raise EncodeError("the value is nested too deeply", path) from None
    if problems:
        raise problems[0].error()
    return made
