"""Virtual time: jumps instead of waits, and a sentence instead of a hang."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator

import pytest
from avrorpc.testing import Deadlock, VirtualLoop, run, virtual_time
from hypothesis import given
from hypothesis import strategies as st


def now() -> float:
    return asyncio.get_running_loop().time()


def test_sleeping_takes_virtual_seconds_alone() -> None:
    async def main() -> float:
        await asyncio.sleep(1_000_000.0)
        return now()

    assert run(main()) == pytest.approx(1_000_000.0)


def test_time_stands_still_while_something_is_ready() -> None:
    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return now()

    assert run(main(), start=5.0) == 5.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_timers_fire_in_their_order_and_at_their_times(delays: list[float]) -> None:
    async def main() -> list[tuple[float, float]]:
        woken: list[tuple[float, float]] = []

        async def sleeper(delay: float) -> None:
            await asyncio.sleep(delay)
            woken.append((delay, now()))

        await asyncio.gather(*(sleeper(delay) for delay in delays))
        return woken

    woken = run(main())
    assert [delay for delay, _ in woken] == sorted(delays)
    assert all(at == pytest.approx(delay, abs=1e-6) for delay, at in woken)


def test_a_timeout_ends_what_never_ends() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        return now()

    assert run(main()) == pytest.approx(3600)


async def forgotten(event: asyncio.Event) -> None:
    await event.wait()


def test_a_deadlock_is_an_error_that_names_who_waits_and_where() -> None:
    async def main() -> None:
        await asyncio.create_task(forgotten(asyncio.Event()), name="the forgotten one")

    with pytest.raises(Deadlock) as caught:
        run(main())
    text = str(caught.value)
    assert "the forgotten one: Event.wait at " in text
    assert f"test_a_deadlock_is_an_error_that_names_who_waits_and_where.<locals>.main at {__file__}:" in text


def test_a_deadlock_lists_no_more_than_a_dozen_tasks() -> None:
    async def main() -> None:
        await asyncio.gather(*(asyncio.Event().wait() for _ in range(50)))

    with pytest.raises(Deadlock, match="and 39 more"):
        run(main())


def test_cleanup_runs_after_a_deadlock() -> None:
    cleaned: list[float] = []

    async def main() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(2.0)
            cleaned.append(now())

    with pytest.raises(Deadlock):
        run(main(), start=1.0)
    assert cleaned == [3.0]


def slow() -> str:
    time.sleep(0.001)
    return "done"


def test_threads_of_the_loop_are_waited_for() -> None:
    async def main() -> tuple[str, float]:
        async with asyncio.timeout(3600):
            done = await asyncio.to_thread(slow)
        return done, now()

    done, at = run(main())
    assert (done, at) == ("done", 0.0)


def test_a_thread_that_waits_for_a_timer_gets_it() -> None:
    async def main() -> bool:
        released = threading.Event()
        asyncio.get_running_loop().call_later(0.005, released.set)
        return await asyncio.to_thread(released.wait, 60)

    assert run(main())


def test_a_foreign_thread_may_wake_the_loop() -> None:
    async def main() -> None:
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(event.set))
        thread.start()
        await event.wait()
        thread.join()

    run(main(), patience=30)


def test_sockets_are_looked_at_before_time_jumps() -> None:
    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            async with asyncio.timeout(1.0):
                receiving = asyncio.create_task(loop.sock_recv(near, 10))
                await asyncio.sleep(0)
                far.send(b"data")
                return await receiving

    assert run(main()) == b"data"


def test_a_socket_that_stays_silent_lets_time_pass() -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            async with asyncio.timeout(1000):
                await asyncio.get_running_loop().sock_recv(near, 10)

    with pytest.raises(TimeoutError):
        run(main())


def test_several_coroutines_share_one_runner() -> None:
    with virtual_time(start=10.0) as runner:
        runner.run(asyncio.sleep(5))
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        assert loop.time() == 15.0
        assert repr(loop) == "<VirtualLoop idle at 15 s>"


def test_asynchronous_generators_are_closed_at_the_end() -> None:
    closed: list[bool] = []

    async def ticks() -> AsyncIterator[int]:
        try:
            while True:
                await asyncio.sleep(1)
                yield 1
        finally:
            closed.append(True)

    async def main() -> None:
        async for _ in ticks():
            break

    run(main())
    assert closed == [True]
