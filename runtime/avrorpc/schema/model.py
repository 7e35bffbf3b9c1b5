"""Avro schemas and protocols as Python objects.

A named type (record, error, enum, fixed) is one object, and whatever refers to it holds that object: a
recursive schema is a cyclic graph. Objects compare by identity. Properties are what Avro calls them: the
attributes of a JSON schema that the specification does not reserve; annotations in Avro IDL become these.
Source: Avro 1.12 specification, "Schema Declaration" and "Protocol Declaration".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Props: TypeAlias = "dict[str, Json]"

PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


class NoDefault:
    """The type of `NO_DEFAULT`: unlike a JSON null, no default at all."""

    def __repr__(self) -> str:
        return "NO_DEFAULT"


NO_DEFAULT: Final = NoDefault()


@dataclass(slots=True, eq=False)
class Primitive:
    """One of the eight primitive types; a logical type stands in `props`, as in JSON."""

    name: str
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Array:
    """A list of items of one type."""

    items: Schema
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Map:
    """Values of one type by string keys."""

    values: Schema
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Union:
    """A value of any one of several types."""

    branches: list[Schema]
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Field:
    """A field of a record, or a parameter of a message."""

    name: str
    type: Schema
    doc: str | None = None
    default: Json | NoDefault = NO_DEFAULT
    order: str | None = None
    aliases: list[str] = field(default_factory=list)
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Record:
    """A record or, where `is_error`, an error. `fields` may be filled after the object is made."""

    name: str
    """The full name, namespace included."""
    fields: list[Field] = field(default_factory=list)
    doc: str | None = None
    is_error: bool = False
    aliases: list[str] = field(default_factory=list)
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Enum:
    """An enumeration of symbols; `default` serves schema resolution only."""

    name: str
    """The full name, namespace included."""
    symbols: list[str] = field(default_factory=list)
    doc: str | None = None
    default: str | None = None
    aliases: list[str] = field(default_factory=list)
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Fixed:
    """A fixed number of bytes."""

    name: str
    """The full name, namespace included."""
    size: int = 0
    doc: str | None = None
    aliases: list[str] = field(default_factory=list)
    props: Props = field(default_factory=dict)


Named: TypeAlias = Record | Enum | Fixed
Schema: TypeAlias = Primitive | Array | Map | Union | Named


@dataclass(slots=True, eq=False)
class Message:
    """One message of a protocol. `errors` are the declared ones; Avro adds `string` for all others."""

    name: str
    request: list[Field]
    response: Schema
    errors: list[Schema] = field(default_factory=list)
    one_way: bool = False
    doc: str | None = None
    props: Props = field(default_factory=dict)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Protocol:
    """A protocol: named types and messages, in the order of their declaration."""

    name: str
    """The full name, namespace included."""
    types: list[Named] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    doc: str | None = None
    props: Props = field(default_factory=dict)


def namespace_of(full_name: str) -> str:
    """Return the namespace of a full name; empty where it has none."""
    return full_name.rpartition(".")[0]


def short_name(full_name: str) -> str:
    """Return a full name's last part."""
    return full_name.rpartition(".")[2]


def full_aliases(named: Named) -> list[str]:
    """Return a type's aliases as full names: one without a namespace lies in the namespace of the type."""
    namespace = namespace_of(named.name)
    return [alias if "." in alias or not namespace else f"{namespace}.{alias}" for alias in named.aliases]


def describe(schema: Schema) -> str:
    """Return a schema in the words of Avro IDL, for error texts."""
    match schema:
        case Primitive():
            return schema.name
        case Array():
            return f"array<{describe(schema.items)}>"
        case Map():
            return f"map<{describe(schema.values)}>"
        case Union():
            return f"union {{ {', '.join(describe(b) for b in schema.branches)} }}"
        case _:
            return schema.name
