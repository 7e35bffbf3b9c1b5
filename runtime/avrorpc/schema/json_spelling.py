"""How values are spelt in JSON, as far as the schema decides it: the kinds of branches, and defaults.

The mapping is that of `avrorpc.codec.json`, which spells the values.
"""

from __future__ import annotations

import base64
import datetime
import decimal
from collections.abc import Mapping
from typing import Final

from avrorpc.schema.defaults import NON_FINITE, default_problem
from avrorpc.schema.logical import decimal_precision, decimal_scale, logical_name
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

TAG: Final = "$type"
"""The member that names a record in a union with others."""

_EPOCH: Final = datetime.datetime(1970, 1, 1)  # as local timestamps have it
_KINDS: Final[Mapping[str, str]] = {
    "null": "null",
    "boolean": "boolean",
    "bytes": "string",
    "string": "string",
}


def json_kind(schema: Schema) -> str:
    """Return the JSON type of a schema's values; a float or a double may be a string, too."""
    match schema:
        case Array():
            return "array"
        case Map() | Record():
            return "object"
        case Enum():
            return "string"
        case Fixed():
            return "object" if logical_name(schema) == "duration" else "string"
        case Primitive():
            return "string" if logical_name(schema) else _KINDS.get(schema.name, "number")
        case Union():
            return "union"


def is_float(schema: Schema) -> bool:
    """Return whether values of a schema may be NaN or infinite."""
    return isinstance(schema, Primitive) and schema.name in ("float", "double")


def branch_name(branch: Schema) -> str:
    """Return what wraps a value of a branch: a full name, a primitive's, or the logical type's."""
    match branch:
        case Array():
            return "array"
        case Map():
            return "map"
        case Primitive() if logical_name(branch) is not None:
            return str(logical_name(branch))
        case _:
            return describe(branch)


def spelt(schema: Schema, default: Json) -> Json:
    """Return a default of a contract as JSON has the value; the fields that it leaves out are filled in.

    A default of Avro spells bytes as letters, and logical types as what is under them.

    Raises:
        ValueError: It stands for no value, such as a date beyond the calendar.
    """
    match schema:
        case Union():
            return _in_union(schema, default)
        case Array() if isinstance(default, list):
            return [spelt(schema.items, item) for item in default]
        case Map() if isinstance(default, dict):
            return {key: spelt(schema.values, item) for key, item in default.items()}
        case Record() if isinstance(default, dict):
            values = {field.name: default.get(field.name, field.default) for field in schema.fields}
            return {
                field.name: spelt(field.type, value)
                for field in schema.fields
                if not isinstance(value := values[field.name], NoDefault)
            }
        case Primitive() | Fixed():
            return _scalar(schema, default)
        case _:
            return default


def _in_union(schema: Union, default: Json) -> Json:
    branch = next(branch for branch in schema.branches if default_problem(branch, default) is None)
    plain = spelt(branch, default)
    others = [other for other in schema.branches if other is not branch]
    kind = "string" if isinstance(plain, str) else json_kind(branch)
    rivals = [
        other
        for other in others
        if json_kind(other) == kind or (isinstance(plain, str) and plain in NON_FINITE and is_float(other))
    ]
    names = [branch_name(one) for one in schema.branches]
    looks_wrapped = isinstance(plain, dict) and len(plain) == 1 and next(iter(plain)) in names
    if not rivals and not looks_wrapped:
        return plain
    if isinstance(branch, Record) and isinstance(plain, dict) and all(isinstance(r, Record) for r in rivals):
        return {TAG: branch.name, **plain}
    return {branch_name(branch): plain}


def _scalar(schema: Primitive | Fixed, default: Json) -> Json:
    logical = logical_name(schema)
    is_bytes = isinstance(schema, Fixed) or schema.name == "bytes"
    data = str(default).encode("latin-1") if is_bytes else b""
    match logical:
        case None:
            return base64.b64encode(data).decode() if is_bytes else default
        case "uuid" if is_bytes:
            digits = data.hex()
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        case "duration":
            parts = [int.from_bytes(data[at : at + 4], "little") for at in (0, 4, 8)]
            return dict(zip(("months", "days", "milliseconds"), parts, strict=True))
        case "decimal":
            context = decimal.Context(prec=decimal_precision(schema), Emin=decimal.MIN_EMIN)
            unscaled = decimal.Decimal(int.from_bytes(data, "big", signed=True))
            return format(unscaled.scaleb(-decimal_scale(schema), context), "f")
        case "big-decimal" | "uuid":
            if is_bytes:
                raise ValueError("a big-decimal has no default in JSON")
            return default
        case _:
            assert isinstance(default, int)
            return _moment(logical, default)


def _moment(logical: str, number: int) -> str:
    try:
        if logical == "date":
            return (_EPOCH + datetime.timedelta(days=number)).date().isoformat()
        unit = 1000 if logical.endswith("millis") else 1
        moment = _EPOCH + datetime.timedelta(microseconds=number * unit)
    except OverflowError:
        raise ValueError(f"a {logical} outside the years 1 to 9999") from None
    if logical.startswith("time-"):
        return moment.time().isoformat()
    if logical.startswith("timestamp"):
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.isoformat()
