"""Avro's own JSON encoding, which Avro tools read and write.

A value of a union other than null is `{"branch": value}`; bytes and fixed are strings whose characters are
the bytes; logical types are what they stand on; a record has all of its fields. What the specification leaves
open: NaN and the infinities are strings. Source: Avro 1.12 specification, "JSON Encoding".
"""

from __future__ import annotations

import array
import math
from typing import Any

from avrorpc.codec.encode import compile_choice, compile_encoder
from avrorpc.codec.logical import logical_of
from avrorpc.codec.types import Types, attributes, maker, symbols
from avrorpc.errors import DecodeError, EncodeError
from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Json,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
    buffer_code,
    describe,
)
from avrorpc.schema.defaults import NON_FINITE


def to_avro_json(schema: Schema, value: Any, types: Types) -> Json:
    """Return the JSON encoding of a typed or generic value.

    Raises:
        EncodeError: The value does not fit the schema; the error names the path.
    """
    compile_encoder(schema, types)(bytearray(), value)
    return _out(schema, value, types)


def from_avro_json(schema: Schema, value: Json, types: Types) -> Any:
    """Return the typed or generic value that a JSON encoding stands for.

    Raises:
        EncodeError: It does not fit the schema; the error names the path.
    """
    try:
        return _in(schema, value, types, "")
    except RecursionError:
        raise EncodeError("the value is nested too deeply") from None


def _out(schema: Schema, value: Any, types: Types) -> Json:
    match schema:
        case Union():
            branch = schema.branches[compile_choice(schema, types)(value)]
            plain = _out(branch, value, types)
            return None if value is None else {_name(branch): plain}
        case Array():
            return [_out(schema.items, item, types) for item in value]
        case Map():
            return {key: _out(schema.values, item, types) for key, item in value.items()}
        case Record():
            return _record_out(schema, value, types)
        case Enum():
            return str(value.value) if schema.name in types else str(value)
    logical = logical_of(schema)
    plain = value if logical is None else logical.to_avro(value)
    if isinstance(schema, Fixed) or schema.name == "bytes":
        return bytes(plain).decode("latin-1")
    if isinstance(plain, float) and not math.isfinite(plain):
        return "NaN" if math.isnan(plain) else "Infinity" if plain > 0 else "-Infinity"
    scalar: Json = plain
    return scalar


def _record_out(schema: Record, value: Any, types: Types) -> Json:
    cls = types.get(schema.name)
    if cls is None:
        return {field.name: _out(field.type, value[field.name], types) for field in schema.fields}
    names = attributes(schema, cls)
    return {
        field.name: _out(field.type, getattr(value, name), types)
        for name, field in zip(names, schema.fields, strict=True)
    }


def _in(schema: Schema, value: Json, types: Types, path: str) -> Any:
    match schema:
        case Union():
            return _union_in(schema, value, types, path)
        case Array() if isinstance(value, list):
            items = [_in(schema.items, item, types, f"{path}[{i}]") for i, item in enumerate(value)]
            code = buffer_code(schema)
            return items if code is None else array.array(code, items)
        case Map() if isinstance(value, dict):
            return {key: _in(schema.values, item, types, f"{path}[{key!r}]") for key, item in value.items()}
        case Record() if isinstance(value, dict):
            return _record_in(schema, value, types, path)
        case Enum() if isinstance(value, str) and value in schema.symbols:
            return symbols(schema, types)[value]
        case Primitive() | Fixed():
            return _scalar_in(schema, value, path)
    raise EncodeError(f"expected {describe(schema)}, got {value!r:.60}", path)


def _record_in(schema: Record, value: dict[str, Json], types: Types, path: str) -> Any:
    names = {field.name for field in schema.fields}
    if value.keys() != names:
        odd = min(value.keys() ^ names)
        raise EncodeError(f"{schema.name} {'lacks' if odd in names else 'has no'} field {odd!r}", path)
    return maker(schema, types)(
        [_in(f.type, value[f.name], types, f"{path}.{f.name}".lstrip(".")) for f in schema.fields]
    )


def _union_in(schema: Union, value: Json, types: Types, path: str) -> Any:
    for branch in schema.branches:
        name = _name(branch)
        if value is None and name == "null":
            return None
        if isinstance(value, dict) and len(value) == 1 and name in value:
            return _in(branch, value[name], types, path)
    names = " or ".join("null" if _name(b) == "null" else f'{{"{_name(b)}": ...}}' for b in schema.branches)
    raise EncodeError(f"expected {names}, got {value!r:.60}", path)


def _scalar_in(schema: Primitive | Fixed, value: Json, path: str) -> Any:
    plain: Any = value
    try:
        if isinstance(schema, Fixed) or schema.name == "bytes":
            plain = value.encode("latin-1") if isinstance(value, str) else None
        elif schema.name in ("float", "double") and value in NON_FINITE:
            plain = float(str(value))
        compile_encoder(_bare(schema), {})(bytearray(), plain)
        logical = logical_of(schema)
        made = plain if logical is None else logical.from_avro(plain)
        compile_encoder(schema, {})(bytearray(), made)
    except UnicodeEncodeError:
        raise EncodeError(f"{value!r:.60} has characters above U+00FF, which are no bytes", path) from None
    except (EncodeError, DecodeError) as error:
        raise EncodeError(error.problem, path) from None
    if isinstance(made, int) and not isinstance(made, bool) and schema.name in ("float", "double"):
        return float(made)
    return made


def _bare(schema: Primitive | Fixed) -> Primitive | Fixed:
    """Return what a logical type stands on."""
    return Primitive(schema.name) if isinstance(schema, Primitive) else Fixed(schema.name, size=schema.size)


def _name(branch: Schema) -> str:
    match branch:
        case Array():
            return "array"
        case Map():
            return "map"
        case _:
            return branch.name if isinstance(branch, Primitive) else describe(branch)
