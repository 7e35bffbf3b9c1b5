"""Contracts as the JSON that every Avro library reads."""

from __future__ import annotations

from avrorpc.schema import Json, Schema, Union, pretty, protocol_to_json, schema_to_json

from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.loading import Unit
from avrorpc_codegen.merging import all_types


def compiled(contracts: Contracts, unit: Unit) -> tuple[Json, str]:
    """Return what a file declares as JSON, and the suffix of a file with it.

    A protocol gives an `.avpr`, a main schema or else all named types, those of imports too, an `.avsc`.
    """
    protocol = next((item.protocol for item in contracts.protocols.values() if item.unit is unit), None)
    if protocol is not None:
        return protocol_to_json(protocol), ".avpr"
    types: list[Schema] = [*all_types(contracts, unit)]
    return schema_to_json(contracts.main_schemas.get(unit, Union(types))), ".avsc"


def as_text(value: Json) -> str:
    """Return JSON as the text of a file, the same that Apache's `avro-tools idl` writes."""
    return f"{pretty(value)}\n"
