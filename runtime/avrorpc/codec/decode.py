"""Avro binary to typed values: one small function per pair of writer's and reader's schema, made once.

Resolution follows the Avro 1.12 specification, "Schema Resolution"; a pair that can never work is refused
when the decoder is made, with the path of the field at fault. What only some values have, such as a branch or
a symbol that the reader lacks, is refused when such a value arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import is_not
from typing import Any, TypeAlias

from avrorpc.codec.binary import Cursor
from avrorpc.codec.defaults import default_value
from avrorpc.codec.logical import logical_of
from avrorpc.codec.types import Types, maker, symbols
from avrorpc.errors import ContractMismatch, DecodeError, UnreadableValue
from avrorpc.schema import (
    Array,
    Enum,
    Extent,
    Field,
    Fixed,
    Map,
    NoDefault,
    Primitive,
    Record,
    Schema,
    Union,
    describe,
    final_problem,
)
from avrorpc.schema.logical_change import logical_problems
from avrorpc.schema.resolution import PROMOTIONS, field_slots, reader_branch, same_name

Decoder: TypeAlias = Callable[[Cursor], Any]
Filler: TypeAlias = Callable[[Cursor, list[Any]], None]
"""Reads the fields of a record into their places."""


def compile_decoder(writer: Schema, reader: Schema, types: Types) -> Decoder:
    """Return a function that reads what `writer` wrote and gives what `reader` wants.

    Raises:
        ContractMismatch: The two can never work together.
    """
    _check(writer, reader)
    compiler = _Compiler(types)
    decode = compiler.decoder(writer, reader)
    compiler.finish()
    return decode


def compile_fields(writer: list[Field], reader: list[Field], types: Types, what: str) -> Decoder:
    """Return a decoder of a message's parameters: a list, in the order of `reader`.

    Raises:
        ContractMismatch: The two can never work together.
    """
    if len(writer) != len(reader) or any(map(is_not, writer, reader)):
        _check(Record("", writer), Record("", reader), what)
    compiler = _Compiler(types)
    fill = compiler.fields(writer, reader)
    compiler.finish()
    size = len(reader)

    def decode(cursor: Cursor) -> list[Any]:
        values: list[Any] = [None] * size
        fill(cursor, values)
        return values

    return decode


def compile_skipper(schema: Schema) -> Decoder:
    """Return a function that reads a value which nobody here wants, or knows: no class, no logical type."""
    compiler = _Compiler({}, logical=False)
    skip = compiler.decoder(schema, schema)
    compiler.finish()
    return skip


def _check(writer: Schema, reader: Schema, what: str = "request") -> None:
    problem = final_problem(writer, reader, what)
    if problem is not None:
        path, text = problem
        raise ContractMismatch(f"{path}: {text}" if path else text)


class _Compiler:
    """Makes a decoder for any two schemas: what cannot be read becomes one that says so."""

    def __init__(self, types: Types, *, logical: bool = True) -> None:
        self.types = types
        self.logical = logical
        self.records: dict[tuple[int, int], Decoder] = {}
        self.waiting: deque[Callable[[], None]] = deque()
        """What compiles the fields of a record; a chain of types may be longer than Python's stack."""

    def finish(self) -> None:
        """Compile the fields of all records that came up, and of those that come up then."""
        while self.waiting:
            self.waiting.popleft()()

    def decoder(self, writer: Schema, reader: Schema) -> Decoder:
        if isinstance(writer, Union):
            return self.from_union(writer, reader)
        if isinstance(reader, Union):
            branch = reader_branch(writer, reader)
            return _unreadable(writer, reader) if branch is None else self.decoder(writer, branch)
        match writer, reader:
            case Primitive(), Primitive():
                return self.primitive(writer, reader)
            case Array(), Array():
                return self.array(writer, reader)
            case Map(), Map():
                return self.map(writer, reader)
            case Record(), Record():
                return self.record(writer, reader)
            case Enum(), Enum():
                return self.enum(writer, reader)
            case Fixed(), Fixed():
                return self.fixed(writer, reader)
        return _unreadable(writer, reader)

    def from_union(self, writer: Union, reader: Schema) -> Decoder:
        branches = [self.decoder(branch, reader) for branch in writer.branches]

        def decode(cursor: Cursor) -> Any:
            index = cursor.read_long()
            if not 0 <= index < len(branches):
                raise DecodeError(f"branch {index} of a union of {len(branches)}")
            return branches[index](cursor)

        return decode

    def primitive(self, writer: Primitive, reader: Primitive) -> Decoder:
        if writer.name != reader.name and (writer.name, reader.name) not in PROMOTIONS:
            return _unreadable(writer, reader)
        change = _change_of_meaning(writer, reader) if self.logical else None
        if change:
            return _failing(change)
        plain = _PRIMITIVES[writer.name]
        if writer.name in ("int", "long") and reader.name in ("float", "double"):
            return lambda cursor: float(plain(cursor))
        if reader.name in ("bytes", "string"):
            plain = _PRIMITIVES[reader.name]  # the two look alike on the wire
        logical = logical_of(reader) if self.logical else None
        if logical is None:
            return plain
        from_avro = logical.from_avro
        return lambda cursor: from_avro(plain(cursor))

    def array(self, writer: Array, reader: Array) -> Decoder:
        item = self.decoder(writer.items, reader.items)

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

    def map(self, writer: Map, reader: Map) -> Decoder:
        item = self.decoder(writer.values, reader.values)

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

    def record(self, writer: Record, reader: Record) -> Decoder:
        if not same_name(writer, reader):
            return _unreadable(writer, reader)
        key = (id(writer), id(reader))
        if key in self.records:
            return self.records[key]
        fill: Filler = _incomplete
        make, size = maker(reader, self.types), len(reader.fields)

        def decode(cursor: Cursor) -> Any:
            values: list[Any] = [None] * size
            cursor.enter()
            fill(cursor, values)
            cursor.leave()
            try:
                return make(values)
            except (TypeError, ValueError) as error:  # a class written by hand may check what it is given
                raise DecodeError(str(error)) from error

        def complete() -> None:
            nonlocal fill
            fill = self.fields(writer.fields, reader.fields)

        self.records[key] = decode
        self.waiting.append(complete)
        return decode

    def fields(self, writer: list[Field], reader: list[Field]) -> Filler:
        slots = field_slots({field.name for field in writer}, reader)
        steps: list[tuple[str, Decoder, int]] = []
        filled: set[int] = set()
        for field in writer:
            slot = slots.get(field.name, -1)
            wanted = slot >= 0
            decode = self.decoder(field.type, reader[slot].type) if wanted else compile_skipper(field.type)
            steps.append((field.name, decode, slot))
            filled.add(slot)
        missing: list[tuple[int, Field]] = []
        for slot, field in enumerate(reader):
            if slot in filled:
                continue
            if isinstance(field.default, NoDefault):
                return _refusing(f"the writer has no field {field.name}, and the reader no default for it")
            missing.append((slot, field))
        types = self.types

        def fill(cursor: Cursor, values: list[Any]) -> None:
            name = ""
            try:
                for name, decode, slot in steps:  # noqa: B007 - the path needs it
                    value = decode(cursor)
                    if slot >= 0:
                        values[slot] = value
            except DecodeError as error:
                raise error.within(f".{name}") from None
            for slot, field in missing:
                if not isinstance(field.default, NoDefault):
                    values[slot] = default_value(field.type, field.default, types)

        return fill

    def enum(self, writer: Enum, reader: Enum) -> Decoder:
        if not same_name(writer, reader):
            return _unreadable(writer, reader)
        known = symbols(reader, self.types)
        fallback = known.get(reader.default) if reader.default is not None else None
        values = [known.get(symbol, fallback) for symbol in writer.symbols]

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

    def fixed(self, writer: Fixed, reader: Fixed) -> Decoder:
        if not same_name(writer, reader) or writer.size != reader.size:
            return _unreadable(writer, reader)
        change = _change_of_meaning(writer, reader) if self.logical else None
        if change:
            return _failing(change)
        size, logical = reader.size, logical_of(reader) if self.logical else None
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
    "float": Cursor.read_float,
    "double": Cursor.read_double,
    "bytes": Cursor.read_bytes,
    "string": Cursor.read_string,
}


def _change_of_meaning(writer: Primitive | Fixed, reader: Primitive | Fixed) -> str | None:
    """Return how the same number, or the same bytes, stand for another value at the reader."""
    if writer is reader:
        return None
    changes = (text for extent, text in logical_problems(writer, reader) if extent is Extent.MEANING)
    return next(changes, None)


def _unreadable(writer: Schema, reader: Schema) -> Decoder:
    return _failing(f"the writer has {describe(writer)}, the reader has {describe(reader)}")


def _failing(problem: str) -> Decoder:
    def decode(_: Cursor) -> Any:
        raise UnreadableValue(problem)

    return decode


def _refusing(problem: str) -> Filler:
    def fill(_: Cursor, __: list[Any]) -> None:
        raise UnreadableValue(problem)

    return fill


def _incomplete(_: Cursor, __: list[Any]) -> None:
    raise DecodeError("a decoder was used before it was complete")
