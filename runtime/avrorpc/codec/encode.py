"""Typed values to Avro binary: one small function per schema node, made once.

An error names the path of the value at fault. A union takes the branch of the value's exact type first, then
the first that holds it without loss.
"""

from __future__ import annotations

import datetime
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from avrorpc.codec.binary import DOUBLE, FLOAT, write_bytes, write_long, write_string
from avrorpc.codec.logical import logical_of
from avrorpc.codec.types import Types, attributes, symbols
from avrorpc.errors import EncodeError
from avrorpc.schema import Array, Enum, Fixed, Map, Primitive, Record, Schema, Union, describe

Encoder: TypeAlias = Callable[[bytearray, Any], None]
Test: TypeAlias = Callable[[Any], bool]


def compile_encoder(schema: Schema, types: Types) -> Encoder:
    """Return a function that appends a value of `schema` to a `bytearray`.

    It raises `EncodeError`, with the path of the value, where a value does not fit.
    """
    compiler = _Compiler(types)
    encode = compiler.encoder(schema)
    compiler.finish()
    if isinstance(schema, Primitive | Enum | Fixed):
        return encode

    def guarded(out: bytearray, value: Any) -> None:
        try:
            encode(out, value)
        except RecursionError:
            raise EncodeError("the value is nested too deeply, or refers to itself") from None

    return guarded


def compile_choice(schema: Union, types: Types) -> Callable[[Any], int]:
    """Return a function that gives the index of the branch that a value takes.

    It raises `EncodeError` where no branch holds the value.
    """
    return _Compiler(types).choice(schema)


class _Compiler:
    def __init__(self, types: Types) -> None:
        self.types = types
        self.records: dict[str, Encoder] = {}
        self.waiting: list[tuple[Record, list[tuple[str, Encoder]]]] = []
        """Records without their fields yet; a chain of types may be longer than Python's stack."""

    def finish(self) -> None:
        """Compile the fields of all records that came up, and of those that come up then."""
        while self.waiting:
            schema, parts = self.waiting.pop()
            cls = self.types.get(schema.name)
            names = attributes(schema, cls) if cls is not None else [field.name for field in schema.fields]
            parts += [
                (name, self.encoder(field.type)) for name, field in zip(names, schema.fields, strict=True)
            ]

    def encoder(self, schema: Schema) -> Encoder:
        match schema:
            case Primitive():
                return self.primitive(schema)
            case Array():
                return self.array(schema)
            case Map():
                return self.map(schema)
            case Union():
                return self.union(schema)
            case Record():
                return self.record(schema)
            case Enum():
                return self.enum(schema)
            case Fixed():
                return self.fixed(schema)

    def primitive(self, schema: Primitive) -> Encoder:
        plain = _PRIMITIVES[schema.name]
        logical = logical_of(schema)
        if logical is None:
            return plain
        python, to_avro = logical.python, logical.to_avro

        def encode(out: bytearray, value: Any) -> None:
            if not isinstance(value, python) or _is_datetime_for_date(value, python):
                raise _misfit(python.__name__, value)
            plain(out, to_avro(value))

        return encode

    def array(self, schema: Array) -> Encoder:
        item = self.encoder(schema.items)

        def encode(out: bytearray, value: Any) -> None:
            if not isinstance(value, Sequence) or isinstance(value, str | bytes | bytearray | memoryview):
                raise _misfit(describe(schema), value)
            if value:
                write_long(out, len(value))
                index = -1
                try:
                    for index, element in enumerate(value):  # noqa: B007 - the path needs it
                        item(out, element)
                except EncodeError as error:
                    raise _within(f"[{index}]", error) from None
            out.append(0)

        return encode

    def map(self, schema: Map) -> Encoder:
        item = self.encoder(schema.values)

        def encode(out: bytearray, value: Any) -> None:
            if not isinstance(value, Mapping):
                raise _misfit(describe(schema), value)
            if value:
                write_long(out, len(value))
                key = None
                try:
                    for key, element in value.items():
                        _string(out, key)
                        item(out, element)
                except EncodeError as error:
                    raise _within(f"[{key!r}]", error) from None
            out.append(0)

        return encode

    def record(self, schema: Record) -> Encoder:
        known = self.records.get(schema.name)
        if known is not None:
            return known
        parts: list[tuple[str, Encoder]] = []
        cls = self.types.get(schema.name)
        encode = self.typed(cls, parts) if cls is not None else self.generic(schema, parts)
        self.records[schema.name] = encode
        self.waiting.append((schema, parts))
        return encode

    def typed(self, cls: type, parts: list[tuple[str, Encoder]]) -> Encoder:
        def encode(out: bytearray, value: Any) -> None:
            if not isinstance(value, cls):
                raise _misfit(cls.__name__, value)
            name = ""
            try:
                for name, part in parts:
                    part(out, getattr(value, name))
            except EncodeError as error:
                raise _within(f".{name}", error) from None

        return encode

    def generic(self, schema: Record, parts: list[tuple[str, Encoder]]) -> Encoder:
        keys = {field.name for field in schema.fields}

        def encode(out: bytearray, value: Any) -> None:
            if not isinstance(value, Mapping):
                raise _misfit(schema.name, value)
            if value.keys() != keys:
                odd = min(map(str, value.keys() ^ keys))
                verb = "lacks" if odd in keys else "has no"
                raise EncodeError(f"{schema.name} {verb} field {odd!r}")
            name = ""
            try:
                for name, part in parts:
                    part(out, value[name])
            except EncodeError as error:
                raise _within(f".{name}", error) from None

        return encode

    def enum(self, schema: Enum) -> Encoder:
        values = symbols(schema, self.types)
        index = {value: position for position, value in enumerate(values.values())}

        def encode(out: bytearray, value: Any) -> None:
            try:
                position = index.get(value)
            except TypeError:  # unhashable, so no symbol
                position = None
            if position is None:
                raise _misfit(schema.name, value)
            write_long(out, position)

        return encode

    def fixed(self, schema: Fixed) -> Encoder:
        logical = logical_of(schema)

        def encode(out: bytearray, value: Any) -> None:
            if logical is not None:
                if not isinstance(value, logical.python):
                    raise _misfit(logical.python.__name__, value)
                value = logical.to_avro(value)
            data = _buffer(value, schema.name)
            if data.nbytes != schema.size:
                raise EncodeError(f"{schema.name} has {schema.size} bytes, not {data.nbytes}")
            out += data

        return encode

    def union(self, schema: Union) -> Encoder:
        choose = self.choice(schema)
        branches = [self.encoder(branch) for branch in schema.branches]

        def encode(out: bytearray, value: Any) -> None:
            index = choose(value)
            write_long(out, index)
            branches[index](out, value)

        return encode

    def choice(self, schema: Union) -> Callable[[Any], int]:
        tests = [(index, self.exact(branch)) for index, branch in enumerate(schema.branches)]
        tests += [(index, self.lossless(branch)) for index, branch in enumerate(schema.branches)]

        def choose(value: Any) -> int:
            for index, test in tests:
                if test(value):
                    return index
            raise _misfit(describe(schema), value)

        return choose

    def exact(self, schema: Schema) -> Test:
        """Return a test for the branch's own Python type, narrowed where several branches share one."""
        match schema:
            case Record():
                cls = self.types.get(schema.name)
                if cls is not None:
                    return lambda value: type(value) is cls
                keys = {field.name for field in schema.fields}
                return lambda value: isinstance(value, dict) and value.keys() == keys
            case Enum():
                values = set(symbols(schema, self.types).values())
                kind = self.types.get(schema.name, str)
                return lambda value: type(value) is kind and value in values
            case Array():
                return lambda value: type(value) is list
            case Map():
                return lambda value: type(value) is dict
            case Union():
                return lambda value: False
        logical = logical_of(schema)
        if logical is not None:
            python = logical.python
            return lambda value: type(value) is python
        if isinstance(schema, Fixed):
            size = schema.size
            return lambda value: type(value) is bytes and len(value) == size
        return _EXACT[schema.name]

    def lossless(self, schema: Schema) -> Test:
        """Return a test for values of other types that the branch holds without loss."""
        match schema:
            case Record():
                cls = self.types.get(schema.name)
                return (lambda value: isinstance(value, cls)) if cls is not None else _never
            case Array():
                return lambda value: (
                    isinstance(value, Sequence)
                    and not isinstance(value, str | bytes | bytearray | memoryview)
                )
            case Map():
                return lambda value: isinstance(value, Mapping)
            case Fixed():
                size = schema.size
                return lambda value: _is_buffer(value) and memoryview(value).nbytes == size
            case Primitive() if logical_of(schema) is None:
                return _LOSSLESS.get(schema.name, _never)
            case _:
                return _never


def _null(_: bytearray, value: Any) -> None:
    if value is not None:
        raise _misfit("null", value)


def _boolean(out: bytearray, value: Any) -> None:
    if not isinstance(value, bool):
        raise _misfit("boolean", value)
    out.append(value)


def _int(out: bytearray, value: Any) -> None:
    if not _is_int(value):
        raise _misfit("int", value)
    if not -(2**31) <= value < 2**31:
        raise EncodeError(f"{_shown(value)} does not fit the 32 bits of an int")
    write_long(out, value)


def _long(out: bytearray, value: Any) -> None:
    if not _is_int(value):
        raise _misfit("long", value)
    if not -(2**63) <= value < 2**63:
        raise EncodeError(f"{_shown(value)} does not fit the 64 bits of a long")
    write_long(out, value)


def _float(out: bytearray, value: Any) -> None:
    if not isinstance(value, float) and not _is_int(value):
        raise _misfit("float", value)
    try:
        out += FLOAT.pack(value)
    except (OverflowError, struct.error):  # of a float, of an int
        raise EncodeError(f"{_shown(value)} does not fit the 32 bits of a float") from None


def _double(out: bytearray, value: Any) -> None:
    if not isinstance(value, float) and not _is_int(value):
        raise _misfit("double", value)
    try:
        out += DOUBLE.pack(value)
    except (OverflowError, struct.error):  # of a float, of an int
        raise EncodeError(f"{_shown(value)} does not fit the 64 bits of a double") from None


def _bytes(out: bytearray, value: Any) -> None:
    data = _buffer(value, "bytes")
    write_bytes(out, data)


def _string(out: bytearray, value: Any) -> None:
    if not isinstance(value, str):
        raise _misfit("string", value)
    try:
        write_string(out, value)
    except UnicodeEncodeError as error:
        raise EncodeError(f"a lone surrogate at character {error.start} has no UTF-8") from None


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except (TypeError, ValueError, BufferError):
        return False
    return True


def _buffer(value: Any, wanted: str) -> memoryview:
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        raise _misfit(wanted, value) from None
    # A view without bytes cannot be cast, should it have dimensions.
    return view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())


def _is_datetime_for_date(value: Any, python: type) -> bool:
    return python is datetime.date and isinstance(value, datetime.datetime)


def _is_float32(value: float) -> bool:
    try:
        return value != value or FLOAT.unpack(FLOAT.pack(value))[0] == value
    except OverflowError:
        return False


def _never(_: Any) -> bool:
    return False


def _misfit(wanted: str, value: Any) -> EncodeError:
    return EncodeError(f"expected {wanted}, got {type(value).__name__} {_shown(value)}")


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except Exception:  # noqa: BLE001 - a class of the caller's may do anything, and an int may be too long
        return "(not shown)"
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _within(step: str, error: EncodeError) -> EncodeError:
    return EncodeError(error.problem, step + error.path)


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
_EXACT: dict[str, Test] = {
    "null": lambda value: value is None,
    "boolean": lambda value: type(value) is bool,
    "int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "long": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "float": lambda value: type(value) is float and _is_float32(value),
    "double": lambda value: type(value) is float,
    "bytes": lambda value: type(value) is bytes,
    "string": lambda value: type(value) is str,
}
_LOSSLESS: dict[str, Test] = {
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: _is_int(value) and -(2**31) <= value < 2**31,
    "long": lambda value: _is_int(value) and -(2**63) <= value < 2**63,
    # A plain float field rounds what it is given, and so does one that may also be null.
    "float": lambda value: isinstance(value, float) or (_is_int(value) and abs(value) <= 2**24),
    "double": lambda value: isinstance(value, float) or (_is_int(value) and abs(value) <= 2**53),
    "bytes": _is_buffer,
    "string": lambda value: isinstance(value, str),
}
