"""JSON to schemas and protocols, as strictly as a peer's text must be read.

Every problem is a `SchemaError` that says where in the document it is. Names must be defined before they
are used, as the specification demands of JSON. Types stand in each other as deeply as `nesting` allows, which
is deeper than Python's stack: whatever reads a part that holds schemas is a generator that `finish` drives.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Final, TypeAlias

import msgspec

from avrorpc.errors import SchemaError
from avrorpc.schema.model import (
    NO_DEFAULT,
    PRIMITIVES,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Message,
    Named,
    NoDefault,
    Primitive,
    Protocol,
    Record,
    Schema,
    Union,
    describe,
    namespace_of,
)
from avrorpc.schema.nesting import MAX_DEPTH, MAX_JSON_DEPTH, finish, json_depth

_Reading: TypeAlias = "Schema | Generator[_Reading, Schema, Schema]"
"""A schema, or what reads one: it yields the same for each schema inside, and is sent that schema."""

_TOO_DEEP: Final = f"nested deeper than {MAX_JSON_DEPTH} brackets of JSON"
_FIELD: Final = frozenset({"name", "type", "doc", "default", "order", "aliases"})
_NAMED: Final = frozenset({"type", "name", "namespace", "doc", "aliases"})


def parse_protocol(text: str | bytes) -> Protocol:
    """Read the text of an `.avpr` file.

    Raises:
        SchemaError: The text is not JSON, or not a valid protocol.
    """
    return protocol_from_json(_load(text))


def parse_schema(text: str | bytes) -> Schema:
    """Read the text of an `.avsc` file.

    Raises:
        SchemaError: The text is not JSON, or not a valid schema.
    """
    value = _load(text)
    try:
        return finish(_Reader().whole(value, "", "$", 0))
    except RecursionError:
        raise SchemaError(f"{_TOO_DEEP}, or than the stack has room for") from None


def protocol_from_json(value: Json) -> Protocol:
    """Read a protocol from its JSON object.

    Raises:
        SchemaError: It is not a valid protocol.
    """
    try:
        return _Reader().protocol(_object(value, "$"))
    except RecursionError:
        raise SchemaError(f"{_TOO_DEEP}, or than the stack has room for") from None


def _load(text: str | bytes) -> Json:
    try:
        value: Json = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise SchemaError(f"not a JSON document: {error}") from error
    except RecursionError:
        raise SchemaError(f"{_TOO_DEEP}, or than the stack has room for") from None
    return value


class _Reader:
    def __init__(self) -> None:
        self.named: dict[str, Named] = {}
        self.outside = 0
        """How many brackets are open around the fields or the schema that are being read."""

    def protocol(self, value: dict[str, Json]) -> Protocol:
        name = _name(value, "protocol", "$")
        namespace = _namespace(value, "$") or namespace_of(name)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        protocol = Protocol(full, doc=_optional_str(value, "doc", "$"))
        reserved = {"protocol", "namespace", "doc", "types", "messages"}
        protocol.props = {key: item for key, item in value.items() if key not in reserved}
        self.outside = 2
        for index, item in enumerate(_list(value.get("types", []), "$.types")):
            where = f"$.types[{index}]"
            declared = finish(self.whole(item, namespace, where, 0))
            if not isinstance(declared, Named):
                raise SchemaError(f"{where}: only records, errors, enums and fixed have names")
        messages = _object(value.get("messages", {}), "$.messages")
        for key, item in messages.items():
            where = f"$.messages.{key}"
            if not key.isidentifier():
                raise SchemaError(f"$.messages: a message must have a name, not {key!r}")
            protocol.messages[key] = self.message(key, _object(item, where), namespace, where)
        protocol.types = list(self.named.values())
        return protocol

    def message(self, name: str, value: dict[str, Json], namespace: str, where: str) -> Message:
        self.outside = 3
        request = finish(self.fields(value.get("request", []), namespace, f"{where}.request"))
        response = finish(self.whole(value.get("response", "null"), namespace, f"{where}.response", 0))
        errors = [
            finish(self.whole(item, namespace, f"{where}.errors[{index}]", 1))
            for index, item in enumerate(_list(value.get("errors", []), f"{where}.errors"))
        ]
        # Some writers repeat the implicit string branch; it declares nothing.
        errors = [e for e in errors if not (isinstance(e, Primitive) and e.name == "string")]
        _distinct(map(_branch_key, errors), f"{where}.errors")
        one_way = value.get("one-way", False)
        if not isinstance(one_way, bool):
            raise SchemaError(f"{where}: one-way must be true or false")
        if one_way and (errors or not _is_null(response)):
            raise SchemaError(f"{where}: a one-way message has a null response and no errors")
        reserved = {"doc", "request", "response", "errors", "one-way"}
        props = {key: item for key, item in value.items() if key not in reserved}
        doc = _optional_str(value, "doc", where)
        return Message(name, request, response, errors, one_way, doc, props)

    def fields(self, value: Json, namespace: str, where: str) -> Generator[_Reading, Schema, list[Field]]:
        fields: list[Field] = []
        self.outside += 2
        for index, item in enumerate(_list(value, where)):
            at = f"{where}[{index}]"
            written = _object(item, at)
            if "type" not in written:
                raise SchemaError(f"{at}: a field needs a type")
            name = _name(written, "name", at, is_simple=True)
            kind = written["type"]
            place = f"{at}.type"
            type_ = (
                self.reference(kind, namespace, place)
                if isinstance(kind, str)  # as most are, which are spared the way through `finish`
                else (yield self.schema(kind, namespace, place, 0))
            )
            field = Field(
                name,
                type_,
                doc=_optional_str(written, "doc", at),
                default=_default(written, at),
                order=_optional_str(written, "order", at),
                aliases=_strings(written.get("aliases", []), f"{at}.aliases"),
                props={key: item for key, item in written.items() if key not in _FIELD},
            )
            fields.append(field)
        self.outside -= 2
        _distinct((field.name for field in fields), where)
        return fields

    def whole(
        self, value: Json, namespace: str, where: str, depth: int
    ) -> Generator[_Reading, Schema, Schema]:
        return (yield self.schema(value, namespace, where, depth))

    def schema(self, value: Json, namespace: str, where: str, depth: int) -> _Reading:
        """Read a schema that is `depth` types without names inside the field, or whatever else holds it."""
        if depth > MAX_DEPTH:
            raise SchemaError(f"{where}: nested deeper than {MAX_DEPTH}")
        match value:
            case str():
                return self.reference(value, namespace, where)
            case list():
                return self.union(value, namespace, where, depth)
            case dict():
                return self.complex(value, namespace, where, depth)
            case _:
                raise SchemaError(f"{where}: {value!r:.60} is not a schema")

    def union(
        self, value: list[Json], namespace: str, where: str, depth: int
    ) -> Generator[_Reading, Schema, Union]:
        branches: list[Schema] = []
        for index, item in enumerate(value):
            branches.append((yield self.schema(item, namespace, f"{where}[{index}]", depth + 1)))
        if any(isinstance(branch, Union) for branch in branches):
            raise SchemaError(f"{where}: a union may not contain a union")
        _distinct(map(_branch_key, branches), where)
        return Union(branches)

    def reference(self, name: str, namespace: str, where: str) -> Schema:
        if name in PRIMITIVES:
            return Primitive(name)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        found = self.named.get(full) or self.named.get(name)
        if found is None:
            raise SchemaError(f"{where}: no type is named {full}")
        return found

    def complex(self, value: dict[str, Json], namespace: str, where: str, depth: int) -> _Reading:
        kind = value.get("type")
        match kind:
            case "array" | "map":
                return self.holder(kind, value, namespace, where, depth)
            case "record" | "error" | "enum" | "fixed":
                return self.declare(kind, value, namespace, where, depth)
            case str() if kind in PRIMITIVES:
                return Primitive(kind, {k: item for k, item in value.items() if k != "type"})
            case _:
                return self.schema(kind, namespace, f"{where}.type", depth + 1)

    def holder(
        self, kind: str, value: dict[str, Json], namespace: str, where: str, depth: int
    ) -> Generator[_Reading, Schema, Array | Map]:
        key = "items" if kind == "array" else "values"
        if key not in value:
            raise SchemaError(f"{where}: {kind} needs {key}")
        inner = yield self.schema(value[key], namespace, f"{where}.{key}", depth + 1)
        props = {k: item for k, item in value.items() if k not in ("type", key)}
        return Array(inner, props) if kind == "array" else Map(inner, props)

    def declare(
        self, kind: str, value: dict[str, Json], namespace: str, where: str, depth: int
    ) -> Generator[_Reading, Schema, Named]:
        name = _name(value, "name", where)
        own = _namespace(value, where)
        own = namespace_of(name) if "." in name else namespace if own is None else own
        full = name if "." in name or not own else f"{own}.{name}"
        if full in PRIMITIVES:
            raise SchemaError(f"{where}: {full} is the name of a primitive type")
        if full in self.named:
            raise SchemaError(f"{where}: {full} is declared twice")
        doc = _optional_str(value, "doc", where)
        aliases = _strings(value.get("aliases", []), f"{where}.aliases")
        extra = {"enum": {"symbols", "default"}, "fixed": {"size"}}.get(kind, {"fields"})
        props = {key: item for key, item in value.items() if key not in _NAMED | extra}
        if kind == "enum":
            symbols = _strings(value.get("symbols"), f"{where}.symbols")
            odd = next((symbol for symbol in symbols if not symbol.isidentifier()), None)
            if odd is not None:
                raise SchemaError(f"{where}.symbols: a symbol must be a name, not {odd!r}")
            _distinct(symbols, f"{where}.symbols")
            default = _optional_str(value, "default", where)
            if default is not None and default not in symbols:
                raise SchemaError(f"{where}: the default {default!r} is not a symbol of {full}")
            self.named[full] = Enum(full, symbols, doc, default, aliases, props)
        elif kind == "fixed":
            size = value.get("size")
            if not isinstance(size, int) or isinstance(size, bool) or size < 0:
                raise SchemaError(f"{where}: fixed needs a size of 0 or more")
            self.named[full] = Fixed(full, size, doc, aliases, props)
        else:
            if self.outside + depth + (3 if value.get("fields") else 2) > MAX_JSON_DEPTH:
                raise SchemaError(f"{full}: {_TOO_DEEP}")
            record = Record(full, [], doc, kind == "error", aliases, props)
            self.named[full] = record
            self.outside += depth + 1
            record.fields.extend((yield from self.fields(value.get("fields"), own, f"{where}.fields")))
            self.outside -= depth + 1
        return self.named[full]


def _is_null(schema: Schema) -> bool:
    return isinstance(schema, Primitive) and schema.name == "null"


def _branch_key(branch: Schema) -> str:
    """Return what may occur once in a union; unlike the specification, we tell logical types apart."""
    logical = branch.props.get("logicalType", "") if isinstance(branch, Primitive) else ""
    kind = {Array: "array", Map: "map"}.get(type(branch)) or describe(branch)
    return f"{kind} {logical}".strip()


def _distinct(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SchemaError(f"{where}: {name} occurs twice")
        seen.add(name)


def _name(value: dict[str, Json], key: str, where: str, *, is_simple: bool = False) -> str:
    name = value.get(key)
    if not isinstance(name, str) or not (name.isidentifier() if is_simple else _is_full_name(name)):
        raise SchemaError(f"{where}: {key} must be a name, not {name!r:.60}")
    return name


def _is_full_name(name: str) -> bool:
    """Return whether a name is made of identifiers; as in Avro IDL, letters of any script may be in them."""
    return all(part.isidentifier() for part in name.split("."))


def _namespace(value: dict[str, Json], where: str) -> str | None:
    namespace = _optional_str(value, "namespace", where)
    if namespace and not _is_full_name(namespace):
        raise SchemaError(f"{where}: namespace must be a dotted name, not {namespace!r:.60}")
    return namespace


def _optional_str(value: dict[str, Json], key: str, where: str) -> str | None:
    item = value.get(key)
    if item is not None and not isinstance(item, str):
        raise SchemaError(f"{where}: {key} must be a string, not {item!r:.60}")
    return item


def _object(value: Json, where: str) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: expected an object, found {value!r:.60}")
    return value


def _list(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise SchemaError(f"{where}: expected a list, found {value!r:.60}")
    return value


def _default(field: dict[str, Json], where: str) -> Json | NoDefault:
    default = field.get("default", NO_DEFAULT)
    if isinstance(default, list | dict) and json_depth(default) > MAX_DEPTH:
        raise SchemaError(f"{where}.default: nested deeper than {MAX_DEPTH}")
    return default


def _strings(value: Json, where: str) -> list[str]:
    items = _list(value, where)
    if not all(isinstance(item, str) for item in items):
        raise SchemaError(f"{where}: expected strings")
    return [item for item in items if isinstance(item, str)]
