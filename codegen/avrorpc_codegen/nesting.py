"""How deeply the types of a contract lie in each other once they are written as JSON.

In Avro's JSON a type stands whole where it is first named, so that types that refer to each other in a long
chain nest more deeply than the readers of JSON go, and the file would be of no use to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from avrorpc.schema import (
    MAX_DEPTH,
    MAX_JSON_DEPTH,
    Array,
    Json,
    Map,
    Record,
    Schema,
    Union,
    protocol_to_json,
    schema_to_json,
)

from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics, Rule

_LEVELS: Final = 3
"""How many levels a record adds: itself, its fields, and a field."""
_OUTSIDE: Final = 5 + 2 * MAX_DEPTH
"""How many levels there may be around all records, and in a default or a property inside them."""
_SHOWN: Final = 3
"""How many types are named at either end of a chain."""

_Inside: TypeAlias = "tuple[_Inside, str] | None"
"""The full name of a record around something, and those around that record."""


def check_nesting(contracts: Contracts, diagnostics: Diagnostics) -> None:
    """Report protocols and schemas whose JSON is too deep."""
    protocols = {declared.unit: declared for declared in contracts.protocols.values()}
    for unit, types in contracts.by_unit.items():
        declared = protocols.get(unit)
        main: Schema = contracts.main_schemas.get(unit, Union([*types]))
        if _depth([*declared.protocol.types] if declared else [main]) + _OUTSIDE <= MAX_JSON_DEPTH:
            continue  # as is nearly always so; and this is found without writing any JSON
        name = declared.protocol.name if declared else unit.name
        chain = _chain(protocol_to_json(declared.protocol) if declared else schema_to_json(main))
        if chain is None:
            continue
        innermost = contracts.types.get(chain[-1]) if chain else None
        span = innermost.span if innermost else declared.span if declared else None
        diagnostics.error(
            Rule.TOO_DEEP,
            f"the types of `{name}` form so long a chain that its JSON nests deeper than {MAX_JSON_DEPTH}",
            span,
            f"each is written whole inside the one before: {_shown(chain)}",
            help="declare the inner ones before those that refer to them, or split the contract",
            file=unit.name,
        )


def _depth(schemas: Sequence[Schema]) -> int:
    """Return how deeply schemas nest that are written one after the other."""
    most = 0
    written: set[str] = set()
    waiting = [(schema, 0) for schema in reversed(schemas)]
    while waiting:
        schema, depth = waiting.pop()
        most = max(most, depth)
        match schema:
            case Array():
                waiting.append((schema.items, depth + 1))
            case Map():
                waiting.append((schema.values, depth + 1))
            case Union():
                waiting += [(branch, depth + 1) for branch in reversed(schema.branches)]
            case Record() if schema.name not in written:
                written.add(schema.name)
                waiting += [(field.type, depth + _LEVELS) for field in reversed(schema.fields)]
    return most


def _chain(value: Json) -> list[str] | None:
    """Return the records around the first part that is too deep, outermost first; None where nothing is."""
    waiting: list[tuple[Json, int, str, _Inside]] = [(value, 1, "", None)]
    while waiting:
        part, depth, namespace, inside = waiting.pop()
        if depth > MAX_JSON_DEPTH:
            names: list[str] = []
            while inside is not None:
                inside, name = inside
                names.append(name)
            return names[::-1]
        if isinstance(part, dict):
            namespace = str(part.get("namespace", namespace))
            if part.get("type") in ("record", "error"):
                name = str(part["name"])
                inside = (inside, f"{namespace}.{name}" if namespace else name)
            part = list(part.values())
        if isinstance(part, list):
            inner = [item for item in part if isinstance(item, dict | list)]
            waiting += [(item, depth + 1, namespace, inside) for item in reversed(inner)]
    return None


def _shown(chain: list[str]) -> str:
    quoted = [f"`{name}`" for name in chain]
    if len(quoted) > 2 * _SHOWN:
        quoted[_SHOWN:-_SHOWN] = [f"{len(quoted) - 2 * _SHOWN} more"]
    return ", ".join(quoted)
