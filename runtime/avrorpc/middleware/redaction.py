"""Values as people may see them in logs and traces: JSON without secrets, and of a bounded size.

What the contract marks `@sensitive(true)` is never shown, at whatever depth it stands. Whatever does not fit
the contract is not shown either, since nothing then says which part of it is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from avrorpc.codec.encode import compile_choice
from avrorpc.codec.json import to_json
from avrorpc.codec.types import Types, attributes
from avrorpc.errors import DeclaredError, EncodeError, StatusError
from avrorpc.method import Method
from avrorpc.schema import Array, Field, Json, Map, Record, Schema, Union

REDACTED: Final = "[redacted]"
"""What stands for a sensitive value."""
MAX_PARTS: Final = 200
"""How many values of arrays, maps and records are shown of one body; what follows is counted."""
MAX_TEXT: Final = 1_000
"""How many characters are shown of one text, and how many bytes of binary data."""
MAX_NESTING: Final = 32
"""How deep is shown."""


def shown_arguments(method: Method[Any], arguments: Sequence[Any]) -> dict[str, Json]:
    """Return the arguments of a call by name; of a stream of requests, that it is one."""
    fields, types = method.message.request, method.contract.types
    if method.streaming.takes_stream:
        fields = fields[:-1]
    show = _Show(types)
    return {field.name: show.field(field, value, 0) for field, value in zip(fields, arguments, strict=False)}


def shown_item(method: Method[Any], item: Any) -> Json:
    """Return an item of a call's stream of requests."""
    return _Show(method.contract.types).field(method.message.request[-1], item, 0)


def shown_result(method: Method[Any], value: Any) -> Json:
    """Return the result of a call, or an item of its stream of responses."""
    return _Show(method.contract.types).value(method.message.response, value, 0)


def shown_error(method: Method[Any], error: BaseException) -> Json:
    """Return what an error says: the fields of a declared one, and the text of a status error.

    Of others, whose texts are not meant for readers of logs, the class alone.
    """
    match error:
        case DeclaredError():
            types = method.contract.types
            for schema in method.message.errors:
                if isinstance(schema, Record) and types.get(schema.name) is type(error):
                    return {"error": schema.name, "fields": _Show(types).value(schema, error, 0)}
        case EncodeError():
            return {"error": "EncodeError", "path": error.path}  # the text has the value in it
        case StatusError():
            return {"error": type(error).__name__, "message": _cut(error.message)}
    return {"error": type(error).__name__}


def has_secrets(schema: Schema, seen: frozenset[int] = frozenset()) -> bool:
    """Whether a sensitive field can be found in values of a schema."""
    match schema:
        case Array():
            return has_secrets(schema.items, seen)
        case Map():
            return has_secrets(schema.values, seen)
        case Union():
            return any(has_secrets(branch, seen) for branch in schema.branches)
        case Record() if id(schema) not in seen:
            seen |= {id(schema)}
            return any(is_secret(field) or has_secrets(field.type, seen) for field in schema.fields)
        case _:
            return False


def is_secret(field: Field) -> bool:
    """Whether a field or a parameter is sensitive; also where the annotation stands at its type."""
    return True in (field.props.get("sensitive"), field.type.props.get("sensitive"))


def without_secrets(schema: Schema, value: Any, types: Types) -> Json:
    """Return a whole value in the form of `to_json`, with `REDACTED` for what is sensitive in it.

    Raises:
        EncodeError: It does not fit.
    """
    shown = to_json(schema, value, types)
    return _replaced(schema, value, shown, types) if has_secrets(schema) else shown


def _replaced(schema: Schema, value: Any, shown: Any, types: Types) -> Json:
    """Return what `to_json` has made of a value, without what is sensitive."""
    match schema:
        case Array():
            return [_replaced(schema.items, *pair, types) for pair in zip(value, shown, strict=True)]
        case Map():
            return {key: _replaced(schema.values, value[key], shown[key], types) for key in shown}
        case Union():
            branch = schema.branches[compile_choice(schema, types)(value)]
            name = getattr(branch, "name", None)
            if isinstance(name, str) and isinstance(shown, dict) and list(shown) == [name]:
                return {name: _replaced(branch, value, shown[name], types)}
            return _replaced(branch, value, shown, types)
        case Record() if isinstance(shown, dict):
            out: dict[str, Json] = dict(shown)
            cls = types.get(schema.name)
            names = [field.name for field in schema.fields] if cls is None else attributes(schema, cls)
            for name, field in zip(names, schema.fields, strict=True):
                inner = value[name] if isinstance(value, Mapping) else getattr(value, name)
                shown_inner = shown[field.name]
                out[field.name] = (
                    REDACTED if is_secret(field) else _replaced(field.type, inner, shown_inner, types)
                )
            return out
        case _:
            kept: Json = shown
            return kept


class _Show:
    """One body on its way to JSON, with what may still be shown of it."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._left = MAX_PARTS

    def field(self, field: Field, value: Any, depth: int) -> Json:
        return REDACTED if is_secret(field) else self.value(field.type, value, depth)

    def value(self, schema: Schema, value: Any, depth: int) -> Json:
        self._left -= 1
        if depth > MAX_NESTING or self._left < 0:
            return "[more]"
        match schema:
            case Union():
                return self._union(schema, value, depth)
            case Array() if isinstance(value, Sequence) and not isinstance(value, str | bytes):
                return self._items(schema, value, depth)
            case Map() if isinstance(value, dict):
                return self._entries(schema, value, depth)
            case Record():
                return self._record(schema, value, depth)
            case Array() | Map():
                return _misfit(value)
            case _:
                return self._scalar(schema, value)

    def _union(self, schema: Union, value: Any, depth: int) -> Json:
        try:
            branch = schema.branches[compile_choice(schema, self._types)(value)]
        except EncodeError:
            return _misfit(value)
        shown = self.value(branch, value, depth)
        records = sum(isinstance(rival, Record) for rival in schema.branches)
        if isinstance(branch, Record) and isinstance(shown, dict) and records > 1:
            return {"$type": branch.name, **shown}
        return shown

    def _items(self, schema: Array, value: Sequence[Any], depth: int) -> Json:
        shown: list[Json] = []
        for item in value:
            if self._left <= 0:
                return [*shown, f"[{len(value) - len(shown)} more]"]
            shown.append(self.value(schema.items, item, depth + 1))
        return shown

    def _entries(self, schema: Map, value: dict[str, Any], depth: int) -> Json:
        shown: dict[str, Json] = {}
        for key, item in value.items():
            if self._left <= 0:
                return {**shown, "...": f"[{len(value) - len(shown)} more]"}
            shown[_cut(str(key))] = self.value(schema.values, item, depth + 1)
        return shown

    def _record(self, schema: Record, value: Any, depth: int) -> Json:
        cls = self._types.get(schema.name)
        names = [field.name for field in schema.fields] if cls is None else attributes(schema, cls)
        shown: dict[str, Json] = {}
        for name, field in zip(names, schema.fields, strict=True):
            try:
                inner = value[name] if cls is None else getattr(value, name)
            except (AttributeError, KeyError, TypeError):
                return _misfit(value)
            shown[field.name] = self.field(field, inner, depth + 1)
        return shown

    def _scalar(self, schema: Schema, value: Any) -> Json:
        if isinstance(value, bytes | bytearray | memoryview) and len(value) > MAX_TEXT:
            return f"[{memoryview(value).nbytes} bytes]"
        try:
            shown = to_json(schema, value, self._types)
        except EncodeError:
            return _misfit(value)
        return _cut(shown) if isinstance(shown, str) else shown


def _misfit(value: Any) -> str:
    return f"[a {type(value).__name__} that does not fit]"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}[{len(text) - MAX_TEXT} more]"
