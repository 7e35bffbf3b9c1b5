"""Primitive values as bytes, and the cursor that reads them; the tables come from the specification."""

from __future__ import annotations

import math
import struct

import pytest
from avrorpc.codec.binary import Cursor, write_bytes, write_long, write_string
from avrorpc.errors import DecodeError, LimitExceeded
from avrorpc.limits import Limits
from hypothesis import given
from hypothesis import strategies as st

LONGS = [
    (0, "00"),
    (-1, "01"),
    (1, "02"),
    (-2, "03"),
    (2, "04"),
    (-64, "7f"),
    (64, "8001"),
    (-65, "8101"),
    (8191, "fe7f"),
    (8192, "808001"),
    (2**31 - 1, "feffffff0f"),
    (-(2**31), "ffffffff0f"),
    (2**63 - 1, "feffffffffffffffff01"),
    (-(2**63), "ffffffffffffffffff01"),
]


@pytest.mark.parametrize(("value", "encoded"), LONGS)
def test_a_long_is_zig_zag_and_variable_length(value: int, encoded: str) -> None:
    out = bytearray()
    write_long(out, value)
    assert out.hex() == encoded
    cursor = Cursor(bytes.fromhex(encoded) + b"rest")
    assert cursor.read_long() == value
    assert cursor.remaining == 4


@given(st.integers(-(2**63), 2**63 - 1))
def test_each_long_comes_back(value: int) -> None:
    out = bytearray()
    write_long(out, value)
    cursor = Cursor(bytes(out))
    assert cursor.read_long() == value
    cursor.finish()


def test_a_long_need_not_be_as_short_as_it_could_be() -> None:
    assert Cursor(bytes.fromhex("8000")).read_long() == 0
    assert Cursor(bytes.fromhex("80808080808080808000")).read_long() == 0


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", "the data ends inside an integer"),
        ("80", "the data ends inside an integer"),
        ("ffffffffffffffffff", "the data ends inside an integer"),
        ("8080808080808080808000", "an integer longer than ten bytes"),
        ("ffffffffffffffffff02", "an integer of more than 64 bits"),
        ("ffffffffffffffffff7f", "an integer of more than 64 bits"),
    ],
)
def test_a_malformed_long_is_refused(data: str, problem: str) -> None:
    cursor = Cursor(bytes.fromhex(data))
    with pytest.raises(DecodeError, match=problem):
        cursor.read_long()
    assert cursor.position == 0


def test_a_string_is_its_length_in_bytes_and_utf_8() -> None:
    out = bytearray()
    write_string(out, "größe")
    assert out == b"\x0egr\xc3\xb6\xc3\x9fe"
    assert Cursor(bytes(out)).read_string() == "größe"


def test_any_buffer_is_written_as_bytes() -> None:
    for data in (b"ab", bytearray(b"ab"), memoryview(b"xabx")[1:3]):
        out = bytearray()
        write_bytes(out, data)
        assert out == b"\x04ab"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\x04a", "2 bytes were announced, 1 are left"),
        (b"\x01", "a length of -1 bytes"),
        (b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "9223372036854775807 bytes were announced, 0 are left"),
        (b"\x02\xff", r"not UTF-8 \(byte 0 of 1\)"),
        (b"\x06\xed\xa0\x80", r"not UTF-8 \(byte 0 of 3\)"),
        (b"", "the data ends inside an integer"),
    ],
)
def test_a_malformed_string_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem):
        Cursor(data).read_string()


def test_a_boolean_is_one_byte_that_is_0_or_1() -> None:
    assert Cursor(b"\x00").read_boolean() is False
    assert Cursor(b"\x01").read_boolean() is True
    for data in (b"\x02", b"\xff", b""):
        with pytest.raises(DecodeError):
            Cursor(data).read_boolean()


def test_floats_are_little_endian_ieee_754() -> None:
    assert Cursor(bytes.fromhex("0000803f")).read_float() == 1.0
    assert Cursor(bytes.fromhex("000000000000f03f")).read_double() == 1.0
    assert math.isnan(Cursor(struct.pack("<d", math.nan)).read_double())
    assert math.copysign(1, Cursor(struct.pack("<f", -0.0)).read_float()) == -1
    with pytest.raises(DecodeError, match="4 bytes were announced, 3 are left"):
        Cursor(b"\0\0\0").read_float()
    with pytest.raises(DecodeError):
        Cursor(b"\0" * 7).read_double()


def test_the_end_of_a_body_must_be_the_end_of_its_value() -> None:
    cursor = Cursor(b"\x02\x00")
    assert cursor.read_long() == 1
    with pytest.raises(DecodeError, match="1 bytes are left after the value"):
        cursor.finish()
    assert repr(cursor) == "<Cursor at 1 of 2 bytes>"


def test_a_block_may_state_its_size_in_bytes() -> None:
    cursor = Cursor(bytes.fromhex("05 0c 00"))
    assert cursor.block() == 3
    assert cursor.block() == 0


def test_a_block_of_negative_size_is_refused() -> None:
    with pytest.raises(DecodeError, match="a block of negative size"):
        Cursor(bytes.fromhex("0501")).block()


def test_counts_above_the_bytes_are_bounded_over_the_whole_body() -> None:
    limits = Limits(max_items=10)
    cursor = Cursor(bytes.fromhex("0a") * 4, limits)  # four blocks of five in four bytes
    assert [cursor.block() for _ in range(2)] == [5, 5]
    with pytest.raises(LimitExceeded, match="more than max_items=10 items that take no bytes"):
        cursor.block()


def test_nesting_is_bounded() -> None:
    cursor = Cursor(b"", Limits(max_depth=2))
    cursor.enter()
    cursor.enter()
    with pytest.raises(LimitExceeded, match="values nested deeper than max_depth=2"):
        cursor.enter()


def test_coming_back_up_makes_room() -> None:
    cursor = Cursor(b"", Limits(max_depth=1))
    for _ in range(3):
        cursor.enter()
        cursor.leave()
