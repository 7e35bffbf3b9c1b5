"""Whether a JSON default fits a type, and in which form the type wants it.

Source: Avro 1.12 specification, "Complex Types", the table of default values.
"""

from __future__ import annotations

import json
import math
import sys

from avrorpc.schema.model import (
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
    describe,
)

INT_MIN, INT_MAX = -(2**31), 2**31 - 1
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1
NON_FINITE = ("NaN", "Infinity", "-Infinity")
LARGEST = {"float": (2 - 2**-23) * 2.0**127, "double": sys.float_info.max}


def default_problem(schema: Schema, value: Json, where: str = "") -> str | None:
    """Return why `value` is no default for `schema`, or None where it is one."""
    match schema:
        case Union():
            if any(default_problem(branch, value) is None for branch in schema.branches):
                return None
            return _misfit(schema, value, where)
        case Array():
            if not isinstance(value, list):
                return _misfit(schema, value, where)
            problems = (
                default_problem(schema.items, item, f"{where}[{index}]") for index, item in enumerate(value)
            )
            return next((problem for problem in problems if problem), None)
        case Map():
            if not isinstance(value, dict):
                return _misfit(schema, value, where)
            problems = (default_problem(schema.values, item, f"{where}.{key}") for key, item in value.items())
            return next((problem for problem in problems if problem), None)
        case Record():
            return _record_problem(schema, value, where)
        case Enum():
            fits = value in schema.symbols
        case Fixed():
            fits = _latin(value) and len(str(value)) == schema.size
        case Primitive():
            fits = _primitive_fits(schema.name, value)
    return None if fits else _misfit(schema, value, where)


def same_json(one: Json, other: Json) -> bool:
    """Return whether two defaults are the same value; true is not one, and 1 is 1.0."""
    match one, other:
        case (bool(), _) | (_, bool()):
            return one is other
        case list(), list():
            return len(one) == len(other) and all(map(same_json, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
        case _:
            return one == other


def _record_problem(schema: Record, value: Json, where: str) -> str | None:
    if not isinstance(value, dict):
        return _misfit(schema, value, where)
    for field in schema.fields:
        if field.name in value:
            problem = default_problem(field.type, value[field.name], f"{where}.{field.name}")
            if problem:
                return problem
        elif isinstance(field.default, NoDefault):
            return f"{_at(where)}the default lacks the field {field.name!r} of {schema.name}"
    names = {field.name for field in schema.fields}
    unknown = next((key for key in value if key not in names), None)
    return f"{_at(where)}{schema.name} has no field {unknown!r}" if unknown else None


def _primitive_fits(name: str, value: Json) -> bool:
    is_int = isinstance(value, int) and not isinstance(value, bool)
    match name:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int":
            return is_int and INT_MIN <= int(value) <= INT_MAX  # type: ignore[arg-type]
        case "long":
            return is_int and LONG_MIN <= int(value) <= LONG_MAX  # type: ignore[arg-type]
        case "float" | "double":
            if is_int:
                return abs(int(value)) <= LARGEST[name]  # type: ignore[arg-type]
            if isinstance(value, float):
                return not math.isfinite(value) or abs(value) <= LARGEST[name]
            return value in NON_FINITE
        case "bytes":
            return _latin(value)
        case _:
            return isinstance(value, str)


def _latin(value: Json) -> bool:
    return isinstance(value, str) and all(ord(character) < 256 for character in value)


def _misfit(schema: Schema, value: Json, where: str) -> str:
    shown = f"{json.dumps(value, ensure_ascii=False):.80}"
    return f"{_at(where)}{shown} is no value of type {describe(schema)}"


def _at(where: str) -> str:
    return f"{where.lstrip('.')}: " if where else ""
