"""Logical types: what Python sees, and what Avro's underlying type carries.

Source: Avro 1.12 specification, "Logical Types"; of `big-decimal`, which it only names, Java's conversion.
`avrorpc.schema` decides which logical types count.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from avrorpc.codec.binary import Cursor, write_bytes, write_long
from avrorpc.errors import DecodeError, EncodeError
from avrorpc.schema import Fixed, Primitive, decimal_precision, decimal_scale, logical_name
from avrorpc.schema.logical import MAX_PRECISION

_EPOCH = datetime.date(1970, 1, 1)
_UTC_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_LOCAL_EPOCH = datetime.datetime(1970, 1, 1)  # a local timestamp has no zone
_MICROSECOND = datetime.timedelta(microseconds=1)


class Duration(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Avro's duration: three unsigned 32-bit numbers that are never carried into one another."""

    months: int = 0
    days: int = 0
    milliseconds: int = 0


@dataclass(slots=True, frozen=True)
class Logical:
    """A logical type: its Python class, and the conversions to and from the underlying value."""

    python: type
    to_avro: Callable[[Any], Any]
    from_avro: Callable[[Any], Any]


def logical_of(schema: Primitive | Fixed) -> Logical | None:
    """Return the logical type that a schema carries, or None."""
    match logical_name(schema):
        case None:
            return None
        case "date":
            return Logical(datetime.date, lambda v: (v - _EPOCH).days, _date_in)
        case "time-millis":
            return Logical(datetime.time, lambda v: _day_micros(v) // 1000, lambda n: _time_in(n * 1000))
        case "time-micros":
            return Logical(datetime.time, _day_micros, _time_in)
        case "uuid" if isinstance(schema, Fixed):
            return Logical(uuid.UUID, lambda v: v.bytes, lambda data: uuid.UUID(bytes=data))
        case "uuid":
            return Logical(uuid.UUID, str, _uuid_in)
        case "duration":
            return Logical(Duration, _duration_out, _duration_in)
        case "big-decimal":
            return Logical(decimal.Decimal, _big_decimal_out, _big_decimal_in)
        case "decimal":
            size = schema.size if isinstance(schema, Fixed) else None
            return _decimal(decimal_precision(schema), decimal_scale(schema), size)
        case name:
            return _timestamp(name)


def _timestamp(name: str) -> Logical:
    epoch = _LOCAL_EPOCH if name.startswith("local") else _UTC_EPOCH
    unit = 1000 if name.endswith("millis") else 1

    def to_avro(value: datetime.datetime) -> int:
        if (value.tzinfo is None) != (epoch.tzinfo is None):
            wanted = "no time zone" if epoch.tzinfo is None else "a time zone"
            raise EncodeError(f"a {name} needs a datetime with {wanted}")
        return (value - epoch) // _MICROSECOND // unit

    def from_avro(number: int) -> datetime.datetime:
        try:
            return epoch + datetime.timedelta(microseconds=number * unit)
        except OverflowError:
            raise DecodeError(f"a {name} outside the years 1 to 9999") from None

    return Logical(datetime.datetime, to_avro, from_avro)


def _date_in(days: int) -> datetime.date:
    try:
        return _EPOCH + datetime.timedelta(days=days)
    except OverflowError:
        raise DecodeError("a date outside the years 1 to 9999") from None


def _day_micros(value: datetime.time) -> int:
    if value.tzinfo is not None:
        raise EncodeError("a time of day has no time zone")
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return seconds * 1_000_000 + value.microsecond


def _time_in(micros: int) -> datetime.time:
    if not 0 <= micros < 86_400_000_000:
        raise DecodeError("a time of day outside the day")
    seconds, micro = divmod(micros, 1_000_000)
    return datetime.time(seconds // 3600, seconds // 60 % 60, seconds % 60, micro)


def _uuid_in(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise DecodeError(f"{text!r} is no UUID") from None


def _decimal(precision: int, scale: int, size: int | None) -> Logical:
    context = decimal.Context(prec=precision, traps=[decimal.Inexact, decimal.InvalidOperation])
    context.Emin, context.Emax = decimal.MIN_EMIN, decimal.MAX_EMAX
    step = decimal.Decimal(1).scaleb(-scale, context)
    limit = 10**precision

    def to_avro(value: decimal.Decimal) -> bytes:
        if not value.is_finite():
            raise EncodeError(f"{value} is no number with {scale} decimal places")
        try:
            unscaled = int(value.quantize(step, context=context).scaleb(scale, context))
        except decimal.Inexact:
            raise EncodeError(f"{value!s:.40} has more than {scale} decimal places") from None
        except decimal.InvalidOperation:
            raise EncodeError(f"{value!s:.40} has more than {precision} digits") from None
        return _twos_complement(unscaled) if size is None else unscaled.to_bytes(size, "big", signed=True)

    def from_avro(data: bytes) -> decimal.Decimal:
        unscaled = int.from_bytes(data, "big", signed=True)
        if abs(unscaled) >= limit:
            raise DecodeError(f"a decimal of more than {precision} digits")
        return decimal.Decimal(unscaled).scaleb(-scale, context)

    return Logical(decimal.Decimal, to_avro, from_avro)


def _big_decimal_out(value: decimal.Decimal) -> bytes:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise EncodeError(f"{value} is no number")
    if not -(2**31) <= -exponent < 2**31 or len(digits) > MAX_PRECISION:
        raise EncodeError("a decimal with too large an exponent, or too many digits")
    out = bytearray()
    write_bytes(out, _twos_complement(int(decimal.Decimal((sign, digits, 0)))))
    write_long(out, -exponent)
    return bytes(out)


def _big_decimal_in(data: bytes) -> decimal.Decimal:
    cursor = Cursor(data)
    number, scale = cursor.read_bytes(), cursor.read_long()
    if cursor.position != len(data) or not -(2**31) <= scale < 2**31 or len(number) > MAX_PRECISION // 3:
        raise DecodeError("bytes that are no decimal")
    unscaled = decimal.Decimal(int.from_bytes(number, "big", signed=True))
    return decimal.Decimal((*unscaled.as_tuple()[:2], -scale))


def _twos_complement(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)


def _duration_out(value: Duration) -> bytes:
    try:
        parts = (value.months, value.days, value.milliseconds)
        return b"".join(part.to_bytes(4, "little") for part in parts)
    except OverflowError:
        raise EncodeError(f"{value} has a part outside 32 unsigned bits") from None


def _duration_in(data: bytes) -> Duration:
    return Duration(*(int.from_bytes(data[at : at + 4], "little") for at in (0, 4, 8)))
