"""Typed values to JSON values and back, led by the schema.

The mapping is the design's: records are objects, bytes base64, enums their symbols, dates and times ISO 8601,
decimals strings, NaN and the infinities strings. A value of a union stands bare where nothing else could be
meant; a record among several carries `$type`, its full name; whatever else would be ambiguous is wrapped as
`{"name": value}`, and may always be.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from avrorpc.codec.defaults import default_value
from avrorpc.codec.encode import compile_choice, compile_encoder
from avrorpc.codec.logical import Duration, logical_of
from avrorpc.codec.types import Types, attributes, maker, symbols
from avrorpc.errors import EncodeError
from avrorpc.schema import (
    Array,
    Enum,
    Field,
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
from avrorpc.schema.defaults import NON_FINITE


def to_json(schema: Schema, value: Any, types: Types) -> Json:
    """Return the JSON value of a typed or generic value.

    Raises:
        EncodeError: The value does not fit the schema; the error names the path.
    """
    compile_encoder(schema, types)(bytearray(), value)
    try:
        return _out(schema, value, types)
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None


def from_json(schema: Schema, value: Json, types: Types, path: str = "") -> Any:
    """Return the typed or generic value that JSON stands for, defaults filled in.

    Raises:
        EncodeError: The JSON does not fit the schema; the error names the path.
    """
    try:
        return _in(schema, value, types, path)
    except RecursionError:
        raise EncodeError("the value is nested too deeply", path) from None


def fields_from_json(
    fields: list[Field], value: Mapping[str, Json], types: Types, what: str, path: str = ""
) -> list[Any]:
    """Return the values of fields or parameters, in their order, defaults filled in.

    Raises:
        EncodeError: One is missing, unknown, or does not fit.
    """
    unknown = value.keys() - {field.name for field in fields}
    if unknown:
        raise EncodeError(f"{what} has no {min(unknown)!r}; it has {_names(fields)}", path)
    values = []
    for field in fields:
        where = f"{path}.{field.name}".lstrip(".")
        if field.name in value:
            values.append(from_json(field.type, value[field.name], types, where))
        elif isinstance(field.default, NoDefault):
            raise EncodeError(f"{what} needs {field.name!r}: {describe(field.type)}", path)
        else:
            values.append(default_value(field.type, field.default, types))
    return values


def _out(schema: Schema, value: Any, types: Types) -> Json:
    match schema:
        case Union():
            return _union_out(schema, value, types)
        case Array():
            return [_out(schema.items, item, types) for item in value]
        case Map():
            return {key: _out(schema.values, item, types) for key, item in value.items()}
        case Record():
            return _record_out(schema, value, types)
        case Enum():
            return str(value.value) if schema.name in types else str(value)
        case Primitive() | Fixed():
            return _scalar_out(value)


def _in(schema: Schema, value: Json, types: Types, path: str) -> Any:
    match schema:
        case Union():
            return _union_in(schema, value, types, path)
        case Array() if isinstance(value, list):
            return [_in(schema.items, item, types, f"{path}[{i}]") for i, item in enumerate(value)]
        case Map() if isinstance(value, dict):
            return {k: _in(schema.values, item, types, f"{path}[{k!r}]") for k, item in value.items()}
        case Record() if isinstance(value, dict):
            plain = {key: item for key, item in value.items() if key != "$type"}
            return maker(schema, types)(fields_from_json(schema.fields, plain, types, schema.name, path))
        case Enum() if isinstance(value, str) and value in schema.symbols:
            return symbols(schema, types)[value]
        case Primitive() | Fixed():
            return _scalar_in(schema, value, path)
    raise _misfit(schema, value, path)


def _names(fields: list[Field]) -> str:
    return ", ".join(field.name for field in fields) or "nothing"


def _record_out(schema: Record, value: Any, types: Types) -> Json:
    cls = types.get(schema.name)
    if cls is None:
        return {field.name: _out(field.type, value[field.name], types) for field in schema.fields}
    names = attributes(schema, cls)
    return {
        field.name: _out(field.type, getattr(value, name), types)
        for name, field in zip(names, schema.fields, strict=True)
    }


def _union_out(schema: Union, value: Any, types: Types) -> Json:
    branch = schema.branches[compile_choice(schema, types)(value)]
    plain = _out(branch, value, types)
    rivals = [rival for rival in _bare_branches(schema, plain) if rival is not branch]
    if not rivals and _wrapped_branch(schema, plain) is None:
        return plain
    if isinstance(branch, Record) and isinstance(plain, dict) and all(isinstance(r, Record) for r in rivals):
        return {"$type": branch.name, **plain}
    return {_branch_name(branch): plain}


def _union_in(schema: Union, value: Json, types: Types, path: str) -> Any:
    if isinstance(value, dict):
        for branch in schema.branches:
            if isinstance(branch, Record) and branch.name == value.get("$type"):
                return _in(branch, value, types, path)
    wrapped = _wrapped_branch(schema, value)
    if wrapped is not None and isinstance(value, dict):
        (inner,) = value.values()
        return _in(wrapped, inner, types, path)
    candidates = _bare_branches(schema, value)
    if not candidates:
        raise _misfit(schema, value, path)
    if len(candidates) > 1:
        spelled = " or ".join(f'{{"{_branch_name(branch)}": ...}}' for branch in candidates)
        raise EncodeError(f"{value!r:.60} may be several things here; write {spelled}", path)
    return _in(candidates[0], value, types, path)


def _bare_branches(schema: Union, value: Json) -> list[Schema]:
    """Return the branches that a JSON value may stand for without saying which."""
    return [
        branch for branch in schema.branches if _kind(branch) == _kind_of(value) or _spells(branch, value)
    ]


def _spells(branch: Schema, value: Json) -> bool:
    return isinstance(branch, Primitive) and branch.name in ("float", "double") and value in NON_FINITE


def _wrapped_branch(schema: Union, value: Json) -> Schema | None:
    """Return the branch that a JSON object names, where it has nothing but a branch's name and value."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    return next((branch for branch in schema.branches if _branch_name(branch) in value), None)


def _branch_name(branch: Schema) -> str:
    match branch:
        case Array():
            return "array"
        case Map():
            return "map"
        case Primitive() if logical_of(branch) is not None:
            return str(branch.props["logicalType"])
        case _:
            return describe(branch)


def _kind(schema: Schema) -> str:
    match schema:
        case Array():
            return "array"
        case Map() | Record():
            return "object"
        case Enum():
            return "string"
        case Fixed():
            logical = logical_of(schema)
            return "object" if logical is not None and logical.python is Duration else "string"
        case Primitive():
            if logical_of(schema) is not None:
                return "string"
            return {"null": "null", "boolean": "boolean", "bytes": "string", "string": "string"}.get(
                schema.name, "number"
            )
        case Union():
            return "union"


def _kind_of(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"


def _scalar_out(value: Any) -> Json:
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal() | uuid.UUID():
            return str(value)
        case Duration():
            return {"months": value.months, "days": value.days, "milliseconds": value.milliseconds}
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
        case _:
            plain: Json = value
            return plain


def _scalar_in(schema: Primitive | Fixed, value: Json, path: str) -> Any:
    logical = logical_of(schema)
    made: Any = value
    try:
        if logical is not None:
            made = _logical_in(logical.python, value)
        elif isinstance(schema, Fixed) or schema.name == "bytes":
            made = base64.b64decode(_text(value), validate=True)
        elif schema.name in ("float", "double"):
            made = _float_in(value)
    except (ValueError, TypeError, OverflowError, decimal.InvalidOperation, msgspec.ValidationError):
        raise _misfit(schema, value, path) from None
    try:
        compile_encoder(schema, {})(bytearray(), made)
    except EncodeError as error:
        raise EncodeError(error.problem, path) from None
    return made


def _float_in(value: Json) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in NON_FINITE:
        return float(value)
    raise TypeError


def _logical_in(python: type, value: Json) -> Any:
    if python is Duration:
        return msgspec.convert(value, Duration)
    parse: Callable[[str], Any] = getattr(python, "fromisoformat", python)
    return parse(_text(value))


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _misfit(schema: Schema, value: Json, path: str) -> EncodeError:
    is_logical = isinstance(schema, Primitive | Fixed) and logical_of(schema) is not None
    wanted = schema.props["logicalType"] if is_logical else describe(schema)
    return EncodeError(f"expected {wanted}, got {value!r:.60}", path)
