"""What stands before parameters and results: metadata, the message's name, the error flag."""

from __future__ import annotations

import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.errors import Code, DecodeError
from avrorpc.wire.envelope import (
    CODE,
    ERROR_ID,
    TIMEOUT,
    read_code,
    read_reply_head,
    read_request_head,
    read_timeout,
    reply_head,
    request_head,
    system_error,
    write_timeout,
)


@pytest.mark.parametrize(
    ("metadata", "message", "encoded"),
    [({}, "", "00 00"), ({}, "add", "00 06 616464"), ({"k": b"v"}, "m", "02 02 6b 02 76 00 02 6d")],
)
def test_a_request_begins_with_metadata_and_name(
    metadata: dict[str, bytes], message: str, encoded: str
) -> None:
    data = bytes.fromhex(encoded)
    assert request_head(metadata, message) == data
    assert read_request_head(Cursor(data)) == (metadata, message)


@pytest.mark.parametrize(
    ("metadata", "is_error", "encoded"),
    [({}, False, "00 00"), ({}, True, "00 01"), ({"k": b"v"}, False, "02 02 6b 02 76 00 00")],
)
def test_a_reply_begins_with_metadata_and_flag(
    metadata: dict[str, bytes], is_error: bool, encoded: str
) -> None:
    data = bytes.fromhex(encoded)
    assert reply_head(metadata, is_error=is_error) == data
    assert read_reply_head(Cursor(data)) == (metadata, is_error)


def test_metadata_may_come_in_sized_blocks() -> None:
    data = bytes.fromhex("01 08 02 6b 02 76 00 00")
    assert read_reply_head(Cursor(data)) == ({"k": b"v"}, False)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(1.5, b"1500000"), (0.0, b"0"), (-1.0, b"0"), (1e-9, b"1"), (86_400.0, b"86400000000")],
)
def test_what_remains_travels_in_microseconds_rounded_up(seconds: float, written: bytes) -> None:
    assert write_timeout(seconds) == written
    assert read_timeout({TIMEOUT: written}) == pytest.approx(max(seconds, 0), abs=1e-6)


def test_no_timeout_is_none() -> None:
    assert read_timeout({}) is None


@pytest.mark.parametrize("value", [b"", b"-1", b"1.5", b"x", b"\xb2", b" 1", b"1" * 19])
def test_a_timeout_that_is_no_number_is_refused(value: bytes) -> None:
    with pytest.raises(DecodeError, match=r"avrorpc\.timeout-us must be a number of microseconds"):
        read_timeout({TIMEOUT: value})


def test_an_undeclared_error_is_a_whole_reply() -> None:
    reply = system_error(Code.INTERNAL, "oops \ud800", "id")
    cursor = Cursor(reply)
    metadata, is_error = read_reply_head(cursor)
    assert is_error
    assert read_code(metadata) is Code.INTERNAL
    assert metadata[ERROR_ID] == b"id"
    assert (cursor.read_long(), cursor.read_string()) == (0, "oops ?")
    cursor.finish()
    assert ERROR_ID not in read_reply_head(Cursor(system_error(Code.INTERNAL, "oops")))[0]


def test_a_code_is_known_or_unknown() -> None:
    assert read_code({CODE: b"NOT_FOUND"}) is Code.NOT_FOUND
    for metadata in ({}, {CODE: b"NO_SUCH_CODE"}, {CODE: b"\xff"}, {CODE: b""}):
        assert read_code(metadata) is Code.UNKNOWN
