"""Logical types as Avro knows them: which schema has one, and what becomes of values under another.

Source: Avro 1.12 specification, "Logical Types". One that does not fit the type under it is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from avrorpc.schema.incompatibility import Extent
from avrorpc.schema.model import Fixed, Primitive

_LOGICAL: Final = {
    "date": ("int",),
    "time-millis": ("int",),
    "time-micros": ("long",),
    "timestamp-millis": ("long",),
    "timestamp-micros": ("long",),
    "timestamp-nanos": ("long",),
    "local-timestamp-millis": ("long",),
    "local-timestamp-micros": ("long",),
    "local-timestamp-nanos": ("long",),
    "uuid": ("string", "fixed"),
    "decimal": ("bytes", "fixed"),
    "duration": ("fixed",),
}
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


def logical_type(schema: Primitive | Fixed) -> str | None:
    """Return the logical type of a schema; None where it has none, or one that Avro says to ignore.

    One that Avro does not know is taken at its word, since some library may know it.
    """
    name = schema.props.get("logicalType")
    if not isinstance(name, str):
        return None
    bases = _LOGICAL.get(name)
    if bases is None:
        return name
    if _base(schema) not in bases:
        return None
    sizes = {"duration": 12, "uuid": 16}
    if isinstance(schema, Fixed) and schema.size != sizes.get(name, schema.size):
        return None
    if name == "decimal":
        precision, scale = schema.props.get("precision"), schema.props.get("scale", 0)
        if not (isinstance(precision, int) and isinstance(scale, int) and 0 <= scale <= precision > 0):
            return None
    return name


def _base(schema: Primitive | Fixed) -> str:
    return "fixed" if isinstance(schema, Fixed) else schema.name
