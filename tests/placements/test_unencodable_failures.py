"""A failure that cannot be told as it is: every placement that encodes says INTERNAL, and goes on working."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, StatusError
from support.implementations import AsyncConformance, AsyncSmall, SyncConformance
from support.serving import ServerThread
from testcontracts.conformance import (
    AsyncConformanceClient,
    ConformanceClient,
    ConformanceService,
    NotThere,
    TooLarge,
)
from testcontracts.small import SMALL, AsyncSmallClient, SmallClient

REMOTE = ["tcp", "spec", "http"]


class Unprintable(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise ZeroDivisionError("no text")


def misfit() -> Exception:
    return NotThere(message="no such key", key="k", code="four hundred")  # type: ignore[arg-type]


def incomplete() -> Exception:
    error = NotThere(message="no such key", key="k", code=404)
    del error.key
    return error


def out_of_range() -> Exception:
    return TooLarge(limit=2**80)


FAILURES: dict[str, tuple[Callable[[], Exception], str]] = {
    "misfit": (misfit, r"NotThere does not fit the contract: \.code: expected int, "),
    "incomplete": (incomplete, "has no attribute 'key'"),
    "out of range": (out_of_range, r"TooLarge does not fit the contract: \.limit: 1208925819614629174706176"),
}


def _find(key: str) -> str:
    if key in FAILURES:
        make, _ = FAILURES[key]
        raise make()
    return key


class SyncFinding(SyncConformance):
    def find(self, key: str) -> str:
        return _find(key)


class AsyncFinding(AsyncConformance):
    async def find(self, key: str) -> str:
        return _find(key)


@pytest.fixture(scope="module", params=[SyncFinding, AsyncFinding])
def serving(request: pytest.FixtureRequest) -> Iterator[tuple[ServerThread, ConformanceService]]:
    implementation = request.param()
    with ServerThread(implementation) as server:
        yield server, implementation


@pytest.fixture(params=[ConformanceClient, AsyncConformanceClient])
async def call(
    request: pytest.FixtureRequest, placement: str, serving: tuple[ServerThread, ConformanceService]
) -> AsyncIterator[Callable[..., Any]]:
    server, implementation = serving
    is_remote = placement in REMOTE
    url = getattr(server, placement) if is_remote else f"{placement}:"
    client: Any = avrorpc.connect(
        request.param, url, target=None if is_remote else implementation, timeout=20
    )

    async def find(key: str) -> Any:
        if isinstance(client, AsyncConformanceClient):
            return await client.find(key)
        return await asyncio.to_thread(client.find, key)

    yield find
    closing = avrorpc.close(client)
    if closing is not None:
        await closing


@pytest.mark.parametrize("placement", [*REMOTE, "verify"])
@pytest.mark.parametrize("failure", FAILURES)
async def test_a_declared_error_that_does_not_fit_is_internal_and_logged_under_its_id(
    call: Callable[..., Any], failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
        await call(failure)
    assert caught.value.code is Code.INTERNAL
    assert caught.value.error_id is not None
    (record,) = caplog.records
    assert record.getMessage() == f"conformance.Conformance/find failed, error id {caught.value.error_id}"
    assert re.search(FAILURES[failure][1], caplog.text)
    assert "in _find" in caplog.text, "the log leads to where it was raised"
    assert await call("found") == "found"


@pytest.mark.parametrize("placement", ["local"])
@pytest.mark.parametrize("failure", FAILURES)
async def test_what_encodes_nothing_tells_a_declared_error_as_it_is(
    call: Callable[..., Any], failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises((NotThere, TooLarge)) as caught:
        await call(failure)
    assert type(caught.value) is type(FAILURES[failure][0]())
    assert caplog.records == []


@pytest.mark.parametrize("placement", ["verify"])
async def test_verify_names_what_does_not_fit(call: Callable[..., Any]) -> None:
    with pytest.raises(StatusError, match=FAILURES["misfit"][1]):
        await call("misfit")


class Failing(AsyncSmall):
    """Fails as it is told to."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def fail(self) -> None:
        raise self.error


def _types() -> dict[str, type]:
    raise LookupError("the module of the classes is gone")


BROKEN = avrorpc.stub.Contract(SMALL.name, SMALL.text, types=_types)
BROKEN.method("double")
BROKEN.method("fail")


class Broken(avrorpc.stub.Service):
    """Of a contract whose classes cannot be found."""

    __contract__ = BROKEN

    def double(self, value: int, *, offset: int = 0) -> int:
        return value

    def fail(self) -> None:
        raise TooLarge(limit=1)


@pytest.mark.parametrize("placement", REMOTE)
def test_a_server_whose_contract_is_broken_answers_all_the_same(
    placement: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        ServerThread(Broken()) as server,
        avrorpc.connect(SmallClient, getattr(server, placement), timeout=20) as client,
    ):
        for method in (client.fail, lambda: client.double(1)):
            caplog.clear()
            with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
                method()
            assert (caught.value.code, caught.value.message) == (Code.INTERNAL, "an internal error")
            assert f"error id {caught.value.error_id}" in caplog.text
            assert "the module of the classes is gone" in caplog.text


@pytest.mark.parametrize("placement", ["local", "verify", *REMOTE])
@pytest.mark.parametrize("expose_cause", [False, True])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Unprintable(), "Unprintable, which has no text"),
        (ValueError("half a pair: \ud800"), r"ValueError: half a pair: \ud800"),
    ],
)
def test_an_undeclared_error_without_a_proper_text_is_internal(
    placement: str, expose_cause: bool, error: Exception, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    implementation = Failing(error)
    with ServerThread(implementation, expose_cause=expose_cause) as server:
        is_remote = placement in REMOTE
        url = getattr(server, placement) if is_remote else f"{placement}:"
        options: dict[str, Any] = (
            {} if is_remote else {"target": implementation, "expose_cause": expose_cause}
        )
        with avrorpc.connect(SmallClient, url, timeout=20, **options) as client:
            with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
                client.fail()
            assert caught.value.code is Code.INTERNAL
            assert caught.value.message == (text if expose_cause else "an internal error")
            assert caught.value.error_id is not None
            assert caught.value.error_id in caplog.text
            assert client.double(2) == 4


class Odd(StatusError):
    """A status without a code, which its author forgot."""

    def __init__(self) -> None:
        super().__init__(None, "odd")  # type: ignore[arg-type]

    def __str__(self) -> str:
        return "odd"


@pytest.mark.parametrize("placement", REMOTE)
async def test_a_status_that_cannot_be_written_is_internal(
    placement: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ServerThread(Failing(Odd())) as server:
        async with avrorpc.connect(AsyncSmallClient, getattr(server, placement), timeout=20) as client:
            with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
                await client.fail()
            assert caught.value.code is Code.INTERNAL
            assert caught.value.error_id is not None
            assert caught.value.error_id in caplog.text
            assert await client.double(2) == 4


class Strange(BaseException):
    """What no `except Exception` sees, such as the outcomes of test frameworks."""


@pytest.mark.parametrize("placement", REMOTE)
def test_what_is_no_exception_at_all_is_internal(placement: str, caplog: pytest.LogCaptureFixture) -> None:
    with (
        ServerThread(Failing(Strange())) as server,
        avrorpc.connect(SmallClient, getattr(server, placement), timeout=20) as client,
    ):
        with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
            client.fail()
        assert (caught.value.code, caught.value.message) == (Code.INTERNAL, "an internal error")
        assert "Strange" in caplog.text
        assert client.double(2) == 4
