"""Streams of a response: order, ends, errors, and who is closed when."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from avrorpc import ClientStateError, Code, StatusError, current_call, error_info, with_options
from avrorpc.contracts import RetryInfo
from behaviours.setup import Setup
from support.implementations import AsyncStreams, SyncStreams, visible
from testcontracts.streams import BadPiece, Piece


async def items_come_in_order_and_end(setup: Setup) -> None:
    streams = await setup.streams()
    assert await setup.take(streams.client.count(100)) == list(range(100))
    pieces = await setup.take(streams.client.download(2, 3))
    assert [(piece.number, bytes(piece.data)) for piece in pieces] == [(0, b"\0" * 3), (1, b"\1" * 3)]
    await streams.closed(0)


async def a_stream_may_be_empty(setup: Setup) -> None:
    streams = await setup.streams()
    assert await setup.take(streams.client.count(0)) == []
    assert await setup.take(streams.client.count(0)) == []
    await streams.closed(0)


async def many_small_items_come_in_order(setup: Setup) -> None:
    streams = await setup.streams()
    assert await setup.take(streams.client.count(3_000)) == list(range(3_000))


async def large_items_come_whole(setup: Setup) -> None:
    streams = await setup.streams()
    pieces = await setup.take(streams.client.download(4, 400_000))
    assert [(len(piece.data), set(piece.data)) for piece in pieces] == [(400_000, {n}) for n in range(4)]


async def a_declared_error_comes_after_the_items_before_it(setup: Setup) -> None:
    streams = await setup.streams()
    items, error = await setup.until_error(streams.client.count(10, fail_at=3))
    assert items == [0, 1, 2]
    assert isinstance(error, BadPiece)
    assert (error.number, error.reason) == (3, "as asked")
    await streams.closed(0)


async def a_declared_error_may_come_before_any_item(setup: Setup) -> None:
    streams = await setup.streams()
    items, error = await setup.until_error(streams.client.count(10, fail_at=0))
    assert (items, type(error)) == ([], BadPiece)


async def other_errors_come_after_the_items_and_are_redacted(setup: Setup) -> None:
    streams = await setup.streams()
    for how in ("value", "undeclared"):
        items, error = await setup.until_error(streams.client.break_off(2, how))
        assert items == [0, 1]
        assert isinstance(error, StatusError)
        assert (error.code, error.message) == (Code.INTERNAL, "an internal error")
        assert error.__cause__ is None
        assert error.error_id is not None
        assert error.error_id in setup.log.text


async def the_callees_own_cancellation_ends_a_stream_with_an_error(setup: Setup) -> None:
    streams = await setup.streams()
    items, error = await setup.until_error(streams.client.break_off(2, "cancel"))
    assert items == [0, 1]
    assert isinstance(error, StatusError)
    assert error.code is Code.CANCELLED


def _counted(to: int) -> StatusError:
    code = list(Code)[to]
    return StatusError(code, f"because of {code.value}", details=(RetryInfo(seconds=1.5),))


class _Failing(SyncStreams):
    """Counts to two, and fails with the code of a number."""

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        yield from (0, 1)
        raise _counted(to) from KeyError("hunter2")


class _AsyncFailing(AsyncStreams):
    """Counts to two, and fails with the code of a number."""

    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        for number in (0, 1):
            yield number
        raise _counted(to) from KeyError("hunter2")


async def each_of_the_sixteen_codes_ends_a_stream_after_its_items(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Failing, _AsyncFailing)())
    for number, code in enumerate(Code):
        items, error = await setup.until_error(client.count(number))
        assert items == [0, 1]
        assert isinstance(error, StatusError)
        assert (error.code, error.message) == (code, f"because of {code.value}")
        assert error_info(error).details == (RetryInfo(seconds=1.5),)
        assert error_info(error).from_peer
        assert error.__cause__ is None
        assert error.error_id is not None
        assert f"error id {error.error_id}" in setup.log.text
        assert "hunter2" in setup.log.text


async def after_its_end_a_stream_stays_at_its_end(setup: Setup) -> None:
    streams = await setup.streams()
    counted, broken = streams.client.count(1), streams.client.break_off(0, "status")
    assert await setup.take(counted) == [0]
    with pytest.raises(StatusError, match="nothing of that name"):
        await setup.take(broken)
    for stream in (counted, broken):
        assert await setup.take(stream) == []


async def a_call_begins_when_its_first_item_is_asked_for(setup: Setup) -> None:
    streams = await setup.streams()
    stream = streams.client.count(1_000_000)
    assert await setup.take(stream, 0) == []
    await streams.closed(0)
    assert await setup.take(stream) == []


async def a_stream_that_is_closed_early_closes_the_implementation(setup: Setup) -> None:
    streams = await setup.streams()
    assert await setup.take(streams.client.count(1_000_000), 3) == [0, 1, 2]
    await streams.closed(1)


async def a_stream_that_nobody_holds_any_more_is_closed(setup: Setup) -> None:
    streams = await setup.streams()
    stream = streams.client.count(1_000_000)
    await setup.next(stream)
    del stream
    await asyncio.to_thread(gc.collect, 1)
    await streams.closed(1)


async def a_slow_reader_slows_the_implementation(setup: Setup) -> None:
    class Counting(SyncStreams):
        made = 0

        def download(self, pieces: int, size: int) -> Iterator[Piece]:
            for number in range(pieces):
                self.made += 1
                yield Piece(number=number, data=bytes(size))

    class AsyncCounting(AsyncStreams):
        made = 0

        async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
            for number in range(pieces):
                self.made += 1
                yield Piece(number=number, data=bytes(size))

    counting: Any = setup.colour(Counting, AsyncCounting)()
    client = await setup.open(counting)
    stream = client.download(10_000, 65_536)
    await setup.next(stream)
    seen = -1
    while seen != counting.made:  # until it stands still
        seen = counting.made
        await asyncio.sleep(0.01)
    assert counting.made < 200
    assert [piece.number for piece in await setup.take(stream, 2)] == [1, 2]


async def one_slow_reader_slows_nobody_else(setup: Setup) -> None:
    streams = await setup.streams()
    slow = streams.client.download(10_000, 65_536)
    await setup.next(slow)
    assert await setup.take(streams.client.count(50)) == list(range(50))
    assert await setup.call(streams.client.open_streams) == [1, 0]
    await setup.take(slow, 0)
    await streams.closed(1)


async def streams_at_once_do_not_mix(setup: Setup) -> None:
    streams = await setup.streams()
    made = (setup.take(streams.client.count(10 * number)) for number in range(8))
    assert await asyncio.gather(*made) == [list(range(10 * number)) for number in range(8)]
    await streams.closed(0)


async def past_its_deadline_a_stream_fails(setup: Setup) -> None:
    streams = await setup.streams()
    assert await setup.take(streams.client.count(1)) == [0]  # connects
    client = with_options(streams.client, timeout=0.1)
    items, error = await setup.until_error(client.endless(pause=0.005))
    assert isinstance(error, StatusError), error
    assert error.code is Code.DEADLINE_EXCEEDED
    assert 0 < items[0] <= 0.1
    assert items[1:] == [float(number) for number in range(len(items) - 1)]
    await streams.closed(1)


async def a_stream_whose_deadline_has_passed_never_begins(setup: Setup) -> None:
    streams = await setup.streams()
    items, error = await setup.until_error(with_options(streams.client, timeout=0.0).count(3))
    assert items == []
    assert isinstance(error, StatusError)
    assert error.code is Code.DEADLINE_EXCEEDED
    await streams.closed(0)


def _told() -> int:
    call = current_call()
    assert call is not None, "no call"
    return int(call.metadata.get("number", b"-1"))


class _Seeing(SyncStreams):
    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        for _ in range(to):
            yield len(visible.get())

    def break_off(self, after: int, how: str) -> Iterator[int]:
        for _ in range(after):
            yield _told()


class _AsyncSeeing(AsyncStreams):
    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        for _ in range(to):
            yield len(visible.get())

    async def break_off(self, after: int, how: str) -> AsyncIterator[int]:
        for _ in range(after):
            yield _told()


async def nothing_of_the_callers_context_reaches_a_stream(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Seeing, _AsyncSeeing)())
    token = visible.set("yes")
    try:
        assert await setup.take(client.count(3)) == [0, 0, 0]
    finally:
        visible.reset(token)


async def metadata_is_there_throughout_a_stream(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Seeing, _AsyncSeeing)(), metadata={"number": b"7"})
    assert await setup.take(client.break_off(3, "")) == [7, 7, 7]


async def an_item_of_a_response_that_does_not_fit_is_an_internal_error(setup: Setup) -> None:
    class Wrong(SyncStreams):
        def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[Any]:
            yield from (0, "one")

    class AsyncWrong(AsyncStreams):
        async def count(
            self, to: int, *, pause: float = 0.0, fail_at: int | None = None
        ) -> AsyncIterator[Any]:
            for item in (0, "one"):
                yield item

    client = await setup.open(setup.colour(Wrong, AsyncWrong)())
    items, error = await setup.until_error(client.count(2))
    assert items == [0]
    assert isinstance(error, StatusError)
    assert error.code is Code.INTERNAL


async def two_readers_cannot_share_one_stream(setup: Setup) -> None:
    setup.cancellable()
    setup.interruptible()
    streams = await setup.streams()
    stream = streams.client.count(3, pause=0.05)
    await setup.next(stream)
    reader = setup.begin(stream.__anext__)
    await asyncio.sleep(0)
    with pytest.raises(ClientStateError, match="another task"):
        await anext(stream)
    with pytest.raises(ClientStateError, match="another task"):
        await stream.aclose()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await streams.closed(1)


async def a_reader_that_is_cancelled_cancels_the_implementation(setup: Setup) -> None:
    setup.cancellable()
    setup.interruptible()
    streams = await setup.streams()
    stream = streams.client.count(3, pause=0.05)
    await setup.next(stream)
    reader = setup.begin(stream.__anext__)
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await streams.closed(1)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
