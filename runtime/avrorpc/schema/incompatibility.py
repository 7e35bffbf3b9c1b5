"""What can stand in the way between a writer's schema and a reader's: the words of the comparison."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from avrorpc.schema.model import Enum, Fixed, Record, Schema, describe

_MOST_STEPS: Final = 24


class Kind(enum.Enum):
    """What stands in the way."""

    TYPE = "type"
    """Two types that have nothing to do with each other."""
    NAME = "name"
    """Named types of other names, and no alias of the reader's."""
    SIZE = "size"
    """Fixed types of other sizes."""
    FIELD = "field"
    """A field that the writer lacks, without a default of the reader's."""
    SYMBOL = "symbol"
    """A symbol that the reader lacks, and it has no default symbol."""
    BRANCH = "branch"
    """A type that may be written, and is no branch of the reader's."""
    TEXT = "text"
    """Bytes read as a string, which they may not be."""
    LOGICAL = "logical"
    """Another logical type."""
    DEFAULT = "default"
    """Another default for a field that both have: what is left out means something else."""
    FILLED = "filled"
    """A field that the writer lacks; the reader's default stands in."""
    DROPPED = "dropped"
    """A field that the reader lacks, and passes over."""
    SUBSTITUTED = "substituted"
    """A symbol that the reader lacks; its default symbol stands in."""


class Extent(enum.Enum):
    """How much of what may be written one incompatibility alone stops."""

    NEVER = "never"
    """Nothing can be read."""
    SOME = "some"
    """Some values cannot be read: a branch, a symbol, the items of a list that is not empty."""
    MEANING = "meaning"
    """All can be read, and some come out as something else."""
    NOTHING = "nothing"
    """All can be read, and means what it meant: something is filled in, or passed over."""


@dataclass(slots=True, frozen=True, eq=False)
class Place:
    """A part of a schema, and the way to it."""

    schema: Schema
    record: Record | None = None
    """The innermost record around it."""
    field: str | None = None
    """The field of that record that it is in, or is."""
    _step: str = ""
    _above: Place | None = None

    @property
    def path(self) -> str:
        """The way from the root, such as `orders[].price`; empty at the root, cut in the middle if long."""
        steps = self._steps()
        if len(steps) > _MOST_STEPS:
            steps[_MOST_STEPS // 2 : -_MOST_STEPS // 2] = [" ... "]
        return "".join(steps).lstrip(".")

    def flat(self) -> Place:
        """Return the same place with its way in one piece."""
        return Place(self.schema, self.record, self.field, "".join(self._steps()))

    def below(self, above: Place) -> Place:
        """Return this place as one inside another, whose schema is the root of this one's way."""
        step = self._step if self._above is None else "".join(self._steps())
        field = self.field if self.record else above.field
        return Place(self.schema, self.record or above.record, field, step, above)

    def _steps(self) -> list[str]:
        steps: list[str] = []
        place: Place | None = self
        while place is not None:
            steps.append(place._step)
            place = place._above
        return steps[::-1]


@dataclass(slots=True, frozen=True)
class Incompatibility:
    """One thing that stands in the way."""

    kind: Kind
    extent: Extent
    message: str
    writer: Place
    reader: Place
    name: str = ""
    """The field, the symbol or the branch in question."""
    per_value: bool = False
    """Whether it hangs on each value: on a branch beside which others can be read, a symbol, or a text.

    An empty list and an absent optional value do not count: what is wrong inside them is wrong always.
    """

    @property
    def is_final(self) -> bool:
        """Whether two such versions are of no use to each other: nothing but absence can be read rightly."""
        if self.per_value or self.kind is Kind.DEFAULT:
            return False
        return self.kind is Kind.LOGICAL or self.extent in (Extent.NEVER, Extent.SOME)

    def told(self, writer: str = "the writer", reader: str = "the reader", what: str = "request") -> str:
        """Say what is the matter, with names for both ends; `what` stands for a record without a name."""
        wrote, reads = self.writer.schema, self.reader.schema
        match self.kind:
            case Kind.FIELD:
                owner = (wrote.name if isinstance(wrote, Record) else "") or what
                return f"{writer}'s {owner} has no such field, and {reader} has no default for it"
            case Kind.FILLED:
                return f"{writer} has no such field; {reader}'s default stands in"
            case Kind.DROPPED:
                return f"{reader} has no such field, and passes over it"
            case Kind.SYMBOL:
                return f"{writer} has the symbol {self.name}, {reader} has neither it nor a default symbol"
            case Kind.SUBSTITUTED:
                default = reads.default if isinstance(reads, Enum) else None
                return f"{reader} has no symbol {self.name}, and takes it for {default}"
            case Kind.SIZE if isinstance(wrote, Fixed) and isinstance(reads, Fixed):
                return f"{writer} has {wrote.name} of {wrote.size} bytes, {reader} of {reads.size}"
            case Kind.TEXT:
                return f"{writer} has bytes, {reader} has string, which not all bytes are"
            case Kind.LOGICAL | Kind.DEFAULT:
                return f"{self.message}"
            case _:
                return f"{writer} has {_shown(wrote, reads)}, {reader} has {_shown(reads, wrote)}"


def _shown(schema: Schema, other: Schema) -> str:
    """Return a type as text, with its kind where that is all that tells the two apart."""
    name = describe(schema)
    return f"the {type(schema).__name__.lower()} {name}" if name == describe(other) else name
