"""Programs of the native accelerator, made from schemas by the walks that make the portable codec, too.

A value that a program does not do, or that does not fit, is done or refused by the portable codec, which is
made when it is first needed.
"""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from avrorpc.codec import _native
from avrorpc.codec._native import Node
from avrorpc.codec.branches import compile_choice, only_branches
from avrorpc.codec.compiling import DecodeCompiler, EncodeCompiler, Fields
from avrorpc.codec.logical import Logical, logical_of
from avrorpc.codec.portable_decode import (
    Decoder,
    failing,
    portable_decoder,
    portable_fixed,
    portable_primitive,
    portable_row_decoder,
    portable_skipper,
)
from avrorpc.codec.portable_encode import Encoder, portable_encoder, portable_row_encoder
from avrorpc.codec.types import Types
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.schema import Array, Enum, Field, Fixed, Map, Primitive, Record, Schema, Union


def native_encoder(schema: Schema, types: Types) -> Encoder:
    """Return a function that appends a value; see `compile_encoder`."""
    root = _EncodeProgram(types).compile(schema)
    return _native.Encoder(root, partial(portable_encoder, schema, types)).write


def native_row_encoder(fields: Sequence[Field], types: Types) -> Encoder:
    """Return a function that appends the parameters of a message; see `compile_row_encoder`."""
    root = _EncodeProgram(types).compile_row(fields)
    return _native.Encoder(root, partial(portable_row_encoder, fields, types)).write


def to_bytes(encode: Encoder) -> Callable[[Any], bytes]:
    """Return a function that gives a value as bytes, of an encoder from here."""
    encoder: _native.Encoder = encode.__self__  # type: ignore[attr-defined]
    return encoder.to_bytes


def plain_test(encode: Encoder) -> Callable[[Any], bool]:
    """Return what tells values of the very types that stand for a schema, of an encoder from here.

    Lists alone are arrays then, and floats alone are doubles, finite ones.
    """
    encoder: _native.Encoder = encode.__self__  # type: ignore[attr-defined]
    return encoder.is_plain


def native_decoder(writer: Schema, reader: Schema, types: Types) -> Decoder:
    """Return a function that reads a value; see `compile_decoder`."""
    root = _DecodeProgram(types).compile(writer, reader)
    return _native.Decoder(root, partial(portable_decoder, writer, reader, types)).read


def native_row_decoder(writer: Sequence[Field], reader: Sequence[Field], types: Types) -> Decoder:
    """Return a function that reads the parameters of a message; see `compile_fields`."""
    root = _DecodeProgram(types).compile_row(writer, reader)
    return _native.Decoder(root, partial(portable_row_decoder, writer, reader, types)).read


def native_skipper(schema: Schema) -> Decoder:
    """Return a function that reads a value which nobody here wants; see `compile_skipper`."""
    root = _DecodeProgram({}, logical=False).compile(schema, schema)
    return _native.Decoder(root, partial(portable_skipper, schema)).read


def from_bytes(decode: Decoder, limits: Limits) -> Callable[[bytes | bytearray | memoryview], Any]:
    """Return a function that gives the value of bytes, of a decoder from here."""
    decoder: _native.Decoder = decode.__self__  # type: ignore[attr-defined]
    return decoder.whole(limits)


class _EncodeProgram(EncodeCompiler[Node]):
    def primitive(self, schema: Primitive) -> Node:
        if logical_of(schema) is not None:
            return Node("call", call=portable_encoder(schema, self.types))
        return Node(schema.name)

    def array(self, schema: Array, item: Node) -> Node:
        return Node("array", parts=(item,))

    def map(self, schema: Map, item: Node) -> Node:
        return Node("map", parts=(item,))

    def union(self, schema: Union, branches: list[Node]) -> Node:
        only = only_branches(schema, self.types)
        return Node(
            "union",
            parts=branches,
            table=tuple(only),
            slots=tuple(only.values()),
            call=compile_choice(schema, self.types),
        )

    def record(
        self, schema: Record, cls: type | None, names: tuple[str, ...]
    ) -> tuple[Node, Callable[[list[Node]], None]]:
        offsets = () if cls is None else _native.offsets_of(cls, names)
        node = Node("dict" if cls is None else "struct" if offsets else "object", table=cls)
        return node, lambda parts: node.fill(parts, names, offsets or range(len(names)))

    def row(self, names: list[str], parts: list[Node]) -> Node:
        return Node("row", parts=parts, names=names, slots=range(len(names)))

    def enum(self, schema: Enum, index: dict[Any, int]) -> Node:
        return Node("enum", table=index)

    def fixed(self, schema: Fixed) -> Node:
        if logical_of(schema) is not None:
            return Node("call", call=portable_encoder(schema, self.types))
        return Node("fixed", size=schema.size)


class _DecodeProgram(DecodeCompiler[Node]):
    def failing(self, problem: str) -> Node:
        return Node("call", call=failing(problem))

    def primitive(self, name: str, logical: Logical | None) -> Node:
        return Node(name) if logical is None else Node("call", call=portable_primitive(name, logical))

    def fixed(self, size: int, logical: Logical | None) -> Node:
        return (
            Node("fixed", size=size) if logical is None else Node("call", call=portable_fixed(size, logical))
        )

    def array(self, item: Node) -> Node:
        return Node("array", parts=(item,))

    def numbers(self, item: Node, code: str, *, alike: bool) -> Node:
        return Node("numbers", parts=(item,), table=array.array(code), size=alike)

    def map(self, item: Node) -> Node:
        return Node("map", parts=(item,))

    def union(self, branches: list[Node]) -> Node:
        return Node("union", parts=branches)

    def enum(self, writer: Enum, reader: Enum, values: list[Any]) -> Node:
        return Node("enum", table=values)

    def record(self, cls: type | None, names: tuple[str, ...]) -> tuple[Node, Callable[[Fields[Node]], None]]:
        offsets = _struct_offsets(cls, names)
        node = Node("dict" if cls is None else "struct" if offsets else "object", table=cls)
        return node, lambda fields: _fill(node, fields, names, offsets or range(len(names)))

    def row(self, fields: Fields[Node], names: list[str]) -> Node:
        node = Node("row")
        _fill(node, fields, names, range(len(names)))
        return node


def _fill(node: Node, fields: Fields[Node], names: Sequence[str], places: Sequence[int]) -> None:
    if fields.problem is not None:
        refusing = Node("call", call=failing(fields.problem))
        node.fill((refusing,), names, (-1,))
        return
    node.fill(
        [part for _, part, _ in fields.steps],
        names,
        [places[slot] if slot >= 0 else -1 for _, _, slot in fields.steps],
        [(places[slot], give) for slot, give in fields.missing],
    )


def _struct_offsets(cls: type | None, names: tuple[str, ...]) -> tuple[int, ...]:
    """Return where objects of a class keep their fields, if putting them there is all that it does."""
    if cls is None or not issubclass(cls, msgspec.Struct) or type(cls) is not type(msgspec.Struct):
        return ()
    looks_on = hasattr(cls, "__post_init__") or getattr(cls, "__abstractmethods__", None)
    if looks_on or cls.__struct_fields__ != names or not _structs_are_known:
        return ()
    return _native.offsets_of(cls, names)


class _Sample(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    text: str
    others: list[int]


def _are_structs_known() -> bool:
    """Whether a struct made field by field is like one that its class makes: msgspec's insides may change."""
    names = ("number", "text", "others")
    offsets = _native.offsets_of(_Sample, names)
    if not offsets:
        return False
    parts = [Node("long"), Node("string"), Node("array", parts=(Node("long"),))]
    node = Node("struct", table=_Sample)
    node.fill(parts, names, offsets)
    decoder = _native.Decoder(node, lambda: lambda cursor: None)
    made = decoder.whole(DEFAULT_LIMITS)(b"\x02\x02a\x02\x04\x00")
    expected = _Sample(number=1, text="a", others=[2])
    return made == expected and repr(made) == repr(expected)


_structs_are_known = _are_structs_known()
