"""Hypothesis strategies for Avro schemas and their generic values, and classes for their types."""

from __future__ import annotations

import dataclasses
import enum
from itertools import count
from typing import Any

import msgspec
from avrorpc.errors import DeclaredError
from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Json,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
)
from avrorpc.testing.strategies import PRIMITIVES
from hypothesis import strategies as st

# Of each group a union takes at most one, in this order, so that a value has one branch only, whatever the
# encoder's way to choose; an integer branch stands before a floating one.
UNION_GROUPS: tuple[tuple[str, ...], ...] = (
    ("null",),
    ("boolean",),
    ("int", "long"),
    ("float", "double"),
    ("bytes", "fixed"),
    ("string", "enum"),
    ("array",),
    ("map", "record"),
)


@st.composite
def schemas(draw: st.DrawFn, *, depth: int = 3) -> Json:
    """Draw the JSON of a schema; named types are numbered, some refer to themselves."""
    numbers = count()

    def schema(level: int, kinds: tuple[str, ...]) -> Json:
        kind = draw(st.sampled_from(kinds if level else [k for k in kinds if k in PRIMITIVES] or kinds))
        inner = (*PRIMITIVES, "fixed", "enum", "array", "map", "record", "union")
        below = max(level - 1, 0)
        match kind:
            case "array":
                return {"type": "array", "items": schema(below, inner)}
            case "map":
                return {"type": "map", "values": schema(below, inner)}
            case "fixed":
                return {"type": "fixed", "name": f"F{next(numbers)}", "size": draw(st.integers(0, 5))}
            case "enum":
                number = next(numbers)
                symbols = draw(st.integers(1, 70))
                return {"type": "enum", "name": f"E{number}", "symbols": [f"S{i}" for i in range(symbols)]}
            case "record":
                name = f"a.R{next(numbers)}"
                size = draw(st.integers(0, 3))
                fields: list[Json] = [{"name": f"f{i}", "type": schema(below, inner)} for i in range(size)]
                if draw(st.booleans()):
                    fields.append({"name": "again", "type": ["null", name]})
                return {"type": draw(st.sampled_from(["record", "error"])), "name": name, "fields": fields}
            case "union":
                groups = draw(st.lists(st.sampled_from(UNION_GROUPS), min_size=1, max_size=4, unique=True))
                ordered = [group for group in UNION_GROUPS if group in groups]
                return [schema(below, group) for group in ordered]
            case _:
                return kind

    return schema(depth, (*PRIMITIVES, "fixed", "enum", "array", "map", "record", "union"))


def values(schema: Schema, depth: int = 4) -> st.SearchStrategy[Any]:
    """Return a strategy for the generic values of a schema."""
    few = 3 if depth > 0 else 0
    match schema:
        case Primitive():
            return PRIMITIVES[schema.name]
        case Fixed():
            return st.binary(min_size=schema.size, max_size=schema.size)
        case Enum():
            return st.sampled_from(schema.symbols)
        case Array():
            return st.lists(values(schema.items, depth - 1), max_size=few)
        case Map():
            return st.dictionaries(PRIMITIVES["string"], values(schema.values, depth - 1), max_size=few)
        case Union():
            branches = schema.branches if depth > 0 else schema.branches[:1]
            return st.one_of([values(branch, depth - 1) for branch in branches])
        case Record():
            return st.fixed_dictionaries({f.name: values(f.type, depth - 1) for f in schema.fields})


def classes(schema: Schema) -> dict[str, type]:
    """Return a Python class for each record, error and enum of a schema."""
    found: dict[str, type] = {}

    def visit(part: Schema) -> None:
        match part:
            case Array():
                visit(part.items)
            case Map():
                visit(part.values)
            case Union():
                for branch in part.branches:
                    visit(branch)
            case Enum() if part.name not in found:
                make_enum: Any = enum.Enum
                found[part.name] = make_enum(part.name, {symbol: symbol for symbol in part.symbols})
            case Record() if part.name not in found:
                found[part.name] = _class(part)
                for field in part.fields:
                    visit(field.type)

    visit(schema)
    return found


def _class(record: Record) -> type:
    # Attributes have names of their own: what counts is the order of the fields.
    fields = [(f"{field.name}_", Any) for field in record.fields]
    name = record.name.rpartition(".")[2]
    if record.is_error:
        return dataclasses.make_dataclass(name, fields, bases=(DeclaredError,), eq=False, kw_only=True)
    return msgspec.defstruct(name, fields, frozen=True, kw_only=True)


def typed(schema: Schema, value: Any, types: dict[str, type]) -> Any:
    """Return a generic value as one of the classes."""
    match schema:
        case Array():
            return [typed(schema.items, item, types) for item in value]
        case Map():
            return {key: typed(schema.values, item, types) for key, item in value.items()}
        case Enum():
            return types[schema.name](value)
        case Record():
            return types[schema.name](
                **{f"{f.name}_": typed(f.type, value[f.name], types) for f in schema.fields}
            )
        case Union():
            return typed(_branch(schema, value), value, types)
        case _:
            return value


def _branch(union: Union, value: Any) -> Schema:
    for branch in union.branches:
        match branch:
            case Primitive(name="null"):
                fits = value is None
            case Primitive(name="boolean"):
                fits = isinstance(value, bool)
            case Primitive(name="int" | "long"):
                fits = type(value) is int
            case Primitive(name="float" | "double"):
                fits = isinstance(value, float)
            case Primitive(name="bytes") | Fixed():
                fits = isinstance(value, bytes)
            case Primitive() | Enum():
                fits = isinstance(value, str)
            case Array():
                fits = isinstance(value, list)
            case _:
                fits = isinstance(value, dict)
        if fits:
            return branch
    raise AssertionError(f"{value!r} has no branch")


def plain(value: Any) -> Any:
    """Return a typed value as comparable tuples, since errors compare by identity."""
    if isinstance(value, DeclaredError):
        names = [field.name for field in dataclasses.fields(value)]  # type: ignore[arg-type]
        return type(value), [plain(getattr(value, name)) for name in names]
    if isinstance(value, msgspec.Struct):
        return type(value), [plain(getattr(value, name)) for name in value.__struct_fields__]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value
