"""How deeply the types of a contract lie in each other once they are written as JSON.

In Avro's JSON a type stands whole where it is first named, so that types that refer to each other in a long
chain nest more deeply than the readers of JSON go, and the file would be of no use to anybody.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from avrorpc.schema import MAX_JSON_DEPTH, Json, Record, Union, protocol_to_json, schema_to_json

from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.cursor import MAX_DEPTH
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.graph import parts

_LEVELS: Final = 4
"""How many levels a record adds: itself, its fields, a field, and what holds the next record."""
_OUTSIDE: Final = 5 + 2 * MAX_DEPTH
"""How many levels there may be around all records, and in a default or a property inside them."""
_SHOWN: Final = 3
"""How many types are named at either end of a chain."""

_Inside: TypeAlias = "tuple[_Inside, str] | None"
"""The full name of a record around something, and those around that record."""


def check_nesting(contracts: Contracts, diagnostics: Diagnostics) -> None:
    """Report protocols and schemas whose JSON is too deep."""
    if _bound(contracts) <= MAX_JSON_DEPTH:
        return
    protocols = {declared.unit: declared for declared in contracts.protocols.values()}
    for unit, types in contracts.by_unit.items():
        declared = protocols.get(unit)
        name = declared.protocol.name if declared else unit.name
        value: Json
        if declared is not None:
            value = protocol_to_json(declared.protocol)
        else:
            value = schema_to_json(contracts.main_schemas.get(unit, Union([*types])))
        chain = _chain(value)
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


def _bound(contracts: Contracts) -> int:
    """Return a depth that cannot be exceeded; it is cheap, and nearly always small enough."""
    depth = _OUTSIDE
    for declared in contracts.types.values():
        if isinstance(declared.named, Record):
            inner = (sum(1 for _ in parts([field.type])) for field in declared.named.fields)
            depth += _LEVELS + max(inner, default=0)
    return depth


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
