"""A black hole holds back the ends of connections; whoever cuts connections does not wait for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from avrorpc.testing import BlackHole, Proxy
from avrorpc.transport.blocking import reset_on_close

TURNS = 20
"""Turns of the loop in which what must not happen would have happened."""

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def joined() -> AsyncIterator[tuple[Proxy, Ends, Ends]]:
    """Yield a proxy, and the client's and the server's end of one connection through it."""
    accepted: asyncio.Queue[Ends] = asyncio.Queue()
    server = await asyncio.start_server(lambda *ends: accepted.put_nowait(ends), "127.0.0.1", 0)
    async with Proxy(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}") as proxy:
        host, _, port = proxy.url.removeprefix("tcp://").rpartition(":")
        ends = await asyncio.open_connection(host, int(port)), await accepted.get()
        try:
            yield proxy, *ends
        finally:
            for _, writer in ends:
                writer.close()
    server.close()


def reset(end: Ends) -> None:
    """Close one end so that the other is told of a reset."""
    reset_on_close(end[1].get_extra_info("socket"))
    end[1].transport.abort()


async def settle() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0.001)


async def test_a_black_hole_holds_back_an_end_until_it_is_taken_out() -> None:
    async with joined() as (proxy, (_, writer), (reader, _)):
        with proxy.to_server.having(BlackHole()):
            writer.write(b"lost")
            writer.close()
            end = asyncio.create_task(reader.read())
            await settle()
            assert not end.done()
            assert proxy.to_server.received == 4
            assert proxy.statistics.open == 1
        assert await end == b""


async def test_and_a_reset() -> None:
    async with joined() as (proxy, client, (reader, _)):
        with proxy.to_server.having(BlackHole()):
            reset(client)
            end = asyncio.create_task(reader.read())
            await settle()
            assert not end.done()
        with pytest.raises(ConnectionResetError):
            await end


async def test_and_what_a_gone_end_would_make_known_by_taking_no_bytes() -> None:
    async with joined() as (proxy, client, (reader, writer)):
        with proxy.to_server.having(BlackHole()):
            reset(client)
            await settle()
            end = asyncio.create_task(reader.read())
            for _ in range(3):
                writer.write(b"to nobody")
                await settle()
            assert not end.done()
        with pytest.raises(ConnectionResetError):
            await end


async def test_a_black_hole_in_one_direction_leaves_the_other_its_end() -> None:
    async with joined() as (proxy, (_, writer), (reader, _)):
        proxy.to_client.add(BlackHole())
        writer.write(b"all")
        writer.write_eof()
        assert await reader.read() == b"all"


@pytest.mark.parametrize(("cut", "error"), [("reset", ConnectionResetError), ("disconnect", None)])
async def test_what_cuts_connections_waits_for_no_black_hole(cut: str, error: type[Exception] | None) -> None:
    async with joined() as (proxy, (_, writer), (reader, _)):
        proxy.to_server.add(BlackHole())
        writer.write_eof()
        await settle()
        getattr(proxy, cut)()
        if error is None:
            assert await reader.read() == b""
        else:
            with pytest.raises(error):
                await reader.read()
        while proxy.statistics.open:  # noqa: ASYNC110 - a proxy counts, and tells nobody
            await asyncio.sleep(0.001)


async def test_a_proxy_with_an_end_held_back_closes() -> None:
    async with joined() as (proxy, (_, writer), (reader, _)):
        proxy.to_server.add(BlackHole())
        writer.write_eof()
        await settle()
    assert await reader.read() == b""
    assert [task for task in asyncio.all_tasks() if "Proxy" in repr(task)] == []


async def test_a_direction_to_an_end_that_is_gone_already_may_be_ended() -> None:
    async with joined() as (proxy, client, (reader, _)):
        reset(client)
        proxy.half_close(proxy.to_client)  # the proxy's own loop has not heard of the reset yet
        with pytest.raises(ConnectionResetError):
            await reader.read()
