"""Typed values to Avro binary in Python alone: one small function per schema node, made once.

An error names the path of the value at fault. A union takes the branch of the value's exact type first, then
the first that holds it without loss.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from avrorpc.codec.binary import DOUBLE, FLOAT, write_bytes, write_long, write_string
from avrorpc.codec.branches import compile_choice, is_int
from avrorpc.codec.compiling import EncodeCompiler
from avrorpc.codec.logical import logical_of
from avrorpc.codec.misfits import misfit, shown, within
from avrorpc.codec.numbers import numbers_in, write_numbers
from avrorpc.codec.types import Types
from avrorpc.errors import EncodeError
from avrorpc.schema import (
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
    describe,
    number_code,
)

Encoder: TypeAlias = Callable[[bytearray, Any], None]
"""Appends a value to what was written."""

_TOO_DEEP = "the value is nested too deeply, or refers to itself"


def portable_encoder(schema: Schema, types: Types) -> Encoder:
    """Return a function that appends a value of `schema` to a `bytearray`; see `compile_encoder`."""
    encode = _Compiler(types).compile(schema)
    return encode if isinstance(schema, Primitive | Enum | Fixed) else _guarded(encode)


def portable_row_encoder(fields: Sequence[Field], types: Types) -> Encoder:
    """Return a function that appends the parameters of a message; see `compile_row_encoder`."""
    return _Compiler(types).compile_row(fields)


def _guarded(encode: Encoder) -> Encoder:
    def guarded(out: bytearray, value: Any) -> None:
        try:
            encode(out, value)
        except RecursionError:
            raise EncodeError(_TOO_DEEP) from None

    return guarded


class _Compiler(EncodeCompiler[Encoder]):
    """Makes one small function for each node of a schema."""

    def primitive(self, schema: Primitive) -> Encoder:
        plain = _PRIMITIVES[schema.name]
        logical = logical_of(schema)
        if logical is None:
            return plain
        python, to_avro = logical.python, logical.to_avro

        def encode(out: bytearray, value: Any) -> None:
            if not isinstance(value, python) or _is_datetime_for_date(value, python):
                raise misfit(python.__name__, value)
            plain(out, to_avro(value))

        return encode

    def array(self, schema: Array, item: Encoder) -> Encoder:
        code = number_code(schema.items)

        def encode(out: bytearray, value: Any) -> None:
            if code is not None and (view := numbers_in(value, code)) is not None:
                write_numbers(out, view, code)
                return
            if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray | memoryview):
                raise misfit(describe(schema), value)
            if value:
                write_long(out, len(value))
                index = -1
                try:
                    for index, element in enumerate(value):  # noqa: B007 - the path needs it
                        item(out, element)
                except EncodeError as error:
                    raise within(f"[{index}]", error) from None
            out.append(0)

        return encode

    def map(self, schema: Map, item: Encoder) -> Encoder:
        def encode(out: bytearray, value: Any) -> None:
            if not isinstance(value, Mapping):
                raise misfit(describe(schema), value)
            if value:
                write_long(out, len(value))
                key = None
                try:
                    for key, element in value.items():
                        _string(out, key)
                        item(out, element)
                except EncodeError as error:
                    raise within(f"[{key!r}]", error) from None
            out.append(0)

        return encode

    def record(
        self, schema: Record, cls: type | None, names: tuple[str, ...]
    ) -> tuple[Encoder, Callable[[list[Encoder]], None]]:
        parts: list[tuple[str, Encoder]] = []

        def fill(encoders: list[Encoder]) -> None:
            parts.extend(zip(names, encoders, strict=True))

        return (_typed(cls, parts) if cls is not None else _generic(schema, parts)), fill

    def row(self, names: list[str], parts: list[Encoder]) -> Encoder:
        named = list(zip(names, parts, strict=True))

        def encode(out: bytearray, values: Any) -> None:
            name = ""
            try:
                for (name, part), value in zip(named, values, strict=True):  # noqa: B007 - the path needs it
                    part(out, value)
            except EncodeError as error:
                raise within(name, error) from None
            except RecursionError:
                raise EncodeError(_TOO_DEEP, name) from None

        return encode

    def enum(self, schema: Enum, index: dict[Any, int]) -> Encoder:
        def encode(out: bytearray, value: Any) -> None:
            try:
                position = index.get(value)
            except TypeError:  # unhashable, so no symbol
                position = None
            if position is None:
                raise misfit(schema.name, value)
            write_long(out, position)

        return encode

    def fixed(self, schema: Fixed) -> Encoder:
        logical = logical_of(schema)

        def encode(out: bytearray, value: Any) -> None:
            if logical is not None:
                if not isinstance(value, logical.python):
                    raise misfit(logical.python.__name__, value)
                value = logical.to_avro(value)
            data = _buffer(value, schema.name)
            if data.nbytes != schema.size:
                raise EncodeError(f"{schema.name} has {schema.size} bytes, not {data.nbytes}")
            out += data

        return encode

    def union(self, schema: Union, branches: list[Encoder]) -> Encoder:
        choose = compile_choice(schema, self.types)

        def encode(out: bytearray, value: Any) -> None:
            index = choose(value)
            write_long(out, index)
            branches[index](out, value)

        return encode


def _typed(cls: type, parts: list[tuple[str, Encoder]]) -> Encoder:
    def encode(out: bytearray, value: Any) -> None:
        if not isinstance(value, cls):
            raise misfit(cls.__name__, value)
        name = ""
        try:
            for name, part in parts:
                part(out, getattr(value, name))
        except EncodeError as error:
            raise within(f".{name}", error) from None

    return encode


def _generic(schema: Record, parts: list[tuple[str, Encoder]]) -> Encoder:
    keys = {field.name for field in schema.fields}

    def encode(out: bytearray, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise misfit(schema.name, value)
        if value.keys() != keys:
            odd = min(map(str, value.keys() ^ keys))
            verb = "lacks" if odd in keys else "has no"
            raise EncodeError(f"{schema.name} {verb} field {odd!r}")
        name = ""
        try:
            for name, part in parts:
                part(out, value[name])
        except EncodeError as error:
            raise within(f".{name}", error) from None

    return encode


def _null(_: bytearray, value: Any) -> None:
    if value is not None:
        raise misfit("null", value)


def _boolean(out: bytearray, value: Any) -> None:
    if not isinstance(value, bool):
        raise misfit("boolean", value)
    out.append(value)


def _int(out: bytearray, value: Any) -> None:
    if not is_int(value):
        raise misfit("int", value)
    if not -(2**31) <= value < 2**31:
        raise EncodeError(f"{shown(value)} does not fit the 32 bits of an int")
    write_long(out, value)


def _long(out: bytearray, value: Any) -> None:
    if not is_int(value):
        raise misfit("long", value)
    if not -(2**63) <= value < 2**63:
        raise EncodeError(f"{shown(value)} does not fit the 64 bits of a long")
    write_long(out, value)


def _float(out: bytearray, value: Any) -> None:
    if not isinstance(value, float) and not is_int(value):
        raise misfit("float", value)
    try:
        out += FLOAT.pack(value)
    except (OverflowError, struct.error):  # of a float, of an int
        raise EncodeError(f"{shown(value)} does not fit the 32 bits of a float") from None


def _double(out: bytearray, value: Any) -> None:
    if not isinstance(value, float) and not is_int(value):
        raise misfit("double", value)
    try:
        out += DOUBLE.pack(value)
    except (OverflowError, struct.error):  # of a float, of an int
        raise EncodeError(f"{shown(value)} does not fit the 64 bits of a double") from None


def _bytes(out: bytearray, value: Any) -> None:
    data = _buffer(value, "bytes")
    write_bytes(out, data)


def _string(out: bytearray, value: Any) -> None:
    if not isinstance(value, str):
        raise misfit("string", value)
    try:
        write_string(out, value)
    except UnicodeEncodeError as error:
        raise EncodeError(f"a lone surrogate at character {error.start} has no UTF-8") from None


def _buffer(value: Any, wanted: str) -> memoryview:
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        raise misfit(wanted, value) from None
    # A view without bytes cannot be cast, should it have dimensions.
    return view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())


def _is_datetime_for_date(value: Any, python: type) -> bool:
    return python is datetime.date and isinstance(value, datetime.datetime)


_PRIMITIVES: dict[str, Encoder] = {
    "null": _null,
    "boolean": _boolean,
    "int": _int,
    "long": _long,
    "float": _float,
    "double": _double,
    "bytes": _bytes,
    "string": _string,
}
