"""What callers learn of a failure, and what only the log does."""

from __future__ import annotations

import asyncio
import logging

import pytest
from avrorpc import Code, EncodeError, StatusError
from avrorpc.failure import outcome
from avrorpc.method import Contract, Method
from testcontracts.conformance import CONFORMANCE, NotThere, TooLarge

FIND: Method[str] = CONFORMANCE.method("find")
FAIL: Method[None] = CONFORMANCE.method("fail")


def test_a_declared_error_and_a_status_are_told_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    declared, status = TooLarge(limit=1), StatusError(Code.NOT_FOUND, "nothing")
    assert outcome(FIND, declared, expose_cause=False) is declared
    assert outcome(FIND, status, expose_cause=False) is status
    assert caplog.records == []


def test_a_cancelled_implementation_is_a_status() -> None:
    error = outcome(FIND, asyncio.CancelledError(), expose_cause=False)
    assert isinstance(error, StatusError)
    assert error.code is Code.CANCELLED
    assert error.message == "conformance.Conformance/find was cancelled"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("hunter2"),
        NotThere(message="hunter2", key="k", code=1),
        EncodeError("hunter2", "password"),
        KeyError("hunter2"),
        TimeoutError("hunter2"),
    ],
)
def test_anything_else_is_redacted_and_logged_under_an_id(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "avrorpc"):
        told = outcome(FAIL, error, expose_cause=False)
    assert isinstance(told, StatusError)
    assert (told.code, told.message) == (Code.INTERNAL, "an internal error")
    assert told.error_id is not None
    (record,) = caplog.records
    assert record.getMessage() == f"conformance.Conformance/fail failed, error id {told.error_id}"
    assert "hunter2" in caplog.text


def test_the_cause_is_told_where_it_is_exposed() -> None:
    told = outcome(FAIL, ValueError("no luck"), expose_cause=True)
    assert isinstance(told, StatusError)
    assert told.message == "ValueError: no luck"


def test_each_failure_has_an_id_of_its_own() -> None:
    told = [outcome(FAIL, ValueError(), expose_cause=False) for _ in range(2)]
    ids = {error.error_id for error in told if isinstance(error, StatusError)}
    assert len(ids) == 2


def test_a_declared_error_of_a_contract_whose_classes_are_gone_is_internal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def types() -> dict[str, type]:
        raise LookupError("the module of the classes is gone")

    broken = Contract(CONFORMANCE.name, CONFORMANCE.text, types=types).method("find")
    with caplog.at_level(logging.ERROR, "avrorpc"):
        told = outcome(broken, TooLarge(limit=1), expose_cause=False)
    assert isinstance(told, StatusError)
    assert (told.code, told.message) == (Code.INTERNAL, "an internal error")
    assert f"error id {told.error_id}" in caplog.text
    assert "the module of the classes is gone" in caplog.text
