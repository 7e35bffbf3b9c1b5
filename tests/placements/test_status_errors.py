"""Status errors are alike in every placement: codes, details, ids, and what stays behind."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, Server, StatusError, error_info
from avrorpc.contracts import ResourceInfo, RetryInfo
from support.implementations import AsyncConformance, AsyncStreams, SyncConformance, SyncStreams
from support.memory import connect_memory
from support.serving import ServerThread
from testcontracts.conformance import (
    AsyncConformanceClient,
    ConformanceClient,
    ConformanceService,
    NotThere,
    Point,
)
from testcontracts.streams import AsyncStreamsClient, StreamsClient

PLACEMENTS = ["local", "verify", "tcp", "spec", "http"]
REMOTE = ["tcp", "spec", "http"]


class Stranger:
    """No record of any contract."""


DETAILS: dict[str, tuple[object, ...]] = {
    "none": (),
    "well known": (RetryInfo(seconds=1.5), ResourceInfo(type="model", name="tiny")),
    "own": (Point(x=1.0, y=2.0),),
    "strange": (Stranger(), RetryInfo(seconds=1.5)),
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
    if code == "group":
        raise ExceptionGroup("several", [ValueError("hunter2"), KeyError("hunter3")])
    raise StatusError(Code(code), f"because of {code}", details=DETAILS[details])


class Failing(SyncConformance):
    """Fails as it is told to."""

    def fail(self, how: str) -> None:
        _raise(how)

    def find(self, key: str) -> str:
        _raise(key)
        return key

    def note(self, text: str) -> None:
        self.remembered.append(text)
        _raise(text)


class AsyncFailing(AsyncConformance):
    """Fails as it is told to."""

    async def fail(self, how: str) -> None:
        _raise(how)

    async def find(self, key: str) -> str:
        _raise(key)
        return key

    async def note(self, text: str) -> None:
        self.remembered.append(text)
        _raise(text)


@pytest.fixture(scope="module", params=["def", "async def"])
def serving(request: pytest.FixtureRequest) -> Iterator[tuple[ServerThread, Any]]:
    implementation = Failing() if request.param == "def" else AsyncFailing()
    with ServerThread(implementation) as server:
        yield server, implementation


Call = Callable[..., Any]


@pytest.fixture(params=["client", "async client"])
async def call(
    request: pytest.FixtureRequest, placement: str, serving: tuple[ServerThread, Any]
) -> AsyncIterator[Call]:
    server, implementation = serving
    implementation.remembered.clear()
    asynchronous = request.param == "async client"
    client_type: Any = AsyncConformanceClient if asynchronous else ConformanceClient
    if placement in REMOTE:
        client = avrorpc.connect(client_type, getattr(server, placement))
    else:
        client = avrorpc.connect(client_type, f"{placement}:", target=implementation)

    async def made(message: str, *arguments: Any) -> Any:
        method = getattr(client, message)
        return await method(*arguments) if asynchronous else await asyncio.to_thread(method, *arguments)

    yield made
    closing = avrorpc.close(client)
    if closing is not None:
        await closing


@pytest.fixture(params=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("code", list(Code))
async def test_each_code_arrives_with_its_message_and_its_details(call: Call, code: Code) -> None:
    with pytest.raises(StatusError) as caught:
        await call("fail", f"{code.value}/well known")
    error = caught.value
    assert type(error) is StatusError
    assert (error.code, error.message) == (code, f"because of {code.value}")
    assert error_info(error).details == DETAILS["well known"]
    assert error_info(error).from_peer
    assert error.error_id is None
    assert error_info(pickle.loads(pickle.dumps(error))) == error_info(error)


@pytest.mark.parametrize("code", list(Code))
async def test_a_one_way_message_fails_silently_whatever_the_code(call: Call, code: Code) -> None:
    assert await call("note", f"{code.value}/none") is None


@pytest.mark.parametrize(
    ("details", "arrive", "message"),
    [
        ("own", (Point(x=1.0, y=2.0),), "because of ABORTED"),
        ("strange", (RetryInfo(seconds=1.5),), "because of ABORTED (1 of 2 details left out)"),
        ("large", (RetryInfo(seconds=1.5),), "because of ABORTED (1 of 2 details left out)"),
    ],
)
async def test_details_arrive_alike(
    call: Call, details: str, arrive: tuple[object, ...], message: str
) -> None:
    with pytest.raises(StatusError) as caught:
        await call("fail", f"ABORTED/{details}")
    assert (caught.value.message, error_info(caught.value).details) == (message, arrive)


async def test_the_cause_of_a_status_stays_in_the_log_under_its_id(
    call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StatusError) as caught:
        await call("fail", "cause")
    error = caught.value
    assert (error.code, error.message) == (Code.NOT_FOUND, "nothing of that name")
    assert (error.__cause__, error.__context__) == (None, None)
    assert error.error_id is not None
    assert error.error_id in caplog.text
    assert "hunter2" in caplog.text


async def test_the_cause_of_a_declared_error_stays_behind(call: Call) -> None:
    with pytest.raises(NotThere) as caught:
        await call("find", "declared")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert error_info(caught.value).from_peer


async def test_a_group_is_redacted_and_logged_with_its_members(
    call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
        await call("fail", "group")
    assert caught.value.message == "an internal error"
    assert "hunter2" in caplog.text
    assert "hunter3" in caplog.text


@pytest.mark.parametrize("url", ["local:", "tcp"])
def test_causes_are_exposed_alike_where_they_are(url: str) -> None:
    with ServerThread(Failing(), expose_cause=True) as server:
        if url == "tcp":
            client = avrorpc.connect(ConformanceClient, server.tcp)
        else:
            client = avrorpc.connect(ConformanceClient, url, target=Failing(), expose_cause=True)
        with client, pytest.raises(StatusError) as caught:
            client.fail("group")
    assert caught.value.message.splitlines() == [
        "ExceptionGroup: several (2 sub-exceptions)",
        "ValueError: hunter2",
        "KeyError: 'hunter3'",
    ]


class Between(SyncConformance):
    """Calls the next service, and lets through whatever it says."""

    def __init__(self, behind: ConformanceClient) -> None:
        super().__init__()
        self.behind = behind

    def fail(self, how: str) -> None:
        self.behind.fail(how)

    def find(self, key: str) -> str:
        return self.behind.find(key)


HOPS = [
    ("local", "local"),
    ("local", "tcp"),
    ("tcp", "local"),
    ("tcp", "tcp"),
    ("verify", "http"),
    ("tcp", "verify"),
]


@pytest.fixture(params=HOPS, ids="-".join)
def front(request: pytest.FixtureRequest) -> Iterator[ConformanceClient]:
    """A client of a service that calls another that calls a third, which fails."""
    with ExitStack() as stack:
        behind: ConformanceService = Failing()
        for placement in (*request.param, "tcp"):
            client = stack.enter_context(_client(placement, behind, stack))
            behind = Between(client)
        yield client


def _client(placement: str, implementation: ConformanceService, stack: ExitStack) -> ConformanceClient:
    if placement in REMOTE:
        server = stack.enter_context(ServerThread(implementation))
        return avrorpc.connect(ConformanceClient, getattr(server, placement))
    return avrorpc.connect(ConformanceClient, f"{placement}:", target=implementation)


def test_one_id_finds_a_failure_in_the_log_of_each_service(
    front: ConformanceClient, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StatusError) as caught:
        front.fail("group")
    assert (caught.value.code, caught.value.message) == (Code.INTERNAL, "an internal error")
    records = [record for record in caplog.records if record.name == "avrorpc"]
    assert len(records) == 3
    assert all(record.getMessage().endswith(f"error id {caught.value.error_id}") for record in records)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (Code.NOT_FOUND, Code.INTERNAL),
        (Code.PERMISSION_DENIED, Code.INTERNAL),
        (Code.INVALID_ARGUMENT, Code.INTERNAL),
        (Code.UNAVAILABLE, Code.UNAVAILABLE),
        (Code.RESOURCE_EXHAUSTED, Code.RESOURCE_EXHAUSTED),
    ],
)
def test_what_the_last_service_said_is_no_answer_of_the_first(
    front: ConformanceClient, said: Code, told: Code
) -> None:
    with pytest.raises(StatusError) as caught:
        front.fail(f"{said.value}/well known")
    error = caught.value
    assert error.code is told
    assert "because of" not in error.message
    assert error_info(error).details == ()
    assert error.error_id is not None


def test_a_declared_error_passes_where_each_message_declares_it(front: ConformanceClient) -> None:
    with pytest.raises(NotThere) as caught:
        front.find("declared")
    assert caught.value.key == "k"


def _counted(to: int) -> StatusError:
    code = list(Code)[to]
    return StatusError(code, f"because of {code.value}", details=DETAILS["well known"])


class FailingStreams(SyncStreams):
    """Counts to two, and fails with the code of a number."""

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        yield from (0, 1)
        raise _counted(to) from KeyError("hunter2")


class AsyncFailingStreams(AsyncStreams):
    """Counts to two, and fails with the code of a number."""

    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        for number in (0, 1):
            yield number
        raise _counted(to) from KeyError("hunter2")


@pytest.mark.parametrize(
    "implementation", [FailingStreams(), AsyncFailingStreams()], ids=["def", "async def"]
)
@pytest.mark.parametrize("asynchronous", [False, True], ids=["client", "async client"])
@pytest.mark.parametrize("placement", ["local", "verify", "memory", "tcp", "ws"])
async def test_each_code_ends_a_stream_after_its_items(
    placement: str, asynchronous: bool, implementation: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client_type: Any = AsyncStreamsClient if asynchronous else StreamsClient
    async with Server([implementation]) as server:
        if placement in ("tcp", "ws"):
            client = avrorpc.connect(client_type, await server.listen(f"{placement}://127.0.0.1:0"))
        elif placement == "memory":
            client = connect_memory(client_type, server, asyncio.get_running_loop())
        else:
            client = avrorpc.connect(client_type, f"{placement}:", target=implementation)
        for number, code in enumerate(Code):
            caplog.clear()
            seen: list[int] = []
            with pytest.raises(StatusError) as caught:
                await _collect(client.count(number), seen)
            error = caught.value
            assert seen == [0, 1]
            assert (error.code, error.message) == (code, f"because of {code.value}")
            assert error_info(error).details == DETAILS["well known"]
            assert error_info(error).from_peer
            assert error.__cause__ is None
            assert error.error_id is not None
            assert f"error id {error.error_id}" in caplog.text
            assert "hunter2" in caplog.text
        closing = avrorpc.close(client)
        if closing is not None:
            await closing


async def _collect(items: Any, seen: list[int]) -> None:
    """Keep what comes before the error."""
    if isinstance(items, AsyncIterator):
        async for item in items:
            seen.append(item)  # noqa: PERF401
    else:
        await asyncio.to_thread(seen.extend, items)
