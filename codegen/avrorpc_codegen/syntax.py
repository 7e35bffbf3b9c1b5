"""What a contract file says, as a tree: every node with its place, documentation kept.

The shape follows the grammar of Avro 1.12; Avro's JSON gives the same tree. Names are as written, neither
resolved nor checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from avrorpc.schema import Json

from avrorpc_codegen.source import Source, Span


@dataclass(slots=True)
class Name:
    """An identifier, possibly dotted, without back-ticks."""

    text: str
    span: Span
    is_quoted: bool = False
    """Whether it was written with back-ticks, which make a name of a keyword."""
    is_full: bool = False
    """Whether it is a full name even without dots: in no namespace then."""

    def within(self, namespace: str) -> str:
        """Return the full name that it stands for inside a namespace."""
        if self.is_full or "." in self.text or not namespace:
            return self.text
        return f"{namespace}.{self.text}"


@dataclass(slots=True)
class Value:
    """A JSON value as IDL writes it: NaN and the infinities are floats here."""

    json: Json
    span: Span


@dataclass(slots=True)
class Annotation:
    """`@name(value)`."""

    name: Name
    value: Value


@dataclass(slots=True)
class PrimitiveType:
    """A primitive or one of the logical types that IDL has keywords for."""

    keyword: str


@dataclass(slots=True)
class DecimalType:
    """`decimal(precision, scale)`."""

    precision: Value
    scale: Value | None


@dataclass(slots=True)
class ReferenceType:
    """The name of a type declared elsewhere."""

    name: Name


@dataclass(slots=True)
class ArrayType:
    """`array<items>`."""

    items: FullType


@dataclass(slots=True)
class MapType:
    """`map<values>`."""

    values: FullType


@dataclass(slots=True)
class UnionType:
    """`union { branches }`."""

    branches: tuple[FullType, ...]


PlainType: TypeAlias = PrimitiveType | DecimalType | ReferenceType | ArrayType | MapType | UnionType


@dataclass(slots=True)
class FullType:
    """A type with its annotations; `is_optional` where a `?` follows."""

    plain: PlainType
    annotations: tuple[Annotation, ...]
    is_optional: bool
    span: Span


@dataclass(slots=True)
class Variable:
    """A field or a parameter: each of several variables that share one type is one of these."""

    doc: str | None
    type: FullType
    annotations: tuple[Annotation, ...]
    name: Name
    default: Value | None


@dataclass(slots=True)
class Symbol:
    """A symbol of an enum; Avro's JSON has no place for its documentation."""

    doc: str | None
    annotations: tuple[Annotation, ...]
    name: Name


@dataclass(slots=True)
class RecordDeclaration:
    """`record` or `error`."""

    doc: str | None
    annotations: tuple[Annotation, ...]
    is_error: bool
    name: Name
    fields: tuple[Variable, ...]


@dataclass(slots=True)
class EnumDeclaration:
    """`enum`."""

    doc: str | None
    annotations: tuple[Annotation, ...]
    name: Name
    symbols: tuple[Symbol, ...]
    default: Name | None


@dataclass(slots=True)
class FixedDeclaration:
    """`fixed`."""

    doc: str | None
    annotations: tuple[Annotation, ...]
    name: Name
    size: Value


TypeDeclaration: TypeAlias = RecordDeclaration | EnumDeclaration | FixedDeclaration


class ImportKind(Enum):
    """What an import says that the file is."""

    IDL = "idl"
    """Avro IDL."""
    PROTOCOL = "protocol"
    """A protocol as JSON."""
    SCHEMA = "schema"
    """A schema as JSON."""


@dataclass(slots=True)
class Import:
    """`import kind "location";`."""

    kind: ImportKind
    location: str
    span: Span
    """The place of the location."""


@dataclass(slots=True)
class Message:
    """A message; `result` is None for `void`."""

    doc: str | None
    annotations: tuple[Annotation, ...]
    result: FullType | None
    name: Name
    parameters: tuple[Variable, ...]
    one_way: Span | None
    """The place of `oneway`."""
    throws: tuple[Name, ...]


Item: TypeAlias = Import | TypeDeclaration | Message


@dataclass(slots=True)
class Protocol:
    """The head of a protocol; what it holds is in the file."""

    doc: str | None
    annotations: tuple[Annotation, ...]
    name: Name


@dataclass(slots=True)
class File:
    """A whole file: a protocol, or the schema syntax with its namespace and main schema."""

    source: Source
    doc: str | None = None
    """The comment before `namespace`: Avro's JSON has no place for it, generated code has."""
    protocol: Protocol | None = None
    namespace: Name | None = None
    main_schema: FullType | None = None
    items: list[Item] = field(default_factory=list)
    """Imports and declarations; for a protocol, those inside it."""
    is_json: bool = False
    """Whether it is an `.avpr` or `.avsc` file, where names are looked up somewhat differently."""
    is_complete: bool = True
    """Whether nothing had to be left out because it could not be understood."""
