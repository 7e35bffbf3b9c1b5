"""Whether a default fits its type, and comes to an end."""

from __future__ import annotations

from avrorpc.schema import Array, Enum, Json, Map, NoDefault, Record, Schema, Union, default_problem

from avrorpc_codegen.annotations import plain_json
from avrorpc_codegen.diagnostic import Diagnostics, Rule, did_you_mean
from avrorpc_codegen.graph import parts
from avrorpc_codegen.syntax import Value


def check_default(schema: Schema, default: Value, unknown: Schema, diagnostics: Diagnostics) -> None:
    """Report a default that does not fit; one whose type holds the `unknown` one is not judged."""
    if not _is_sound(schema, unknown):
        return
    value = plain_json(default.json)
    problem = default_problem(schema, value)
    hint = None
    if problem is None and _is_endless(schema, value, ()):
        problem = "it contains itself without end"
    if isinstance(schema, Enum) and isinstance(value, str):
        hint = did_you_mean(value, schema.symbols)
    if problem:
        diagnostics.error(Rule.BAD_DEFAULT, f"this default does not fit: {problem}", default.span, help=hint)


def _is_sound(schema: Schema, unknown: Schema) -> bool:
    seen: set[str] = set()
    waiting = [schema]
    while waiting:
        for part in parts([waiting.pop()]):
            if part is unknown:
                return False
            if isinstance(part, Record) and part.name not in seen:
                seen.add(part.name)
                waiting += [item.type for item in part.fields]
    return True


def _is_endless(schema: Schema, value: Json, inside: tuple[str, ...]) -> bool:
    """Return whether a default that fits leads back to a record whose defaults it is made of."""
    match schema:
        case Union():
            fitting = (branch for branch in schema.branches if default_problem(branch, value) is None)
            return _is_endless(next(fitting, schema.branches[0]), value, inside)
        case Array() if isinstance(value, list):
            return any(_is_endless(schema.items, item, inside) for item in value)
        case Map() if isinstance(value, dict):
            return any(_is_endless(schema.values, item, inside) for item in value.values())
        case Record() if isinstance(value, dict):
            stated = [item for item in schema.fields if item.name in value]
            implied = [item for item in schema.fields if item.name not in value]
            if any(_is_endless(item.type, value[item.name], inside) for item in stated):
                return True
            if implied and schema.name in inside:
                return True
            within = (*inside, schema.name)
            return any(
                _is_endless(item.type, item.default, within)
                for item in implied
                if not isinstance(item.default, NoDefault)
            )
        case _:
            return False
