"""Schemas and protocols to JSON, with the key order of the Apache Java implementation.

A named type is written whole where it first occurs and by name afterwards; a name is shortened where it
lies in the enclosing namespace. The compact text is the one whose MD5 identifies a protocol in the Avro
handshake, properties and documentation included.
"""

from __future__ import annotations

import hashlib
from typing import Final

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
    Protocol,
    Record,
    Schema,
    Union,
    namespace_of,
    short_name,
)

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
        _schema(named, namespace, written) for named in protocol.types if named.name not in written
    ]
    out["messages"] = {
        name: _message(message, namespace, written) for name, message in protocol.messages.items()
    }
    return out


def schema_to_json(schema: Schema) -> Json:
    """Return a schema as the JSON value of an `.avsc` file."""
    return _schema(schema, "", set())


def handshake_hash(text: str) -> bytes:
    """Return the MD5 of a protocol's text: what stands for it in the Avro handshake, 16 bytes."""
    return hashlib.md5(text.encode(), usedforsecurity=False).digest()


def _message(message: Message, namespace: str, written: set[str]) -> dict[str, Json]:
    out: dict[str, Json] = {}
    if message.doc is not None:
        out["doc"] = message.doc
    out.update(message.props)
    out["request"] = [_field(parameter, namespace, written) for parameter in message.request]
    out["response"] = _schema(message.response, namespace, written)
    if message.one_way:
        out["one-way"] = True
    elif message.errors:
        out["errors"] = [_schema(error, namespace, written) for error in message.errors]
    return out


def _field(field: Field, namespace: str, written: set[str]) -> dict[str, Json]:
    out: dict[str, Json] = {"name": field.name, "type": _schema(field.type, namespace, written)}
    if field.doc is not None:
        out["doc"] = field.doc
    if not isinstance(field.default, NoDefault):
        out["default"] = field.default
    if field.order is not None and field.order != "ascending":
        out["order"] = field.order
    if field.aliases:
        out["aliases"] = list(field.aliases)
    out.update(field.props)
    return out


def _schema(schema: Schema, namespace: str, written: set[str]) -> Json:
    match schema:
        case Primitive():
            return {"type": schema.name, **schema.props} if schema.props else schema.name
        case Array():
            items = _schema(schema.items, namespace, written)
            return {"type": "array", "items": items, **schema.props}
        case Map():
            values = _schema(schema.values, namespace, written)
            return {"type": "map", "values": values, **schema.props}
        case Union():
            return [_schema(branch, namespace, written) for branch in schema.branches]
        case _:
            return _named(schema, namespace, written)


def _named(schema: Named, namespace: str, written: set[str]) -> Json:
    own = namespace_of(schema.name)
    if schema.name in written:
        return _relative(schema.name, namespace)
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
            out["fields"] = [_field(field, own, written) for field in schema.fields]
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
