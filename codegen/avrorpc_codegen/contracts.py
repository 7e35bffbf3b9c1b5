"""What a set of contract files declares: Avro's model, with the places and texts that it has no room for."""

from __future__ import annotations

from dataclasses import dataclass, field

from avrorpc.examples import Case
from avrorpc.schema import Named, Protocol, Schema, compact, protocol_to_json

from avrorpc_codegen import syntax
from avrorpc_codegen.loading import Unit
from avrorpc_codegen.source import Span, where


@dataclass(slots=True, eq=False)
class DeclaredType:
    """A named type, and what Avro's model has no place for."""

    named: Named
    unit: Unit
    span: Span | None = None
    symbol_docs: dict[str, str] = field(default_factory=dict)
    field_spans: dict[str, Span] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class DeclaredProtocol:
    """A protocol, the file it comes from, and the places that diagnostics point at."""

    protocol: Protocol
    unit: Unit
    span: Span | None = None
    parameter_spans: dict[tuple[str, str], Span] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    """The example cases of all messages, once they are read."""
    has_case_file: bool = False
    """Whether any of them stand in files; else the text has them all."""
    _text: str = ""

    @property
    def text(self) -> str:
        """The compact JSON, whose MD5 identifies the protocol; to be asked for when it is complete."""
        if not self._text:
            self._text = compact(protocol_to_json(self.protocol))
        return self._text


@dataclass(slots=True)
class Contracts:
    """Everything that a set of files declares, by full name in the order of declaration."""

    types: dict[str, DeclaredType] = field(default_factory=dict)
    protocols: dict[str, DeclaredProtocol] = field(default_factory=dict)
    by_unit: dict[Unit, list[Named]] = field(default_factory=dict)
    main_schemas: dict[Unit, Schema] = field(default_factory=dict)


def declared_at(span: Span | None, unit: Unit) -> str:
    """Return a place in the words of a note; the file where there is no better one."""
    return f"declared first in {unit.name}" if span is None else f"declared first {where(span)}"


def origins(contracts: Contracts) -> dict[int, tuple[Unit, syntax.Message | None]]:
    """Return the file of each message, and how it is written there, by the message's identity.

    A protocol that imports another one has its messages too, the same objects.
    """
    found: dict[int, tuple[Unit, syntax.Message | None]] = {}
    for declared in contracts.protocols.values():
        tree = declared.unit.tree
        items = tree.items if tree else ()
        own = {item.name.text: item for item in items if isinstance(item, syntax.Message)}
        for message in declared.protocol.messages.values():
            if tree is None or message.name in own:
                found[id(message)] = (declared.unit, own.get(message.name))
    return found
