"""Which logical types count, and when.

Source: Avro 1.12 specification, "Logical Types". One that is unknown, or does not fit the type under it, is
ignored, as the specification demands; so are those in nanoseconds, which Python's own types cannot hold.
Knows nothing of values: `avrorpc.codec.logical` converts them.
"""

from __future__ import annotations

from typing import Final

from avrorpc.schema.model import Fixed, Primitive, Props

MAX_PRECISION: Final = 100_000
"""The most digits of a decimal; the schema may be a peer's, and arithmetic on many digits takes its time."""

_BASES: Final = {
    "date": "int",
    "time-millis": "int",
    "time-micros": "long",
    "timestamp-millis": "long",
    "timestamp-micros": "long",
    "timestamp-nanos": "long",
    "local-timestamp-millis": "long",
    "local-timestamp-micros": "long",
    "local-timestamp-nanos": "long",
    "uuid": "string",
    "decimal": "bytes",
    "big-decimal": "bytes",
}
_FIXED_SIZES: Final = {"duration": 12, "uuid": 16}
_HELD: Final = {*_BASES, *_FIXED_SIZES} - {"timestamp-nanos", "local-timestamp-nanos"}


def logical_type(schema: Primitive | Fixed) -> str | None:
    """Return the logical type of a schema, or None where it has none that Avro says to heed.

    One that Avro does not know is taken at its word, since some library may know it.
    """
    name = schema.props.get("logicalType")
    if not isinstance(name, str):
        return None
    is_decimal = name == "decimal"
    if isinstance(schema, Fixed):
        if is_decimal:
            fits = _is_decimal(schema.props) and decimal_precision(schema) <= most_digits(schema.size)
        else:
            fits = _FIXED_SIZES.get(name, schema.size) == schema.size and (
                name in _FIXED_SIZES or name not in _BASES
            )
    else:
        fits = _BASES.get(name, schema.name) == schema.name and name != "duration"
        fits = fits and (not is_decimal or _is_decimal(schema.props))
    return name if fits else None


def logical_name(schema: Primitive | Fixed) -> str | None:
    """Return the logical type that counts here: one that Avro defines, and that Python's types can hold."""
    name = logical_type(schema)
    return name if name in _HELD else None


def decimal_precision(schema: Primitive | Fixed) -> int:
    """Return how many digits a decimal has."""
    return int(str(schema.props["precision"]))


def decimal_scale(schema: Primitive | Fixed) -> int:
    """Return how many of a decimal's digits stand behind the point."""
    return int(str(schema.props.get("scale", 0)))


def most_digits(size: int) -> int:
    """Return how many decimal digits a signed number of so many bytes can always hold."""
    return len(str(2 ** (8 * min(size, 1000) - 1) - 1)) - 1 if size else 0


def _is_decimal(props: Props) -> bool:
    precision, scale = props.get("precision"), props.get("scale", 0)
    if not _is_int(precision) or not _is_int(scale):
        return False
    assert isinstance(precision, int)
    assert isinstance(scale, int)
    return 0 < precision <= MAX_PRECISION and 0 <= scale <= precision


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
