"""A lane to threads: jobs run in turn, and what was cancelled before its turn leaves nothing behind."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest
from avrorpc.server.lane import MOST_AT_ONCE, Lane


class Large:
    """What a job is given."""


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def pool(gate: threading.Event) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor
        gate.set()


def blocked(lane: Lane, gate: threading.Event, number: int = 2) -> list[Future[bool]]:
    """Keep threads busy until the gate opens."""
    started = [threading.Event() for _ in range(number)]

    def hold(begun: threading.Event) -> bool:
        begun.set()
        return gate.wait(10)

    futures = [lane.submit(hold, begun) for begun in started]
    for begun in started:
        assert begun.wait(10)
    return futures


def test_results_and_errors_come_back(pool: ThreadPoolExecutor) -> None:
    lane = Lane(pool)
    assert lane.submit(int, "7f", base=16).result(10) == 127
    assert isinstance(lane.submit(int, "x").exception(10), ValueError)


def test_jobs_run_in_the_order_in_which_they_came(pool: ThreadPoolExecutor, gate: threading.Event) -> None:
    lane, order = Lane(pool, 1), list[int]()
    blocked(lane, gate, 1)
    jobs = [lane.submit(order.append, number) for number in range(100)]
    gate.set()
    for job in jobs:
        job.result(10)
    assert order == list(range(100))


def test_a_job_that_is_cancelled_while_it_waits_is_forgotten_with_what_it_was_given(
    pool: ThreadPoolExecutor, gate: threading.Event
) -> None:
    lane = Lane(pool)
    blocked(lane, gate)
    large = Large()
    known = weakref.ref(large)
    job = lane.submit(id, large)
    assert lane.waiting == 1
    assert job.cancel()
    del large
    gc.collect()
    assert known() is None
    assert lane.waiting == 0
    assert pool._work_queue.empty()
    with pytest.raises(CancelledError):
        job.result(0)


def test_what_follows_cancelled_jobs_is_done(pool: ThreadPoolExecutor, gate: threading.Event) -> None:
    lane = Lane(pool)
    blocked(lane, gate)
    jobs = [lane.submit(str, number) for number in range(10)]
    for job in jobs[:9]:
        job.cancel()
    gate.set()
    assert jobs[9].result(10) == "9"


def test_an_error_does_not_keep_its_job_alive() -> None:
    lane = Lane(ThreadPoolExecutor(1))
    large = Large()
    known = weakref.ref(large)
    gc.disable()
    try:
        job = lane.submit(int, large)
        assert isinstance(job.exception(10), TypeError)
        del large, job
        lane.shutdown()
        assert known() is None
    finally:
        gc.enable()


def test_no_more_jobs_enter_than_there_are_threads(pool: ThreadPoolExecutor, gate: threading.Event) -> None:
    lane = Lane(pool)
    blocked(lane, gate)
    for _ in range(50):
        lane.submit(int)
    assert lane.waiting == 50
    assert pool._work_queue.empty()


def test_an_executor_that_does_not_say_its_width_takes_many() -> None:
    class Endless(Executor):
        taken = 0

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.taken += 1
            return Future()

    inner = Endless()
    lane = Lane(inner)
    for _ in range(MOST_AT_ONCE + 5):
        lane.submit(int)
    assert inner.taken == MOST_AT_ONCE


def test_a_shutdown_cancels_what_waits_if_told_so(gate: threading.Event) -> None:
    lane = Lane(ThreadPoolExecutor(1))
    (running,) = blocked(lane, gate, 1)
    waiting = lane.submit(int)
    lane.shutdown(wait=False, cancel_futures=True)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="after shutdown"):
        lane.submit(int)
    gate.set()
    assert running.result(10)


def test_a_shutdown_lets_what_waits_finish_otherwise(gate: threading.Event) -> None:
    lane = Lane(ThreadPoolExecutor(1))
    blocked(lane, gate, 1)
    waiting = lane.submit(int, "5")
    threading.Timer(0.01, gate.set).start()
    lane.shutdown()
    assert waiting.result(10) == 5


def test_jobs_that_the_executor_drops_are_cancelled_and_so_are_those_behind_them(
    pool: ThreadPoolExecutor, gate: threading.Event
) -> None:
    blocked(Lane(pool), gate)  # somebody else's
    lane = Lane(pool)
    jobs = [lane.submit(int) for _ in range(4)]
    pool.shutdown(wait=False, cancel_futures=True)
    assert all(job.cancelled() for job in jobs)
    with pytest.raises(RuntimeError):
        lane.submit(int)
