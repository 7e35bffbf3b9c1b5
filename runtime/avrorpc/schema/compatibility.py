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


class _Waiting:
    """Pairs to be compared: those that every value meets before those that only some do."""

    def __init__(self) -> None:
        self._always: deque[_Pair] = deque()
        self._sometimes: deque[_Pair] = deque()

    def __bool__(self) -> bool:
        return bool(self._always or self._sometimes)

    def add(self, pair: _Pair) -> None:
        (self._always if pair.extent is Extent.NEVER else self._sometimes).append(pair)

    def take(self) -> _Pair:
        return self._always.popleft() if self._always else self._sometimes.popleft()


class Resolution:
    """Compares schemas, and remembers each pair of named types, for other schemas that have them."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], _Inside] = {}

    def incompatibilities(self, writer: Schema, reader: Schema) -> list[Incompatibility]:
        """Return what the function of that name does."""
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
                extent = _worse(pair.extent, part.extent)
                waiting.add(_Pair(part.writer.below(pair.writer), part.reader.below(pair.reader), extent))
        order = list(Extent)
        return sorted(found, key=lambda item: order.index(item.extent))


def _within(pair: _Pair, item: Incompatibility) -> Incompatibility:
    writer, reader = item.writer.below(pair.writer), item.reader.below(pair.reader)
    return Incompatibility(
        item.kind, _worse(pair.extent, item.extent), item.message, writer, reader, item.name
    )


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
            self.named.append(_Pair(pair.writer.flat(), pair.reader.flat(), pair.extent))

    def from_union(self, pair: _Pair, writer: Union) -> None:
        reader = pair.reader.schema
        targets: list[Schema | None] = [
            reader_branch(branch, reader)
            if isinstance(reader, Union)
            else (reader if matches(branch, reader) else None)
            for branch in writer.branches
        ]
        is_lost = not any(targets)
        for branch, target in zip(writer.branches, targets, strict=True):
            if target is None:
                extent = pair.extent if is_lost else Extent.SOME
                problem = f"{describe(branch)} is no branch of {describe(reader)}"
                if not isinstance(reader, Union):
                    problem = f"{describe(branch)} may be written, and {describe(reader)} is read"
                self.add(Kind.BRANCH, pair, problem, branch, extent)
            else:
                place = _at(pair.reader, target) if isinstance(reader, Union) else pair.reader
                self.into(pair, _at(pair.writer, branch), place, is_certain=len(writer.branches) == 1)

    def primitive(self, pair: _Pair, writer: Primitive, reader: Primitive) -> None:
        if writer.name != reader.name and (writer.name, reader.name) not in PROMOTIONS:
            self.add(Kind.TYPE, pair, f"{describe(writer)} is not {describe(reader)}")
            return
        if (writer.name, reader.name) == ("bytes", "string"):
            self.add(Kind.TEXT, pair, "bytes that are not UTF-8 are no string", extent=Extent.SOME)
        self.logical(pair, writer, reader)

    def record(self, pair: _Pair, writer: Record, reader: Record) -> None:
        slots = field_slots({item.name for item in writer.fields}, reader.fields)
        sources = {slots[item.name]: item for item in writer.fields if item.name in slots}
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
                self.found.append(
                    Incompatibility(Kind.FIELD, pair.extent, problem, lacking, inner, item.name)
                )

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
        if reader.default is not None:
            return
        extent = pair.extent if len(lacking) == len(writer.symbols) else Extent.SOME
        for symbol in lacking:
            problem = f"{reader.name} has no symbol {symbol}, and no default symbol"
            self.found.append(Incompatibility(Kind.SYMBOL, extent, problem, pair.writer, pair.reader, symbol))

    def fixed(self, pair: _Pair, writer: Fixed, reader: Fixed) -> None:
        if writer.size != reader.size:
            problem = f"{writer.name} has {writer.size} bytes, and {reader.size} are read"
            self.add(Kind.SIZE, pair, problem)
        else:
            self.logical(pair, writer, reader)

    def logical(self, pair: _Pair, writer: Primitive | Fixed, reader: Primitive | Fixed) -> None:
        for extent, problem in logical_problems(writer, reader):
            self.add(Kind.LOGICAL, pair, problem, extent=extent)

    def into(self, pair: _Pair, writer: Place, reader: Place, *, is_certain: bool = True) -> None:
        """Go on with two parts, which every value has if that is certain."""
        self.waiting.add(_Pair(writer, reader, pair.extent if is_certain else Extent.SOME))

    def add(
        self,
        kind: Kind,
        pair: _Pair,
        problem: str,
        branch: Schema | None = None,
        extent: Extent | None = None,
    ) -> None:
        name = "" if branch is None else describe(branch)
        writer = pair.writer if branch is None else _at(pair.writer, branch)
        self.found.append(Incompatibility(kind, extent or pair.extent, problem, writer, pair.reader, name))


def _at(place: Place, schema: Schema, step: str = "") -> Place:
    return Place(schema, place.record, place.field, step, place)


def _inside(place: Place, record: Record, item: Field) -> Place:
    return Place(item.type, record, item.name, f".{item.name}", place)
