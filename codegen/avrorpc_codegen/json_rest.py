"""What a contract in JSON says where Avro's model has no place for it: attributes beside a mere reference.

Knows the shape of a schema in JSON, and takes it to be valid.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avrorpc.schema import PRIMITIVES, Json

_INSIDE: Final = {"array": "items", "map": "values", "record": "fields", "error": "fields"}
_NAMED: Final = ("enum", "fixed", *PRIMITIVES)


def rest_of(contract: Json) -> Iterator[tuple[str, str]]:
    """Yield each attribute that a reader passes over, after the place where it stands."""
    if not isinstance(contract, dict) or "protocol" not in contract:
        yield from _schema(contract, "$")
        return
    yield from _list(contract.get("types"), "$.types")
    messages = contract.get("messages")
    for name, message in messages.items() if isinstance(messages, dict) else ():
        if isinstance(message, dict):
            where = f"$.messages.{name}"
            yield from _fields(message.get("request"), f"{where}.request")
            yield from _schema(message.get("response"), f"{where}.response")
            yield from _list(message.get("errors"), f"{where}.errors")


def _schema(schema: Json, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(schema, list):
        yield from _list(schema, where)
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if not isinstance(kind, str):
        yield from _schema(kind, f"{where}.type")
    inside = _INSIDE.get(kind) if isinstance(kind, str) else None
    if inside == "fields":
        yield from _fields(schema.get(inside), f"{where}.fields")
    elif inside is not None:
        yield from _schema(schema.get(inside), f"{where}.{inside}")
    elif kind not in _NAMED:
        yield from ((where, name) for name in schema if name != "type")


def _list(schemas: Json, where: str) -> Iterator[tuple[str, str]]:
    for index, schema in enumerate(schemas if isinstance(schemas, list) else ()):
        yield from _schema(schema, f"{where}[{index}]")


def _fields(fields: Json, where: str) -> Iterator[tuple[str, str]]:
    for index, field in enumerate(fields if isinstance(fields, list) else ()):
        if isinstance(field, dict):
            yield from _schema(field.get("type"), f"{where}[{index}].type")
