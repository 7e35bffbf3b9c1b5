"""Whether a default fits its type, and comes to an end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from avrorpc.schema import (
    MAX_DEFAULT_VALUES,
    MAX_DEPTH,
    Array,
    Enum,
    Field,
    Json,
    Map,
    Named,
    NoDefault,
    Record,
    Schema,
    Union,
    default_problem,
    describe,
)

from avrorpc_codegen.annotations import plain_json
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.graph import parts
from avrorpc_codegen.syntax import Value


def check_defaults(
    defaults: Iterable[tuple[Schema, Value]],
    types: Iterable[Named],
    unknown: Schema,
    diagnostics: Diagnostics,
) -> None:
    """Report defaults that do not fit, or that never end; one whose type holds `unknown` is not judged."""
    implied = _Implied()
    if not diagnostics.has_errors:  # Then no type is unknown.
        for schema, default in defaults:
            _check(schema, default, implied, diagnostics)
        return
    unsound = _unsound(types, unknown)
    for schema, default in defaults:
        if not any(part is unknown or _name(part) in unsound for part in parts([schema])):
            _check(schema, default, implied, diagnostics)


def _unsound(types: Iterable[Named], unknown: Schema) -> set[str]:
    """Return the names of the records that hold an unknown type, directly or not."""
    holders: dict[str, list[str]] = {}
    waiting: list[str] = []
    for record in types:
        if isinstance(record, Record):
            for part in parts([item.type for item in record.fields]):
                if part is unknown:
                    waiting.append(record.name)
                elif isinstance(part, Record):
                    holders.setdefault(part.name, []).append(record.name)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += holders.get(name, [])
    return found


def _name(schema: Schema) -> str | None:
    return schema.name if isinstance(schema, Record) else None


def _check(schema: Schema, default: Value, implied: _Implied, diagnostics: Diagnostics) -> None:
    value = plain_json(default.json)
    problem = default_problem(schema, value)
    hint = None
    if problem is None and isinstance(value, dict | list):
        problem = implied.problem(schema, value)
    if isinstance(schema, Enum) and isinstance(value, str):
        hint = did_you_mean(value, schema.symbols)
    elif value is None and not isinstance(schema, Union):
        hint = "only a type with a `?` may be null"
    if problem:
        diagnostics.error(Rule.BAD_DEFAULT, f"this default does not fit: {problem}", default.span, help=hint)


class _Extent(NamedTuple):
    """How large a default is with all that it implies."""

    depth: int = 0
    """How many values made of implied defaults lie in each other."""
    size: int = 0
    """How many values are implied, and by those in their turn."""


class _Unfit(Exception):
    """A default that could not be made; the text says why."""


class _Implied:
    """Measures what defaults are made of: fields that are left out have defaults in their turn.

    Each field's default is measured once, so that a contract whose defaults double at each step is found out
    in no time.
    """

    def __init__(self) -> None:
        self._known: dict[int, _Extent] = {}
        self._open: dict[int, str] = {}
        """The fields being measured, and the record of each."""

    def problem(self, schema: Schema, value: Json) -> str | None:
        """Return why a default that fits cannot be made, or None where it can."""
        try:
            self._checked(self._of(schema, value), describe(schema))
        except _Unfit as unfit:
            return str(unfit)
        finally:
            self._open.clear()
        return None

    def _of(self, schema: Schema, value: Json) -> _Extent:
        match schema:
            case Union():
                fitting = (branch for branch in schema.branches if default_problem(branch, value) is None)
                return self._of(next(fitting, schema.branches[0]), value)
            case Array() if isinstance(value, list):
                return _sum([self._of(schema.items, item) for item in value])
            case Map() if isinstance(value, dict):
                return _sum([self._of(schema.values, item) for item in value.values()])
            case Record() if isinstance(value, dict):
                stated = _sum([self._of(f.type, value[f.name]) for f in schema.fields if f.name in value])
                left_out = [item for item in schema.fields if item.name not in value]
                if not left_out:
                    return stated
                implied = _sum([self._of_field(item, schema) for item in left_out])
                size = stated.size + implied.size + len(left_out)
                return _Extent(max(stated.depth, implied.depth + 1), size)
            case _:
                return _Extent()

    def _of_field(self, item: Field, record: Record) -> _Extent:
        key = id(item)
        if key in self._open:
            raise _Unfit("it contains itself without end")
        if key not in self._known:
            if isinstance(item.default, NoDefault):  # which has been reported where the default is
                return _Extent()
            self._open[key] = record.name
            outermost = next(iter(self._open.values()))
            if len(self._open) > MAX_DEPTH:
                raise _Unfit(_too_deep(outermost))
            self._known[key] = self._checked(self._of(item.type, item.default), outermost)
            del self._open[key]
        return self._known[key]

    def _checked(self, extent: _Extent, outermost: str) -> _Extent:
        if extent.depth > MAX_DEPTH:
            raise _Unfit(_too_deep(outermost))
        if extent.size > MAX_DEFAULT_VALUES:
            raise _Unfit(f"it implies more than {MAX_DEFAULT_VALUES:,} values, by the defaults of others")
        return extent


def _sum(extents: list[_Extent]) -> _Extent:
    return _Extent(max((e.depth for e in extents), default=0), sum(e.size for e in extents))


def _too_deep(record: str) -> str:
    return f"it is nested deeper than {MAX_DEPTH}, by the defaults of `{record}` and of others"
