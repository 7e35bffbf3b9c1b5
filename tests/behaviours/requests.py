"""Streams of a request: the caller's items, their ends and their errors."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any

import pytest
from avrorpc import BindError, EncodeError, StatusError, current_call, with_options
from behaviours.setup import Impossible, Setup
from support.implementations import AsyncStreams, SyncStreams, visible
from testcontracts.streams import BadPiece, Piece, Summary


def _pieces(count: int) -> list[Piece]:
    return [Piece(number=number, data=b"x" * number) for number in range(count)]


def _seventh(_: int) -> Piece:
    return Piece(number=7)


async def items_are_taken_and_answered_once(setup: Setup) -> None:
    streams = await setup.streams()
    items = setup.items(_pieces(50))
    assert await setup.call(streams.client.upload, "up", items) == Summary(pieces=50, size=1225)
    await streams.closed(0)


async def the_callers_iterator_is_closed_at_the_end(setup: Setup) -> None:
    streams = await setup.streams()
    items = setup.items(_pieces(3))
    await setup.call(streams.client.upload, "up", items)
    assert items.closed


async def no_items_are_a_stream_too(setup: Setup) -> None:
    streams = await setup.streams()
    assert await setup.call(streams.client.upload, "up", setup.items([])) == Summary(pieces=0, size=0)


async def many_items_are_taken(setup: Setup) -> None:
    streams = await setup.streams()
    items = setup.items(Piece(number=number, data=b"") for number in range(2_000))
    assert await setup.call(streams.client.upload, "up", items) == Summary(pieces=2_000, size=0)


async def large_items_are_taken(setup: Setup) -> None:
    streams = await setup.streams()
    items = setup.items(Piece(number=number, data=bytes(400_000)) for number in range(4))
    assert await setup.call(streams.client.upload, "up", items) == Summary(pieces=4, size=1_600_000)


async def uploads_at_once_do_not_mix(setup: Setup) -> None:
    streams = await setup.streams()
    made = (setup.call(streams.client.upload, str(count), setup.items(_pieces(count))) for count in range(4))
    results = await asyncio.gather(*made)
    assert [summary.pieces for summary in results] == list(range(4))


async def a_declared_error_ends_the_items(setup: Setup) -> None:
    streams = await setup.streams()
    items = setup.items(itertools.chain([Piece(number=0)], map(_seventh, itertools.count())))
    with pytest.raises(BadPiece) as caught:
        await setup.call(streams.client.upload, "up", items)
    assert (caught.value.number, caught.value.reason) == (7, "up: 1 comes next")


async def the_callers_iterator_is_closed_after_an_error(setup: Setup) -> None:
    streams = await setup.streams()
    items = setup.items(map(_seventh, itertools.count()))
    with pytest.raises(BadPiece):
        await setup.call(streams.client.upload, "up", items)
    assert items.closed


async def what_the_callers_items_raise_is_raised_as_it_is(setup: Setup) -> None:
    def failing() -> Iterator[Piece]:
        yield Piece(number=0)
        raise LookupError("my own")

    streams = await setup.streams()
    with pytest.raises(LookupError, match="my own"):
        await setup.call(streams.client.upload, "up", setup.items(failing()))


async def what_the_callers_items_raise_cancels_the_implementation(setup: Setup) -> None:
    def failing() -> Iterator[Piece]:
        yield Piece(number=0)
        raise LookupError("my own")

    streams = await setup.streams()
    items = setup.items(failing())
    with pytest.raises(LookupError, match="my own"):
        await setup.call(streams.client.upload, "up", items)
    assert items.closed
    await streams.closed(1, begun=False)


async def an_item_that_does_not_fit_is_refused_with_its_path(setup: Setup) -> None:
    streams = await setup.streams()
    items = setup.items([Piece(number=0), Piece(number="one")])  # type: ignore[arg-type]
    with pytest.raises(EncodeError) as caught:
        await setup.call(streams.client.upload, "up", items)
    assert caught.value.path == "piece[1].number"
    assert items.closed
    await streams.closed(1, begun=False)


async def items_of_the_wrong_kind_are_refused_at_once(setup: Setup) -> None:
    streams = await setup.streams()
    with pytest.raises(EncodeError, match="iterable of items is needed, not int") as caught:
        await setup.call(streams.client.upload, "up", 5)
    assert caught.value.path == "piece"


class _Sated(SyncStreams):
    """Reads one item, and has enough."""

    def upload(self, name: str, piece: Iterable[Piece]) -> Summary:
        return Summary(pieces=next(iter(piece)).number, size=-1)


class _AsyncSated(AsyncStreams):
    """Reads one item, and has enough."""

    async def upload(self, name: str, piece: AsyncIterable[Piece]) -> Summary:
        async for one in piece:
            return Summary(pieces=one.number, size=-1)
        raise AssertionError("there is none")


async def an_implementation_need_not_read_to_the_end(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Sated, _AsyncSated)())
    items = setup.items(Piece(number=number) for number in itertools.count())
    assert await setup.call(client.upload, "up", items) == Summary(pieces=0, size=-1)


async def the_callers_iterator_is_closed_after_an_early_reply(setup: Setup) -> None:
    client = await setup.open(setup.colour(_Sated, _AsyncSated)())
    items = setup.items(Piece(number=number) for number in itertools.count())
    await setup.call(client.upload, "up", items)
    assert items.closed


async def items_read_in_the_wrong_colour_are_refused_by_name(setup: Setup) -> None:
    if not setup.case.serves_async:
        raise Impossible("a `def` has no `async for` to get wrong")

    class Wrong(AsyncStreams):
        async def upload(self, name: str, piece: Any) -> Summary:
            return Summary(pieces=len(list(piece)), size=0)

    client = await setup.open(Wrong())
    with pytest.raises(StatusError, match="INTERNAL: an internal error"):
        await setup.call(client.upload, "up", setup.items(_pieces(2)))
    assert BindError.__name__ in setup.log.text
    assert "read them by `async for`" in setup.log.text


async def the_callers_items_see_the_callers_context_alone(setup: Setup) -> None:
    class Seeing(SyncStreams):
        def upload(self, name: str, piece: Iterable[Piece]) -> Summary:
            return Summary(pieces=sum(one.number for one in piece), size=len(visible.get()))

    class AsyncSeeing(AsyncStreams):
        async def upload(self, name: str, piece: AsyncIterable[Piece]) -> Summary:
            return Summary(pieces=sum([one.number async for one in piece]), size=len(visible.get()))

    def seen() -> Iterator[Piece]:
        assert current_call() is None
        yield Piece(number=len(visible.get()))

    client = await setup.open(setup.colour(Seeing, AsyncSeeing)())
    token = visible.set("yes")
    try:
        summary = await setup.call(client.upload, "x", setup.items(seen()))
    finally:
        visible.reset(token)
    assert (summary.pieces, summary.size) == (3, 0)


async def a_deadline_ends_a_stream_of_a_request(setup: Setup) -> None:
    setup.interruptible()

    class Patient(AsyncStreams):
        async def upload(self, name: str, piece: AsyncIterable[Piece]) -> Summary:
            with self.streams:
                await asyncio.Event().wait()
            return Summary(pieces=0, size=0)

    implementation = Patient()
    client = await setup.open(implementation)
    items = setup.items(_pieces(3))
    with pytest.raises(StatusError, match="DEADLINE_EXCEEDED"):
        await setup.call(with_options(client, timeout=0.05).upload, "up", items)
    assert items.closed


async def a_caller_that_is_cancelled_cancels_a_stream_of_a_request(setup: Setup) -> None:
    setup.cancellable()

    async def waiting() -> AsyncIterator[Piece]:
        yield Piece(number=0)
        await asyncio.Event().wait()

    streams = await setup.streams()
    task = setup.begin(streams.client.upload, "up", waiting())
    await streams.begun(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await streams.closed(1)
