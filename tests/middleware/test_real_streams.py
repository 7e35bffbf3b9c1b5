"""Whole chains around real streams, in every placement and colour: all is seen, and each end told once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import avrorpc
import pytest
from avrorpc import Code, StatusError, bind
from support.implementations import AsyncStreams, SyncStreams
from support.observed import Chain
from support.serving import ServerThread
from testcontracts.streams import AsyncStreamsClient, BadPiece, Piece, StreamsClient, Summary

PLACEMENTS: Final = ("local", "verify", "tcp", "unix")


class Setup:
    """A client with its chain, an implementation with its own, and calls of either colour as one."""

    def __init__(self, client: Any, at_client: Chain, at_server: Chain) -> None:
        self.client = client
        self.at_client = at_client
        self.at_server = at_server
        self.is_async = isinstance(client, AsyncStreamsClient)

    async def take(self, stream: Any, count: int | None = None) -> list[Any]:
        """Read so many items, and close the stream."""
        if not self.is_async:
            return await asyncio.to_thread(_take, stream, count)
        taken: list[Any] = []
        try:
            async for item in stream:
                taken.append(item)
                if len(taken) == count:
                    break
        finally:
            await stream.aclose()
        return taken

    async def upload(self, pieces: list[Piece]) -> Any:
        if self.is_async:
            return await self.client.upload("name", _each(pieces))
        return await asyncio.to_thread(self.client.upload, "name", pieces)

    async def seen(self) -> tuple[Chain, Chain]:
        """Both chains, once nothing is under way at either end."""
        for chain in (self.at_client, self.at_server):
            async with asyncio.timeout(20):
                while chain.statistics.total().in_flight or chain.limit.in_flight:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            total = chain.statistics.total()
            assert chain.seen() == (total.ended,) * 3
        return self.at_client, self.at_server


def _take(stream: Iterator[Any], count: int | None) -> list[Any]:
    taken: list[Any] = []
    try:
        for item in stream:
            taken.append(item)
            if len(taken) == count:
                break
    finally:
        stream.close()  # type: ignore[attr-defined]
    return taken


async def _each(pieces: list[Piece]) -> AsyncIterator[Piece]:
    for piece in pieces:
        yield piece


@pytest.fixture(scope="module", params=[SyncStreams, AsyncStreams], ids=["def", "async def"])
def serving(request: pytest.FixtureRequest) -> Iterator[tuple[Chain, Any, ServerThread]]:
    chain = Chain()
    target = bind(request.param(), middleware=chain.server())
    with ServerThread(target) as server:
        yield chain, target, server


@pytest.fixture(params=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[StreamsClient, AsyncStreamsClient], ids=["client", "async client"])
async def setup(
    request: pytest.FixtureRequest, placement: str, serving: tuple[Chain, Any, ServerThread]
) -> AsyncIterator[Setup]:
    at_client = Chain()
    _, target, server = serving
    if placement in ("local", "verify"):
        at_server = Chain()
        own = bind(type(target.implementation)(), middleware=at_server.server())
        client = avrorpc.connect(request.param, f"{placement}:", target=own, middleware=at_client.client())
    else:
        at_server = serving[0]
        at_server.forget()
        client = avrorpc.connect(request.param, getattr(server, placement), middleware=at_client.client())
    yield Setup(client, at_client, at_server)
    closing = avrorpc.close(client)
    if closing is not None:
        await closing


async def test_a_stream_that_is_read_to_its_end(setup: Setup) -> None:
    assert await setup.take(setup.client.count(5)) == [0, 1, 2, 3, 4]
    for chain in await setup.seen():
        total = chain.statistics.total()
        assert total.codes == {"OK": 1}
        assert total.response_items == 5


async def test_a_stream_that_fails_with_a_declared_error(setup: Setup) -> None:
    with pytest.raises(BadPiece):
        await setup.take(setup.client.count(5, fail_at=3))
    for chain in await setup.seen():
        total = chain.statistics.total()
        assert (total.codes, total.declared) == ({"UNKNOWN": 1}, {"BadPiece": 1})
        assert total.response_items == 3


async def test_a_stream_that_breaks(setup: Setup) -> None:
    with pytest.raises(StatusError) as caught:
        await setup.take(setup.client.break_off(2, "value"))
    assert caught.value.code is Code.INTERNAL
    for chain in await setup.seen():
        assert chain.statistics.total().codes == {"INTERNAL": 1}


async def test_a_stream_that_its_reader_leaves(setup: Setup) -> None:
    assert len(await setup.take(setup.client.endless(pause=0.0), 3)) == 3
    for chain in await setup.seen():
        assert chain.statistics.total().codes == {"CANCELLED": 1}


async def test_a_stream_of_requests(setup: Setup) -> None:
    pieces = [Piece(number=number, data=b"xy") for number in range(4)]
    assert await setup.upload(pieces) == Summary(pieces=4, size=8)
    for chain in await setup.seen():
        total = chain.statistics.total()
        assert total.codes == {"OK": 1}
        assert total.request_items == 4


async def test_streams_both_ways(setup: Setup) -> None:
    if setup.is_async:

        async def texts() -> AsyncIterator[str]:
            yield "a"
            yield "b"

        answers = await setup.take(setup.client.shout("> ", texts()))
    else:

        def talk() -> list[str]:
            with setup.client.shout("> ") as stream:
                stream.send("a")
                first = stream.receive()
                stream.send("b")
                stream.close_send()
                return [first, *stream]

        answers = await asyncio.to_thread(talk)
    assert answers == ["> A", "> B"]
    for chain in await setup.seen():
        total = chain.statistics.total()
        assert total.codes == {"OK": 1}
        assert (total.request_items, total.response_items) == (2, 2)


async def test_the_deadline_of_a_middleware_ends_a_stream(setup: Setup) -> None:
    before = time.monotonic()
    left = (await setup.take(setup.client.endless(pause=0.0), 1))[0]
    assert 0 < left <= 30.0 + (time.monotonic() - before)
