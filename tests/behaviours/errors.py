"""What callers learn of a failure: class and fields, code and details, and nothing that is not theirs."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest
from avrorpc import Code, StatusError, error_info, with_options
from avrorpc.contracts import ResourceInfo, RetryInfo
from behaviours.setup import Setup
from support.implementations import AsyncConformance, SyncConformance
from testcontracts.conformance import NotThere, Point, TooLarge

_WELL_KNOWN = (RetryInfo(seconds=1.5), ResourceInfo(type="model", name="tiny"))


class _Stranger:
    """No record of any contract."""


_DETAILS: dict[str, tuple[object, ...]] = {
    "none": (),
    "well known": _WELL_KNOWN,
    "own": (Point(x=1.0, y=2.0),),
    "strange": (_Stranger(), RetryInfo(seconds=1.5)),
    "large": (ResourceInfo(type="model", name="x" * 70_000), RetryInfo(seconds=1.5)),
}


def _raise(how: str) -> None:
    code, _, details = how.partition("/")
    if code == "cause":
        try:
            raise KeyError("hunter2")
        except KeyError as error:
            raise StatusError(Code.NOT_FOUND, "nothing of that name") from error
    if code == "declared":
        try:
            raise KeyError("hunter2")
        except KeyError as error:
            raise NotThere(message="m", key="k", code=1) from error
    if code == "misfit":
        raise NotThere(message="m", key="k", code="four hundred")  # type: ignore[arg-type]
    if code == "group":
        raise ExceptionGroup("several", [ValueError("hunter2"), KeyError("hunter3")])
    if code == "exit":
        sys.exit(3)
    raise StatusError(Code(code), f"because of {code}", details=_DETAILS[details])


class _Failing(SyncConformance):
    def fail(self, how: str) -> None:
        _raise(how)

    def find(self, key: str) -> str:
        _raise(key)
        return key

    def note(self, text: str) -> None:
        self.remembered.append(text)
        _raise(text)


class _AsyncFailing(AsyncConformance):
    async def fail(self, how: str) -> None:
        _raise(how)

    async def find(self, key: str) -> str:
        _raise(key)
        return key

    async def note(self, text: str) -> None:
        self.remembered.append(text)
        _raise(text)


async def _failing(setup: Setup, **options: Any) -> Any:
    return await setup.open(setup.colour(_Failing, _AsyncFailing)(), **options)


async def a_declared_error_keeps_class_and_fields(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(NotThere) as caught:
        await setup.call(client.find, "missing")
    error = caught.value
    assert type(error) is NotThere
    assert (error.message, error.key, error.code) == ("no such key", "missing", 404)
    assert "no such key" in str(error)
    assert pickle.loads(pickle.dumps(error)).key == "missing"


async def each_declared_error_of_a_message_is_told_from_the_others(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(TooLarge) as caught:
        await setup.call(client.find, "x" * 21)
    assert caught.value.limit == 20


async def a_declared_error_is_known_to_come_from_the_peer(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(NotThere) as caught:
        await setup.call(client.find, "missing")
    info = error_info(caught.value)
    assert (info.code, info.from_peer, info.error_id) == (Code.UNKNOWN, True, None)


async def after_an_error_the_next_call_works(setup: Setup) -> None:
    client = await setup.conformance()
    for _ in range(3):
        with pytest.raises(NotThere):
            await setup.call(client.find, "missing")
        assert await setup.call(client.find, "key") == "KEY"


async def an_undeclared_error_is_redacted_and_logged_under_its_id(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "value")
    error = caught.value
    assert (error.code, error.message) == (Code.INTERNAL, "an internal error")
    assert "hunter2" not in repr(error)
    assert error.error_id is not None
    assert error.error_id in setup.log.text
    assert "hunter2" in setup.log.text
    assert (error.__cause__, error.__context__) == (None, None)


async def an_undeclared_error_shows_its_text_where_causes_are_exposed(setup: Setup) -> None:
    client = await _failing(setup, expose_cause=True)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "group")
    assert caught.value.message.splitlines() == [
        "ExceptionGroup: several (2 sub-exceptions)",
        "ValueError: hunter2",
        "KeyError: 'hunter3'",
    ]


async def an_error_declared_by_another_message_is_undeclared_here(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "undeclared")
    assert caught.value.code is Code.INTERNAL


async def a_group_is_redacted_and_logged_with_its_members(setup: Setup) -> None:
    client = await _failing(setup)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "group")
    assert caught.value.message == "an internal error"
    assert "hunter2" in setup.log.text
    assert "hunter3" in setup.log.text


async def a_status_error_keeps_code_and_message(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "status")
    error = caught.value
    assert (type(error), error.code, error.message) == (StatusError, Code.NOT_FOUND, "nothing of that name")
    assert error.error_id is None


async def each_of_the_sixteen_codes_arrives_with_its_message_and_details(setup: Setup) -> None:
    client = await _failing(setup)
    assert len(Code) == 16
    for code in Code:
        with pytest.raises(StatusError) as caught:
            await setup.call(client.fail, f"{code.value}/well known")
        error = caught.value
        assert (type(error), error.code, error.message) == (StatusError, code, f"because of {code.value}")
        assert error_info(error).details == _WELL_KNOWN
        assert error_info(error).from_peer
        assert error_info(pickle.loads(pickle.dumps(error))) == error_info(error)


async def details_may_be_records_of_the_contract(setup: Setup) -> None:
    client = await _failing(setup)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "ABORTED/own")
    assert error_info(caught.value).details == (Point(x=1.0, y=2.0),)


async def details_that_cannot_be_told_are_counted(setup: Setup) -> None:
    client = await _failing(setup)
    for details in ("strange", "large"):
        with pytest.raises(StatusError) as caught:
            await setup.call(client.fail, f"ABORTED/{details}")
        assert caught.value.message == "because of ABORTED (1 of 2 details left out)"
        assert error_info(caught.value).details == (RetryInfo(seconds=1.5),)


async def the_cause_of_a_status_stays_in_the_log_under_its_id(setup: Setup) -> None:
    client = await _failing(setup)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "cause")
    error = caught.value
    assert (error.code, error.message) == (Code.NOT_FOUND, "nothing of that name")
    assert (error.__cause__, error.__context__) == (None, None)
    assert error.error_id is not None
    assert error.error_id in setup.log.text
    assert "hunter2" in setup.log.text


async def the_cause_of_a_declared_error_stays_behind(setup: Setup) -> None:
    client = await _failing(setup)
    with pytest.raises(NotThere) as caught:
        await setup.call(client.find, "declared")
    assert caught.value.key == "k"
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


async def a_declared_error_that_does_not_fit_is_internal(setup: Setup) -> None:
    client = await _failing(setup)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.find, "misfit")
    assert caught.value.code is Code.INTERNAL
    assert caught.value.error_id is not None
    assert caught.value.error_id in setup.log.text
    assert "NotThere does not fit the contract: .code: expected int" in setup.log.text


async def cancellation_by_the_callee_is_an_error_and_not_a_cancellation(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "cancel")
    assert caught.value.code is Code.CANCELLED
    assert await setup.call(client.add, 1.0) == 2.0


async def a_timeout_of_the_callee_is_no_deadline_of_the_caller(setup: Setup) -> None:
    client = with_options(await setup.conformance(), timeout=30)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "timeout")
    assert caught.value.code is Code.INTERNAL


async def a_one_way_message_fails_silently_whatever_the_code(setup: Setup) -> None:
    client = await _failing(setup)
    for code in Code:
        assert await setup.call(client.note, f"{code.value}/none") is None
    assert await setup.call(client.add, 1.0) == 2.0


async def an_implementation_that_exits_ends_no_process(setup: Setup) -> None:
    client = await _failing(setup)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.fail, "exit")
    assert caught.value.code is Code.INTERNAL
    assert await setup.call(client.add, 1.0) == 2.0
