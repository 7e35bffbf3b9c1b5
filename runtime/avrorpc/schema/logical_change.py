"""What becomes of values that were written under one logical type and are read under another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avrorpc.schema.incompatibility import Extent
from avrorpc.schema.logical import logical_type
from avrorpc.schema.model import Fixed, Primitive

_NARROW: Final = frozenset({"time-millis", "time-micros", "uuid"})
"""Logical types that not every value of the type under them is one of."""


def logical_problems(writer: Primitive | Fixed, reader: Primitive | Fixed) -> Iterator[tuple[Extent, str]]:
    """Yield what becomes of the writer's values; the types under the two match."""
    wrote, reads = logical_type(writer), logical_type(reader)
    if reads is None or (wrote == reads and wrote != "decimal"):
        return
    if wrote is None:
        if reads in _NARROW:
            yield Extent.SOME, f"not every {_base(writer)} is a {reads}"
    elif wrote != reads:
        yield Extent.MEANING, f"a {wrote} is read as a {reads}"
        return
    if reads != "decimal":
        return
    if wrote and writer.props.get("scale", 0) != reader.props.get("scale", 0):
        scales = f"{writer.props.get('scale', 0)} to {reader.props.get('scale', 0)}"
        yield Extent.MEANING, f"the scale of a decimal goes from {scales}: the point moves"
    if not wrote or int(str(writer.props["precision"])) > int(str(reader.props["precision"])):
        yield Extent.SOME, f"a decimal of more than {reader.props['precision']} digits does not fit"


def _base(schema: Primitive | Fixed) -> str:
    return "fixed" if isinstance(schema, Fixed) else schema.name
