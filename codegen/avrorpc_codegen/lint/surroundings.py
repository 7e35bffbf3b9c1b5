"""What is the same for all files of a run, worked out once: the whole of the contracts, and what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from avrorpc.schema import Array, Enum, Fixed, Map, Primitive, Record, Schema, Union, namespace_of, short_name
from avrorpc.schema.routes import conflict_text, conflicts, message_routes, service_segments

from avrorpc_codegen import syntax
from avrorpc_codegen.contracts import Contracts, DeclaredProtocol, DeclaredType
from avrorpc_codegen.graph import protocol_schemas, reachable
from avrorpc_codegen.lint.letter_case import LetterCase, folded, usual_case
from avrorpc_codegen.lint.settings import LintConfig
from avrorpc_codegen.reading import Read
from avrorpc_codegen.source import Span


@dataclass(slots=True, eq=False)
class Surroundings:
    """What a file is linted among."""

    contracts: Contracts
    config: LintConfig
    schemas: Path
    """The folder below which folders are namespaces."""
    member_case: LetterCase
    """How fields, parameters and messages are written."""
    used: frozenset[str]
    """The full names of the types that some message needs."""
    finite: frozenset[str]
    """The full names of the records that have a value."""
    lookalikes: dict[str, tuple[str, Span | None]] = field(default_factory=dict)
    """By a full name, the name and place of an earlier type or protocol that is called nearly the same."""
    same_routes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By a protocol and a message, what other protocol has a route of it."""


def surroundings(read: Read, config: LintConfig, schemas: Path) -> Surroundings:
    """Work out what the files of a run share."""
    contracts = read.contracts
    trees = [unit.tree for unit in read.roots if unit.tree and not unit.is_json]
    member_case = config.naming or usual_case(name for tree in trees for name in _member_names(tree))
    records = [item.named for item in contracts.types.values() if isinstance(item.named, Record)]
    return Surroundings(
        contracts,
        config,
        schemas.resolve(),
        member_case,
        _used(contracts),
        _finite(records),
        _lookalikes(contracts),
        _same_routes(contracts),
    )


def _member_names(tree: syntax.File) -> Iterator[str]:
    for item in tree.items:
        match item:
            case syntax.RecordDeclaration():
                yield from (variable.name.text for variable in item.fields)
            case syntax.Message():
                yield item.name.text
                yield from (variable.name.text for variable in item.parameters)


def _used(contracts: Contracts) -> frozenset[str]:
    schemas = list(contracts.main_schemas.values())
    for item in contracts.protocols.values():
        schemas += protocol_schemas(item.protocol)
    return frozenset(named.name for named in reachable(schemas))


def _finite(records: Iterable[Record]) -> frozenset[str]:
    finite: set[str] = set()
    waiting = list(records)
    before = -1
    while len(waiting) != before:
        before = len(waiting)
        for record in waiting:
            if all(_ends(item.type, finite) for item in record.fields):
                finite.add(record.name)
        waiting = [record for record in waiting if record.name not in finite]
    return frozenset(finite)


def _ends(schema: Schema, finite: set[str]) -> bool:
    match schema:
        case Record():
            return schema.name in finite
        case Union():
            return not schema.branches or any(_ends(branch, finite) for branch in schema.branches)
        case Primitive() | Array() | Map() | Enum() | Fixed():
            return True


def _lookalikes(contracts: Contracts) -> dict[str, tuple[str, Span | None]]:
    found: dict[str, tuple[str, Span | None]] = {}
    seen: dict[tuple[str, str], tuple[str, Span | None]] = {}
    declared: list[tuple[str, DeclaredType | DeclaredProtocol]] = [
        *contracts.types.items(),
        *contracts.protocols.items(),
    ]
    for full, item in declared:
        short = short_name(full)
        first = seen.setdefault((namespace_of(full), folded(short)), (short, item.span))
        if first[0] != short:
            found[full] = first
    return found


def _same_routes(contracts: Contracts) -> dict[tuple[str, str], list[str]]:
    """Return the routes that two protocols have, by the later one; an imported message is the same one."""
    protocols = [item.protocol for item in contracts.protocols.values()]
    segments = service_segments(protocols)
    routes = [
        route
        for protocol in protocols
        for message in protocol.messages.values()
        for route in message_routes(protocol.name, message, segments[protocol.name])
    ]
    found: dict[tuple[str, str], list[str]] = {}
    for first, second in conflicts(routes):
        if first.message is not second.message:
            found.setdefault((second.protocol, second.message.name), []).append(conflict_text(first, second))
    return found
