"""Schemas and protocols to JSON, with the key order of the Apache Java implementation.

A named type is written whole where it first occurs and by name afterwards; a name is shortened where it
lies in the enclosing namespace. The compact text is the one whose MD5 identifies a protocol in the Avro
handshake, properties and documentation included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
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
    Protocol,
    Record,
    Schema,
    Union,
    namespace_of,
    short_name,
)

_Task: TypeAlias = "tuple[Callable[[Json], None], Schema, str]"
"""A schema that is still to be written, and the namespace around it."""
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
    out, task = _begin_field(field, namespace)
    _run([task], written)
    return out


def _schema(schema: Schema, namespace: str, written: set[str]) -> Json:
    found: list[Json] = []
    _run([(found.append, schema, namespace)], written)
    return found[0]


def _run(tasks: list[_Task], written: set[str]) -> None:
    """Write schemas, each with all that lies in it before the next; a chain of records may be long."""
    waiting = tasks[::-1]
    while waiting:
        put, schema, namespace = waiting.pop()
        value, inner = _begin(schema, namespace, written)
        put(value)
        waiting += inner[::-1]


def _begin(schema: Schema, namespace: str, written: set[str]) -> tuple[Json, list[_Task]]:
    """Return a schema as JSON, and the tasks that write what lies in it."""
    match schema:
        case Primitive():
            return {"type": schema.name, **schema.props} if schema.props else schema.name, []
        case Array():
            out: dict[str, Json] = {"type": "array", "items": None, **schema.props}
            return out, [(partial(out.__setitem__, "items"), schema.items, namespace)]
        case Map():
            out = {"type": "map", "values": None, **schema.props}
            return out, [(partial(out.__setitem__, "values"), schema.values, namespace)]
        case Union():
            branches: list[Json] = []
            return branches, [(branches.append, branch, namespace) for branch in schema.branches]
        case _:
            return _begin_named(schema, namespace, written)


def _begin_field(field: Field, namespace: str) -> tuple[dict[str, Json], _Task]:
    out: dict[str, Json] = {"name": field.name, "type": None}
    if field.doc is not None:
        out["doc"] = field.doc
    if not isinstance(field.default, NoDefault):
        out["default"] = field.default
    if field.order is not None and field.order != "ascending":
        out["order"] = field.order
    if field.aliases:
        out["aliases"] = list(field.aliases)
    out.update(field.props)
    return out, (partial(out.__setitem__, "type"), field.type, namespace)


def _begin_named(schema: Named, namespace: str, written: set[str]) -> tuple[Json, list[_Task]]:
    own = namespace_of(schema.name)
    if schema.name in written:
        return _relative(schema.name, namespace), []
    written.add(schema.name)
    kind = {Enum: "enum", Fixed: "fixed"}.get(type(schema), "record")
    if isinstance(schema, Record) and schema.is_error:
        kind = "error"
    out: dict[str, Json] = {"type": kind, "name": short_name(schema.name)}
    if own != namespace:
        out["namespace"] = own
    if schema.doc is not None:
        out["doc"] = schema.doc
    tasks: list[_Task] = []
    match schema:
        case Record():
            begun = [_begin_field(field, own) for field in schema.fields]
            out["fields"] = [field for field, _ in begun]
            tasks = [task for _, task in begun]
        case Enum():
            out["symbols"] = list(schema.symbols)
            if schema.default is not None:
                out["default"] = schema.default
        case Fixed():
            out["size"] = schema.size
    out.update(schema.props)
    if schema.aliases:
        out["aliases"] = [_relative(alias, own) for alias in dict.fromkeys(schema.aliases)]
    return out, tasks


def _relative(name: str, namespace: str) -> str:
    """Return how a name is written inside a namespace: one that Avro uses itself always in full."""
    short = short_name(name)
    return short if namespace_of(name) == namespace and short not in _TYPE_WORDS else name
