"""A call's deadline and metadata, and the clocks that they go by."""

from __future__ import annotations

import asyncio
import time
from contextvars import copy_context

import pytest
from avrorpc import Call, CallContext, Code, StatusError, current_call
from avrorpc.call import AsyncClock, BlockingClock, Options, deadline_exceeded, enter_call
from avrorpc.driving import drive
from avrorpc.method import Method
from testcontracts.conformance import CONFORMANCE

ADD: Method[float] = CONFORMANCE.method("add")
HURRY: Method[float] = CONFORMANCE.method("hurry")
"""It has a deadline of 150 ms of its own."""


class Fixed:
    """A clock that stands still."""

    def __init__(self, time: float) -> None:
        self.time = time

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_nobody_is_called_outside_of_a_call() -> None:
    assert current_call() is None


@pytest.mark.parametrize(
    ("ambient", "timeout", "method", "deadline"),
    [
        (None, None, ADD, None),
        (None, 5.0, ADD, 105.0),
        (102.0, None, ADD, 102.0),
        (102.0, 5.0, ADD, 102.0),
        (110.0, 5.0, ADD, 105.0),
        (None, None, HURRY, 100.15),
        (None, 5.0, HURRY, 100.15),
        (None, 0.1, HURRY, 100.1),
        (100.05, 0.1, HURRY, 100.05),
        (99.0, None, HURRY, 99.0),
    ],
)
def test_the_earliest_deadline_counts(
    ambient: float | None, timeout: float | None, method: Method[float], deadline: float | None
) -> None:
    def inside() -> float | None:
        # The ambient call has another clock, which shows 40 where this one shows 100.
        deadline = None if ambient is None else ambient - 60.0
        enter_call(CallContext(deadline, clock=Fixed(40.0)))
        return Options(timeout=timeout).deadline(method, Fixed(100.0))

    assert copy_context().run(inside) == pytest.approx(deadline)


def test_a_call_knows_what_remains_until_nothing_does() -> None:
    clock = Fixed(100.0)
    assert Call(ADD, (), clock).remaining() is None
    call = Call(ADD, (), clock, deadline=101.0)
    assert call.remaining() == 1.0
    clock.time = 101.0
    with pytest.raises(StatusError) as caught:
        call.remaining()
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    assert str(caught.value) == str(deadline_exceeded(ADD))
    assert "conformance.Conformance/add did not answer in time" in str(caught.value)


def test_a_running_implementation_sees_what_remains() -> None:
    assert CallContext().remaining() is None
    left = CallContext(time.monotonic() + 60).remaining()
    assert left is not None
    assert 0 < left <= 60
    past = CallContext(time.monotonic() - 60).remaining()
    assert past is not None
    assert past < 0


def test_the_blocking_clock_sleeps_without_suspending() -> None:
    clock = BlockingClock()
    before = clock.now()
    drive(clock.sleep(0.001))
    assert clock.now() > before


async def test_the_asynchronous_clock_is_that_of_the_loop() -> None:
    class Slow(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return 7.0

    assert AsyncClock().now() == pytest.approx(asyncio.get_running_loop().time(), abs=1.0)
    other = Slow()
    clock = AsyncClock(other)
    assert clock.now() == 7.0
    assert await asyncio.to_thread(clock.now) == 7.0
    assert CallContext(10.0, clock=clock).remaining() == 3.0
    other.close()


async def test_the_asynchronous_clock_lets_others_run() -> None:
    clock, ran = AsyncClock(), asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)
    before = clock.now()
    await clock.sleep(0)
    assert ran.is_set()
    assert clock.now() >= before
