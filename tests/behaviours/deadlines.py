"""Deadlines and cancellation of single messages: who stops waiting, and who stops working."""

from __future__ import annotations

import asyncio
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, StatusError, current_call, with_options
from behaviours.setup import Setup
from support.implementations import AsyncConformance, SyncConformance
from testcontracts.conformance import AsyncConformanceClient, ConformanceClient


async def past_its_deadline_a_call_fails(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(StatusError) as caught:
        await setup.call(with_options(client, timeout=0.01).wait, 0.03)
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert "conformance.Conformance/wait did not answer in time" in str(caught.value)


async def after_a_deadline_the_next_call_works(setup: Setup) -> None:
    client = await setup.conformance()
    assert await setup.call(client.add, 1.0) == 2.0
    with pytest.raises(StatusError):
        await setup.call(with_options(client, timeout=0.01).wait, 0.03)
    assert await setup.call(client.add, 1.0) == 2.0


async def a_deadline_that_has_passed_is_told_before_any_work(setup: Setup) -> None:
    client = await setup.conformance()
    with pytest.raises(StatusError) as caught:
        await setup.call(with_options(client, timeout=0.0).note, "late")
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert await setup.call(client.notes) == []


async def the_callee_sees_what_remains(setup: Setup) -> None:
    client = await setup.conformance()
    left = await setup.call(with_options(client, timeout=30).wait, 0.0)
    assert 0 < left <= 30


async def without_a_deadline_the_callee_sees_none(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Left, _AsyncLeft)())
    assert await setup.call(client.wait, 0.0) == -1.0


class _Left(SyncConformance):
    def wait(self, seconds: float) -> float:
        return _left()


class _AsyncLeft(AsyncConformance):
    async def wait(self, seconds: float) -> float:
        return _left()


def _left() -> float:
    call = current_call()
    assert call is not None, "no call"
    left = call.remaining()
    return -1.0 if left is None else left


async def the_contract_sets_a_deadline(setup: Setup) -> None:
    client = await setup.conformance(timed=True)
    with pytest.raises(StatusError) as caught:
        await setup.call(client.hurry, 0.2)
    assert caught.value.code is Code.DEADLINE_EXCEEDED


async def the_earliest_of_two_deadlines_holds(setup: Setup) -> None:
    class Telling(SyncConformance):
        def hurry(self, seconds: float) -> float:
            return _left()

    class AsyncTelling(AsyncConformance):
        async def hurry(self, seconds: float) -> float:
            return _left()

    client = await setup.open(setup.colour(Telling, AsyncTelling)(), timed=True)
    assert await setup.call(client.add, 1.0) == 2.0
    assert 0 < await setup.call(with_options(client, timeout=30).hurry, 0.0) <= 0.151
    # Some loops count in whole milliseconds.
    assert 0 < await setup.call(with_options(client, timeout=0.1).hurry, 0.0) <= 0.101


class _Passing(SyncConformance):
    """Passes a call on, without a word about its time."""

    def wait(self, seconds: float) -> float:
        inner = avrorpc.connect(ConformanceClient, "local:", target=_Left())
        return inner.wait(seconds)


class _AsyncPassing(AsyncConformance):
    async def wait(self, seconds: float) -> float:
        inner = avrorpc.connect(AsyncConformanceClient, "local:", target=_AsyncLeft())
        return await inner.wait(seconds)


async def a_call_within_a_call_inherits_its_deadline(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Passing, _AsyncPassing)())
    assert 0 < await setup.call(with_options(client, timeout=30).wait, 0.0) <= 30
    assert await setup.call(client.wait, 0.0) == -1.0


async def metadata_does_not_travel_on_by_itself(setup: Setup) -> None:
    class Passing(SyncConformance):
        def metadata(self) -> dict[str, bytes]:
            return avrorpc.connect(ConformanceClient, "local:", target=SyncConformance()).metadata()

    class AsyncPassing(AsyncConformance):
        async def metadata(self) -> dict[str, bytes]:
            client = avrorpc.connect(AsyncConformanceClient, "local:", target=AsyncConformance())
            return await client.metadata()

    client = await setup.open(setup.colour(Passing, AsyncPassing)(), metadata={"tenant": b"blue"})
    assert await setup.call(client.metadata) == {}


class _Waiting(AsyncConformance):
    """Waits until somebody ends it."""

    async def wait(self, seconds: float) -> float:
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return 0.0


async def _cancelled(setup: Setup) -> tuple[Any, _Waiting]:
    """Return a client whose call was cancelled while the implementation was at it."""
    setup.cancellable()
    setup.interruptible()
    implementation = _Waiting()
    client = await setup.open(implementation)
    task = setup.begin(client.wait, 0.0)
    await implementation.started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return client, implementation


async def a_caller_that_is_cancelled_cancels_the_callee(setup: Setup) -> None:
    _, implementation = await _cancelled(setup)
    await implementation.cancelled.wait()


async def after_a_cancellation_the_next_call_works(setup: Setup) -> None:
    client, _ = await _cancelled(setup)
    assert await setup.call(client.add, 1.0) == 2.0


async def past_its_deadline_the_callee_is_cancelled(setup: Setup) -> None:
    setup.interruptible()
    implementation = _Waiting()
    client = await setup.open(implementation)
    assert await setup.call(client.add, 1.0) == 2.0
    with pytest.raises(StatusError) as caught:
        await setup.call(with_options(client, timeout=0.05).wait, 0.0)
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    await implementation.cancelled.wait()
