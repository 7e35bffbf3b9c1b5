"""Avro types as JSON Schema 2020-12: what `avrorpc.codec.json` writes, and reads back.

Named types are components, referred to by `$ref`, so that a type may contain itself. A record that stands in
a union with others has a second component, `Name-tagged`, which asks for `$type`. What is read and never
written, such as a union's branch by its name where nothing else could be meant, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from avrorpc.schema.defaults import INT_MAX, INT_MIN, LARGEST, LONG_MAX, LONG_MIN, NON_FINITE
from avrorpc.schema.json_spelling import TAG, branch_name, is_float, json_kind, spelt
from avrorpc.schema.logical import decimal_precision, decimal_scale, logical_name
from avrorpc.schema.model import (
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Named,
    NoDefault,
    Primitive,
    Record,
    Schema,
    Union,
)

JsonObject: TypeAlias = dict[str, Json]

_LEAP: Final = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE: Final = (
    "(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    f"|{_LEAP}-02-29)"
)
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_BASE64: Final = "[A-Za-z0-9+/]"
_NUMBERS: Final[Mapping[str, JsonObject]] = {
    "int": {"type": "integer", "format": "int32", "minimum": INT_MIN, "maximum": INT_MAX},
    "long": {"type": "integer", "format": "int64", "minimum": LONG_MIN, "maximum": LONG_MAX},
    "float": {"type": "number", "format": "float", "minimum": -LARGEST["float"], "maximum": LARGEST["float"]},
    "double": {"type": "number", "format": "double"},
}
_FORMATS: Final[Mapping[str, JsonObject]] = {
    "date": {"type": "string", "format": "date"},
    "uuid": {"type": "string", "format": "uuid"},
    "time-millis": {"type": "string", "format": "time-local", "pattern": f"^{_TIME}$"},
    "time-micros": {"type": "string", "format": "time-local", "pattern": f"^{_TIME}$"},
    "timestamp-millis": {"type": "string", "format": "date-time"},
    "timestamp-micros": {"type": "string", "format": "date-time"},
    "local-timestamp-millis": {
        "type": "string",
        "format": "date-time-local",
        "pattern": f"^{_DATE}T{_TIME}$",
    },
    "local-timestamp-micros": {
        "type": "string",
        "format": "date-time-local",
        "pattern": f"^{_DATE}T{_TIME}$",
    },
    "big-decimal": {
        "type": "string",
        "format": "decimal",
        "pattern": "^-?[0-9]+(?:\\.[0-9]+)?(?:E[+-]?[0-9]{1,9})?$",
    },
}


class JsonSchemas:
    """JSON Schemas of types, and the components that they refer to.

    Args:
        prefix: What stands before a component's name in a `$ref`.
    """

    def __init__(self, prefix: str = "#/components/schemas/") -> None:
        self._prefix = prefix
        self._components: dict[str, JsonObject | None] = {}
        self._waiting: list[tuple[str, Callable[[], JsonObject]]] = []

    @property
    def components(self) -> dict[str, JsonObject]:
        """The components that the schemas made so far refer to, in the order of their names."""
        while self._waiting:
            name, make = self._waiting.pop()
            self._components[name] = make()
        return {name: made for name, made in sorted(self._components.items()) if made is not None}

    def of(self, schema: Schema) -> JsonObject:
        """Return the JSON Schema of a type."""
        match schema:
            case Array():
                return {"type": "array", "items": self.of(schema.items)}
            case Map():
                return {"type": "object", "additionalProperties": self.of(schema.values)}
            case Union():
                return self._union(schema)
            case Record():
                return self._component(schema, lambda: self.record(schema))
            case Enum():
                return self._component(schema, lambda: _described(_enum(schema), schema.doc))
            case Fixed():
                return self._component(schema, lambda: _described(_fixed(schema), schema.doc))
            case Primitive():
                return self._primitive(schema)

    def field(self, field: Field) -> JsonObject:
        """Return the JSON Schema of a field or a parameter, with its documentation and default."""
        made = _described(self.of(field.type), field.doc)
        if field.props.get("deprecated"):
            made["deprecated"] = True
        if not isinstance(field.default, NoDefault):
            try:
                made["default"] = spelt(field.type, field.default)
            except ValueError:
                return made
        return made

    def fields(self, fields: Iterable[Field]) -> JsonObject:
        """Return the JSON Schema of an object that has fields or parameters as its members."""
        listed = list(fields)
        made: JsonObject = {"type": "object"}
        if listed:
            made["properties"] = {field.name: self.field(field) for field in listed}
        required: list[Json] = [field.name for field in listed if isinstance(field.default, NoDefault)]
        if required:
            made["required"] = required
        return {**made, "additionalProperties": False}

    def record(self, schema: Record) -> JsonObject:
        """Return the JSON Schema of a record itself, not a reference to it."""
        return _described(self.fields(schema.fields), schema.doc)

    def reference(self, name: str, make: Callable[[], JsonObject]) -> JsonObject:
        """Return a reference to a component that is made when it is first needed."""
        if name not in self._components:
            self._components[name] = None
            self._waiting.append((name, make))
        return {"$ref": self._prefix + name}

    def _component(self, schema: Named, make: Callable[[], JsonObject]) -> JsonObject:
        return self.reference(component_name(schema.name), make)

    def _tagged(self, schema: Record) -> JsonObject:
        def make() -> JsonObject:
            made = self.record(schema)
            properties, required = made.pop("properties", {}), made.pop("required", [])
            assert isinstance(properties, dict)
            assert isinstance(required, list)
            del made["additionalProperties"]
            tag: JsonObject = {"type": "string", "const": schema.name}
            made["properties"] = {TAG: tag, **properties}
            made["required"] = [TAG, *required]
            return {**made, "additionalProperties": False}

        return self.reference(f"{component_name(schema.name)}-tagged", make)

    def _primitive(self, schema: Primitive) -> JsonObject:
        logical = logical_name(schema)
        if logical == "decimal":
            return decimal_schema(schema)
        if logical is not None:
            return dict(_FORMATS[logical])
        match schema.name:
            case "float" | "double":
                return self.reference(f"avro-{schema.name}", lambda: _floating(schema.name))
            case "bytes":
                return _base64(f"^(?:{_BASE64}{{4}})*(?:{_BASE64}{{2}}==|{_BASE64}{{3}}=)?$")
            case "int" | "long":
                return dict(_NUMBERS[schema.name])
            case _:
                return {"type": schema.name}

    def _union(self, schema: Union) -> JsonObject:
        spellings = [made for branch in schema.branches for made in self._spellings(branch, schema)]
        if len(spellings) == 1:
            return spellings[0]
        union: JsonObject = {"anyOf": list(spellings)}
        records = [branch for branch in schema.branches if isinstance(branch, Record)]
        if len(records) == len(schema.branches):
            mapping: JsonObject = {record.name: self._tagged(record)["$ref"] for record in records}
            union["discriminator"] = {"propertyName": TAG, "mapping": mapping}
        return union

    def _spellings(self, branch: Schema, union: Union) -> Iterator[JsonObject]:
        others = [other for other in union.branches if other is not branch]
        rivals = [other for other in others if json_kind(other) == json_kind(branch)]
        if rivals and isinstance(branch, Record) and all(isinstance(rival, Record) for rival in rivals):
            yield self._tagged(branch)
        elif rivals:
            yield self._wrapped(branch)
        else:
            yield from self._bare(branch, union)
        if not is_float(branch):
            return
        if rivals and not any(_is_text(other) or is_float(other) for other in others):
            yield {"type": "string", "enum": list(NON_FINITE)}
        elif not rivals and any(_is_text(other) for other in others):
            yield self._wrapped(branch)

    def _bare(self, branch: Schema, union: Union) -> Iterator[JsonObject]:
        """Yield a branch as it is, without the values that another branch could mean, and those by name."""
        others = [other for other in union.branches if other is not branch]
        made = self.of(branch)
        names = [branch_name(one) for one in union.branches]
        if is_float(branch) and any(_is_text(other) for other in others):
            yield dict(_NUMBERS[branch.name]) if isinstance(branch, Primitive) else made
        elif _is_text(branch) and any(map(is_float, others)):
            yield {"allOf": [made, {"not": {"enum": list(NON_FINITE)}}]}
            yield self._wrapped(branch)
        elif isinstance(branch, Map):
            lone: list[Json] = [{"required": [name]} for name in names]
            yield {**made, "not": {"maxProperties": 1, "anyOf": lone}}
            yield self._wrapped(branch)
        elif isinstance(branch, Record) and len(branch.fields) == 1 and branch.fields[0].name in names:
            yield self._tagged(branch)
        else:
            yield made

    def _wrapped(self, branch: Schema) -> JsonObject:
        name = branch_name(branch)
        return {
            "type": "object",
            "properties": {name: self.of(branch)},
            "required": [name],
            "additionalProperties": False,
        }


def component_name(full_name: str) -> str:
    """Return what a named type is called among components, where letters of other scripts are not allowed."""
    return re.sub(r"[^A-Za-z0-9._]", lambda match: f"-x{ord(match[0]):x}-", full_name)


def decimal_schema(schema: Primitive | Fixed) -> JsonObject:
    """Return the JSON Schema of a decimal: so many digits, so many of them behind the point."""
    places = decimal_scale(schema)
    before = decimal_precision(schema) - places
    whole = f"(?:0|[1-9][0-9]{{0,{before - 1}}})" if before else "0"
    behind = f"(?:\\.[0-9]{{1,{places}}})?" if places else ""
    return {"type": "string", "format": "decimal", "pattern": f"^-?{whole}{behind}$"}


def _enum(schema: Enum) -> JsonObject:
    return {"type": "string", "enum": list(schema.symbols)}


def _fixed(schema: Fixed) -> JsonObject:
    match logical_name(schema):
        case "decimal":
            return decimal_schema(schema)
        case "duration":
            part: JsonObject = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1, "default": 0}
            parts: JsonObject = {name: dict(part) for name in ("months", "days", "milliseconds")}
            return {"type": "object", "properties": parts, "additionalProperties": False}
        case str(name):
            return dict(_FORMATS[name])
    threes, rest = divmod(schema.size, 3)
    end = ("", f"{_BASE64}{{2}}==", f"{_BASE64}{{3}}=")[rest]
    return _base64(f"^{_BASE64}{{{4 * threes}}}{end}$")


def _base64(pattern: str) -> JsonObject:
    return {"type": "string", "contentEncoding": "base64", "pattern": pattern}


def _floating(name: str) -> JsonObject:
    return {
        "description": "A number; what JSON has no number for is a string.",
        "anyOf": [dict(_NUMBERS[name]), {"type": "string", "enum": list(NON_FINITE)}],
    }


def _is_text(schema: Schema) -> bool:
    return json_kind(schema) == "string"


def _described(schema: JsonObject, doc: str | None) -> JsonObject:
    if not doc:
        return schema
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {"description": doc, **rest} if "$ref" not in rest else {**rest, "description": doc}
