"""How deeply the types of a contract lie in each other once they are written as JSON.

In Avro's JSON a type stands whole where it is first named. Types that refer to each other in a long chain
nest deeper than the parsers of other programs go, and the file would be of no use to anybody.
"""

from __future__ import annotations

from typing import Final

from avrorpc.schema import Json, Named, Primitive, Record, Union, protocol_to_json, schema_to_json

from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.graph import parts, reachable
from avrorpc_codegen.json_source import MAX_JSON_DEPTH

_ROOM: Final = 232
"""What is left for what others wrap around a contract, and of the stack of whoever has it read."""
_LEVELS: Final = 4
"""How many levels a record adds: itself, its fields, a field, and what holds the next record."""
_MOST: Final = MAX_JSON_DEPTH - _ROOM


def check_nesting(contracts: Contracts, diagnostics: Diagnostics) -> None:
    """Report protocols and schemas whose JSON is too deep."""
    levels = {full: _levels(declared.named) for full, declared in contracts.types.items()}
    protocols = {declared.unit: declared for declared in contracts.protocols.values()}
    for unit, types in contracts.by_unit.items():
        declared = protocols.get(unit)
        within = declared.protocol.types if declared else reachable([*types])
        if sum(levels[named.name] for named in within) <= _MOST:  # as is nearly always so
            continue
        name, span = (declared.protocol.name, declared.span) if declared else (unit.name, None)
        value: Json
        if declared is not None:
            value = protocol_to_json(declared.protocol)
        else:
            value = schema_to_json(contracts.main_schemas.get(unit, Union([*types])))
        if _depth(value) > _MOST:
            problem = f"the types of `{name}` form so long a chain that its JSON nests deeper than {_MOST}"
            hint = "declare the types at the end of the chain before those that refer to them"
            diagnostics.error(Rule.TOO_DEEP, problem, span, help=hint, file=unit.name)


def _levels(named: Named) -> int:
    """Return how many levels a type adds at most."""
    if not isinstance(named, Record):
        return _LEVELS
    inner = (
        1 if isinstance(field.type, Primitive | Named) else sum(1 for _ in parts([field.type]))
        for field in named.fields
    )
    return _LEVELS + max(inner, default=0)


def _depth(value: Json) -> int:
    depth, level = 0, [value]
    while level:
        level = [inner for outer in level for inner in _inside(outer)]
        depth += 1
    return depth


def _inside(value: Json) -> list[Json]:
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [item for item in inner if isinstance(item, dict | list)]
