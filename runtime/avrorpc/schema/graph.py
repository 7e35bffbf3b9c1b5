"""Walks over schemas, which may be cyclic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from avrorpc.schema.model import Array, Map, Named, Record, Schema, Union


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
