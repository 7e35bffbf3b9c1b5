"""Avro binary to typed values in Python alone: one small function per pair of schemas, made once."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from avrorpc.codec.binary import Cursor
from avrorpc.codec.compiling import DecodeCompiler, Fields
from avrorpc.codec.logical import Logical
from avrorpc.codec.numbers import read_block
from avrorpc.codec.types import Types
from avrorpc.errors import DecodeError, UnreadableValue
from avrorpc.schema import Enum, Field, Schema

Decoder: TypeAlias = Callable[[Cursor], Any]
"""Reads a value at a cursor."""


def portable_decoder(writer: Schema, reader: Schema, types: Types) -> Decoder:
    """Return a function that reads what `writer` wrote for `reader`; see `compile_decoder`."""
    return _Compiler(types).compile(writer, reader)


def portable_row_decoder(writer: Sequence[Field], reader: Sequence[Field], types: Types) -> Decoder:
    """Return a decoder of a message's parameters; see `compile_fields`."""
    return _Compiler(types).compile_row(writer, reader)


def portable_skipper(schema: Schema) -> Decoder:
    """Return a function that reads a value which nobody here wants; see `compile_skipper`."""
    return _Compiler({}, logical=False).compile(schema, schema)


class _Compiler(DecodeCompiler[Decoder]):
    """Makes one small function for each pair of schema nodes."""

    def failing(self, problem: str) -> Decoder:
        return failing(problem)

    def primitive(self, name: str, logical: Logical | None) -> Decoder:
        return portable_primitive(name, logical)

    def fixed(self, size: int, logical: Logical | None) -> Decoder:
        return portable_fixed(size, logical)

    def union(self, branches: list[Decoder]) -> Decoder:
        def decode(cursor: Cursor) -> Any:
            index = cursor.read_long()
            if not 0 <= index < len(branches):
                raise DecodeError(f"branch {index} of a union of {len(branches)}")
            return branches[index](cursor)

        return decode

    def array(self, item: Decoder) -> Decoder:
        def decode(cursor: Cursor) -> list[Any]:
            values: list[Any] = []
            cursor.enter()
            try:
                while count := cursor.block():
                    for _ in range(count):
                        values.append(item(cursor))  # noqa: PERF401 - the path needs the length so far
            except DecodeError as error:
                raise error.within(f"[{len(values)}]") from None
            cursor.leave()
            return values

        return decode

    def numbers(self, item: Decoder, code: str, *, alike: bool) -> Decoder:
        by_block = alike and code in "fd"

        def decode(cursor: Cursor) -> array.array[Any]:
            values: array.array[Any] = array.array(code)
            cursor.enter()
            try:
                while count := cursor.block():
                    if not (by_block and read_block(cursor, count, values)):
                        for _ in range(count):
                            values.append(item(cursor))
            except DecodeError as error:
                raise error.within(f"[{len(values)}]") from None
            cursor.leave()
            return values

        return decode

    def map(self, item: Decoder) -> Decoder:
        def decode(cursor: Cursor) -> dict[str, Any]:
            values: dict[str, Any] = {}
            key = ""
            cursor.enter()
            try:
                while count := cursor.block():
                    for _ in range(count):
                        key = cursor.read_string()
                        values[key] = item(cursor)
            except DecodeError as error:
                raise error.within(f"[{key!r}]") from None
            cursor.leave()
            return values

        return decode

    def enum(self, writer: Enum, reader: Enum, values: list[Any]) -> Decoder:
        def decode(cursor: Cursor) -> Any:
            index = cursor.read_long()
            if not 0 <= index < len(values):
                raise DecodeError(f"symbol {index} of {len(values)} in {reader.name}")
            value = values[index]
            if value is None:
                problem = f"the writer has the symbol {writer.symbols[index]}"
                raise UnreadableValue(f"{problem}, {reader.name} has neither it nor a default symbol here")
            return value

        return decode

    def record(
        self, cls: type | None, names: tuple[str, ...]
    ) -> tuple[Decoder, Callable[[Fields[Decoder]], None]]:
        fill: _Filler = _incomplete
        size = len(names)

        def decode(cursor: Cursor) -> Any:
            values: list[Any] = [None] * size
            cursor.enter()
            fill(cursor, values)
            cursor.leave()
            if cls is None:
                return dict(zip(names, values, strict=True))
            try:
                return cls(**dict(zip(names, values, strict=True)))
            except (TypeError, ValueError) as error:  # a class written by hand may check what it is given
                raise DecodeError(str(error)) from error

        def complete(fields: Fields[Decoder]) -> None:
            nonlocal fill
            fill = _filler(fields)

        return decode, complete

    def row(self, fields: Fields[Decoder], names: list[str]) -> Decoder:
        fill, size = _filler(fields), len(names)

        def decode(cursor: Cursor) -> list[Any]:
            values: list[Any] = [None] * size
            fill(cursor, values)
            return values

        return decode


_Filler: TypeAlias = Callable[[Cursor, list[Any]], None]
"""Reads the fields of a record into their places."""


def _filler(fields: Fields[Decoder]) -> _Filler:
    steps, missing, problem = fields.steps, fields.missing, fields.problem

    def fill(cursor: Cursor, values: list[Any]) -> None:
        if problem is not None:
            raise UnreadableValue(problem)
        name = ""
        try:
            for name, decode, slot in steps:  # noqa: B007 - the path needs it
                value = decode(cursor)
                if slot >= 0:
                    values[slot] = value
        except DecodeError as error:
            raise error.within(f".{name}") from None
        for slot, default in missing:
            values[slot] = default()

    return fill


def failing(problem: str) -> Decoder:
    """Return a function that refuses whatever comes."""

    def decode(_: Cursor) -> Any:
        raise UnreadableValue(problem)

    return decode


def portable_primitive(name: str, logical: Logical | None) -> Decoder:
    """Return what reads a primitive type of this name, or `int as float`, or `long as float`."""
    plain = _PRIMITIVES[name]
    if logical is None:
        return plain
    from_avro = logical.from_avro
    return lambda cursor: from_avro(plain(cursor))


def portable_fixed(size: int, logical: Logical | None) -> Decoder:
    """Return what reads a fixed."""
    if logical is None:
        return lambda cursor: cursor.take(size)
    from_avro = logical.from_avro
    return lambda cursor: from_avro(cursor.take(size))


def _int(cursor: Cursor) -> int:
    value = cursor.read_long()
    if not -(2**31) <= value < 2**31:
        raise DecodeError(f"{value} does not fit the 32 bits of an int")
    return value


_PRIMITIVES: dict[str, Decoder] = {
    "null": lambda cursor: None,
    "boolean": Cursor.read_boolean,
    "int": _int,
    "long": Cursor.read_long,
    "int as float": lambda cursor: float(_int(cursor)),
    "long as float": lambda cursor: float(cursor.read_long()),
    "float": Cursor.read_float,
    "double": Cursor.read_double,
    "bytes": Cursor.read_bytes,
    "string": Cursor.read_string,
}


def _incomplete(_: Cursor, __: list[Any]) -> None:
    raise DecodeError("a decoder was used before it was complete")
