"""One behaviour in every placement: the promise that local and remote are equivalent."""

from __future__ import annotations

import asyncio
import logging
import math
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, Server, StatusError, Suspended, describe, error_info, with_options
from support.implementations import (
    AsyncConformance,
    AsyncExitingSmall,
    ExitingSmall,
    SyncConformance,
    visible,
)
from support.serving import KINDS, ServerThread, anywhere, for_clients
from support.values import everything
from testcontracts.conformance import (
    AsyncConformanceClient,
    Circle,
    ConformanceClient,
    NotThere,
    Point,
    TooLarge,
)
from testcontracts.small import AsyncSmallClient

PLACEMENTS = ["local", "verify", *KINDS]


@dataclass
class Setup:
    """A client in one placement, and the implementation behind it."""

    placement: str
    client: Any
    implementation: Any
    asynchronous: bool

    async def call(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if self.asynchronous:
            return await method(*args, **kwargs)
        return await asyncio.to_thread(method, *args, **kwargs)

    @property
    def is_local(self) -> bool:
        return self.placement in ("local", "verify")

    @property
    def cannot_wait(self) -> bool:
        """A synchronous local caller has no loop in which an `async def` implementation could wait."""
        colour = isinstance(self.implementation, AsyncConformance)
        return self.is_local and not self.asynchronous and colour


@pytest.fixture(scope="module", params=["def", "async def", "async def on uvloop"])
def serving(request: pytest.FixtureRequest) -> Iterator[tuple[ServerThread, Any]]:
    implementation = SyncConformance() if request.param == "def" else AsyncConformance()
    with ServerThread(implementation, uvloop="uvloop" in request.param) as server:
        yield server, implementation


@pytest.fixture(params=["client", "async client"])
async def setup(
    request: pytest.FixtureRequest, placement: str, serving: tuple[ServerThread, Any]
) -> AsyncIterator[Setup]:
    server, implementation = serving
    implementation.remembered.clear()
    asynchronous = request.param == "async client"
    client_type: Any = AsyncConformanceClient if asynchronous else ConformanceClient
    if placement in ("local", "verify"):
        client = avrorpc.connect(client_type, f"{placement}:", target=implementation)
    else:
        client = avrorpc.connect(client_type, getattr(server, placement))
    yield Setup(placement, client, implementation, asynchronous)
    closing = avrorpc.close(client)
    if closing is not None:
        await closing


@pytest.fixture(params=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_value_of_every_kind_comes_back_equal(setup: Setup) -> None:
    value = everything()
    assert await setup.call(setup.client.echo, value) == value


async def test_each_branch_of_a_union_keeps_its_class(setup: Setup) -> None:
    for shape in (Point(x=1.0, y=2.0), Circle(centre=Point(x=0.0), radius=1.0)):
        echoed = await setup.call(setup.client.echo, everything(shape=shape, note="there"))
        assert type(echoed.shape) is type(shape)
        assert echoed.note == "there"


async def test_nan_and_infinities_survive(setup: Setup) -> None:
    echoed = await setup.call(setup.client.echo, everything(twofold=math.nan, single=math.inf))
    assert math.isnan(echoed.twofold)
    assert echoed.single == math.inf


async def test_defaults_of_parameters_apply(setup: Setup) -> None:
    assert await setup.call(setup.client.add, 1.0) == 2.0
    assert await setup.call(setup.client.add, 1.0, b=5.0) == 6.0


async def test_defaults_that_are_lists_are_made_per_call(setup: Setup) -> None:
    assert await setup.call(setup.client.join) == "a, b"
    assert await setup.call(setup.client.join, parts=["x"], separator="-") == "x"
    assert await setup.call(setup.client.join) == "a, b"


async def test_a_declared_error_keeps_class_and_fields(setup: Setup) -> None:
    with pytest.raises(NotThere) as caught:
        await setup.call(setup.client.find, "missing")
    error = caught.value
    assert (error.message, error.key, error.code) == ("no such key", "missing", 404)
    assert "no such key" in str(error)
    assert pickle.loads(pickle.dumps(error)).key == "missing"
    with pytest.raises(TooLarge) as other:
        await setup.call(setup.client.find, "x" * 21)
    assert other.value.limit == 20


async def test_an_undeclared_error_is_redacted_and_logged_under_its_id(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
        await setup.call(setup.client.fail, "value")
    error = caught.value
    assert error.code is Code.INTERNAL
    assert "hunter2" not in str(error)
    assert error.error_id is not None
    assert error.error_id in caplog.text
    assert "hunter2" in caplog.text
    assert caught.value.__cause__ is None


async def test_an_error_declared_by_another_message_is_undeclared_here(setup: Setup) -> None:
    with pytest.raises(StatusError) as caught:
        await setup.call(setup.client.fail, "undeclared")
    assert caught.value.code is Code.INTERNAL


async def test_a_status_error_keeps_code_and_message(setup: Setup) -> None:
    with pytest.raises(StatusError) as caught:
        await setup.call(setup.client.fail, "status")
    assert caught.value.code is Code.NOT_FOUND
    assert caught.value.message == "nothing of that name"


async def test_cancellation_by_the_callee_is_an_error_and_not_a_cancellation(setup: Setup) -> None:
    with pytest.raises(StatusError) as caught:
        await setup.call(setup.client.fail, "cancel")
    assert caught.value.code is Code.CANCELLED


async def test_a_timeout_of_the_callee_is_no_deadline_of_the_caller(setup: Setup) -> None:
    with pytest.raises(StatusError) as caught:
        await setup.call(with_options(setup.client, timeout=30).fail, "timeout")
    assert caught.value.code is Code.INTERNAL


async def test_past_its_deadline_a_call_fails(setup: Setup) -> None:
    if setup.cannot_wait:
        with pytest.raises(Suspended, match="had to wait"):
            await setup.call(with_options(setup.client, timeout=0.05).wait, 0.3)
        return
    with pytest.raises(StatusError) as caught:
        await setup.call(with_options(setup.client, timeout=0.05).wait, 0.3)
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert await setup.call(setup.client.add, 1.0) == 2.0


async def test_the_callee_sees_what_remains(setup: Setup) -> None:
    left = await setup.call(with_options(setup.client, timeout=30).wait, 0.0)
    assert 0 < left <= 30
    assert await setup.call(setup.client.wait, 0.0) == -1.0


async def test_the_contract_sets_a_deadline(setup: Setup) -> None:
    if setup.cannot_wait:
        with pytest.raises(Suspended, match="had to wait"):
            await setup.call(setup.client.hurry, 0.5)
        return
    with pytest.raises(StatusError) as caught:
        await setup.call(setup.client.hurry, 0.5)
    assert caught.value.code is Code.DEADLINE_EXCEEDED


async def test_one_way_messages_arrive_in_order_and_return_nothing(setup: Setup) -> None:
    for number in range(3):
        assert await setup.call(setup.client.note, str(number)) is None
    notes: list[str] = []
    for _ in range(100):
        notes = await setup.call(setup.client.notes)
        if len(notes) == 3:
            break
        await asyncio.sleep(0.01)
    assert sorted(notes) == ["0", "1", "2"]


async def test_a_failing_one_way_message_is_logged_and_not_raised(setup: Setup) -> None:
    assert await setup.call(setup.client.note, "fail") is None
    assert await setup.call(setup.client.add, 1.0) == 2.0


async def test_names_that_python_keeps_get_an_underscore(setup: Setup) -> None:
    assert await setup.call(setup.client.import_, 5) == 5
    assert (await setup.call(setup.client.echo, everything(class_=3))).class_ == 3


async def test_metadata_reaches_the_callee(setup: Setup) -> None:
    client = with_options(setup.client, metadata={"tenant": b"blue"})
    assert await setup.call(client.metadata) == {"tenant": b"blue"}
    assert await setup.call(setup.client.metadata) == {}


async def test_nothing_else_of_the_context_crosses(setup: Setup) -> None:
    token = visible.set("yes")
    try:
        assert await setup.call(setup.client.sees_context) is False
    finally:
        visible.reset(token)


async def test_a_client_says_what_it_is(setup: Setup) -> None:
    description = describe(setup.client)
    wanted = {"spec": "tcp"}.get(setup.placement, setup.placement)
    assert description.placement == wanted
    assert description.contract == "conformance.Conformance"
    assert description.asynchronous is setup.asynchronous
    assert wanted in str(description)


async def test_many_calls_at_once(setup: Setup) -> None:
    results = await asyncio.gather(*(setup.call(setup.client.add, float(n)) for n in range(64)))
    assert results == [n + 1.0 for n in range(64)]


@pytest.mark.parametrize("placement", PLACEMENTS)
async def test_a_caller_that_is_cancelled_cancels_the_callee(placement: str, tmp_path: Path) -> None:
    implementation = AsyncConformance()
    async with Server([implementation]) as server:
        url = f"{placement}:"
        if placement not in ("local", "verify"):
            url = for_clients(await server.listen(anywhere(placement, tmp_path)))
        target = implementation if url.endswith(":") else None
        async with avrorpc.connect(AsyncConformanceClient, url, target=target) as client:
            task = asyncio.create_task(client.wait(30.0))
            await implementation.started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            if placement not in ("local", "verify", "http", "https"):
                # A plain Avro connection has no word for it; closing the connection says it.
                await avrorpc.close(client)
            async with asyncio.timeout(20):
                await implementation.cancelled.wait()


async def test_a_wrong_argument_is_refused_with_its_path(setup: Setup) -> None:
    if setup.placement == "local":
        # It checks nothing: a wrong value arrives as it is.
        echoed = await setup.call(setup.client.echo, everything(numbers=[1, "two"]))
        assert echoed.numbers == [1, "two"]
        return
    with pytest.raises(StatusError) as caught:
        await setup.call(setup.client.echo, everything(numbers=[1, "two"]))
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert "value.numbers[1]" in str(caught.value)
    assert error_info(caught.value).from_peer is False


@pytest.mark.parametrize("implementation", [ExitingSmall(), AsyncExitingSmall()])
async def test_an_implementation_that_exits_does_not_take_the_server_with_it(implementation: Any) -> None:
    async with Server([implementation]) as server:
        for url in (await server.listen("tcp://127.0.0.1:0"), await server.listen("http://127.0.0.1:0")):
            async with avrorpc.connect(AsyncSmallClient, url) as client:
                with pytest.raises(StatusError) as caught:
                    await client.fail()
                assert caught.value.code is Code.INTERNAL
                assert await client.double(2) == 4
