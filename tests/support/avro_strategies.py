"""Hypothesis strategies for Avro schemas, for their generic and typed values, and classes for their types."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
from itertools import count
from typing import Any

import msgspec
from avrorpc.codec.logical import Duration
from avrorpc.codec.types import maker, symbols
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
    decimal_precision,
    decimal_scale,
    logical_name,
)
from hypothesis import strategies as st

PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=20),
    "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
}
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


_DAY = st.dates()
_CLOCK = st.times()
_MOMENT = st.datetimes(timezones=st.just(datetime.UTC))
_LOCAL = st.datetimes()
_UNSIGNED = st.integers(0, 2**32 - 1)
_LOGICAL: dict[str, st.SearchStrategy[Any]] = {
    "date": _DAY,
    "time-millis": _CLOCK.map(lambda value: value.replace(microsecond=value.microsecond // 1000 * 1000)),
    "time-micros": _CLOCK,
    "timestamp-millis": _MOMENT.map(
        lambda value: value.replace(microsecond=value.microsecond // 1000 * 1000)
    ),
    "timestamp-micros": _MOMENT,
    "local-timestamp-millis": _LOCAL.map(
        lambda value: value.replace(microsecond=value.microsecond // 1000 * 1000)
    ),
    "local-timestamp-micros": _LOCAL,
    "uuid": st.uuids(),
    "duration": st.builds(Duration, months=_UNSIGNED, days=_UNSIGNED, milliseconds=_UNSIGNED),
    "big-decimal": st.decimals(allow_nan=False, allow_infinity=False),
}


class TypedValues:
    """Strategies for values of generated classes: logical types are Python's own, records are made.

    Args:
        types: Classes by the full names of records and enums.
        by_hand: Strategies for classes written by hand, which do not take any value, by the same names.
    """

    def __init__(
        self, types: dict[str, type], by_hand: dict[str, st.SearchStrategy[Any]] | None = None
    ) -> None:
        self._types = types
        self._by_hand = by_hand or {}
        self._known: dict[tuple[int, int], st.SearchStrategy[Any]] = {}

    def of(self, schema: Schema, depth: int = 3) -> st.SearchStrategy[Any]:
        """Return a strategy for values of a schema, nested no deeper than they have to be from `depth` on."""
        key = (id(schema), max(depth, -1))
        if key not in self._known:
            self._known[key] = st.deferred(lambda: self._made(schema, depth))
        return self._known[key]

    def _made(self, schema: Schema, depth: int) -> st.SearchStrategy[Any]:
        few = 3 if depth > 0 else 0
        match schema:
            case Array():
                return st.lists(self.of(schema.items, depth - 1), max_size=few)
            case Map():
                return st.dictionaries(PRIMITIVES["string"], self.of(schema.values, depth - 1), max_size=few)
            case Union():
                branches = schema.branches
                if depth <= 0:
                    branches = [b for b in branches if not isinstance(b, Record)] or branches
                return st.one_of([self.of(branch, depth - 1) for branch in branches])
            case Record() if schema.name in self._by_hand:
                return self._by_hand[schema.name]
            case Record():
                make = maker(schema, self._types)
                return st.tuples(*(self.of(field.type, depth - 1) for field in schema.fields)).map(
                    lambda values: make(list(values))
                )
            case Enum():
                return st.sampled_from(list(symbols(schema, self._types).values()))
            case Primitive() | Fixed():
                return _scalars(schema)


def _scalars(schema: Primitive | Fixed) -> st.SearchStrategy[Any]:
    name = logical_name(schema)
    if name == "decimal":
        limit, scale = 10 ** min(decimal_precision(schema), 50) - 1, decimal_scale(schema)
        context = decimal.Context(prec=60)
        return st.integers(-limit, limit).map(lambda number: decimal.Decimal(number).scaleb(-scale, context))
    if name is not None:
        return _LOGICAL[name]
    if isinstance(schema, Fixed):
        return st.binary(min_size=schema.size, max_size=schema.size)
    return PRIMITIVES[schema.name]


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
