"""Whether a default fits its type, and comes to an end."""

from __future__ import annotations

from collections.abc import Iterable

from avrorpc.schema import Array, Enum, Json, Map, Named, NoDefault, Record, Schema, Union, default_problem

from avrorpc_codegen.annotations import plain_json
from avrorpc_codegen.cursor import MAX_DEPTH
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
    unsound = _unsound(types, unknown)
    for schema, default in defaults:
        if not any(part is unknown or (unsound and _name(part) in unsound) for part in parts([schema])):
            _check(schema, default, diagnostics)


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


def _check(schema: Schema, default: Value, diagnostics: Diagnostics) -> None:
    value = plain_json(default.json)
    problem = default_problem(schema, value)
    hint = None
    problem = problem or _implied_problem(schema, value, ())
    if isinstance(schema, Enum) and isinstance(value, str):
        hint = did_you_mean(value, schema.symbols)
    elif value is None and not isinstance(schema, Union):
        hint = "only a type with a `?` may be null"
    if problem:
        diagnostics.error(Rule.BAD_DEFAULT, f"this default does not fit: {problem}", default.span, help=hint)


def _implied_problem(schema: Schema, value: Json, inside: tuple[str, ...]) -> str | None:
    """Return why a default that fits is made of others without end, or of too many in each other.

    `inside` names the records around it that are not stated in full.
    """
    match schema:
        case Union():
            fitting = (branch for branch in schema.branches if default_problem(branch, value) is None)
            return _implied_problem(next(fitting, schema.branches[0]), value, inside)
        case Array() if isinstance(value, list):
            return _first(_implied_problem(schema.items, item, inside) for item in value)
        case Map() if isinstance(value, dict):
            return _first(_implied_problem(schema.values, item, inside) for item in value.values())
        case Record() if isinstance(value, dict):
            stated = [item for item in schema.fields if item.name in value]
            implied = [item for item in schema.fields if item.name not in value]
            problem = _first(_implied_problem(item.type, value[item.name], inside) for item in stated)
            if problem or not implied:
                return problem
            if schema.name in inside:
                return "it contains itself without end"
            if len(inside) == MAX_DEPTH:
                return f"it is nested deeper than {MAX_DEPTH}, by the defaults of `{inside[0]}` and of others"
            within = (*inside, schema.name)
            return _first(
                _implied_problem(item.type, item.default, within)
                for item in implied
                if not isinstance(item.default, NoDefault)
            )
        case _:
            return None


def _first(problems: Iterable[str | None]) -> str | None:
    return next((problem for problem in problems if problem), None)
