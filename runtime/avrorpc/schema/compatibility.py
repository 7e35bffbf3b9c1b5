"""Whether a reader's schema can read what a writer's wrote, and if not, everything that stands in the way.

Nothing is raised and nothing is decoded. Each pair of named types is looked at once, and there is no
recursion, so that recursive and huge schemas come to an end.
Source: Avro 1.12 specification, "Schema Resolution" and "Aliases".
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from avrorpc.schema.defaults import same_json
from avrorpc.schema.incompatibility import Extent, Incompatibility, Kind, Place
from avrorpc.schema.logical_change import logical_problems
from avrorpc.schema.model import (
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Message,
    Named,
    NoDefault,
    Primitive,
    Record,
    Schema,
    Union,
    describe,
)
from avrorpc.schema.resolution import PROMOTIONS, field_slots, matches, reader_branch, same_name


def incompatibilities(writer: Schema, reader: Schema) -> list[Incompatibility]:
    """Return all that stands in the way when `reader` reads what `writer` wrote.

    What stops everything comes first, then what stops some values, each in the order of depth. Types that
    do not match are not compared further.
    """
    return Resolution().incompatibilities(writer, reader)


def can_read(writer: Schema, reader: Schema) -> bool:
    """Return whether `reader` reads every value that `writer` may have written, whatever it makes of it."""
    return all(item.extent is Extent.MEANING for item in incompatibilities(writer, reader))


def request_record(message: Message) -> Record:
    """Return a message's parameters as a record without a name, since they are resolved like its fields."""
    return Record("", message.request)


@dataclass(slots=True)
class _Pair:
    writer: Place
    reader: Place
    extent: Extent
    """What an incompatibility of these two does to the whole."""
    per_value: bool = False
    """Whether the two meet in some values only, others of which can be read."""


class _Waiting:
    """Pairs to be compared: those that every value meets before those that only some do."""

    def __init__(self) -> None:
        self._queues: tuple[deque[_Pair], ...] = (deque(), deque(), deque())

    def __bool__(self) -> bool:
        return any(self._queues)

    def add(self, pair: _Pair) -> None:
        self._queues[2 if pair.per_value else pair.extent is not Extent.NEVER].append(pair)

    def take(self) -> _Pair:
        return next(queue for queue in self._queues if queue).popleft()


class Resolution:
    """Compares schemas, and remembers each pair of named types, for other schemas that have them."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], _Inside] = {}

    def incompatibilities(self, writer: Schema, reader: Schema) -> list[Incompatibility]:
        """Return what the function of that name does."""
        return [item for item in self.differences(writer, reader) if item.extent is not Extent.NOTHING]

    def differences(self, writer: Schema, reader: Schema) -> list[Incompatibility]:
        """Return the incompatibilities, and after them what is filled in, passed over, or substituted."""
        found: list[Incompatibility] = []
        seen: set[tuple[int, int]] = set()
        waiting = _Waiting()
        waiting.add(_Pair(Place(writer), Place(reader), Extent.NEVER))
        while waiting:
            pair = waiting.take()
            key = (id(pair.writer.schema), id(pair.reader.schema))
            if key in seen:
                continue
            seen.add(key)
            inside = self._known.get(key)
            if inside is None:
                inside = self._known[key] = _Inside(pair.writer.schema, pair.reader.schema)
            found += [_within(pair, item) for item in inside.found]
            for part in inside.named:
                extent, per_value = _worse(pair.extent, part.extent), pair.per_value or part.per_value
                places = part.writer.below(pair.writer), part.reader.below(pair.reader)
                waiting.add(_Pair(*places, extent, per_value))
        order = list(Extent)
        return sorted(found, key=lambda item: order.index(item.extent))


def _within(pair: _Pair, item: Incompatibility) -> Incompatibility:
    writer, reader = item.writer.below(pair.writer), item.reader.below(pair.reader)
    extent, per_value = _worse(pair.extent, item.extent), pair.per_value or item.per_value
    return Incompatibility(item.kind, extent, item.message, writer, reader, item.name, per_value)


def _worse(outer: Extent, inner: Extent) -> Extent:
    return Extent.SOME if outer is Extent.SOME and inner is Extent.NEVER else inner


class _Inside:
    """What two types differ in, not looking into the named types inside them, which wait in `named`."""

    def __init__(self, writer: Schema, reader: Schema) -> None:
        self.found: list[Incompatibility] = []
        self.named: list[_Pair] = []
        self.schemas = (writer, reader)  # kept alive, since their ids are what they are known by
        self.waiting = _Waiting()
        root = _Pair(Place(writer), Place(reader), Extent.NEVER)
        match writer, reader:
            case Record(), Record() if same_name(writer, reader):
                self.record(root, writer, reader)
            case Enum(), Enum() if same_name(writer, reader):
                self.enum(root, writer, reader)
            case Fixed(), Fixed() if same_name(writer, reader):
                self.fixed(root, writer, reader)
            case _:
                self.waiting.add(root)
        while self.waiting:
            self.compare(self.waiting.take())

    def compare(self, pair: _Pair) -> None:
        writer, reader = pair.writer.schema, pair.reader.schema
        if isinstance(writer, Union):
            self.from_union(pair, writer)
            return
        if isinstance(reader, Union):
            branch = reader_branch(writer, reader)
            if branch is None:
                self.add(Kind.BRANCH, pair, f"{describe(writer)} is no branch of {describe(reader)}", writer)
            else:
                self.into(pair, pair.writer, _at(pair.reader, branch))
            return
        match writer, reader:
            case Primitive(), Primitive():
                self.primitive(pair, writer, reader)
            case Array(), Array():
                inner = _at(pair.writer, writer.items, "[]"), _at(pair.reader, reader.items, "[]")
                self.into(pair, *inner, is_certain=False)
            case Map(), Map():
                inner = _at(pair.writer, writer.values, "{}"), _at(pair.reader, reader.values, "{}")
                self.into(pair, *inner, is_certain=False)
            case (Record() | Enum() | Fixed(), Record() | Enum() | Fixed()) if type(writer) is type(reader):
                self.meet(pair, writer, reader)
            case _:
                self.add(Kind.TYPE, pair, f"{describe(writer)} is not {describe(reader)}")

    def meet(self, pair: _Pair, writer: Named, reader: Named) -> None:
        if not same_name(writer, reader):
            problem = f"{writer.name} is not {reader.name}, nor one of its aliases"
            self.add(Kind.NAME, pair, problem, writer)
        elif writer is not reader:
            self.named.append(_Pair(pair.writer.flat(), pair.reader.flat(), pair.extent, pair.per_value))

    def from_union(self, pair: _Pair, writer: Union) -> None:
        reader = pair.reader.schema
        targets: list[Schema | None] = [
            reader_branch(branch, reader)
            if isinstance(reader, Union)
            else (reader if matches(branch, reader) else None)
            for branch in writer.branches
        ]
        is_lost = not any(targets)
        some = [branch for branch, target in zip(writer.branches, targets, strict=True) if target]
        others = [branch for branch in some if describe(branch) != "null"]
        for branch, target in zip(writer.branches, targets, strict=True):
            if target is None:
                extent = pair.extent if is_lost else Extent.SOME
                rest = some if describe(branch) == "null" else others
                problem = f"{describe(branch)} is no branch of {describe(reader)}"
                if not isinstance(reader, Union):
                    problem = f"{describe(branch)} may be written, and {describe(reader)} is read"
                self.add(Kind.BRANCH, pair, problem, branch, extent, per_value=bool(rest))
            else:
                place = _at(pair.reader, target) if isinstance(reader, Union) else pair.reader
                is_certain, per_value = len(writer.branches) == 1, any(item is not branch for item in others)
                self.into(pair, _at(pair.writer, branch), place, is_certain=is_certain, per_value=per_value)

    def primitive(self, pair: _Pair, writer: Primitive, reader: Primitive) -> None:
        if writer.name != reader.name and (writer.name, reader.name) not in PROMOTIONS:
            self.add(Kind.TYPE, pair, f"{describe(writer)} is not {describe(reader)}")
            return
        if (writer.name, reader.name) == ("bytes", "string"):
            problem = "bytes that are not UTF-8 are no string"
            self.add(Kind.TEXT, pair, problem, extent=Extent.SOME, per_value=True)
        self.logical(pair, writer, reader)

    def record(self, pair: _Pair, writer: Record, reader: Record) -> None:
        slots = field_slots({item.name for item in writer.fields}, reader.fields)
        sources = {slots[item.name]: item for item in writer.fields if item.name in slots}
        for item in writer.fields:
            if item.name not in slots:
                unread = _Pair(_inside(pair.writer, writer, item), pair.reader, Extent.NOTHING)
                self.add(Kind.DROPPED, unread, f"{item.name} is not read", name=item.name)
        for slot, item in enumerate(reader.fields):
            source = sources.get(slot)
            inner = _inside(pair.reader, reader, item)
            if source is not None:
                outer = _inside(pair.writer, writer, source)
                self.default(_Pair(outer, inner, pair.extent), source, item)
                self.into(pair, outer, inner)
            elif isinstance(item.default, NoDefault):
                owner = f"the field {item.name} of {reader.name}"
                what = owner if reader.name else f"the parameter {item.name}"
                problem = f"{what} is not written, and has no default"
                lacking = Place(writer, writer, None, "", pair.writer)
                self.add(
                    Kind.FIELD, _Pair(lacking, inner, pair.extent, pair.per_value), problem, name=item.name
                )
            else:
                absent = _Pair(Place(writer, writer, None, "", pair.writer), inner, Extent.NOTHING)
                self.add(Kind.FILLED, absent, f"{item.name} is not written", name=item.name)

    def default(self, pair: _Pair, writer: Field, reader: Field) -> None:
        ours, theirs = writer.default, reader.default
        if isinstance(ours, NoDefault) or isinstance(theirs, NoDefault) or same_json(ours, theirs):
            return
        problem = f"{reader.name} left out means {ours!r:.60} to the writer, {theirs!r:.60} to the reader"
        self.found.append(
            Incompatibility(Kind.DEFAULT, Extent.MEANING, problem, pair.writer, pair.reader, reader.name)
        )

    def enum(self, pair: _Pair, writer: Enum, reader: Enum) -> None:
        known = set(reader.symbols)
        lacking = [symbol for symbol in writer.symbols if symbol not in known]
        kind, extent, default = Kind.SYMBOL, pair.extent, "and no default symbol"
        if reader.default is not None:
            kind, extent, default = Kind.SUBSTITUTED, Extent.NOTHING, f"which becomes {reader.default}"
        elif len(lacking) < len(writer.symbols):
            extent = Extent.SOME
        for symbol in lacking:
            problem = f"{reader.name} has no symbol {symbol}, {default}"
            self.add(
                kind, pair, problem, name=symbol, extent=extent, per_value=len(lacking) < len(writer.symbols)
            )

    def fixed(self, pair: _Pair, writer: Fixed, reader: Fixed) -> None:
        if writer.size != reader.size:
            problem = f"{writer.name} has {writer.size} bytes, and {reader.size} are read"
            self.add(Kind.SIZE, pair, problem)
        else:
            self.logical(pair, writer, reader)

    def logical(self, pair: _Pair, writer: Primitive | Fixed, reader: Primitive | Fixed) -> None:
        for extent, problem in logical_problems(writer, reader):
            self.add(Kind.LOGICAL, pair, problem, extent=extent, per_value=extent is Extent.SOME)

    def into(
        self, pair: _Pair, writer: Place, reader: Place, *, is_certain: bool = True, per_value: bool = False
    ) -> None:
        """Go on with two parts, which every value has if that is certain."""
        extent = pair.extent if is_certain else Extent.SOME
        self.waiting.add(_Pair(writer, reader, extent, pair.per_value or per_value))

    def add(
        self,
        kind: Kind,
        pair: _Pair,
        problem: str,
        branch: Schema | None = None,
        extent: Extent | None = None,
        *,
        name: str = "",
        per_value: bool = False,
    ) -> None:
        name = name or ("" if branch is None else describe(branch))
        writer = pair.writer if branch is None else _at(pair.writer, branch)
        extent, per_value = extent or pair.extent, per_value or pair.per_value
        self.found.append(Incompatibility(kind, extent, problem, writer, pair.reader, name, per_value))


def _at(place: Place, schema: Schema, step: str = "") -> Place:
    return Place(schema, place.record, place.field, step, place)


def _inside(place: Place, record: Record, item: Field) -> Place:
    return Place(item.type, record, item.name, f".{item.name}", place)
