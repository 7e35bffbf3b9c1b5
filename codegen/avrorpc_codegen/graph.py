"""Walks over schemas, which may be cyclic: those of the runtime, and what only the compiler asks."""

from __future__ import annotations

from collections.abc import Iterable

from avrorpc.schema import Protocol, Record, Schema, Union, parts, reachable

__all__ = ["parts", "protocol_schemas", "reachable", "records_in_unions"]


def protocol_schemas(protocol: Protocol) -> list[Schema]:
    """Return the types that a protocol's messages name."""
    schemas: list[Schema] = []
    for message in protocol.messages.values():
        schemas += [parameter.type for parameter in message.request]
        schemas += [message.response, *message.errors]
    return schemas


def records_in_unions(schemas: Iterable[Schema]) -> set[str]:
    """Return the records that share a union with another record."""
    shared: set[str] = set()
    for schema in parts(schemas):
        if isinstance(schema, Union):
            records = [b.name for b in schema.branches if isinstance(b, Record) and not b.is_error]
            shared.update(records if len(records) > 1 else [])
    return shared
