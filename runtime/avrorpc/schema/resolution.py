"""Which parts of a reader's schema stand for which parts of a writer's: the matching rules of Avro.

The codec and the comparison of schemas share these, so that what one predicts is what the other does.
Source: Avro 1.12 specification, "Schema Resolution" and "Aliases".
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from avrorpc.schema.model import (
    Enum,
    Field,
    Fixed,
    Named,
    Primitive,
    Record,
    Schema,
    Union,
    full_aliases,
    short_name,
)

PROMOTIONS: Final = frozenset(
    {
        ("int", "long"),
        ("int", "float"),
        ("int", "double"),
        ("long", "float"),
        ("long", "double"),
        ("float", "double"),
        ("string", "bytes"),
        ("bytes", "string"),
    }
)
"""Pairs of primitive types, writer's first, that a reader converts."""


def same_name(writer: Named, reader: Named) -> bool:
    """Names match by their last part, as the specification has it, or by one of the reader's aliases."""
    return any(short_name(writer.name) == short_name(name) for name in (reader.name, *reader.aliases))


def field_slots(written: Container[str], reader: Sequence[Field]) -> dict[str, int]:
    """Return where each of a writer's fields goes: by its name first, else by an alias of the reader's.

    The keys are names that a writer's field may have, the values indices of the reader's fields.
    """
    slots = {
        alias: slot
        for slot, field in enumerate(reader)
        if field.name not in written
        for alias in field.aliases
    }
    slots.update((field.name, slot) for slot, field in enumerate(reader))
    return slots


def reader_branch(writer: Schema, reader: Union) -> Schema | None:
    """Return the reader's branch for a type that is no union.

    The same type comes first, then one that has it as an alias, then one that matches.
    """
    for alike in (_is_same, _is_renamed, matches):
        for branch in reader.branches:
            if alike(writer, branch):
                return branch
    return None


def matches(writer: Schema, reader: Schema) -> bool:
    """Return whether two types match, neither of them a union; what is inside them is not looked at."""
    if isinstance(writer, Primitive) and isinstance(reader, Primitive):
        return writer.name == reader.name or (writer.name, reader.name) in PROMOTIONS
    if isinstance(writer, Record | Enum | Fixed) and isinstance(reader, Record | Enum | Fixed):
        return type(writer) is type(reader) and same_name(writer, reader)
    return type(writer) is type(reader)


def _is_same(writer: Schema, reader: Schema) -> bool:
    if type(writer) is not type(reader):
        return False
    if isinstance(writer, Primitive) and isinstance(reader, Primitive):
        same_logical = writer.props.get("logicalType") == reader.props.get("logicalType")
        return writer.name == reader.name and same_logical
    if isinstance(writer, Record | Enum | Fixed) and isinstance(reader, Record | Enum | Fixed):
        return writer.name == reader.name
    return True


def _is_renamed(writer: Schema, reader: Schema) -> bool:
    if isinstance(writer, Record | Enum | Fixed) and isinstance(reader, Record | Enum | Fixed):
        return type(writer) is type(reader) and writer.name in full_aliases(reader)
    return False
