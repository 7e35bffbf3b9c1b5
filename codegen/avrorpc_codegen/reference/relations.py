"""How the things of a set of contracts hang together: where messages are written, and what uses each type."""

from __future__ import annotations

from avrorpc.schema import Enum, Fixed, Record, Schema, short_name

from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.graph import parts
from avrorpc_codegen.reference.addresses import Kind, Target
from avrorpc_codegen.reference.pages import Use


def uses(contracts: Contracts) -> dict[str, list[Use]]:
    """Return the places that name each type, messages first."""
    found: dict[str, dict[Use, None]] = {}

    def note(schema: Schema, use: Use) -> None:
        for part in parts([schema]):
            if isinstance(part, Record | Enum | Fixed):
                found.setdefault(part.name, {})[use] = None

    for full in sorted(contracts.protocols, key=str.casefold):
        for message in contracts.protocols[full].protocol.messages.values():
            target = Target(Kind.MESSAGE, full, message.name)
            label = f"{short_name(full)}.{message.name}"
            for item in message.request:
                note(item.type, Use(target, label, f"parameter {item.name}"))
            note(message.response, Use(target, label, "result"))
            for error in message.errors:
                note(error, Use(target, label, "error"))
    for full in sorted(contracts.types, key=str.casefold):
        named = contracts.types[full].named
        if isinstance(named, Record):
            for item in named.fields:
                target = Target(Kind.MEMBER, full, item.name)
                note(item.type, Use(target, f"{short_name(full)}.{item.name}", "field"))
    return {name: list(places) for name, places in found.items()}
