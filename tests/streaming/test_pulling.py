"""A generator on an executor: ahead by a few items, closed in every case, and never in two threads."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

import pytest
from avrorpc.streaming import PulledSteps
from avrorpc.streaming.bridge import AHEAD


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Numbers:
    """An endless iterator that knows what was done with it."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = threading.Event()
        self.threads: set[str] = set()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self.threads.add(threading.current_thread().name)
        self.made += 1
        return self.made

    def close(self) -> None:
        self.threads.add(threading.current_thread().name)
        self.closed.set()


async def test_all_items_come_in_order(executor: ThreadPoolExecutor) -> None:
    steps = PulledSteps(iter(range(1_000)), executor, Context())
    assert [item async for item in steps] == list(range(1_000))


async def test_it_runs_ahead_by_a_few_items_and_no_thread_waits(executor: ThreadPoolExecutor) -> None:
    numbers = Numbers()
    steps = PulledSteps(numbers, executor, Context())
    assert await anext(steps) == 1
    with ThreadPoolExecutor(1) as single:
        # Whatever the jobs had to do is done once both threads of the executor have been free.
        await asyncio.gather(*(asyncio.wrap_future(executor.submit(int)) for _ in range(4)))
        await asyncio.wrap_future(single.submit(int))
    assert numbers.made <= AHEAD + 1
    await steps.aclose()
    assert numbers.closed.is_set()
    assert threading.current_thread().name not in numbers.threads


async def test_an_error_comes_after_the_items_before_it(executor: ThreadPoolExecutor) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise asyncio.CancelledError

    steps = PulledSteps(failing(), executor, Context())
    assert await anext(steps) == 1
    with pytest.raises(asyncio.CancelledError):
        await anext(steps)
    with pytest.raises(StopAsyncIteration):
        await anext(steps)


async def test_one_that_runs_is_closed_when_its_step_is_over(executor: ThreadPoolExecutor) -> None:
    entered, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        try:
            entered.set()
            go_on.wait(10)
            yield 1
        finally:
            closed.set()

    steps = PulledSteps(slow(), executor, Context())
    reading = asyncio.ensure_future(anext(steps))
    await asyncio.to_thread(entered.wait, 10)
    await steps.aclose()
    assert not closed.is_set()
    go_on.set()
    assert await asyncio.to_thread(closed.wait, 10)
    reading.cancel()
    await asyncio.wait([reading])


async def test_an_iterator_is_closed_even_when_the_executor_is_shut_down() -> None:
    executor, numbers = ThreadPoolExecutor(1), Numbers()
    steps = PulledSteps(numbers, executor, Context())
    await anext(steps)
    await asyncio.to_thread(executor.shutdown)
    await steps.aclose()
    assert numbers.closed.is_set()


async def test_a_reader_of_a_shut_down_executor_is_told() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(RuntimeError, match="shutdown"):
        await anext(PulledSteps(iter([1]), executor, Context()))


async def test_a_failure_to_close_while_it_runs_is_logged(
    executor: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def broken() -> Iterator[int]:
        try:
            entered.set()
            go_on.wait(10)
            yield 1
        finally:
            raise ValueError("cannot be closed")

    steps = PulledSteps(broken(), executor, Context())
    reading = asyncio.ensure_future(anext(steps))
    await asyncio.to_thread(entered.wait, 10)
    await steps.aclose()
    with caplog.at_level(logging.ERROR, "avrorpc"):
        go_on.set()
        await asyncio.to_thread(executor.shutdown)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert "failed when it was closed" in caplog.text
    reading.cancel()
    await asyncio.wait([reading])


async def test_one_that_waits_for_a_thread_is_closed_without_one() -> None:
    gate = threading.Event()

    def never() -> Generator[int, None, None]:
        yield 1
        raise AssertionError("nobody reads it")

    with ThreadPoolExecutor(1) as busy:
        busy.submit(gate.wait, 10)
        generator = never()
        steps = PulledSteps(generator, busy, Context())
        reading = asyncio.ensure_future(anext(steps))
        await asyncio.sleep(0)
        reading.cancel()
        await steps.aclose()
        assert inspect.getgeneratorstate(generator) == inspect.GEN_CLOSED
        gate.set()
    assert inspect.getgeneratorstate(generator) == inspect.GEN_CLOSED
