"""Incoming items, read by the colour of the implementation; the other colour is refused by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from avrorpc import BindError, Code, StatusError
from avrorpc.driving import drive
from avrorpc.streaming import DrivenIncoming, Incoming
from avrorpc.streaming.bridge import AHEAD


class Source:
    """Numbers, up to an end that is an error where one is given."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.given = 0
        self._count = count
        self._error = error

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        if self.given == self._count:
            raise self._error or StopAsyncIteration
        self.given += 1
        return self.given


async def test_the_loop_reads_directly_and_for_is_refused() -> None:
    incoming = Incoming(Source(3), "a.P/m")
    with pytest.raises(BindError, match=r"a\.P/m: .* read them by `async for`"):
        iter(incoming)
    with pytest.raises(BindError):
        next(incoming)
    assert [item async for item in incoming] == [1, 2, 3]


async def test_a_thread_reads_to_the_end() -> None:
    incoming = Incoming(Source(1_000), "a.P/m")
    assert await asyncio.to_thread(list, incoming) == list(range(1, 1_001))
    assert await asyncio.to_thread(list, incoming) == []


async def test_a_thread_gets_the_error_after_the_items_before_it() -> None:
    incoming = Incoming(Source(1, LookupError("gone")), "a.P/m")
    assert await asyncio.to_thread(next, incoming) == 1
    with pytest.raises(LookupError, match="gone"):
        await asyncio.to_thread(next, incoming)


async def test_only_a_few_items_are_read_ahead() -> None:
    source = Source(1_000)
    incoming = Incoming(source, "a.P/m")
    assert await asyncio.to_thread(next, incoming) == 1
    for _ in range(50):
        await asyncio.sleep(0)
    assert source.given <= 2 * AHEAD
    await incoming.aclose()


async def test_a_thread_that_waits_is_cancelled_when_the_call_ends() -> None:
    class Never(Source):
        async def __anext__(self) -> int:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

    reached = asyncio.Event()
    incoming = Incoming(Never(1), "a.P/m")
    reading = asyncio.ensure_future(asyncio.to_thread(next, incoming))
    await reached.wait()
    await incoming.aclose()
    with pytest.raises(StatusError, match="the call has ended") as caught:
        await reading
    assert caught.value.code is Code.CANCELLED
    with pytest.raises(StatusError):
        await anext(incoming)


async def test_another_loop_is_refused() -> None:
    incoming = Incoming(Source(1), "a.P/m")

    async def read() -> int:
        item: int = await anext(incoming)
        return item

    with pytest.raises(BindError, match="another loop"):
        await asyncio.to_thread(asyncio.run, read())


def test_without_a_loop_each_colour_reads_its_own_way() -> None:
    assert list(DrivenIncoming(Source(2), "a.P/m", is_async=False)) == [1, 2]
    other = DrivenIncoming(Source(2), "a.P/m", is_async=True)
    with pytest.raises(BindError, match="read them by `async for`"):
        iter(other)
    assert drive(other.__anext__()) == 1
    drive(other.aclose())
    with pytest.raises(StatusError):
        drive(other.__anext__())
