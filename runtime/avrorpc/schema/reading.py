"""JSON to schemas and protocols, as strictly as a peer's text must be read.

Every problem is a `SchemaError` that says where in the document it is. Names must be defined before they
are used, as the specification demands of JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

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
    Primitive,
    Protocol,
    Record,
    Schema,
    Union,
    describe,
    namespace_of,
)

MAX_DEPTH: Final = 64
"""How deeply the type of a field may be nested; records in records count anew."""

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
    return _Reader().schema(_load(text), "", "$")


def protocol_from_json(value: Json) -> Protocol:
    """Read a protocol from its JSON object.

    Raises:
        SchemaError: It is not a valid protocol.
    """
    return _Reader().protocol(_object(value, "$"))


def _load(text: str | bytes) -> Json:
    try:
        value: Json = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise SchemaError(f"not a JSON document: {error}") from error
    return value


@dataclass(slots=True)
class _Task:
    """A schema that is still to be read, and who wants it."""

    put: Callable[[Schema], None]
    value: Json
    namespace: str
    where: str
    depth: int


class _Reader:
    """Reads schemas in the order of their text, by a stack: a chain of records may be long."""

    def __init__(self) -> None:
        self.named: dict[str, Named] = {}
        self.unions: list[tuple[Union, str]] = []

    def protocol(self, value: dict[str, Json]) -> Protocol:
        name = _name(value, "protocol", "$")
        namespace = _namespace(value, "$") or namespace_of(name)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        protocol = Protocol(full, doc=_optional_str(value, "doc", "$"))
        reserved = {"protocol", "namespace", "doc", "types", "messages"}
        protocol.props = {key: item for key, item in value.items() if key not in reserved}
        for index, item in enumerate(_list(value.get("types", []), "$.types")):
            where = f"$.types[{index}]"
            declared = self.schema(item, namespace, where)
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
        request, tasks = self.fields(value.get("request", []), namespace, f"{where}.request")
        self.run(tasks)
        response = self.schema(value.get("response", "null"), namespace, f"{where}.response")
        errors = [
            self.schema(item, namespace, f"{where}.errors[{index}]")
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

    def fields(self, value: Json, namespace: str, where: str) -> tuple[list[Field], list[_Task]]:
        """Return fields, and the tasks that give them their types."""
        fields: list[Field] = []
        tasks: list[_Task] = []
        for index, item in enumerate(_list(value, where)):
            place = f"{where}[{index}]"
            members = _object(item, place)
            if "type" not in members:
                raise SchemaError(f"{place}: a field needs a type")
            field = self.field(members, place)
            fields.append(field)
            put = partial(setattr, field, "type")
            tasks.append(_Task(put, members["type"], namespace, f"{place}.type", 1))
        _distinct((field.name for field in fields), where)
        return fields, tasks

    def field(self, value: dict[str, Json], where: str) -> Field:
        return Field(
            _name(value, "name", where, is_simple=True),
            Primitive("null"),
            doc=_optional_str(value, "doc", where),
            default=value.get("default", NO_DEFAULT),
            order=_optional_str(value, "order", where),
            aliases=_strings(value.get("aliases", []), f"{where}.aliases"),
            props={key: item for key, item in value.items() if key not in _FIELD},
        )

    def schema(self, value: Json, namespace: str, where: str) -> Schema:
        found: list[Schema] = []
        self.run([_Task(found.append, value, namespace, where, 0)])
        return found[0]

    def run(self, tasks: list[_Task]) -> None:
        """Read schemas, each with all that lies in it before the next."""
        waiting = tasks[::-1]
        while waiting:
            task = waiting.pop()
            if task.depth > MAX_DEPTH:
                raise SchemaError(f"{task.where}: nested deeper than {MAX_DEPTH}")
            waiting += self.begin(task)[::-1]
        for union, where in self.unions:
            if any(isinstance(branch, Union) for branch in union.branches):
                raise SchemaError(f"{where}: a union may not contain a union")
            _distinct(map(_branch_key, union.branches), where)
        self.unions.clear()

    def begin(self, task: _Task) -> list[_Task]:
        """Read a schema, and return the tasks for what lies in it."""
        value, namespace, where = task.value, task.namespace, task.where
        match value:
            case str():
                task.put(self.reference(value, namespace, where))
                return []
            case list():
                union = Union([])
                self.unions.append((union, where))
                task.put(union)
                put = union.branches.append
                return [
                    _Task(put, item, namespace, f"{where}[{index}]", task.depth + 1)
                    for index, item in enumerate(value)
                ]
            case dict():
                return self.complex(task, value)
            case _:
                raise SchemaError(f"{where}: {value!r:.60} is not a schema")

    def reference(self, name: str, namespace: str, where: str) -> Schema:
        if name in PRIMITIVES:
            return Primitive(name)
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        found = self.named.get(full) or self.named.get(name)
        if found is None:
            raise SchemaError(f"{where}: no type is named {full}")
        return found

    def complex(self, task: _Task, value: dict[str, Json]) -> list[_Task]:
        kind, where = value.get("type"), task.where
        match kind:
            case "array" | "map":
                key = "items" if kind == "array" else "values"
                if key not in value:
                    raise SchemaError(f"{where}: {kind} needs {key}")
                props = {k: item for k, item in value.items() if k not in ("type", key)}
                nothing = Primitive("null")
                outer = Array(nothing, props) if kind == "array" else Map(nothing, props)
                task.put(outer)
                put = partial(setattr, outer, key)
                return [_Task(put, value[key], task.namespace, f"{where}.{key}", task.depth + 1)]
            case "record" | "error" | "enum" | "fixed":
                return self.declare(kind, task, value)
            case str() if kind in PRIMITIVES:
                task.put(Primitive(kind, {k: item for k, item in value.items() if k != "type"}))
                return []
            case _:
                return [_Task(task.put, kind, task.namespace, f"{where}.type", task.depth + 1)]

    def declare(self, kind: str, task: _Task, value: dict[str, Json]) -> list[_Task]:
        namespace, where = task.namespace, task.where
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
            record = Record(full, [], doc, kind == "error", aliases, props)
            self.named[full] = record
            task.put(record)
            record.fields, tasks = self.fields(value.get("fields"), own, f"{where}.fields")
            return tasks
        task.put(self.named[full])
        return []


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


def _strings(value: Json, where: str) -> list[str]:
    items = _list(value, where)
    if not all(isinstance(item, str) for item in items):
        raise SchemaError(f"{where}: expected strings")
    return [item for item in items if isinstance(item, str)]
