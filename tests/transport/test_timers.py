"""Timers end with what they are for: a call's deadline with the call, a connection's with the connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import Limits, Server
from avrorpc.testing import Proxy
from support.implementations import AsyncStreams
from support.waiting import until
from testcontracts.streams import AsyncStreamsClient, BadPiece, Piece

HOUR, DAY = 3_600.0, 86_400.0
LONG = Limits(handshake_timeout=HOUR, receive_timeout=HOUR, ping_interval=HOUR, idle_timeout=HOUR)
KINDS = ("tcp", "spec", "unix", "ws", "http")


def timers() -> list[asyncio.TimerHandle]:
    """Return the timers that are still to go off; a loop has no public list of them."""
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return [timer for timer in scheduled if not timer.cancelled()]


def deadlines() -> list[asyncio.TimerHandle]:
    """Return those that only a deadline of a day can have set."""
    now = asyncio.get_running_loop().time()
    return [timer for timer in timers() if timer.when() > now + DAY / 2]


def of_connections() -> list[asyncio.TimerHandle]:
    """Return those that connections have set for themselves."""
    modules = {timer: getattr(timer._callback, "__module__", "") for timer in timers()}  # type: ignore[attr-defined]
    return [timer for timer, module in modules.items() if module.startswith("avrorpc.")]


@asynccontextmanager
async def streams(kind: str, folder: Path) -> AsyncIterator[AsyncStreamsClient]:
    listened = {
        "unix": f"unix://{folder}/s.sock",
        "spec": "tcp://127.0.0.1:0?framing=spec",
        "ws": "ws://127.0.0.1:0",
    }
    async with Server([AsyncStreams()], limits=LONG) as server:
        url = await server.listen(listened.get(kind, f"{kind}://127.0.0.1:0"))
        client = avrorpc.connect(AsyncStreamsClient, url, timeout=DAY, limits=LONG)
        try:
            yield client
        finally:
            await avrorpc.close(client)


async def texts() -> AsyncIterator[str]:
    yield "a"


async def pieces() -> AsyncIterator[Piece]:
    yield Piece(number=0)


async def gone(find: Callable[[], list[asyncio.TimerHandle]]) -> None:
    """Wait until there are no such timers; the server may hear a little later what the client has done."""
    await until(lambda: not find())


@pytest.mark.parametrize("kind", KINDS)
async def test_a_deadlines_timer_ends_with_its_call(kind: str, tmp_path: Path) -> None:
    async with streams(kind, tmp_path) as client:
        async with avrorpc.closing(client.count(1_000_000)) as numbers:
            await anext(numbers)
            assert deadlines(), "this looks for what is not there"
        await gone(deadlines)
        await client.open_streams()
        await gone(deadlines)
        assert [number async for number in client.count(3)] == [0, 1, 2]
        await gone(deadlines)
        assert (await client.upload("x", pieces())).pieces == 1
        await gone(deadlines)
        if kind != "http":
            assert [text async for text in client.shout(">", texts())]
            await gone(deadlines)
        with pytest.raises(BadPiece):
            async for _ in client.count(3, fail_at=1):
                pass
        await gone(deadlines)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connections_timers_end_with_it(kind: str, tmp_path: Path) -> None:
    async with streams(kind, tmp_path) as client, avrorpc.closing(client.count(1_000_000)) as numbers:
        await anext(numbers)
        assert of_connections(), "this looks for what is not there"
    await gone(of_connections)


async def test_the_timer_of_half_a_body_ends_with_its_connection(tmp_path: Path) -> None:
    async with streams("http", tmp_path) as client:
        url = urlsplit(avrorpc.describe(client).url)
        _, writer = await asyncio.open_connection(url.hostname, url.port)
        writer.write(
            b"POST /spl-avro HTTP/1.1\r\nHost: x\r\nContent-Type: avro/binary\r\nContent-Length: 9\r\n\r\n1"
        )
        await until(of_connections)
        writer.close()
        await gone(of_connections)


@pytest.mark.parametrize("kind", ["tcp", "ws"])
async def test_a_lost_connections_timers_end_with_it(kind: str, tmp_path: Path) -> None:
    async with streams(kind, tmp_path) as client, Proxy(avrorpc.describe(client).url) as proxy:
        reached = avrorpc.connect(AsyncStreamsClient, proxy.url, limits=LONG)
        await reached.open_streams()
        assert len(of_connections()) >= 2, "of each end one"
        proxy.reset()
        await gone(of_connections)
        await avrorpc.close(reached)
