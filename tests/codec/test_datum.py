"""Bare values of one schema."""

from __future__ import annotations

import msgspec
import pytest
from avrorpc import ContractMismatch, Datum, DecodeError, EncodeError, LimitExceeded, Limits
from avrorpc.schema import parse_schema

TEXT = '{"type":"record","name":"Point","fields":[{"name":"x","type":"int"},{"name":"y","type":"int"}]}'
SCHEMA = parse_schema(TEXT)


class Point(msgspec.Struct, frozen=True):
    """A record."""

    x: int
    y: int


POINTS: Datum[Point] = Datum(SCHEMA, {"Point": Point})


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_value_becomes_its_bare_bytes_and_comes_back(kind: type) -> None:
    data = POINTS.encode(Point(1, -1))
    assert data == b"\x02\x01"
    assert POINTS.decode(kind(data)) == Point(1, -1)
    assert Datum[object](SCHEMA).decode(data) == {"x": 1, "y": -1}


def test_what_does_not_fit_is_refused_at_both_ends() -> None:
    with pytest.raises(EncodeError, match=r"\.y: expected int, got str 'far'"):
        POINTS.encode(Point(1, "far"))  # type: ignore[arg-type]
    with pytest.raises(DecodeError, match=r"\.y: the data ends inside an integer"):
        POINTS.decode(b"\x02")
    with pytest.raises(DecodeError, match="1 bytes are left after the value"):
        POINTS.decode(b"\x02\x02\x02")


def test_another_version_may_have_written() -> None:
    old = parse_schema('{"type":"record","name":"Point","fields":[{"name":"y","type":"int"}]}')
    new = parse_schema(TEXT.replace('"x","type":"int"', '"x","type":"int","default":5'))
    assert Datum[Point](new, {"Point": Point}, writer=old).decode(b"\x02") == Point(5, 1)
    with pytest.raises(ContractMismatch):
        Datum(SCHEMA, writer=old)


def test_limits_hold() -> None:
    with pytest.raises(LimitExceeded, match="a value of 2 bytes exceeds max_body=1"):
        Datum(SCHEMA, limits=Limits(max_body=1)).decode(b"\x02\x02")
    with pytest.raises(LimitExceeded, match="max_depth=0"):
        Datum(SCHEMA, limits=Limits(max_depth=0)).decode(b"\x02\x02")
