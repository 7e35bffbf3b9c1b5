"""The way from schemas to a codec, whatever it is made of: the portable codec's functions, or a program.

Both kinds of codec are made by the walks here, so that names, defaults, branches and schema resolution are
decided in one place. Resolution follows the Avro 1.12 specification, "Schema Resolution".
"""

from __future__ import annotations

import abc
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from avrorpc.codec.defaults import default_value
from avrorpc.codec.logical import Logical, logical_of
from avrorpc.codec.types import Types, attributes, symbols
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
    buffer_code,
    describe,
    number_code,
)
from avrorpc.schema.logical_change import logical_problems
from avrorpc.schema.resolution import PROMOTIONS, field_slots, reader_branch, same_name

P = TypeVar("P")
"""What a schema becomes."""


class EncodeCompiler(abc.ABC, Generic[P]):
    """Makes what writes a schema's values."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self._records: dict[str, P] = {}
        self._waiting: list[tuple[Callable[[list[P]], None], Record]] = []
        """Records without their fields yet; a chain of types may be longer than Python's stack."""

    def compile(self, schema: Schema) -> P:
        """Return what writes values of a schema, whole.

        Raises:
            SchemaError: A class does not match its type.
        """
        part = self.encoder(schema)
        self._finish()
        return part

    def compile_row(self, fields: Sequence[Field]) -> P:
        """Return what writes the parameters of a message, given as a tuple."""
        part = self.row([field.name for field in fields], [self.encoder(field.type) for field in fields])
        self._finish()
        return part

    def _finish(self) -> None:
        """Compile the fields of all records that came up, and of those that come up then."""
        while self._waiting:
            fill, schema = self._waiting.pop()
            fill([self.encoder(field.type) for field in schema.fields])

    def encoder(self, schema: Schema) -> P:
        """Return what writes values of a schema, perhaps with records that wait for their fields."""
        match schema:
            case Primitive():
                return self.primitive(schema)
            case Array():
                return self.array(schema, self.encoder(schema.items))
            case Map():
                return self.map(schema, self.encoder(schema.values))
            case Union():
                return self.union(schema, [self.encoder(branch) for branch in schema.branches])
            case Record():
                return self._record(schema)
            case Enum():
                values = symbols(schema, self.types)
                return self.enum(schema, {value: index for index, value in enumerate(values.values())})
            case Fixed():
                return self.fixed(schema)

    def _record(self, schema: Record) -> P:
        if schema.name not in self._records:
            cls = self.types.get(schema.name)
            names = attributes(schema, cls) if cls is not None else tuple(f.name for f in schema.fields)
            part, fill = self.record(schema, cls, names)
            self._records[schema.name] = part
            self._waiting.append((fill, schema))
        return self._records[schema.name]

    @abc.abstractmethod
    def primitive(self, schema: Primitive) -> P:
        """Return what writes a primitive type, logical or not."""

    @abc.abstractmethod
    def array(self, schema: Array, item: P) -> P:
        """Return what writes an array."""

    @abc.abstractmethod
    def map(self, schema: Map, item: P) -> P:
        """Return what writes a map."""

    @abc.abstractmethod
    def union(self, schema: Union, branches: list[P]) -> P:
        """Return what writes a union."""

    @abc.abstractmethod
    def record(
        self, schema: Record, cls: type | None, names: tuple[str, ...]
    ) -> tuple[P, Callable[[list[P]], None]]:
        """Return what writes a record, of a class or as a dict, and what gives it its fields."""

    @abc.abstractmethod
    def row(self, names: list[str], parts: list[P]) -> P:
        """Return what writes the parameters of a message."""

    @abc.abstractmethod
    def enum(self, schema: Enum, index: dict[Any, int]) -> P:
        """Return what writes an enum by its values' indices."""

    @abc.abstractmethod
    def fixed(self, schema: Fixed) -> P:
        """Return what writes a fixed."""


@dataclass(slots=True)
class Fields(Generic[P]):
    """How the fields of a writer's record become those of a reader's."""

    steps: list[tuple[str, P, int]]
    """Each of the writer's fields: its name, what reads it, and its place at the reader; -1 for nowhere."""
    missing: list[tuple[int, Callable[[], Any]]]
    """The reader's fields that the writer lacks: their places, and what gives their defaults."""
    problem: str | None = None
    """Why nothing of the kind can be read, if so."""


class DecodeCompiler(abc.ABC, Generic[P]):
    """Makes what reads a writer's values for a reader: what cannot be read becomes one that says so.

    Args:
        types: Python classes by the full names of Avro types.
        logical: Whether values become what logical types and annotations ask for.
    """

    def __init__(self, types: Types, *, logical: bool = True) -> None:
        self.types = types
        self.logical = logical
        self._records: dict[tuple[int, int], P] = {}
        self._waiting: deque[Callable[[], None]] = deque()
        """What compiles the fields of a record; a chain of types may be longer than Python's stack."""

    def compile(self, writer: Schema, reader: Schema) -> P:
        """Return what reads values, whole."""
        part = self.decoder(writer, reader)
        self._finish()
        return part

    def compile_row(self, writer: Sequence[Field], reader: Sequence[Field]) -> P:
        """Return what reads the parameters of a message, as a list in the order of `reader`."""
        part = self.row(self._fields(writer, reader), [field.name for field in reader])
        self._finish()
        return part

    def _finish(self) -> None:
        """Compile the fields of all records that came up, and of those that come up then."""
        while self._waiting:
            self._waiting.popleft()()

    def decoder(self, writer: Schema, reader: Schema) -> P:
        """Return what reads values, perhaps with records that wait for their fields."""
        if isinstance(writer, Union):
            return self.union([self.decoder(branch, reader) for branch in writer.branches])
        if isinstance(reader, Union):
            branch = reader_branch(writer, reader)
            return self._unreadable(writer, reader) if branch is None else self.decoder(writer, branch)
        match writer, reader:
            case Primitive(), Primitive():
                return self._primitive(writer, reader)
            case Array(), Array():
                return self._array(writer, reader)
            case Map(), Map():
                return self.map(self.decoder(writer.values, reader.values))
            case Record(), Record() if same_name(writer, reader):
                return self._record(writer, reader)
            case Enum(), Enum() if same_name(writer, reader):
                known = symbols(reader, self.types)
                fallback = known.get(reader.default) if reader.default is not None else None
                return self.enum(writer, reader, [known.get(symbol, fallback) for symbol in writer.symbols])
            case Fixed(), Fixed() if same_name(writer, reader) and writer.size == reader.size:
                change = self._change_of_meaning(writer, reader)
                return self.failing(change) if change else self.fixed(reader.size, self._logical(reader))
        return self._unreadable(writer, reader)

    def _primitive(self, writer: Primitive, reader: Primitive) -> P:
        if writer.name != reader.name and (writer.name, reader.name) not in PROMOTIONS:
            return self._unreadable(writer, reader)
        change = self._change_of_meaning(writer, reader)
        if change:
            return self.failing(change)
        if writer.name in ("int", "long") and reader.name in ("float", "double"):
            return self.primitive(f"{writer.name} as float", None)
        # Bytes and strings look alike on the wire.
        name = reader.name if reader.name in ("bytes", "string") else writer.name
        return self.primitive(name, self._logical(reader))

    def _array(self, writer: Array, reader: Array) -> P:
        item = self.decoder(writer.items, reader.items)
        code = buffer_code(reader) if self.logical else None
        if code is None:
            return self.array(item)
        return self.numbers(item, code, alike=number_code(writer.items) == code)

    def _record(self, writer: Record, reader: Record) -> P:
        key = (id(writer), id(reader))
        if key not in self._records:
            cls = self.types.get(reader.name)
            names = attributes(reader, cls) if cls is not None else tuple(f.name for f in reader.fields)
            part, fill = self.record(cls, names)
            self._records[key] = part
            self._waiting.append(lambda: fill(self._fields(writer.fields, reader.fields)))
        return self._records[key]

    def _fields(self, writer: Sequence[Field], reader: Sequence[Field]) -> Fields[P]:
        slots = field_slots({field.name for field in writer}, reader)
        fields: Fields[P] = Fields([], [])
        filled: set[int] = set()
        for field in writer:
            slot = slots.get(field.name, -1)
            part = self.decoder(field.type, reader[slot].type) if slot >= 0 else self.skipper(field.type)
            fields.steps.append((field.name, part, slot))
            filled.add(slot)
        for slot, field in enumerate(reader):
            if slot in filled:
                continue
            if isinstance(field.default, NoDefault):
                problem = f"the writer has no field {field.name}, and the reader no default for it"
                return Fields([], [], problem)
            fields.missing.append((slot, partial(default_value, field.type, field.default, self.types)))
        return fields

    def skipper(self, schema: Schema) -> P:
        """Return what reads a value that nobody here wants, or knows: no class, no logical type."""
        return type(self)({}, logical=False).compile(schema, schema)

    def _logical(self, schema: Primitive | Fixed) -> Logical | None:
        return logical_of(schema) if self.logical else None

    def _change_of_meaning(self, writer: Primitive | Fixed, reader: Primitive | Fixed) -> str | None:
        """Return how the same number, or the same bytes, stand for another value at the reader."""
        if writer is reader or not self.logical:
            return None
        changes = (text for extent, text in logical_problems(writer, reader) if extent is Extent.MEANING)
        return next(changes, None)

    def _unreadable(self, writer: Schema, reader: Schema) -> P:
        return self.failing(f"the writer has {describe(writer)}, the reader has {describe(reader)}")

    @abc.abstractmethod
    def failing(self, problem: str) -> P:
        """Return what refuses whatever comes."""

    @abc.abstractmethod
    def primitive(self, name: str, logical: Logical | None) -> P:
        """Return what reads a primitive type of this name, or `int as float`, or `long as float`."""

    @abc.abstractmethod
    def fixed(self, size: int, logical: Logical | None) -> P:
        """Return what reads a fixed."""

    @abc.abstractmethod
    def array(self, item: P) -> P:
        """Return what reads an array into a list."""

    @abc.abstractmethod
    def numbers(self, item: P, code: str, *, alike: bool) -> P:
        """Return what reads an array into an `array.array` of a type code.

        Whether the writer's numbers are `alike` says if they have that very type.
        """

    @abc.abstractmethod
    def map(self, item: P) -> P:
        """Return what reads a map."""

    @abc.abstractmethod
    def union(self, branches: list[P]) -> P:
        """Return what reads a writer's union."""

    @abc.abstractmethod
    def enum(self, writer: Enum, reader: Enum, values: list[Any]) -> P:
        """Return what reads an enum, whose symbols have these values here; None for one unknown."""

    @abc.abstractmethod
    def record(self, cls: type | None, names: tuple[str, ...]) -> tuple[P, Callable[[Fields[P]], None]]:
        """Return what reads a record into a class, or a dict, and what gives it its fields."""

    @abc.abstractmethod
    def row(self, fields: Fields[P], names: list[str]) -> P:
        """Return what reads the parameters of a message."""
