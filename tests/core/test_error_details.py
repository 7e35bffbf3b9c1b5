"""Details of status errors: records of any contract, on the wire and back."""

from __future__ import annotations

import pickle

import pytest
from avrorpc import AnyRecord, Code, StatusError, error_info, pack, unpack
from avrorpc.contracts import (
    BadRequest,
    ErrorReason,
    FieldViolation,
    QuotaFailure,
    QuotaViolation,
    ResourceInfo,
    RetryInfo,
)
from avrorpc.error_details import pack_details, settled, unpack_details
from avrorpc.limits import Limits
from avrorpc_contracts.llm import TOKENIZER
from hypothesis import given, settings
from hypothesis import strategies as st
from testcontracts.conformance import CONFORMANCE, NotThere, Point

WELL_KNOWN = [
    RetryInfo(seconds=2.5),
    BadRequest(violations=[FieldViolation(path="/a/0/b~1c", description="wrong", reason="TOO_LONG")]),
    QuotaFailure(violations=[QuotaViolation(subject="project:1", description="10 a day")]),
    ResourceInfo(type="model", name="tiny"),
    ErrorReason(reason="COLD", domain="llm", metadata={"zone": "a"}),
]


def test_well_known_details_come_back_equal() -> None:
    data, problems = pack_details(WELL_KNOWN, CONFORMANCE)
    assert problems == []
    assert unpack_details(data, CONFORMANCE) == tuple(WELL_KNOWN)


def test_records_and_errors_of_the_contract_come_back_as_they_were() -> None:
    point, error = Point(x=1.0, y=2.0), NotThere(message="no", key="k", code=4)
    data, problems = pack_details([point, error], CONFORMANCE)
    assert problems == []
    first, second = unpack_details(data, CONFORMANCE)
    assert first == point
    assert isinstance(second, NotThere)
    assert (second.message, second.key, second.code) == ("no", "k", 4)


def test_a_record_that_the_caller_does_not_know_stays_packed_and_can_be_opened() -> None:
    data, _ = pack_details([Point(x=1.0, y=2.0)], CONFORMANCE)
    (packed,) = unpack_details(data, TOKENIZER)
    assert isinstance(packed, AnyRecord)
    assert packed.type.endswith("Point")
    assert unpack(packed) == {"x": 1.0, "y": 2.0}
    assert unpack(packed, CONFORMANCE) == Point(x=1.0, y=2.0)


def test_a_record_of_another_contract_goes_packed_and_is_opened_where_it_is_known() -> None:
    packed = pack(Point(x=1.0), CONFORMANCE)
    assert settled([packed], CONFORMANCE) == ((Point(x=1.0),), [])
    assert settled([packed], TOKENIZER) == ((packed,), [])


@pytest.mark.parametrize("detail", [object(), 7, None, "text", {"a": 1}, RetryInfo, ValueError("x")])
def test_what_is_no_record_is_left_out_and_named(detail: object) -> None:
    details, problems = settled([detail, RetryInfo(seconds=1)], CONFORMANCE)
    assert details == (RetryInfo(seconds=1),)
    (problem,) = problems
    assert problem.startswith(f"{type(detail).__name__}: it is of no type of conformance.Conformance")


def test_a_record_that_does_not_fit_its_own_schema_is_left_out() -> None:
    details, problems = settled([RetryInfo(seconds="soon")], CONFORMANCE)  # type: ignore[arg-type]
    assert details == ()
    assert "seconds" in problems[0]


def test_what_is_too_large_is_left_out_and_the_limit_named_and_the_rest_goes() -> None:
    large = ResourceInfo(type="model", name="x" * 5_000)
    limits = Limits(max_metadata=4_000)
    data, problems = pack_details([large, *WELL_KNOWN[:1], large], CONFORMANCE, limits)
    assert unpack_details(data, CONFORMANCE, limits) == (WELL_KNOWN[0],)
    assert problems == ["ResourceInfo: above max_metadata=4000 bytes"] * 2
    assert len(data) < limits.max_metadata


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_details_raise_nothing(data: bytes) -> None:
    for detail in unpack_details(data, CONFORMANCE):
        assert isinstance(detail, AnyRecord | RetryInfo)


def test_damaged_details_are_left_out_and_a_damaged_record_stays_packed() -> None:
    data, _ = pack_details([RetryInfo(seconds=1)], CONFORMANCE)
    assert unpack_details(data[:-3], CONFORMANCE) == ()
    assert unpack_details(data + b"x", CONFORMANCE) == ()
    damaged = AnyRecord(type="avrorpc.RetryInfo", object=b"no single object")
    out, _ = pack_details([damaged], CONFORMANCE)
    assert unpack_details(out, CONFORMANCE) == (damaged,)


def test_a_hostile_schema_in_a_detail_stays_packed() -> None:
    hostile = AnyRecord(type="avrorpc.RetryInfo", schema="[" * 5_000, object=b"\xc3\x01" + bytes(16))
    out, _ = pack_details([hostile], CONFORMANCE)
    assert unpack_details(out, CONFORMANCE) == (hostile,)


def test_an_error_with_details_survives_pickling_and_shows_them() -> None:
    error = StatusError(Code.UNAVAILABLE, "later", details=WELL_KNOWN)
    again = pickle.loads(pickle.dumps(error))
    assert error_info(again) == error_info(error)
    assert error_info(error).details == tuple(WELL_KNOWN)
    assert repr(StatusError(Code.ABORTED, "x", details=[RetryInfo(seconds=1.0)])) == (
        "StatusError(ABORTED, 'x', details=[RetryInfo(seconds=1.0)])"
    )
    assert repr(StatusError(Code.ABORTED, "x")) == "StatusError(ABORTED, 'x')"
