"""Schemas as JSON to copy, cut where the whole would be too long to be of use on a page."""

from __future__ import annotations

import json
from typing import Final

import msgspec
from avrorpc.schema import (
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Primitive,
    Protocol,
    Record,
    Schema,
    Union,
    protocol_to_json,
    schema_to_json,
)

from avrorpc_codegen.graph import reachable
from avrorpc_codegen.reference.pages import Json

LONGEST: Final = 12_000
"""How many characters of JSON a page shows of one thing."""
_MOST_TYPES: Final = 60
"""With more types than this, the whole of a schema is too long without looking."""
_SHORT: Final = "Other types stand here by their names alone."
_ABRIDGED: Final = "Types are left out here; `avrogen compile` gives the whole."


def type_json(named: Named) -> Json:
    """Return a type as the text of an `.avsc` file, other types by name where it would be too long."""
    if isinstance(named, Record) and _count(named) > _MOST_TYPES:
        return Json(_text(schema_to_json(_by_name(named))), _SHORT)
    whole = _text(schema_to_json(named))
    if len(whole) <= LONGEST or not isinstance(named, Record):
        return Json(whole)
    return Json(_text(schema_to_json(_by_name(named))), _SHORT)


def protocol_json(protocol: Protocol) -> Json:
    """Return a protocol as the text of an `.avpr` file, without its types where it would be too long."""
    if len(protocol.types) <= _MOST_TYPES:
        whole = _text(protocol_to_json(protocol))
        if len(whole) <= 2 * LONGEST:
            return Json(whole)
    messages = {
        name: type(message)(
            name,
            [_field_by_name(item) for item in message.request],
            _reference(message.response),
            [_reference(error) for error in message.errors],
            message.one_way,
            message.doc,
            message.props,
        )
        for name, message in protocol.messages.items()
    }
    return Json(
        _text(protocol_to_json(Protocol(protocol.name, [], messages, protocol.doc, protocol.props))),
        _ABRIDGED,
    )


def _text(value: object) -> str:
    # Written by one library and indented by the other, which together is ten times as fast as `indent=2`.
    return msgspec.json.format(json.dumps(value, ensure_ascii=False), indent=2)


def _count(record: Record) -> int:
    return len(reachable([record]))


def _by_name(record: Record) -> Record:
    """Return a copy of a record whose fields name other types instead of holding them."""
    fields = [_field_by_name(item) for item in record.fields]
    return Record(record.name, fields, record.doc, record.is_error, record.aliases, record.props)


def _field_by_name(item: Field) -> Field:
    type_ = _reference(item.type)
    return Field(item.name, type_, item.doc, item.default, item.order, item.aliases, item.props)


def _reference(schema: Schema) -> Schema:
    match schema:
        case Array():
            return Array(_reference(schema.items), schema.props)
        case Map():
            return Map(_reference(schema.values), schema.props)
        case Union():
            return Union([_reference(branch) for branch in schema.branches], schema.props)
        case Record() | Enum() | Fixed():
            return Primitive(schema.name)  # It is written as its name, as a type known already would be.
        case _:
            return schema
