"""Waiting: for what comes first, and never beyond the deadline of the call."""

from __future__ import annotations

import asyncio

import pytest
from avrorpc import Code, StatusError
from avrorpc.middleware.waiting import wait_for_any, wait_until
from support.calls import ManualClock, a_call, settle


async def test_what_is_done_first_is_returned() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    task = asyncio.create_task(wait_for_any(a_call("ask"), [first, second], None))
    await settle()
    second.set_exception(ValueError("not taken"))
    assert await task == {second}
    assert isinstance(second.exception(), ValueError)


async def test_after_the_time_nothing_is_returned_and_nothing_cancelled() -> None:
    clock, future = ManualClock(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(wait_for_any(a_call("ask", clock=clock), [future], 2.0))
    await clock.advance(1.9)
    assert not task.done()
    await clock.advance(0.1)
    assert await task == set()
    assert not future.cancelled()


async def test_waiting_ends_with_the_deadline_of_the_call() -> None:
    clock, future = ManualClock(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(wait_until(a_call("ask", clock=clock, deadline=101.0), future))
    await clock.advance(1.0)
    with pytest.raises(StatusError) as caught:
        await task
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    with pytest.raises(StatusError):
        await wait_until(a_call("ask", clock=clock, deadline=101.0), future)


async def test_no_timer_is_left_behind() -> None:
    before = asyncio.all_tasks()
    clock, future = ManualClock(), asyncio.get_running_loop().create_future()
    future.set_result(None)
    await wait_until(a_call("ask", clock=clock, deadline=200.0), future)
    await settle()
    assert asyncio.all_tasks() == before
