"""What can stand in the way between a writer's schema and a reader's: the words of the comparison."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from avrorpc.schema.model import Record, Schema

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


class Extent(enum.Enum):
    """How much of what may be written one incompatibility alone stops."""

    NEVER = "never"
    """Nothing can be read."""
    SOME = "some"
    """Some values cannot be read: a branch, a symbol, the items of a list that is not empty."""
    MEANING = "meaning"
    """All can be read, and some come out as something else."""


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
