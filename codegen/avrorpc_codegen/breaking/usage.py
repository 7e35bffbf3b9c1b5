"""Which ways values go between two versions: by which messages, or as stored data.

Says for each named type who writes and who reads it, and where each way begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Map,
    Message,
    Primitive,
    Record,
    Schema,
    Union,
    request_record,
)

from avrorpc_codegen.breaking.finding import Flow, Spot
from avrorpc_codegen.breaking.pairing import Pairing
from avrorpc_codegen.contracts import Contracts, DeclaredProtocol, DeclaredType
from avrorpc_codegen.graph import parts, protocol_schemas, reachable
from avrorpc_codegen.loading import Unit

REQUEST = (Flow.OLD_REQUEST, Flow.NEW_REQUEST)
REPLY = (Flow.NEW_REPLY, Flow.OLD_REPLY)
DATA = (Flow.OLD_DATA, Flow.NEW_DATA)


@dataclass(slots=True)
class Talk:
    """A message that both versions have."""

    old_protocol: DeclaredProtocol
    new_protocol: DeclaredProtocol
    old: Message
    new: Message

    @property
    def name(self) -> str:
        """The new full name of the protocol, and the message's."""
        return f"{self.new_protocol.protocol.name}.{self.new.name}"

    def errors(self, pairing: Pairing) -> list[tuple[int, int]]:
        """Return which of the old errors are which of the new ones, by their numbers."""
        return [
            (before, after)
            for before, old in enumerate(self.old.errors)
            for after, new in enumerate(self.new.errors)
            if isinstance(old, Record) and isinstance(new, Record) and pairing.is_same(old, new)
        ]


@dataclass(slots=True)
class Way:
    """Where values set out: a pair of types, and the flows that go through it."""

    flows: tuple[Flow, ...]
    old: Schema
    new: Schema
    talk: Talk | None = None
    """The message, if there is one."""
    is_error: bool = False
    """Whether the values are errors of that message."""
    main: Spot | None = None
    """The main schema of a file that this is."""

    @property
    def use(self) -> str:
        """The name of the message, if there is one."""
        return self.talk.name if self.talk else ""


@dataclass(slots=True)
class Usage:
    """All ways between two versions; those without a change on them are left out."""

    talks: list[Talk] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    flows: dict[str, dict[tuple[Flow, str], None]] = field(default_factory=dict)
    """Flows, each with its message, in order, by the new names of the types that they reach."""

    def of(self, name: str) -> list[tuple[Flow, str]]:
        """Return the flows that reach a type, by its new name."""
        return list(self.flows.get(name, ()))


class _Finder:
    def __init__(self, pairing: Pairing) -> None:
        self.usage = Usage()
        self.pairing = pairing
        self.changed = {
            new.named.name
            for old, new in pairing.types
            if _signature(old.named, is_whole=True) != _signature(new.named, is_whole=True)
        }

    def add(self, way: Way) -> None:
        names = [self.pairing.new_names.get(named.name, named.name) for named in reachable(_parts(way.old))]
        names += [named.name for named in reachable(_parts(way.new))]
        uses = dict.fromkeys((flow, way.use) for flow in way.flows)
        for name in dict.fromkeys(names):
            self.usage.flows.setdefault(name, {}).update(uses)
        differs = _signature(way.old, is_whole=True) != _signature(way.new, is_whole=True)
        if differs or not self.changed.isdisjoint(names):
            self.usage.ways.append(way)


def find_usage(
    old: Contracts, new: Contracts, pairing: Pairing, main_schemas: Iterable[tuple[Spot, Schema, Schema]]
) -> Usage:
    """Find all ways; main schemas come with their places."""
    finder = _Finder(pairing)
    talks = [
        Talk(before, after, before.protocol.messages[name], message)
        for before, after in pairing.protocols
        for name, message in after.protocol.messages.items()
        if name in before.protocol.messages
    ]
    finder.usage.talks = talks
    for talk in talks:
        finder.add(Way(REQUEST, request_record(talk.old), request_record(talk.new), talk))
        finder.add(Way(REPLY, talk.old.response, talk.new.response, talk))
        for first, second in talk.errors(pairing):
            finder.add(Way(REPLY, talk.old.errors[first], talk.new.errors[second], talk, is_error=True))
    called = _called(old) | _called(new)
    for first_type, second_type in pairing.types:
        if _is_data(first_type, called) or _is_data(second_type, called):
            finder.add(Way(DATA, first_type.named, second_type.named))
    for spot, first_schema, second_schema in main_schemas:
        finder.add(Way(DATA, first_schema, second_schema, main=spot))
    return finder.usage


def find_unions(contracts: Contracts) -> list[Union]:
    """Return all unions of one version."""
    records = [item.named for item in contracts.types.values() if isinstance(item.named, Record)]
    schemas = [item.type for record in records for item in record.fields]
    schemas += [s for item in contracts.protocols.values() for s in protocol_schemas(item.protocol)]
    return [part for part in parts([*schemas, *contracts.main_schemas.values()]) if isinstance(part, Union)]


def _parts(schema: Schema) -> list[Schema]:
    if isinstance(schema, Record) and not schema.name:
        return [item.type for item in schema.fields]
    return [schema]


def _signature(schema: Schema, *, is_whole: bool = False) -> str:
    """Return a text that differs where types do; of a named type only its name counts, or the whole."""
    match schema:
        case Array():
            return f"array<{_signature(schema.items)}>"
        case Map():
            return f"map<{_signature(schema.values)}>"
        case Union():
            return f"union<{','.join(map(_signature, schema.branches))}>"
        case Primitive():
            return f"{schema.name}{sorted(schema.props.items(), key=str)}"
    if not is_whole:
        return schema.name
    own = f"{type(schema).__name__} {schema.name} {schema.aliases}"
    match schema:
        case Record():
            fields = (f"{f.name} {_signature(f.type)} {f.default!r} {f.aliases}" for f in schema.fields)
            return f"{own} {list(fields)}"
        case Enum():
            return f"{own} {schema.symbols} {schema.default}"
        case Fixed():
            return f"{own} {schema.size} {sorted(schema.props.items(), key=str)}"


def _called(contracts: Contracts) -> set[str]:
    schemas = [schema for item in contracts.protocols.values() for schema in protocol_schemas(item.protocol)]
    return {named.name for named in reachable(schemas)}


def _is_data(declared: DeclaredType, called: set[str]) -> bool:
    """Return whether values of a type may be stored: nothing says that they are only passed in calls."""
    return declared.named.name not in called or _is_schema_file(declared.unit)


def _is_schema_file(unit: Unit) -> bool:
    return unit.tree is None or unit.tree.protocol is None
