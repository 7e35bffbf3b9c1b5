"""Two versions of a set of contracts, and everything about the newer one that breaks somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from avrorpc.schema import Named, Schema

from avrorpc_codegen.breaking.annotation_rules import check_annotations
from avrorpc_codegen.breaking.context import Context
from avrorpc_codegen.breaking.finding import At, Finding, Spot
from avrorpc_codegen.breaking.message_rules import check_messages
from avrorpc_codegen.breaking.pairing import pair
from avrorpc_codegen.breaking.place import Places
from avrorpc_codegen.breaking.slot_rules import check_slot, main_slot
from avrorpc_codegen.breaking.type_rules import check_types
from avrorpc_codegen.breaking.usage import find_unions, find_usage
from avrorpc_codegen.breaking.wire import check_wire
from avrorpc_codegen.contracts import Contracts


@dataclass(slots=True)
class Version:
    """The contracts of one version."""

    label: str
    """What people call it: a tag, a folder."""
    contracts: Contracts = field(default_factory=Contracts)
    main_schemas: Mapping[str, tuple[Schema, At]] = field(default_factory=dict)
    """Main schemas, and their places, by their file, relative to the folder of the contracts."""
    is_there: bool = True
    """Whether there were contracts at all."""


def compare(old: Version, new: Version) -> list[Finding]:
    """Return all that breaks somebody between two versions, whoever it is and at whatever level."""
    pairing = pair(old.contracts, new.contracts)
    schemas = [
        (Spot(file, at_new, old.main_schemas[file][1]), old.main_schemas[file][0], schema)
        for file, (schema, at_new) in new.main_schemas.items()
        if file in old.main_schemas and not isinstance(schema, Named)
    ]
    usage = find_usage(old.contracts, new.contracts, pairing, schemas)
    unions = find_unions(new.contracts)
    context = Context(pairing, usage, unions, Places(old.contracts), Places(new.contracts))
    check_messages(context)
    check_types(context)
    check_annotations(context)
    for way in usage.ways:
        if way.main is not None:
            check_slot(context, main_slot(way, way.main), [(flow, "") for flow in way.flows])
    check_wire(context)
    found = list(context.findings.broken())
    for finding in found:
        finding.against = [old.label]
    return sorted(found, key=Finding.sort_key)
