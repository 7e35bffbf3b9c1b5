"""Hedging: the first answer wins, the losers are cancelled, and the budget bounds how often."""

from __future__ import annotations

import asyncio
from typing import Any

import avrorpc
import pytest
from avrorpc import BindError, Code, StatusError
from avrorpc.call import Reply
from avrorpc.middleware import Budget, Hedging
from support.calls import ManualClock, Refused, Scripted, a_call, items, settle
from support.implementations import AsyncSmall, SyncSmall
from testcontracts.small import AsyncSmallClient, SmallClient

BUSY = StatusError(Code.UNAVAILABLE, "busy")


class Attempts:
    """A service whose attempts end when and how the test says."""

    def __init__(self) -> None:
        self.futures: list[asyncio.Future[Any]] = []
        self.cancelled: list[int] = []

    async def __call__(self, call: Any) -> Reply:
        number = len(self.futures)
        self.futures.append(asyncio.get_running_loop().create_future())
        try:
            return Reply(await self.futures[number])
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service() -> Attempts:
    return Attempts()


def begin(service: Any, clock: ManualClock, **options: Any) -> asyncio.Task[Any]:
    async def run() -> Any:
        return (await Hedging(1.0, **options)(service)(a_call("ask", clock=clock))).value

    return asyncio.create_task(run())


async def test_a_quick_answer_needs_no_second_attempt(clock: ManualClock, service: Attempts) -> None:
    task = begin(service, clock)
    await clock.advance(0.9)
    service.futures[0].set_result("first")
    assert await task == "first"
    assert len(service.futures) == 1


@pytest.mark.parametrize(("winner", "loser"), [(0, 1), (1, 0)])
async def test_the_first_answer_wins_and_the_other_attempt_is_cancelled(
    clock: ManualClock, service: Attempts, winner: int, loser: int
) -> None:
    task = begin(service, clock)
    await clock.advance(1.0)
    assert len(service.futures) == 2
    service.futures[winner].set_result("answer")
    assert await task == "answer"
    assert service.cancelled == [loser]
    await clock.advance(10.0)
    assert len(service.futures) == 2


async def test_three_attempts_begin_one_delay_after_another(clock: ManualClock, service: Attempts) -> None:
    task = begin(service, clock, attempts=3)
    for count in (1, 2, 3, 3):
        await settle()
        assert len(service.futures) == count
        await clock.advance(1.0)
    service.futures[2].set_result("third")
    assert await task == "third"
    assert sorted(service.cancelled) == [0, 1]


async def test_a_failure_in_passing_begins_the_next_attempt_at_once(
    clock: ManualClock, service: Attempts
) -> None:
    task = begin(service, clock)
    await settle()
    service.futures[0].set_exception(BUSY)
    await settle()
    service.futures[1].set_result("second")
    assert await task == "second"


async def test_a_failure_in_passing_waits_for_the_other_attempt(
    clock: ManualClock, service: Attempts
) -> None:
    task = begin(service, clock)
    await clock.advance(1.0)
    service.futures[1].set_exception(avrorpc.ConnectionLost("gone"))
    await settle()
    assert not task.done()
    service.futures[0].set_result("first")
    assert await task == "first"


async def test_where_all_fail_the_first_failure_is_the_answer(clock: ManualClock, service: Attempts) -> None:
    task = begin(service, clock)
    await clock.advance(1.0)
    service.futures[1].set_exception(avrorpc.ConnectionLost("gone"))
    service.futures[0].set_exception(BUSY)
    with pytest.raises(StatusError, match="busy"):
        await task


@pytest.mark.parametrize("answer", [Refused(reason="no", token="t"), StatusError(Code.NOT_FOUND, "no")])
async def test_errors_that_are_answers_win(clock: ManualClock, service: Attempts, answer: Exception) -> None:
    task = begin(service, clock)
    await clock.advance(1.0)
    service.futures[1].set_exception(answer)
    with pytest.raises(type(answer)):
        await task
    assert service.cancelled == [0]


async def test_a_caller_that_is_cancelled_cancels_all_attempts(clock: ManualClock, service: Attempts) -> None:
    task = begin(service, clock)
    await clock.advance(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(service.cancelled) == [0, 1]


async def test_the_budget_bounds_second_attempts(clock: ManualClock, service: Attempts) -> None:
    hedging = Hedging(1.0, budget=Budget(share=0.0, per_second=0.0, capacity=1.0))
    tasks = [asyncio.create_task(_value(hedging(service)(a_call("ask", clock=clock)))) for _ in range(3)]
    await clock.advance(1.0)
    assert len(service.futures) == 4
    for future in service.futures:
        future.set_result("done")
    await asyncio.gather(*tasks)


async def _value(reply: Any) -> Any:
    return (await reply).value


@pytest.mark.parametrize("name", ["write", "follow", "listen", "collect"])
async def test_what_may_not_be_done_twice_and_streams_pass_as_they_are(name: str, clock: ManualClock) -> None:
    service = Scripted(BUSY, "yes")
    arguments = (items("a"),) if name == "collect" else ()
    with pytest.raises(StatusError):
        await Hedging(0.0)(service)(a_call(name, *arguments, clock=clock))
    assert len(service.calls) == 1


def test_a_synchronous_client_refuses_it() -> None:
    with pytest.raises(BindError, match=r"Hedging needs an event loop.*use AsyncSmallClient"):
        avrorpc.connect(SmallClient, "local:", target=SyncSmall(), middleware=(Hedging(1.0),))


async def test_an_asynchronous_client_takes_it() -> None:
    client = avrorpc.connect(AsyncSmallClient, "local:", target=AsyncSmall(), middleware=(Hedging(1.0),))
    assert await client.double(2) == 4


@pytest.mark.parametrize("wrong", [{"delay": -1.0}, {"delay": 1.0, "attempts": 1}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="2 attempts"):
        Hedging(**wrong)
