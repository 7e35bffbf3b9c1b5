"""What a type looks like as JSON and in generated Python, as far as a change of it matters.

JSON is what the runtime reads and writes: members by name, defaults filled in, unknown members refused in
requests; a value of a union bare where nothing else could be meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
    buffer_code,
    logical_type,
)

from avrorpc_codegen.layout import flat
from avrorpc_codegen.python_types import Python

_PLAIN: Final = {
    "null": "null",
    "boolean": "a boolean",
    "int": "an integer",
    "long": "an integer",
    "float": "a number",
    "double": "a number",
    "bytes": "base64",
    "string": "text",
}
_READS: Final = frozenset({("an integer", "a number"), ("a UUID", "text")})
"""Forms that another form's reader takes, the writer's first."""
_SCALARS: Final = Python({}, lambda _: "", lambda _: None)


def json_form(schema: Schema) -> str:
    """Return the JSON that stands for a type's values, in words."""
    match schema:
        case Primitive() | Fixed():
            kind = logical_type(schema) or ""
            if kind == "decimal":
                return "a decimal in quotes"
            if kind == "uuid" and isinstance(schema, Primitive):
                return "a UUID"
            if isinstance(schema, Fixed):
                return "an object of three numbers" if kind == "duration" else "base64"
            moments = {
                "date": "a date",
                "time": "a time of day",
                "timestamp": "a moment",
                "local": "a local time",
            }
            known = kind.endswith(("date", "-millis", "-micros"))
            return moments.get(kind.partition("-")[0], _PLAIN[schema.name]) if known else _PLAIN[schema.name]
        case Array():
            return "a list"
        case Map():
            return "an object"
        case Record():
            return "an object"
        case Enum():
            return "a symbol"
        case Union():
            return "one of several"


def reads_json(writer: Schema, reader: Schema) -> bool:
    """Return whether the JSON of one type is that of another; neither is a union."""
    wrote, reads = json_form(writer), json_form(reader)
    return wrote == reads or (wrote, reads) in _READS


def json_kind(schema: Schema) -> str:
    """Return what JSON itself can tell of a value: two branches of one kind need a name to be told apart."""
    match json_form(schema):
        case "null" | "a boolean" | "a list" as form:
            return form
        case "an integer" | "a number":
            return "a number"
        case "an object" | "an object of three numbers":
            return "an object"
        case _:
            return "a string"


def is_tagged(branch: Schema, branches: tuple[Schema, ...]) -> bool:
    """Return whether a branch's JSON must say which branch it is."""
    return sum(json_kind(other) == json_kind(branch) for other in branches) > 1


def python_type(schema: Schema, names: Mapping[str, str]) -> str:
    """Return the annotation of a type, with Avro names for named types; `names` renames those.

    The order of a union does not count.
    """
    match schema:
        case Primitive():
            return flat(_SCALARS.annotation(schema))
        case Array():
            base = "list" if buffer_code(schema) is None else "stub.NumberArray"
            return f"{base}[{python_type(schema.items, names)}]"
        case Map():
            return f"dict[str, {python_type(schema.values, names)}]"
        case Union():
            found = sorted({python_type(branch, names) for branch in schema.branches})
            return " | ".join(sorted(found, key=lambda name: name == "None"))
        case _:
            return names.get(schema.name, schema.name)
