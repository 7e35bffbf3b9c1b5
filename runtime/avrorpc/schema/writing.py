"""Schemas and protocols to JSON, with the key order of the Apache Java implementation.

A named type is written whole where it first occurs and by name afterwards; a name is shortened where it
lies in the enclosing namespace. The compact text is the one whose MD5 identifies a protocol in the Avro
handshake, properties and documentation included. Types may stand in each other more deeply than Python's
stack is: whatever writes a part with schemas in it is a generator that `finish` drives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import Final, TypeAlias

from avrorpc.schema.model import (
    PRIMITIVES,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Message,
    Named,
    NoDefault,
    Primitive,
    Props,
    Protocol,
    Record,
    Schema,
    Union,
    namespace_of,
    short_name,
)
from avrorpc.schema.nesting import finish

_Writing: TypeAlias = "Json | Generator[_Writing, Json, Json]"
"""JSON, or what writes it: it yields the same for each schema inside, and is sent the JSON of that."""

_TYPE_WORDS: Final = frozenset([*PRIMITIVES, "record", "enum", "array", "map", "union", "fixed"])


def protocol_to_json(protocol: Protocol) -> dict[str, Json]:
    """Return a protocol as the JSON object of an `.avpr` file."""
    namespace = namespace_of(protocol.name)
    written: set[str] = set()
    out: dict[str, Json] = {"protocol": short_name(protocol.name)}
    if namespace:
        out["namespace"] = namespace
    if protocol.doc is not None:
        out["doc"] = protocol.doc
    out.update(protocol.props)
    out["types"] = [
        finish(_whole(named, namespace, written)) for named in protocol.types if named.name not in written
    ]
    out["messages"] = {
        name: _message(message, namespace, written) for name, message in protocol.messages.items()
    }
    return out


def schema_to_json(schema: Schema) -> Json:
    """Return a schema as the JSON value of an `.avsc` file."""
    return finish(_whole(schema, "", set()))


def handshake_hash(text: str) -> bytes:
    """Return the MD5 of a protocol's text: what stands for it in the Avro handshake, 16 bytes."""
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


def _message(message: Message, namespace: str, written: set[str]) -> dict[str, Json]:
    out: dict[str, Json] = {}
    if message.doc is not None:
        out["doc"] = message.doc
    out.update(message.props)
    out["request"] = finish(_fields(message.request, namespace, written))
    out["response"] = finish(_whole(message.response, namespace, written))
    if message.one_way:
        out["one-way"] = True
    elif message.errors:
        out["errors"] = [finish(_whole(error, namespace, written)) for error in message.errors]
    return out


def _fields(fields: list[Field], namespace: str, written: set[str]) -> Generator[_Writing, Json, list[Json]]:
    parts: list[Json] = []
    for field in fields:
        out: dict[str, Json] = {"name": field.name, "type": (yield _schema(field.type, namespace, written))}
        if field.doc is not None:
            out["doc"] = field.doc
        if not isinstance(field.default, NoDefault):
            out["default"] = field.default
        if field.order is not None and field.order != "ascending":
            out["order"] = field.order
        if field.aliases:
            out["aliases"] = list(field.aliases)
        out.update(field.props)
        parts.append(out)
    return parts


def _whole(schema: Schema, namespace: str, written: set[str]) -> Generator[_Writing, Json, Json]:
    return (yield _schema(schema, namespace, written))


def _schema(schema: Schema, namespace: str, written: set[str]) -> _Writing:
    match schema:
        case Primitive():
            return {"type": schema.name, **schema.props} if schema.props else schema.name
        case Array():
            return _holder("array", "items", schema.items, schema.props, namespace, written)
        case Map():
            return _holder("map", "values", schema.values, schema.props, namespace, written)
        case Union():
            return _union(schema, namespace, written)
        case _ if schema.name in written:
            return _relative(schema.name, namespace)
        case _:
            return _named(schema, namespace, written)


def _holder(
    kind: str, key: str, inner: Schema, props: Props, namespace: str, written: set[str]
) -> Generator[_Writing, Json, Json]:
    return {"type": kind, key: (yield _schema(inner, namespace, written)), **props}


def _union(schema: Union, namespace: str, written: set[str]) -> Generator[_Writing, Json, Json]:
    branches: list[Json] = []
    for branch in schema.branches:
        branches.append((yield _schema(branch, namespace, written)))  # noqa: PERF401 - it yields
    return branches


def _named(schema: Named, namespace: str, written: set[str]) -> Generator[_Writing, Json, Json]:
    own = namespace_of(schema.name)
    written.add(schema.name)
    kind = {Enum: "enum", Fixed: "fixed"}.get(type(schema), "record")
    if isinstance(schema, Record) and schema.is_error:
        kind = "error"
    out: dict[str, Json] = {"type": kind, "name": short_name(schema.name)}
    if own != namespace:
        out["namespace"] = own
    if schema.doc is not None:
        out["doc"] = schema.doc
    match schema:
        case Record():
            out["fields"] = yield from _fields(schema.fields, own, written)
        case Enum():
            out["symbols"] = list(schema.symbols)
            if schema.default is not None:
                out["default"] = schema.default
        case Fixed():
            out["size"] = schema.size
    out.update(schema.props)
    if schema.aliases:
        out["aliases"] = [_relative(alias, own) for alias in dict.fromkeys(schema.aliases)]
    return out


def _relative(name: str, namespace: str) -> str:
    """Return how a name is written inside a namespace: one that Avro uses itself always in full."""
    short = short_name(name)
    return short if namespace_of(name) == namespace and short not in _TYPE_WORDS else name
