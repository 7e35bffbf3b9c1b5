"""Concurrency limits: so many at once, so many waiting in order, and the rest refused by name."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import avrorpc
import pytest
from avrorpc import BindError, Code, StatusError, bind
from avrorpc.call import Reply
from avrorpc.driving import drive
from avrorpc.middleware import ConcurrencyLimit
from support.calls import ManualClock, Scripted, a_call, settle
from support.implementations import SyncSmall
from testcontracts.small import SmallClient


class Gate:
    """A service that answers when it is told to, and notes the order in which calls came."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self._open: dict[str, asyncio.Event] = {}

    async def __call__(self, call: Any) -> Reply:
        (text,) = call.arguments
        self.came.append(text)
        await self._open.setdefault(text, asyncio.Event()).wait()
        return Reply(text)

    async def answer(self, text: str) -> None:
        self._open.setdefault(text, asyncio.Event()).set()
        await settle()


async def started(serve: Any, *texts: str, **options: Any) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(serve(a_call("ask", text, **options))) for text in texts]
    await settle()
    return tasks


async def test_what_comes_on_top_is_refused_by_name() -> None:
    gate, limit = Gate(), ConcurrencyLimit(2)
    serve = limit(gate)
    tasks = await started(serve, "a", "b", "c")
    with pytest.raises(StatusError, match=r"n.Shop/ask: max_in_flight=2 calls are under way$") as caught:
        await tasks[2]
    assert caught.value.code is Code.RESOURCE_EXHAUSTED
    await gate.answer("a")
    more = await started(serve, "d")
    assert gate.came == ["a", "b", "d"]
    for text in "bd":
        await gate.answer(text)
    await asyncio.gather(*tasks[:2], *more)
    assert limit.in_flight == 0


async def test_some_wait_and_are_served_in_order() -> None:
    gate, limit = Gate(), ConcurrencyLimit(1, max_waiting=2)
    tasks = await started(limit(gate), "a", "b", "c", "d")
    with pytest.raises(StatusError, match="max_in_flight=1 calls are under way, and max_waiting=2 wait"):
        await tasks[3]
    assert limit.waiting == 2
    for text in "abc":
        await gate.answer(text)
    assert gate.came == ["a", "b", "c"]
    assert [(await task).value for task in tasks[:3]] == ["a", "b", "c"]
    assert (limit.in_flight, limit.waiting) == (0, 0)


async def test_who_waits_is_not_overtaken() -> None:
    gate, limit = Gate(), ConcurrencyLimit(1, max_waiting=5)
    serve = limit(gate)
    await started(serve, "a", "b")
    gate._open["a"].set()
    (late,) = await started(serve, "c")
    assert gate.came == ["a", "b"]
    late.cancel()


async def test_waiting_ends_at_the_deadline() -> None:
    gate, limit, clock = Gate(), ConcurrencyLimit(1, max_waiting=1), ManualClock()
    serve = limit(gate)
    (running,) = await started(serve, "a")
    (waiting,) = await started(serve, "b", clock=clock, deadline=103.0)
    await clock.advance(2.0)
    assert not waiting.done()
    await clock.advance(1.0)
    with pytest.raises(StatusError) as caught:
        await waiting
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert limit.waiting == 0
    (other,) = await started(serve, "c", clock=clock, deadline=110.0)
    await gate.answer("a")
    await gate.answer("c")
    assert (await other).value == "c"
    assert gate.came == ["a", "c"]
    await running
    assert limit.in_flight == 0


async def test_a_caller_that_is_cancelled_while_it_waits_leaves_the_queue() -> None:
    gate, limit = Gate(), ConcurrencyLimit(1, max_waiting=2)
    _, second, third = await started(limit(gate), "a", "b", "c")
    second.cancel()
    await gate.answer("a")
    await gate.answer("c")
    assert (await third).value == "c"
    assert (gate.came, limit.in_flight) == (["a", "c"], 0)


@pytest.mark.parametrize("deadline", [None, 200.0])
async def test_a_place_given_to_a_caller_that_is_cancelled_goes_to_the_next(deadline: float | None) -> None:
    gate, limit = Gate(), ConcurrencyLimit(1, max_waiting=2)
    clock = ManualClock()
    _, second, third = await started(limit(gate), "a", "b", "c", clock=clock, deadline=deadline)
    gate._open["a"].set()
    await asyncio.sleep(0)  # the first call goes on, ends, and gives its place to the second
    assert (limit.waiting, second.done()) == (1, False)
    second.cancel()
    await gate.answer("c")
    assert (await third).value == "c"
    assert limit.in_flight == 0


async def test_failed_calls_give_their_place_back() -> None:
    limit = ConcurrencyLimit(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="bug"):
            await limit(Scripted(ValueError("bug")))(a_call("ask"))
    assert limit.in_flight == 0


async def test_a_stream_holds_its_place_until_it_ends() -> None:
    limit = ConcurrencyLimit(1)
    serve = limit(Scripted(["a", "b"]))
    reply = await serve(a_call("listen"))
    await anext(reply.value)
    with pytest.raises(StatusError):
        await serve(a_call("listen"))
    await reply.value.aclose()
    reply = await serve(a_call("listen"))
    del reply
    gc.collect()
    reply = await serve(a_call("listen"))
    assert [item async for item in reply.value] == ["a", "b"]
    assert limit.in_flight == 0


def test_without_waiting_it_needs_no_event_loop() -> None:
    async def run() -> Any:
        return (await ConcurrencyLimit(1)(Scripted("yes"))(a_call("ask"))).value

    assert drive(run()) == "yes"


@pytest.mark.parametrize("as_binding", [True, False])
def test_with_waiting_a_synchronous_client_refuses_it(as_binding: bool) -> None:
    limit = (ConcurrencyLimit(1, max_waiting=1),)
    target = bind(SyncSmall(), middleware=limit) if as_binding else SyncSmall()
    with pytest.raises(BindError, match=r"ConcurrencyLimit needs an event loop.*AsyncSmallClient"):
        avrorpc.connect(SmallClient, "local:", target=target, middleware=() if as_binding else limit)
    with pytest.raises(BindError, match="ConcurrencyLimit needs an event loop"):
        avrorpc.connect(SmallClient, "tcp://127.0.0.1:1", middleware=limit)


@pytest.mark.parametrize("wrong", [(0, 0), (1, -1)])
def test_a_limit_that_makes_no_sense_is_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        ConcurrencyLimit(wrong[0], max_waiting=wrong[1])
