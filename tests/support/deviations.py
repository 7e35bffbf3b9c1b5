"""Where other libraries make another canonical form than the specification asks for, each with its proof.

The tests hold this table against the libraries as they are installed: a row that no longer holds fails, and
so does a difference that no row explains.
"""

from __future__ import annotations

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import avro.errors
import avro.schema
import fastavro.schema
from avrorpc.schema import (
    Enum,
    Fixed,
    Named,
    Primitive,
    Record,
    Schema,
    compact,
    namespace_of,
    parts,
    reachable,
    schema_to_json,
)


@dataclass(frozen=True)
class Deviation:
    """One way in which a library differs."""

    library: str
    what: str
    why: str
    """Why our form is right, by the specification."""
    schema: str
    """A small schema that shows it."""
    theirs: str
    """The library's form of it, or the name of the exception that refuses it."""
    golden: tuple[str, str] | None
    """A golden file that shows it, if any does, and the type in it; none for a file that is one schema."""
    touches: Callable[[Schema], bool]
    """Whether a schema is one of those that come out differently."""


def avro_form(schema: Schema) -> str:
    """Return what the `avro` package takes for the canonical form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It warns of logical types that it does not know.
        try:
            parsed: Any = avro.schema.parse(compact(schema_to_json(schema)))
        except avro.errors.AvroException as error:
            return type(error).__name__
    form: str = parsed.canonical_form
    return form


def fastavro_form(schema: Schema) -> str:
    """Return what fastavro takes for the canonical form."""
    value: Any = json.loads(compact(schema_to_json(schema)))
    try:
        return fastavro.schema.to_parsing_canonical_form(value)
    except fastavro.schema.SchemaParseException as error:
        return type(error).__name__


FORMS: Final[dict[str, Callable[[Schema], str]]] = {"avro": avro_form, "fastavro": fastavro_form}


def every_part(schema: Schema) -> Iterator[Schema]:
    """Yield what stands in a schema, inside its records too, once for each time that it is referred to."""
    yield from parts([schema])
    for named in reachable([schema]):
        if isinstance(named, Record):
            yield from parts([field.type for field in named.fields])


def has_annotated_primitive(schema: Schema) -> bool:
    return any(isinstance(part, Primitive) and part.props for part in every_part(schema))


def has_error(schema: Schema) -> bool:
    return any(isinstance(part, Record) and part.is_error for part in every_part(schema))


def has_fixed_twice(schema: Schema) -> bool:
    fixed = Counter(part.name for part in every_part(schema) if isinstance(part, Fixed))
    return any(count > 1 for count in fixed.values())


def has_error_that_names_its_namespace(schema: Schema) -> bool:
    return any(
        isinstance(inner, Named) and namespace_of(inner.name) == namespace_of(part.name) != ""
        for part in every_part(schema)
        if isinstance(part, Record) and part.is_error
        for inner in parts([field.type for field in part.fields])
    )


def has_symbol_beyond_ascii(schema: Schema) -> bool:
    return any(isinstance(part, Enum) and not "".join(part.symbols).isascii() for part in every_part(schema))


def has_type_name_beyond_ascii(schema: Schema) -> bool:
    return not "".join(named.name for named in reachable([schema])).isascii() or has_symbol_beyond_ascii(
        schema
    )


def has_field_beyond_ascii(schema: Schema) -> bool:
    records = [part for part in every_part(schema) if isinstance(part, Record)]
    return not "".join(field.name for record in records for field in record.fields).isascii()


DEVIATIONS: Final = [
    Deviation(
        "avro",
        "a primitive type with a logical type, or any other property, stays an object",
        "[PRIMITIVES] converts primitive schemas to their simple form, and [STRIP] drops the properties",
        '{"type":"int","logicalType":"date"}',
        '{"type":"int"}',
        ("logical/json/logical.avpr", "golden.logical.Moments"),
        has_annotated_primitive,
    ),
    Deviation(
        "avro",
        "an error stays an `error`",
        "an error definition is just like that of a record, and known in protocols only; no data tells them"
        " apart, which is what the form expresses; Java writes `record`, so its readers would not find it",
        '{"type":"error","name":"a.E","fields":[]}',
        '{"name":"a.E","type":"error","fields":[]}',
        ("ordinary/json/shop.avpr", "golden.shop.NotFound"),
        has_error,
    ),
    Deviation(
        "avro",
        "inside an error, short names are looked up in the namespace around the error",
        "a name without dots is in the namespace of the most tightly enclosing schema, which is the error",
        '{"type":"error","name":"E","namespace":"a","fields":[{"name":"f","type":["null","E"]}]}',
        "SchemaParseException",
        ("schema_files/json/list.avsc", ""),
        has_error_that_names_its_namespace,
    ),
    Deviation(
        "avro",
        "a fixed stands whole each time",
        "a named schema may not be defined twice; after the first time it is referred to by name",
        '{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"fixed","name":"F","size":2}},'
        '{"name":"g","type":"F"}]}',
        '{"name":"R","type":"record","fields":[{"name":"f","type":{"name":"F","type":"fixed","size":2}},'
        '{"name":"g","type":{"name":"F","type":"fixed","size":2}}]}',
        ("cycles/json/left.avsc", ""),
        has_fixed_twice,
    ),
    Deviation(
        "avro",
        "names and symbols beyond ASCII are refused",
        "the specification's names are ASCII, but Avro IDL allows letters of any script, and [STRINGS] keeps"
        " them as UTF-8",
        '{"type":"record","name":"Größe","fields":[]}',
        "InvalidName",
        ("unicode/json/unicode.avpr", "golden.größe.記録"),
        has_type_name_beyond_ascii,
    ),
    Deviation(
        "avro",
        "fields beyond ASCII are written as escapes",
        "[STRINGS] replaces escapes with what they stand for, in UTF-8",
        '{"type":"record","name":"R","fields":[{"name":"ö","type":"int"}]}',
        '{"name":"R","type":"record","fields":[{"name":"\\u00f6","type":"int"}]}',
        None,
        has_field_beyond_ascii,
    ),
    Deviation(
        "fastavro",
        "enum symbols beyond ASCII are refused",
        "the specification's names are ASCII, but Avro IDL allows letters of any script, and [STRINGS] keeps"
        " them as UTF-8",
        '{"type":"enum","name":"E","symbols":["GRÜN"]}',
        "SchemaParseException",
        ("unicode/json/unicode.avpr", "golden.größe.Farbe"),
        has_symbol_beyond_ascii,
    ),
]
