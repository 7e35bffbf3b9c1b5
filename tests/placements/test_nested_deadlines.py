"""A deadline reaches every call beneath it: through both colours, any placement, and inside streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import avrorpc
import pytest
from avrorpc import Call, Middleware, Reply, Server, Service, bind, current_call, with_options
from support.implementations import AsyncStreams, SyncStreams
from testcontracts.streams import AsyncStreamsClient, StreamsClient

Opening = Callable[[Any], Any]


class SyncHop(SyncStreams):
    """Passes a count on to the next, and says what was left here."""

    def __init__(self, open_next: Opening, seen: list[float]) -> None:
        super().__init__()
        self._open_next = open_next
        self._seen = seen

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        self._seen.append(left())
        with self._open_next(StreamsClient) as client:
            yield from client.count(to)

    def open_streams(self) -> list[int]:
        self._seen.append(left())
        with self._open_next(StreamsClient) as client:
            counts: list[int] = client.open_streams()
        return counts


class AsyncHop(AsyncStreams):
    def __init__(self, open_next: Opening, seen: list[float]) -> None:
        super().__init__()
        self._open_next = open_next
        self._seen = seen

    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        self._seen.append(left())
        async with self._open_next(AsyncStreamsClient) as client:
            async for number in client.count(to):
                yield number

    async def open_streams(self) -> list[int]:
        self._seen.append(left())
        async with self._open_next(AsyncStreamsClient) as client:
            counts: list[int] = await client.open_streams()
        return counts


class Last(SyncStreams):
    def __init__(self, seen: list[float]) -> None:
        super().__init__()
        self._seen = seen

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        self._seen.append(left())
        yield from range(to)

    def open_streams(self) -> list[int]:
        self._seen.append(left())
        return [7]


def left() -> float:
    call = current_call()
    assert call is not None
    remaining = call.remaining()
    assert remaining is not None
    return remaining


def local(target: Any) -> Opening:
    return lambda client_type: avrorpc.connect(client_type, "local:", target=target)


@pytest.mark.parametrize("placements", ["local local", "local tcp", "tcp local", "tcp tcp"])
@pytest.mark.parametrize("colours", ["def def", "def async", "async async"])
async def test_each_hop_has_less_left_than_the_one_before(placements: str, colours: str) -> None:
    seen: list[float] = []
    servers: list[Server] = []

    async def reach(placement: str, target: Any) -> Opening:
        if placement == "local":
            return local(target)
        servers.append(Server([target]))
        url = await servers[-1].listen("tcp://127.0.0.1:0")
        return lambda client_type: avrorpc.connect(client_type, url)

    to_middle, to_last = placements.split()
    first, second = ({"def": SyncHop, "async": AsyncHop}[colour] for colour in colours.split())
    if colours == "def async" and to_middle == "local":
        to_last = "local"  # What is driven without a loop cannot dial.
    middle = second(await reach(to_last, Last(seen)), seen)
    target = first(await reach(to_middle, middle), seen)
    # A `def` is called in a thread, since what it calls may be served by this loop.
    outermost = AsyncStreamsClient if first is AsyncHop else StreamsClient
    client: Any = with_options(avrorpc.connect(outermost, "local:", target=target), timeout=30.0)
    if first is AsyncHop:
        assert await client.open_streams() == [7]
        assert [number async for number in client.count(3)] == [0, 1, 2]
    else:
        assert await asyncio.to_thread(client.open_streams) == [7]
        assert await asyncio.to_thread(list, client.count(3)) == [0, 1, 2]
    assert len(seen) == 6
    for hops in (seen[:3], seen[3:]):
        assert 30.0 >= hops[0] >= hops[1] - 0.002  # uvloop and timeouts on the wire count in larger steps
        assert hops[1] >= hops[2] - 0.002
        assert hops[2] > 0
    for server in servers:
        await server.close(0.5)


async def test_a_server_has_middleware_for_all_its_services_outside_of_their_own() -> None:
    log: list[str] = []

    def noting(name: str) -> Middleware:
        def wrap(service: Service) -> Service:
            async def serve(call: Call) -> Reply:
                log.append(name)
                return await service(call)

            return serve

        return wrap

    inner = bind(SyncStreams(), middleware=(noting("c"),))
    async with Server([inner], middleware=(noting("a"), noting("b"))) as server:
        url = await server.listen("tcp://127.0.0.1:0")
        async with avrorpc.connect(AsyncStreamsClient, url) as client:
            assert [number async for number in client.count(2)] == [0, 1]
            assert log == ["a", "b", "c"]
