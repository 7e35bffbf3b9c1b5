"""What annotations mean: the few that Avro knows, and properties for all others."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from avrorpc.errors import SchemaError
from avrorpc.schema import Array, Json, Props, Schema, number_code, parse_duration

from avrorpc_codegen import syntax
from avrorpc_codegen.diagnostic import Diagnostics, Rule

TYPE_WORDS: Final = frozenset(
    {
        "type",
        "name",
        "namespace",
        "doc",
        "aliases",
        "fields",
        "items",
        "values",
        "size",
        "symbols",
    }
)
"""The attributes of a schema in JSON that no annotation may overwrite."""
ENUM_WORDS: Final = TYPE_WORDS | {"default"}
"""The same for an enum."""
FIELD_WORDS: Final = frozenset({"name", "type", "doc", "default", "order", "aliases"})
"""The same for a field or a parameter."""
MESSAGE_WORDS: Final = frozenset({"doc", "request", "response", "errors", "one-way"})
"""The same for a message."""
PROTOCOL_WORDS: Final = frozenset({"protocol", "namespace", "doc", "types", "messages", "errors"})
"""The same for a protocol."""
ORDERS: Final = ("ascending", "descending", "ignore")
"""What `@order` may say, in either case."""


@dataclass(slots=True)
class Meaning:
    """The annotations of one thing, sorted by what they mean."""

    namespace: str | None = None
    aliases: list[str] = field(default_factory=list)
    order: str | None = None
    props: Props = field(default_factory=dict)


def read_annotations(
    annotations: tuple[syntax.Annotation, ...],
    reserved: frozenset[str],
    special: frozenset[str],
    diagnostics: Diagnostics,
) -> Meaning:
    """Sort annotations; `special` says which of `namespace`, `aliases` and `order` have a meaning here."""
    meaning = Meaning()
    seen: dict[str, syntax.Annotation] = {}
    for annotation in annotations:
        name, value, span = annotation.name.text, annotation.value.json, annotation.value.span
        if name in seen:
            message = f"`@{name}` is given twice"
            diagnostics.error(Rule.BAD_ANNOTATION, message, annotation.name.span)
            continue
        seen[name] = annotation
        if name not in special:
            if name in reserved:
                message = f"`@{name}` would overwrite what Avro itself says there"
                diagnostics.error(Rule.BAD_ANNOTATION, message, annotation.name.span)
                continue
            meaning.props[name] = plain_json(value)
        elif name == "namespace":
            if isinstance(value, str):
                meaning.namespace = value
            else:
                diagnostics.error(Rule.BAD_ANNOTATION, "`@namespace` needs a string", span)
        elif name == "aliases":
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                meaning.aliases = [item for item in value if isinstance(item, str)]
            else:
                diagnostics.error(Rule.BAD_ANNOTATION, "`@aliases` needs a list of strings", span)
        elif isinstance(value, str) and value.lower() in ORDERS:
            meaning.order = value.lower()
        else:
            message = '`@order` needs "ascending", "descending" or "ignore"'
            diagnostics.error(Rule.BAD_ANNOTATION, message, span)
    return meaning


def check_ours(annotations: tuple[syntax.Annotation, ...], diagnostics: Diagnostics) -> None:
    """Check the annotations of messages and protocols that the runtime acts on."""
    for annotation in annotations:
        name, value = annotation.name.text, annotation.value.json
        problem = None
        if name == "timeout":
            try:
                parse_duration(value)
            except SchemaError as error:
                problem = str(error)
        elif name in ("readonly", "idempotent") and not isinstance(value, bool):
            problem = f"`@{name}` needs true or false"
        elif name == "idempotency_key" and value != "required":
            problem = '`@idempotency_key` needs "required"; without it, a client may send a key'
        if problem:
            diagnostics.error(Rule.BAD_ANNOTATION, problem, annotation.value.span)


def check_buffer(
    schema: Schema, annotations: tuple[syntax.Annotation, ...], diagnostics: Diagnostics
) -> None:
    """Check that `@buffer` stands before an array of numbers, and is true or false."""
    annotation = next((one for one in annotations if one.name.text == "buffer"), None)
    if annotation is None:
        return
    value = annotation.value.json
    has_numbers = isinstance(schema, Array) and number_code(schema.items) is not None
    if not isinstance(value, bool) or not has_numbers:
        problem = "`@buffer` needs true or false, before an array of int, long, float or double"
        diagnostics.error(Rule.BAD_ANNOTATION, problem, annotation.name.span)


def plain_json(value: Json) -> Json:
    """Return a value as strict JSON has it: NaN and the infinities as strings, as Avro's tools write them."""
    match value:
        case float() if math.isnan(value):
            return "NaN"
        case float() if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        case list():
            return [plain_json(item) for item in value]
        case dict():
            return {key: plain_json(item) for key, item in value.items()}
        case _:
            return value
