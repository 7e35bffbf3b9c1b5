"""How deeply the types of a contract lie in each other once they are written as JSON.

In Avro's JSON a type stands whole where it is first named. Types that refer to each other in a long chain
nest deeper than the parsers of other programs go, and the file would be of no use to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from avrorpc.schema import Array, Map, Record, Schema, Union

from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.json_source import MAX_JSON_DEPTH

_ROOM: Final = 232
"""What is left for what others wrap around a contract, and of the stack of whoever has it read."""
_LEVELS: Final = 4
"""How many levels a record adds: itself, its fields, a field, and what holds the next record."""
_MOST: Final = MAX_JSON_DEPTH - _ROOM


def check_nesting(contracts: Contracts, diagnostics: Diagnostics) -> None:
    """Report protocols and schemas whose JSON is too deep."""
    protocols = {declared.unit: declared for declared in contracts.protocols.values()}
    for unit, types in contracts.by_unit.items():
        declared = protocols.get(unit)
        schemas: list[Schema] = [*types]
        if declared is not None:
            schemas = [*declared.protocol.types]
        elif unit in contracts.main_schemas:
            schemas = [contracts.main_schemas[unit]]
        if _depth(schemas) > _MOST:
            name, span = (declared.protocol.name, declared.span) if declared else (unit.name, None)
            problem = f"the types of `{name}` form so long a chain that its JSON nests deeper than {_MOST}"
            hint = "declare the types at the end of the chain before those that refer to them"
            diagnostics.error(Rule.TOO_DEEP, problem, span, help=hint, file=unit.name)


def _depth(schemas: Sequence[Schema]) -> int:
    """Return how deeply schemas nest that are written one after the other in a list."""
    most = 0
    written: set[str] = set()
    waiting = [(schema, 2) for schema in reversed(schemas)]
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
                waiting += [(field.type, depth + _LEVELS - 1) for field in reversed(schema.fields)]
            case _:
                pass
    return most
