"""What callers learn of a failure, and what only the log does."""

from __future__ import annotations

import asyncio
import logging

import pytest
from avrorpc import (
    Code,
    ConnectError,
    ConnectionLost,
    EncodeError,
    StatusError,
    ValueChanged,
    error_info,
)
from avrorpc.contracts import RetryInfo
from avrorpc.failure import PASSED_ON, outcome
from avrorpc.method import Contract, Method
from testcontracts.conformance import CONFORMANCE, NotThere, TooLarge

FIND: Method[str] = CONFORMANCE.method("find")
FAIL: Method[None] = CONFORMANCE.method("fail")


def test_a_declared_error_and_a_status_are_told_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    declared, status = TooLarge(limit=1), StatusError(Code.NOT_FOUND, "nothing")
    assert outcome(FIND, declared, expose_cause=False) is declared
    told = outcome(FIND, status, expose_cause=False)
    assert isinstance(told, StatusError)
    assert (told.code, told.message, told.error_id) == (Code.NOT_FOUND, "nothing", None)
    assert told.from_peer
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


def test_a_group_tells_its_members_notes_and_causes_where_they_are_exposed() -> None:
    inner, cause = ValueError("inner"), KeyError("cause")
    inner.add_note("a note")
    inner.__cause__ = cause
    told = outcome(FAIL, ExceptionGroup("several", [inner, TypeError("other")]), expose_cause=True)
    assert isinstance(told, StatusError)
    assert told.message.splitlines() == [
        "ExceptionGroup: several (2 sub-exceptions)",
        "ValueError: inner",
        "a note",
        "TypeError: other",
        "KeyError: 'cause'",
    ]


def test_a_chain_that_goes_in_circles_comes_to_an_end(caplog: pytest.LogCaptureFixture) -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    told = outcome(FAIL, one, expose_cause=True)
    assert isinstance(told, StatusError)
    assert told.message == "ValueError: one\nValueError: other"


class Mute(Exception):
    """Has no text, and notes that are none."""

    __notes__ = 7  # type: ignore[assignment]

    def __str__(self) -> str:
        raise ZeroDivisionError


@pytest.mark.parametrize("expose_cause", [True, False])
def test_an_error_that_cannot_say_anything_is_told_and_logged(
    expose_cause: bool, caplog: pytest.LogCaptureFixture
) -> None:
    told = outcome(FAIL, Mute(), expose_cause=expose_cause)
    assert isinstance(told, StatusError)
    assert told.message == ("Mute, which has no text" if expose_cause else "an internal error")
    assert f"error id {told.error_id}" in caplog.text


def raised(error: Exception, cause: Exception | None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:  # noqa: BLE001
        return caught


def test_the_cause_of_a_status_is_logged_under_an_id_and_stays_here(caplog: pytest.LogCaptureFixture) -> None:
    error = raised(StatusError(Code.NOT_FOUND, "nothing"), KeyError("hunter2"))
    told = outcome(FIND, error, expose_cause=False)
    assert isinstance(told, StatusError)
    assert (told.code, told.message) == (Code.NOT_FOUND, "nothing")
    assert told.__cause__ is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"conformance.Conformance/find answered NOT_FOUND, error id {told.error_id}"
    assert "hunter2" in caplog.text


def test_the_cause_of_a_declared_error_stays_here() -> None:
    told = outcome(FIND, raised(TooLarge(limit=1), KeyError("hunter2")), expose_cause=False)
    assert (told.__cause__, told.__context__) == (None, None)
    assert error_info(told).from_peer


@pytest.mark.parametrize("code", list(Code))
def test_what_a_service_behind_said_is_redacted_and_keeps_its_id(
    code: Code, caplog: pytest.LogCaptureFixture
) -> None:
    behind = StatusError(code, "hunter2", details=[RetryInfo(seconds=1)], from_peer=True, error_id="abc")
    told = outcome(FIND, behind, expose_cause=False)
    assert isinstance(told, StatusError)
    assert told.code is (code if code in PASSED_ON else Code.INTERNAL)
    assert "hunter2" not in str(told)
    assert told.details == ()
    assert told.error_id == "abc"
    assert "error id abc" in caplog.text
    assert "hunter2" in caplog.text


def test_an_id_from_further_back_is_kept_through_causes_and_groups() -> None:
    behind = StatusError(Code.INTERNAL, "an internal error", from_peer=True, error_id="abc")
    for error in (
        raised(RuntimeError("x"), behind),
        ExceptionGroup("several", [ValueError(), behind]),
        raised(StatusError(Code.NOT_FOUND, "x"), behind),
    ):
        assert error_info(outcome(FIND, error, expose_cause=False)).error_id == "abc"


def test_an_id_that_a_cause_made_up_is_not_taken_for_a_peers() -> None:
    made_up = StatusError(Code.INTERNAL, "x", error_id="mine")
    assert error_info(outcome(FIND, raised(RuntimeError(), made_up), expose_cause=False)).error_id != "mine"


@pytest.mark.parametrize("error", [ConnectError("node-7 refused"), ConnectionLost("node-7 is gone")])
def test_a_connection_that_failed_behind_a_service_is_unavailable(error: Exception) -> None:
    told = outcome(FIND, error, expose_cause=False)
    assert isinstance(told, StatusError)
    assert told.code is Code.UNAVAILABLE
    assert told.message == "conformance.Conformance/find did not get what it needs from another service"


@pytest.mark.parametrize("error", [ValueChanged("x"), StatusError("NOT_FOUND", "x")])  # type: ignore[arg-type]
def test_what_is_no_answer_of_a_service_is_internal(error: Exception) -> None:
    assert error_info(outcome(FIND, error, expose_cause=False)).code is Code.INTERNAL


def test_details_that_cannot_be_sent_are_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    error = StatusError(Code.ABORTED, "busy", details=[object(), RetryInfo(seconds=1.5)])
    told = outcome(FIND, error, expose_cause=False)
    assert isinstance(told, StatusError)
    assert told.details == (RetryInfo(seconds=1.5),)
    assert told.message == "busy (1 of 2 details left out)"
    assert "details were left out: object: it is of no type of conformance.Conformance" in caplog.text


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
