"""Which values are right as they stand, told without a Python call for each number or text of a list.

A test that says no means only that one must look closely: the reader, the encoder and the writer do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from avrorpc.codec.acceleration import is_native
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.json_branches import branch_name
from avrorpc.codec.logical import logical_of
from avrorpc.codec.types import Types
from avrorpc.errors import EncodeError
from avrorpc.schema import Array, Enum, Map, Primitive, Record, Schema, Union, buffer_code, describe

if TYPE_CHECKING or is_native:
    from avrorpc.codec import program

Test: TypeAlias = Callable[[Any], bool]


def plain_test(schema: Schema) -> Test | None:
    """Return what tells values that are right as they stand, in Python as in JSON; None where none are."""
    if isinstance(schema, Primitive) and logical_of(schema) is None:
        return _SCALARS.get(schema.name)
    return None


def plain_list_test(schema: Schema) -> Test | None:
    """Return what tells lists of values of a schema that are all right as they stand; None likewise."""
    return (
        _LISTS.get(schema.name) if plain_test(schema) is not None and isinstance(schema, Primitive) else None
    )


def compile_plain_test(schema: Schema, types: Types) -> Test | None:
    """Return what tells values that `msgspec` writes as the mapping says; None where the schema has others.

    Those are records without a tag, lists, maps, enums and optional values of numbers, texts and the like.
    """
    compiler = _Compiler(types)
    test = compiler.test(schema)
    while test is not None and compiler.waiting:
        record, parts = compiler.waiting.pop()
        for field in record.fields:
            part = compiler.test(field.type)
            if part is None:
                return None
            parts.append((field.name, part))
    if test is not None and is_native:
        return program.plain_test(compile_encoder(schema, types))
    return test


class _Compiler:
    def __init__(self, types: Types) -> None:
        self.types = types
        self.records: dict[str, Test] = {}
        self.waiting: list[tuple[Record, list[tuple[str, Test]]]] = []
        """Records without their fields yet; a chain of types may be longer than Python's stack."""

    def test(self, schema: Schema) -> Test | None:
        match schema:
            case Primitive():
                return plain_test(schema)
            case Array():
                return self.array(schema)
            case Map():
                return self.map(schema)
            case Union():
                return self.optional(schema)
            case Record():
                return self.record(schema)
            case Enum():
                return self.enum(schema)
            case _:
                return None

    def array(self, schema: Array) -> Test | None:
        item, whole = self.test(schema.items), plain_list_test(schema.items)
        if item is None or buffer_code(schema) is not None:
            return None
        if whole is not None:
            return whole
        return lambda value: type(value) is list and all(map(item, value))

    def map(self, schema: Map) -> Test | None:
        item = self.test(schema.values)
        if item is None:
            return None
        return lambda value: type(value) is dict and _are_texts(value) and all(map(item, value.values()))

    def optional(self, schema: Union) -> Test | None:
        """Return the test of a type or null, where a value can never look like a wrapped one."""
        others = [one for one in schema.branches if describe(one) != "null"]
        if len(others) != 1 or len(schema.branches) != 2 or isinstance(others[0], Map):
            return None
        (other,) = others
        if isinstance(other, Record) and [field.name for field in other.fields] == [branch_name(other)]:
            return None
        item = self.test(other)
        return None if item is None else lambda value: value is None or item(value)

    def record(self, schema: Record) -> Test | None:
        known = self.records.get(schema.name)
        if known is not None:
            return known
        cls = self.types.get(schema.name)
        if cls is None or not issubclass(cls, msgspec.Struct):
            return None
        names = tuple(field.name for field in schema.fields)
        config = cls.__struct_config__
        if config.tag is not None or config.omit_defaults or config.array_like:
            return None
        if cls.__struct_fields__ != names or cls.__struct_encode_fields__ != names:
            return None
        parts: list[tuple[str, Test]] = []

        def test(value: Any) -> bool:
            if type(value) is not cls:
                return False
            for name, part in parts:  # noqa: SIM110 - a generator would take twice as long
                if not part(getattr(value, name)):
                    return False
            return True

        self.records[schema.name] = test
        self.waiting.append((schema, parts))
        return test

    def enum(self, schema: Enum) -> Test | None:
        cls = self.types.get(schema.name)
        encode = compile_encoder(schema, self.types)

        def test(value: Any) -> bool:
            try:
                encode(bytearray(), value)
            except EncodeError:
                return False
            return True

        return None if cls is None else test


def _is_text(value: Any) -> bool:
    return type(value) is str and (value.isascii() or _has_utf8(value))


def _has_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _are_texts(values: Any) -> bool:
    kinds = set(map(type, values))
    return kinds <= _STR and (all(map(str.isascii, values)) or all(map(_has_utf8, values)))


def _strings(value: Any) -> bool:
    return type(value) is list and _are_texts(value)


def _doubles(value: Any) -> bool:
    if type(value) is not list or not set(map(type, value)) <= _FLOAT:
        return False
    # A sum is finite only where all of its parts are; one that is not may still have finite parts.
    return math.isfinite(sum(value)) or all(map(math.isfinite, value))


def _ints(value: Any) -> bool:
    return type(value) is list and (
        not value or (set(map(type, value)) == _INT and min(value) >= -(2**31) and max(value) < 2**31)
    )


def _longs(value: Any) -> bool:
    return type(value) is list and (
        not value or (set(map(type, value)) == _INT and min(value) >= -(2**63) and max(value) < 2**63)
    )


_STR: Final = {str}
_FLOAT: Final = {float}
_INT: Final = {int}

_SCALARS: Final[Mapping[str, Test]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: value is True or value is False,
    "int": lambda value: type(value) is int and -(2**31) <= value < 2**31,
    "long": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "double": lambda value: type(value) is float and math.isfinite(value),
    "string": _is_text,
}

_PORTABLE_LISTS: Final[Mapping[str, Test]] = {
    "boolean": lambda value: type(value) is list and set(map(type, value)) <= {bool},
    "int": _ints,
    "long": _longs,
    "double": _doubles,
    "string": _strings,
}

_LISTS: Final[Mapping[str, Test]] = (
    {name: program.plain_test(compile_encoder(Array(Primitive(name)), {})) for name in _PORTABLE_LISTS}
    if is_native
    else _PORTABLE_LISTS
)
