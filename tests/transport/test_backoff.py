"""When a server is dialled again that could not be reached; time and chance are made up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import avrorpc
import pytest
from avrorpc import Backoff, ConnectError, Server
from avrorpc.transport.backoff import Redialling
from hypothesis import given
from hypothesis import strategies as st
from support.implementations import AsyncSmall
from support.rogue import closed_port
from testcontracts.small import AsyncSmallClient, SmallClient


@dataclass
class Clock:
    """A time that passes when it is told to."""

    time: float = 100.0

    def __call__(self) -> float:
        return self.time


def certain() -> float:
    return 0.0


def fail(redialling: Redialling, said: str = "no") -> None:
    before = redialling.check()
    redialling.failed(ConnectError(said), before)


def test_the_first_retry_is_immediate_and_the_next_ones_wait_twice_as_long_each() -> None:
    policy = Backoff(first=0.1, factor=2, longest=1.0, random=certain)
    assert [policy.delay(failures) for failures in range(8)] == [0, 0, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert policy.delay(10**9) == 1.0


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True), st.floats(0, 1))
def test_chance_shortens_a_wait_by_its_share_at_most(failures: int, chance: float, jitter: float) -> None:
    whole = Backoff(random=certain, jitter=jitter).delay(failures)
    assert whole * (1 - jitter) <= Backoff(random=lambda: chance, jitter=jitter).delay(failures) <= whole


@pytest.mark.parametrize(
    "wrong", [{"first": -1}, {"first": 2, "longest": 1}, {"factor": 0.5}, {"jitter": 2}, {"jitter": -1}]
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must hold"):
        Backoff(**wrong)  # type: ignore[arg-type]


def test_calls_fail_at_once_until_the_time_is_over() -> None:
    clock = Clock()
    redialling = Redialling(Backoff(first=1, random=certain, clock=clock))
    fail(redialling)
    fail(redialling, "cannot connect to x")
    with pytest.raises(ConnectError) as caught:
        redialling.check()
    assert str(caught.value) == "cannot connect to x (failed 2 times in a row; not tried again for 1.0 s)"
    clock.time += 1
    fail(redialling)
    clock.time += 1
    with pytest.raises(ConnectError, match=r"failed 3 times in a row; not tried again for 1\.0 s"):
        redialling.check()


def test_a_dial_that_succeeds_ends_the_wait() -> None:
    redialling = Redialling(Backoff(first=1, clock=Clock()))
    fail(redialling)
    fail(redialling)
    redialling.succeeded()
    fail(redialling)
    redialling.check()


def test_of_dials_at_the_same_time_the_first_failure_alone_counts() -> None:
    redialling = Redialling(Backoff(first=1, clock=Clock()))
    started = [redialling.check() for _ in range(8)]
    for before in started:
        redialling.failed(ConnectError("no"), before)
    redialling.check()


Calls = Callable[[str, Backoff, int], list[str]]


def blocking(url: str, backoff: Backoff, count: int) -> list[str]:
    said = []
    with avrorpc.connect(SmallClient, url, backoff=backoff) as client:
        for _ in range(count):
            with pytest.raises(ConnectError) as caught:
                client.double(1)
            said.append(str(caught.value))
    return said


def asynchronous(url: str, backoff: Backoff, count: int) -> list[str]:
    async def main() -> list[str]:
        said = []
        async with avrorpc.connect(AsyncSmallClient, url, backoff=backoff) as client:
            for _ in range(count):
                with pytest.raises(ConnectError) as caught:
                    await client.double(1)
                said.append(str(caught.value))
        return said

    return asyncio.run(main())


@pytest.mark.parametrize("scheme", ["tcp", "http"])
@pytest.mark.parametrize("calls", [blocking, asynchronous])
def test_clients_of_every_kind_back_off(calls: Calls, scheme: str) -> None:
    said = calls(f"{scheme}://127.0.0.1:{closed_port()}", Backoff(first=30, random=certain, clock=Clock()), 4)
    assert ["not tried again" in one for one in said] == [False, False, True, True]
    assert all("nothing listens there; is the server up?" in one for one in said)
    dialled = calls(f"{scheme}://127.0.0.1:{closed_port()}", Backoff(first=0), 4)
    assert ["not tried again" in one for one in dialled] == [False] * 4


async def test_a_server_that_comes_back_is_found_when_the_time_is_over() -> None:
    clock, port = Clock(), closed_port()
    url = f"tcp://127.0.0.1:{port}"
    backoff = Backoff(first=5, random=certain, clock=clock)
    async with (
        avrorpc.connect(AsyncSmallClient, url, backoff=backoff) as client,
        Server([AsyncSmall()]) as server,
    ):
        for _ in range(2):
            with pytest.raises(ConnectError, match="nothing listens there"):
                await client.double(1)
        await server.listen(url)
        with pytest.raises(ConnectError, match=r"not tried again for 5\.0 s"):
            await client.double(1)
        clock.time += 5
        assert await client.double(1) == 2
