"""Walks over schemas, which may be cyclic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from avrorpc.schema import Array, Map, Named, Protocol, Record, Schema, Union


def parts(schemas: Iterable[Schema]) -> Iterator[Schema]:
    """Yield types and the types inside them, outermost first, not looking into records."""
    waiting = list(schemas)[::-1]
    while waiting:
        schema = waiting.pop()
        yield schema
        match schema:
            case Array():
                waiting.append(schema.items)
            case Map():
                waiting.append(schema.values)
            case Union():
                waiting.extend(schema.branches[::-1])


def reachable(schemas: Iterable[Schema]) -> list[Named]:
    """Return all named types that some types reach, in the order in which they come up."""
    found: dict[str, Named] = {}
    waiting = [list(schemas)]
    while waiting:
        for schema in parts(waiting.pop(0)):
            if isinstance(schema, Named) and schema.name not in found:
                found[schema.name] = schema
                if isinstance(schema, Record):
                    waiting.append([item.type for item in schema.fields])
    return list(found.values())


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
