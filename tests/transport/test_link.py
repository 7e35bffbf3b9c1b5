"""Links over time: pings, idle connections, goodbyes, many calls at once; in memory, and in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, ConnectError, Limits, Server, StatusError, TransportError
from avrorpc.testing import run
from avrorpc.transport.server_link import LEAVE_SECONDS
from support.implementations import AsyncSmall, AsyncStreams
from testcontracts.small import AsyncSmallClient, SmallService
from testcontracts.streams import AsyncStreamsClient, Piece

NAMES = itertools.count()
QUICK = Limits(ping_interval=10.0, ping_timeout=5.0, idle_timeout=100.0)
UNASKING = Limits(ping_interval=0.0, idle_timeout=100.0)


class SlowSmall(SmallService):
    """Takes as many seconds as it is told."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.cancelled: list[int] = []

    async def double(self, value: int, *, offset: int = 0) -> int:
        self.started.append(value)
        try:
            await asyncio.sleep(offset)
        except asyncio.CancelledError:
            self.cancelled.append(value)
            raise
        return 2 * value

    async def fail(self) -> None:
        raise ValueError


@asynccontextmanager
async def joined(
    implementation: object,
    client_type: Any = AsyncSmallClient,
    *,
    server_limits: Limits = QUICK,
    **options: Any,
) -> AsyncIterator[tuple[Server, Any, str]]:
    async with Server([implementation], limits=server_limits) as server:
        url = await server.listen(f"memory://link-{next(NAMES)}")
        async with avrorpc.connect(client_type, url, **{"limits": QUICK, **options}) as client:
            yield server, client, url


def link_of(client: Any) -> Any:
    """Return the link of a client's connection."""
    return client.__avrorpc__._remote.transport._link


def now() -> float:
    return asyncio.get_running_loop().time()


def in_virtual_time(main: Coroutine[Any, Any, None]) -> None:
    run(main)


@pytest.mark.parametrize(
    ("server_limits", "limits"),
    [(QUICK, QUICK), (QUICK, UNASKING), (UNASKING, QUICK)],
    ids=["both", "server", "client"],
)
def test_a_silent_connection_is_asked_and_stays(server_limits: Limits, limits: Limits) -> None:
    async def main() -> None:
        async with joined(AsyncSmall(), server_limits=server_limits, limits=limits) as (_, client, _):
            await client.double(1)
            link = link_of(client)
            await asyncio.sleep(95)  # nine pings, and answers to them
            assert link.lost is None
            assert await client.double(2) == 4
            assert link_of(client) is link

    in_virtual_time(main())


def test_a_server_that_answers_no_ping_is_given_up() -> None:
    async def main() -> None:
        async with joined(SlowSmall()) as (server, client, _):
            call = asyncio.create_task(client.double(1, offset=10_000))
            await asyncio.sleep(1)
            for listener in server._listeners:
                for connection in listener._connections:  # type: ignore[attr-defined]
                    connection.data_received = lambda data: None  # it hears nothing any more
                    connection._timer.cancel()
            begun = now()
            with pytest.raises(TransportError, match=r"answered no ping within ping_timeout=5\.0 s"):
                await call
            assert now() - begun < 20

    in_virtual_time(main())


def test_a_client_that_answers_no_ping_loses_its_calls(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "avrorpc")

    async def main() -> None:
        implementation = SlowSmall()
        async with joined(implementation) as (_, client, _):
            call = asyncio.create_task(client.double(7, offset=10_000))
            await asyncio.sleep(1)
            link = link_of(client)
            link.data_received = lambda data: None
            link._timer.cancel()
            await asyncio.sleep(30)
            assert implementation.cancelled == [7]
            call.cancel()

    in_virtual_time(main())
    assert "answered no ping within ping_timeout=5.0 s" in caplog.text


def test_an_idle_connection_is_sent_away_and_the_next_call_makes_another() -> None:
    async def main() -> None:
        async with joined(AsyncSmall()) as (_, client, _):
            await client.double(1)
            first = link_of(client)
            await asyncio.sleep(101)
            assert first.is_useless()
            assert await client.double(2) == 4
            assert link_of(client) is not first

    in_virtual_time(main())


def test_a_connection_with_a_long_call_is_not_idle() -> None:
    async def main() -> None:
        async with joined(SlowSmall()) as (_, client, _):
            assert await client.double(1, offset=1_000) == 2
            assert not link_of(client).is_leaving

    in_virtual_time(main())


def test_running_calls_end_while_new_ones_go_elsewhere() -> None:
    async def main() -> None:
        async with joined(SlowSmall()) as (server, client, url):
            running = asyncio.create_task(client.double(1, offset=8))
            await asyncio.sleep(1)
            old = link_of(client)
            closing = asyncio.create_task(server.close(20))
            await asyncio.sleep(1)
            assert old.is_leaving
            async with Server([AsyncSmall()]) as other:
                await other.listen(url)
                assert await client.double(5) == 10
                assert link_of(client) is not old
                assert not running.done()
                assert await running == 2
                await closing
                await old.closed

    in_virtual_time(main())


def test_calls_that_were_not_begun_are_made_elsewhere() -> None:
    async def main() -> None:
        async with joined(SlowSmall()) as (server, client, _):
            await client.double(1)
            old = link_of(client)
            for listener in server._listeners:
                for connection in listener._connections:  # type: ignore[attr-defined]
                    connection.connection.goodbye("tea")  # said, and not yet sent
            crossing = asyncio.create_task(client.double(2))
            await asyncio.sleep(0)
            for listener in server._listeners:
                for connection in listener._connections:  # type: ignore[attr-defined]
                    connection.flush()
            assert await crossing == 4
            assert link_of(client) is not old

    in_virtual_time(main())


def links_of(server: Server) -> list[Any]:
    return [
        link
        for listener in server._listeners
        for link in listener._connections  # type: ignore[attr-defined]
    ]


async def pieces(number: int) -> AsyncIterator[Piece]:
    for index in range(number):
        yield Piece(number=index, data=bytes(20_000))


def test_a_request_stream_that_crosses_the_wish_to_leave_is_served() -> None:
    async def main() -> None:
        async with joined(AsyncStreams(), AsyncStreamsClient) as (server, client, _):
            await client.upload("first", pieces(1))
            [served], old = links_of(server), link_of(client)
            served.connection.leave("tea")  # said, and not yet sent
            crossing = asyncio.create_task(client.upload("second", pieces(30)))
            await asyncio.sleep(0)
            served.leave("tea")
            assert (await crossing).pieces == 30
            assert old.is_leaving
            await old.closed
            assert await served.gone is None

    in_virtual_time(main())


def test_a_client_that_does_not_leave_is_parted_from_when_its_calls_are_over() -> None:
    async def main() -> None:
        async with joined(SlowSmall()) as (server, client, _):
            running = asyncio.create_task(client.double(1, offset=8))
            await asyncio.sleep(1)
            [served] = links_of(server)
            link_of(client)._leave = lambda reason, unserved: None  # it does not listen
            served.leave("tea")
            begun = now()
            assert await running == 2
            await served.gone
            assert now() - begun == pytest.approx(7, abs=0.1)
            assert await client.double(2) == 4
            [served] = links_of(server)
            link_of(client)._leave = lambda reason, unserved: None
            served.leave("tea")
            begun = now()
            await served.gone
            assert now() - begun == pytest.approx(LEAVE_SECONDS, abs=0.1)

    in_virtual_time(main())


def test_a_response_stream_that_was_not_begun_is_asked_for_elsewhere() -> None:
    async def main() -> None:
        async with joined(AsyncStreams(), AsyncStreamsClient) as (server, client, _):
            await client.upload("first", pieces(1))
            [served], old = links_of(server), link_of(client)
            served.connection.goodbye("tea")  # said, and not yet sent
            crossing = client.count(3)
            first = asyncio.ensure_future(anext(crossing))
            await asyncio.sleep(0)
            served.flush()
            assert [await first, *[number async for number in crossing]] == [0, 1, 2]
            assert link_of(client) is not old

    in_virtual_time(main())


def test_a_call_that_is_half_sent_when_the_server_drains_is_served() -> None:
    async def main() -> None:
        async with joined(AsyncStreams(), AsyncStreamsClient) as (server, client, _):
            await client.upload("first", pieces(1))
            [served], old = links_of(server), link_of(client)
            old._transport.set_write_buffer_limits(1_000_000)  # it says nothing of what it takes
            old.pause_writing()
            crossing = asyncio.create_task(client.upload("x" * 100_000, pieces(2)))
            await asyncio.sleep(0.01)
            old._transport.write(old.connection.data_to_send(1))  # a first chunk
            await asyncio.sleep(0.01)
            assert served.connection.multiplexer.unanswered == 1
            assert not served._calls
            closing = asyncio.create_task(server.close(20))
            await asyncio.sleep(5)
            assert not closing.done()
            old.resume_writing()
            assert (await crossing).pieces == 2
            await closing

    in_virtual_time(main())


def test_more_calls_than_the_server_takes_wait_at_the_client() -> None:
    async def main() -> None:
        implementation = SlowSmall()
        async with joined(implementation, server_limits=Limits(max_calls=3)) as (_, client, _):
            calls = [asyncio.create_task(client.double(number, offset=1)) for number in range(10)]
            await asyncio.sleep(0.5)
            assert len(implementation.started) == 3
            assert await asyncio.gather(*calls) == [2 * number for number in range(10)]

    in_virtual_time(main())


def test_a_call_that_waits_for_room_keeps_its_deadline() -> None:
    async def main() -> None:
        implementation = SlowSmall()
        async with joined(implementation, server_limits=Limits(max_calls=1)) as (_, client, _):
            first = asyncio.create_task(client.double(1, offset=50))
            await asyncio.sleep(1)
            with pytest.raises(StatusError) as late:
                await avrorpc.with_options(client, timeout=5).double(2)
            assert late.value.code is Code.DEADLINE_EXCEEDED
            assert implementation.started == [1]
            assert await first == 2

    in_virtual_time(main())


def test_a_cancelled_call_is_cancelled_at_the_server_and_leaves_the_others() -> None:
    async def main() -> None:
        implementation = SlowSmall()
        async with joined(implementation) as (_, client, _):
            lost = asyncio.create_task(client.double(1, offset=50))
            kept = asyncio.create_task(client.double(2, offset=5))
            await asyncio.sleep(1)
            lost.cancel()
            assert await kept == 4
            assert implementation.cancelled == [1]
            assert link_of(client).connection.calls == 0

    in_virtual_time(main())


@pytest.mark.parametrize("compression", ["deflate", "zstd"])
def test_large_messages_are_compressed_where_the_url_asks_for_it(compression: str) -> None:
    if compression == "zstd":
        pytest.importorskip("backports.zstd" if sys.version_info < (3, 14) else "compression.zstd")

    async def main() -> None:
        async with Server([AsyncStreams()]) as server:
            url = await server.listen("tcp://127.0.0.1:0")
            client = avrorpc.connect(AsyncStreamsClient, f"{url}?compression={compression}")
            async with client:
                pieces = [piece async for piece in client.download(20, 5_000)]
                assert sum(len(piece.data) for piece in pieces) == 100_000
                settings = link_of(client).connection.multiplexer.settings
                assert settings.compression.name == compression
                assert avrorpc.describe(client).details["connection"] == (
                    f"frames of avrorpc, compressed by {compression}"
                )

    asyncio.run(main())


def test_closing_a_client_fails_what_is_under_way() -> None:
    async def main() -> None:
        async with joined(SlowSmall()) as (_, client, _):
            call = asyncio.create_task(client.double(1, offset=50))
            await asyncio.sleep(1)
            await avrorpc.close(client)
            with pytest.raises(TransportError):
                await call

    in_virtual_time(main())


def test_nothing_is_dialled_where_nobody_listens() -> None:
    async def main() -> None:
        client = avrorpc.connect(AsyncSmallClient, "memory://nobody-is-here")
        with pytest.raises(ConnectError):
            await client.double(1)

    in_virtual_time(main())
