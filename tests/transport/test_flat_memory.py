"""What is held does not grow: streams are bounded whatever their length, and calls leave nothing behind.

The long form, with millions and between processes, is in `benchmarks/streams.py` and `benchmarks/soak.py`.
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterable, AsyncIterator, Iterator

import avrorpc
import pytest
from avrorpc import Limits, Server
from avrorpc.transport.address import parse_address
from avrorpc.wire.client import ClientConnection, Connected, Identity
from avrorpc.wire.multiplex import ITEM_COST, Answered
from avrorpc.wire.settings import Wishes
from support.implementations import AsyncSmall, AsyncStreams
from testcontracts.small import SMALL
from testcontracts.streams import AsyncStreamsClient, Piece, Summary

ITEMS = 50_000
SIZE = 100
WINDOW = 16 * 1024
MOST_AHEAD = WINDOW // (SIZE + ITEM_COST) + 3
"""Items that fit the window by the rule of `stream_window`, one that goes below, one in each end's hands."""
ROOM = 512 * 1024
"""Bytes that memory may differ by: a window, what was just read, and what the interpreter keeps for later."""


class Counting(AsyncStreams):
    """Says how far its streams have come."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.taken = 0

    async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
        for number in range(pieces):
            self.made += 1
            yield Piece(number=number, data=bytes(size))

    async def upload(self, name: str, piece: AsyncIterable[Piece]) -> Summary:
        size = 0
        async for one in piece:
            self.taken += 1
            size += len(one.data)
        return Summary(pieces=self.taken, size=size)


EACH_WAY = pytest.mark.parametrize(("scheme", "items"), [("tcp", ITEMS), ("ws", 5_000), ("memory", 5_000)])


@EACH_WAY
async def test_a_long_response_stream_is_never_further_than_its_window(scheme: str, items: int) -> None:
    service = Counting()
    limits = Limits(stream_window=WINDOW)
    async with Server([service], limits=limits) as server:
        client = avrorpc.connect(AsyncStreamsClient, await server.listen(_place(scheme)), limits=limits)
        taken, ahead = 0, 0
        async for piece in client.download(items, SIZE):
            assert piece.number == taken
            taken += 1
            ahead = max(ahead, service.made - taken)
        assert taken == service.made == items
        assert ahead <= MOST_AHEAD
        await avrorpc.close(client)


@EACH_WAY
async def test_a_long_request_stream_is_never_further_than_its_window(scheme: str, items: int) -> None:
    service = Counting()
    limits = Limits(stream_window=WINDOW)
    made, ahead = 0, 0

    async def pieces() -> AsyncIterator[Piece]:
        nonlocal made, ahead
        for number in range(items):
            made += 1
            ahead = max(ahead, made - service.taken)
            yield Piece(number=number, data=bytes(SIZE))

    async with Server([service], limits=limits) as server:
        client = avrorpc.connect(AsyncStreamsClient, await server.listen(_place(scheme)), limits=limits)
        assert await client.upload("long", pieces()) == Summary(pieces=items, size=items * SIZE)
        assert made == items
        assert ahead <= MOST_AHEAD
        await avrorpc.close(client)


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
async def test_a_stream_holds_no_more_at_its_end_than_near_its_beginning() -> None:
    async with Server([Counting()]) as server:
        client = avrorpc.connect(AsyncStreamsClient, await server.listen("tcp://127.0.0.1:0"))
        early, taken = 0, 0
        async for _ in client.download(10_000, SIZE):
            taken += 1
            if taken == 2_500:  # the window has been full once
                gc.collect()
                early = tracemalloc.get_traced_memory()[0]
                tracemalloc.reset_peak()
        assert tracemalloc.get_traced_memory()[1] <= early + ROOM
        await avrorpc.close(client)


async def test_a_reader_that_stops_stops_the_writer() -> None:
    service = Counting()
    limits = Limits(stream_window=WINDOW)
    async with Server([service], limits=limits) as server:
        client = avrorpc.connect(AsyncStreamsClient, await server.listen("tcp://127.0.0.1:0"), limits=limits)
        pieces = client.download(ITEMS, SIZE)
        await anext(pieces)
        before = -1
        while before != service.made:  # until a whole call, there and back, lets it make nothing more
            before = service.made
            await client.open_streams()
        assert 1 < service.made <= MOST_AHEAD + 1
        await avrorpc.close(client)


async def test_calls_that_are_cancelled_before_they_begin_are_forgotten() -> None:
    limits = Limits(max_calls=4)
    async with Server([AsyncSmall()], limits=limits) as server:
        address = parse_address(await server.listen("tcp://127.0.0.1:0"))
        identity = Identity(SMALL.hash, SMALL.text, SMALL.name)
        connection = ClientConnection(identity, None, "netty", Limits(), Wishes())
        reader, writer = await asyncio.open_connection(address.host, address.port)

        async def events() -> list[object]:
            writer.write(connection.data_to_send())
            while True:
                data = await reader.read(65_536)
                assert data, "the server has closed the connection"
                came: list[object] = [*connection.receive(data)]
                if came:
                    return came

        assert isinstance((await events())[0], Connected)
        for _ in range(5 * limits.max_calls):
            call = connection.call("double", {}, b"\x02\x00")
            opening = connection.data_to_send()
            connection.cancel(call)
            writer.write(opening + connection.data_to_send())  # both come at once
            last = connection.call("double", {}, b"\x02\x00")
            answers = [event for event in await events() if isinstance(event, Answered)]
            assert [answer.serial for answer in answers] == [last]
            assert answers[0].body.endswith(b"\x04")
        writer.close()
        await writer.wait_closed()


def _place(scheme: str) -> str:
    return "memory://" if scheme == "memory" else f"{scheme}://127.0.0.1:0"
