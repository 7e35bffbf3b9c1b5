"""Logical types: Python's own dates, decimals and UUIDs over Avro's plain types, and what lies outside."""

from __future__ import annotations

import datetime
import decimal
import io
import uuid
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from avrorpc import Duration
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.logical import logical_of
from avrorpc.errors import DecodeError, EncodeError
from avrorpc.schema import Fixed, Json, Primitive, compact, parse_schema
from hypothesis import given, settings
from hypothesis import strategies as st

UTC = datetime.UTC
DAY: dict[str, Json] = {"type": "int", "logicalType": "date"}
PRICE: dict[str, Json] = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
FIXED_PRICE: dict[str, Json] = {**PRICE, "type": "fixed", "name": "Price", "size": 4}
DURATION: dict[str, Json] = {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}

FIXED_ID: dict[str, Json] = {"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"}
BIG: dict[str, Json] = {"type": "bytes", "logicalType": "big-decimal"}


def logical(base: str, name: str) -> dict[str, Json]:
    return {"type": base, "logicalType": name}


def encode(schema: Json, value: object) -> bytes:
    out = bytearray()
    compile_encoder(parse_schema(compact(schema)), {})(out, value)
    return bytes(out)


def decode(schema: Json, data: bytes) -> Any:
    parsed = parse_schema(compact(schema))
    return compile_decoder(parsed, parsed, {})(Cursor(data))


MOMENT = datetime.datetime(2020, 2, 29, 12, 30, 1, 250_000, tzinfo=UTC)
OLD = datetime.datetime(1, 1, 1, tzinfo=UTC)

VALUES: list[tuple[dict[str, Json], object]] = [
    (DAY, datetime.date(2020, 2, 29)),
    (DAY, datetime.date.min),
    (DAY, datetime.date.max),
    (logical("int", "time-millis"), datetime.time(23, 59, 59, 999_000)),
    (logical("long", "time-micros"), datetime.time(23, 59, 59, 999_999)),
    (logical("long", "timestamp-millis"), MOMENT),
    (logical("long", "timestamp-millis"), OLD),
    (logical("long", "timestamp-micros"), MOMENT.replace(microsecond=999_999)),
    (logical("long", "local-timestamp-millis"), MOMENT.replace(tzinfo=None)),
    (logical("long", "local-timestamp-micros"), datetime.datetime.max),
    (logical("string", "uuid"), uuid.UUID("12345678-1234-5678-1234-567812345678")),
    (PRICE, Decimal("-12.34")),
    (PRICE, Decimal("9999999.99")),
    (PRICE, Decimal("0.00")),
    (PRICE, Decimal("-1.28")),
    (FIXED_PRICE, Decimal("1.29")),
]


@pytest.mark.parametrize(("schema", "value"), VALUES)
def test_a_value_comes_back_and_has_fastavros_bytes(schema: dict[str, Json], value: object) -> None:
    encoded = encode(schema, value)
    assert decode(schema, encoded) == value
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(dict(schema)), value)
    assert encoded == written.getvalue()


def test_a_duration_is_three_little_endian_numbers() -> None:
    value = Duration(1, 2, 2**32 - 1)
    assert encode(DURATION, value).hex() == "0100000002000000ffffffff"
    assert decode(DURATION, encode(DURATION, value)) == value
    assert Duration(0, 1, 0) < Duration(1, 0, 0)


def test_a_uuid_may_be_sixteen_bytes() -> None:
    value = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    assert encode(FIXED_ID, value).hex() == "00112233445566778899aabbccddeeff"
    assert decode(FIXED_ID, encode(FIXED_ID, value)) == value


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("0", "06020000"),
        ("1.50", "0804009604"),
        ("-1.28", "0804ff8004"),
        ("12E+3", "06020c05"),
    ],
)
def test_a_big_decimal_keeps_its_scale(text: str, data: str) -> None:
    value = Decimal(text)
    assert str(decode(BIG, encode(BIG, value))) == str(value)
    assert decode(BIG, bytes.fromhex(data)) == value


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_that_is_a_number_comes_back_as_a_big_decimal(value: Decimal) -> None:
    assert decode(BIG, encode(BIG, value)) == value


def test_nanoseconds_stay_a_number() -> None:
    schema = logical("long", "timestamp-nanos")
    assert decode(schema, encode(schema, 1_700_000_000_123_456_789)) == 1_700_000_000_123_456_789


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    schema = logical("long", "timestamp-millis")
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    assert decode(schema, encode(schema, MOMENT.astimezone(zone))) == MOMENT
    assert decode(schema, encode(schema, MOMENT)).tzinfo is UTC


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        (DAY, MOMENT, "expected date, got datetime"),
        (DAY, "2020-01-01", "expected date, got str"),
        (DAY, 7, "expected date, got int 7"),
        (logical("long", "timestamp-millis"), datetime.date(2020, 1, 1), "expected datetime, got date"),
        (
            logical("long", "timestamp-millis"),
            MOMENT.replace(tzinfo=None),
            "needs a datetime with a time zone",
        ),
        (logical("long", "local-timestamp-millis"), MOMENT, "needs a datetime with no time zone"),
        (logical("int", "time-millis"), datetime.time(1, tzinfo=UTC), "a time of day has no time zone"),
        (logical("string", "uuid"), "0" * 32, "expected UUID, got str"),
        (PRICE, 12.34, "expected Decimal, got float 12.34"),
        (PRICE, Decimal("1.234"), "1.234 has more than 2 decimal places"),
        (PRICE, Decimal(10000000), "10000000 has more than 9 digits"),
        (PRICE, Decimal("1E-999999999"), "1E-999999999 has more than 2 decimal places"),
        (PRICE, Decimal("1E+999999999"), "1E+999999999 has more than 9 digits"),
        (PRICE, Decimal("NaN"), "NaN is no number with 2 decimal places"),
        (PRICE, Decimal("-Infinity"), "-Infinity is no number with 2 decimal places"),
        (FIXED_ID, b"0" * 16, "expected UUID, got bytes"),
        (BIG, Decimal("NaN"), "NaN is no number"),
        (BIG, Decimal("1E+2147483649"), "a decimal with too large an exponent, or too many digits"),
        (DURATION, Duration(-1, 0, 0), "has a part outside 32 unsigned bits"),
        (DURATION, Duration(0, 2**32, 0), "has a part outside 32 unsigned bits"),
        (DURATION, datetime.timedelta(1), "expected Duration, got timedelta"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(schema: dict[str, Json], value: object, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(schema, value)
    assert problem in str(caught.value)


def test_places_that_are_zero_do_not_count() -> None:
    assert decode(PRICE, encode(PRICE, Decimal("1.2000"))) == Decimal("1.20")
    assert decode(PRICE, encode(PRICE, Decimal("1E+2"))) == Decimal("100.00")
    assert decode(PRICE, encode(PRICE, Decimal("0E+50"))) == 0
    assert str(decode(PRICE, encode(PRICE, Decimal(5)))) == "5.00"


def plain(base: str, value: object) -> bytes:
    return encode(base, value)


@pytest.mark.parametrize(
    ("schema", "data", "problem"),
    [
        (DAY, plain("int", 2**31 - 1), "a date outside the years 1 to 9999"),
        (DAY, plain("int", -(2**31)), "a date outside the years 1 to 9999"),
        (logical("int", "time-millis"), plain("int", -1), "a time of day outside the day"),
        (logical("int", "time-millis"), plain("int", 86_400_000), "a time of day outside the day"),
        (logical("long", "time-micros"), plain("long", 2**63 - 1), "a time of day outside the day"),
        (logical("long", "timestamp-millis"), plain("long", 2**63 - 1), "outside the years 1 to 9999"),
        (logical("long", "timestamp-micros"), plain("long", -(2**63)), "outside the years 1 to 9999"),
        (logical("string", "uuid"), plain("string", "x"), "'x' is no UUID"),
        (PRICE, plain("bytes", b"\x7f" * 5), "a decimal of more than 9 digits"),
        (BIG, plain("bytes", b""), "the data ends inside an integer"),
        (BIG, plain("bytes", b"\x02\x01\x00\x00"), "bytes that are no decimal"),
        (BIG, plain("bytes", b"\x02\x01" + plain("long", 2**31)), "bytes that are no decimal"),
    ],
)
def test_a_number_outside_the_type_is_refused(schema: dict[str, Json], data: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        decode(schema, data)


@pytest.mark.parametrize(
    "schema",
    [
        Primitive("int", {"logicalType": "nonsense"}),
        Primitive("long", {"logicalType": "date"}),
        Primitive("int", {"logicalType": "timestamp-millis"}),
        Primitive("bytes", {"logicalType": "decimal"}),
        Primitive("bytes", {"logicalType": "decimal", "precision": 2, "scale": 3}),
        Primitive("bytes", {"logicalType": "decimal", "precision": 0}),
        Primitive("bytes", {"logicalType": "decimal", "precision": 2, "scale": -1}),
        Primitive("bytes", {"logicalType": "decimal", "precision": "2"}),
        Primitive("bytes", {"logicalType": "decimal", "precision": 10**19}),
        Primitive("string", {"logicalType": ["uuid"]}),
        Primitive("bytes", {"logicalType": "decimal", "precision": True}),
        Primitive("bytes", {"logicalType": "uuid"}),
        Primitive("string", {"logicalType": "big-decimal"}),
        Primitive("long", {"logicalType": "timestamp-nanos"}),
        Primitive("long", {"logicalType": "local-timestamp-nanos"}),
        Fixed("F", 1, props={"logicalType": "decimal", "precision": 3}),
        Fixed("F", 15, props={"logicalType": "uuid"}),
        Fixed("F", 11, props={"logicalType": "duration"}),
        Fixed("F", 4, props={"logicalType": "date"}),
    ],
)
def test_a_logical_type_that_does_not_fit_means_nothing(schema: Primitive | Fixed) -> None:
    assert logical_of(schema) is None


def test_promotion_comes_before_the_logical_type() -> None:
    writer, reader = parse_schema('"int"'), parse_schema(compact(logical("long", "timestamp-millis")))
    assert compile_decoder(writer, reader, {})(Cursor(plain("int", 0))) == datetime.datetime(
        1970, 1, 1, tzinfo=UTC
    )
    text = parse_schema(compact(logical("string", "uuid")))
    data = plain("bytes", b"0" * 32)
    assert compile_decoder(parse_schema('"bytes"'), text, {})(Cursor(data)) == uuid.UUID(int=0)


@settings(deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**7) + 1, max_value=10**7 - 1)
)
def test_any_decimal_in_range_comes_back(value: Decimal) -> None:
    assert decode(PRICE, encode(PRICE, value)) == value
    assert decode(FIXED_PRICE, encode(FIXED_PRICE, value)) == value


@settings(deadline=None)
@given(st.decimals())
def test_any_decimal_is_written_or_refused(value: Decimal) -> None:
    try:
        data = encode(PRICE, value)
    except EncodeError:
        return
    assert decode(PRICE, data) == value


@settings(deadline=None)
@given(st.binary(max_size=12))
def test_any_bytes_are_a_decimal_or_refused(data: bytes) -> None:
    try:
        value = decode(PRICE, plain("bytes", data))
    except DecodeError:
        return
    with decimal.localcontext(prec=50):
        assert value * 100 == int.from_bytes(data, "big", signed=True)


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones()))
def test_any_moment_comes_back_to_the_microsecond(value: datetime.datetime) -> None:
    schema = logical("long", "timestamp-micros")
    try:
        in_range = value.astimezone(UTC)
    except OverflowError:
        return
    assert decode(schema, encode(schema, value)) == in_range
