"""Contracts as the JSON that every Avro library reads."""

from __future__ import annotations

from avrorpc.schema import Json, Protocol, Schema, Union, pretty, protocol_to_json, schema_to_json

from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.loading import Unit
from avrorpc_codegen.merging import all_types


def contract_of(contracts: Contracts, unit: Unit) -> Protocol | Schema:
    """Return what a file is about: its protocol, its main schema, or else all types, imported ones too."""
    protocol = next((item.protocol for item in contracts.protocols.values() if item.unit is unit), None)
    types: list[Schema] = [*all_types(contracts, unit)]
    return protocol or contracts.main_schemas.get(unit, Union(types))


def compiled(contracts: Contracts, unit: Unit) -> tuple[Json, str]:
    """Return what a file is about as JSON, and the suffix of a file with it: `.avpr` or `.avsc`."""
    contract = contract_of(contracts, unit)
    if isinstance(contract, Protocol):
        return protocol_to_json(contract), ".avpr"
    return schema_to_json(contract), ".avsc"


def as_text(value: Json) -> str:
    """Return JSON as the text of a file, the same that Apache's `avro-tools idl` writes."""
    return f"{pretty(value)}\n"
