"""The words of Avro IDL: names, values, and the keywords that stand for types."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from avrorpc.schema import Array, Json, Map, Named, Primitive, Props, Record, Schema, Union

from avrorpc_codegen.parser import PRIMITIVE_KEYWORDS

_LOGICAL: Final = {
    ("int", "date"): "date",
    ("int", "time-millis"): "time_ms",
    ("long", "timestamp-millis"): "timestamp_ms",
    ("long", "local-timestamp-millis"): "local_timestamp_ms",
    ("string", "uuid"): "uuid",
}
_KEYWORDS: Final = {
    *PRIMITIVE_KEYWORDS,
    *("array", "decimal", "enum", "error", "false", "fixed", "idl", "import", "map", "namespace", "oneway"),
    *("protocol", "record", "schema", "throws", "true", "union", "void", "NaN", "Infinity"),
}
"""What is written in back-ticks where it is a name; some tools need that for all of them."""
_INT_MAX: Final = 2**31 - 1
_NOT_FINITE: Final = ("NaN", "Infinity", "-Infinity")
_SHORT_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def keyword_of(schema: Primitive) -> tuple[str, Props]:
    """Return the keyword that says most of a primitive, and the properties that it does not say.

    The keyword puts what it says first among the properties, so it serves only where that is the order.
    """
    props = list(schema.props.items())
    if props[:1] and props[0][0] == "logicalType" and isinstance(props[0][1], str):
        keyword = _LOGICAL.get((schema.name, props[0][1]))
        if keyword:
            return keyword, dict(props[1:])
    if schema.name == "bytes" and [name for name, _ in props[:3]] == ["logicalType", "precision", "scale"]:
        logical, precision, scale = (value for _, value in props[:3])
        if logical == "decimal" and _is_count(precision) and _is_count(scale):
            return f"decimal({precision}, {scale})", dict(props[3:])
    return schema.name, schema.props


def optional_of(union: Union, *, is_reversed: bool = False) -> Schema | None:
    """Return T where a union is what `T?` means; `is_reversed` where that is T and then null."""
    if len(union.branches) != 2:
        return None
    other, null = union.branches if is_reversed else union.branches[::-1]
    is_null = isinstance(null, Primitive) and null.name == "null" and not null.props
    return other if is_null and isinstance(other, Primitive | Named) else None


def name_word(name: str) -> str:
    """Return a name as an identifier."""
    return f"`{name}`" if name in _KEYWORDS else name


def value_word(value: Json) -> str:
    """Return a value as IDL writes JSON; floats that are not finite are its own."""
    match value:
        case str():
            return text_word(value)
        case list():
            return f"[{', '.join(value_word(item) for item in value)}]"
        case dict():
            return _object((key, value_word(item)) for key, item in value.items())
        case _:
            return json.dumps(value)


def default_word(schema: Schema, value: Json) -> str:
    """Return a default; where JSON has strings for floats that are not finite, IDL has words."""
    match schema:
        case Primitive(name="float" | "double") if value in _NOT_FINITE:
            return str(value)
        case Array() if isinstance(value, list):
            return f"[{', '.join(default_word(schema.items, item) for item in value)}]"
        case Map() if isinstance(value, dict):
            return _object((key, default_word(schema.values, item)) for key, item in value.items())
        case Record() if isinstance(value, dict):
            types = {field.name: field.type for field in schema.fields}
            return _object(
                (key, default_word(types[key], item) if key in types else value_word(item))
                for key, item in value.items()
            )
        case Union() if optional := optional_of(schema) or optional_of(schema, is_reversed=True):
            return default_word(optional, value)
        case _:
            return value_word(value)


def text_word(text: str) -> str:
    """Return a string in quotes; what would not be seen is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(c if c.isprintable() else _escape(c) for c in escaped)}"'


def _object(pairs: Iterable[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{text_word(key)}: {word}' for key, word in pairs)}}}"


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    pairs = (units[start : start + 2].hex() for start in range(0, len(units), 2))
    return _SHORT_ESCAPES.get(character) or "".join(f"\\u{pair}" for pair in pairs)


def _is_count(value: Json) -> bool:
    """Return whether a number is one that the parentheses of a decimal may hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _INT_MAX
