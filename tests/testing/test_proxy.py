"""The proxy breaks connections as it is told, and nothing else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import avrorpc
import pytest
from avrorpc import BindError, ClientStateError, ConnectionLost, Server, TransportError
from avrorpc.testing import (
    Bandwidth,
    BlackHole,
    Corrupt,
    HalfClose,
    Latency,
    Proxy,
    Reset,
    Slicer,
    Truncate,
    run,
)
from avrorpc.transport.backoff import Backoff
from support.implementations import AsyncSmall, SyncSmall
from support.serving import ServerThread
from testcontracts.small import AsyncSmallClient, SmallClient


class Echo:
    """A server of bare bytes, which gives them back; it notes how connections ended."""

    def __init__(self) -> None:
        self.endings: asyncio.Queue[str] = asyncio.Queue()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
            self.endings.put_nowait("end")
        except ConnectionResetError:
            self.endings.put_nowait("reset")
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()


@asynccontextmanager
async def proxied(folder: Path | None = None) -> AsyncIterator[tuple[Proxy, Echo]]:
    echo = Echo()
    if folder is None:
        server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
        url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(echo.serve, folder / "echo")
        url = f"unix://{folder / 'echo'}"
    async with Proxy(url) as proxy:
        yield proxy, echo
    server.close()


async def dial(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if proxy.url.startswith("unix"):
        return await asyncio.open_unix_connection(proxy.url.removeprefix("unix://"))
    host, _, port = proxy.url.removeprefix("tcp://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def test_bytes_pass_both_ways_and_are_counted() -> None:
    async with proxied() as (proxy, echo):
        reader, writer = await dial(proxy)
        data = bytes(range(256)) * 2000
        writer.write(data)
        assert await reader.readexactly(len(data)) == data
        assert proxy.statistics.open == 1
        writer.write_eof()
        assert await reader.read() == b""
        assert await echo.endings.get() == "end"
        writer.close()
        await writer.wait_closed()
        assert (proxy.to_server.received, proxy.to_server.sent) == (len(data), len(data))
        assert proxy.to_client.sent == len(data)
        assert (proxy.statistics.accepted, proxy.statistics.failed) == (1, 0)


async def test_unix_sockets_are_passed_on(tmp_path: Path) -> None:
    async with proxied(tmp_path) as (proxy, _):
        reader, writer = await dial(proxy)
        writer.write(b"data")
        assert await reader.readexactly(4) == b"data"
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await dial(proxy)
        proxy.accept()
        _, second = await dial(proxy)
        for one in (writer, second):
            one.close()
        path = proxy.url.removeprefix("unix://")
    assert not Path(path).exists()  # noqa: ASYNC240


def test_latency_delays_in_one_direction_alone() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        async with proxied() as (proxy, _):
            reader, writer = await dial(proxy)
            proxy.to_server.add(Latency(3600))
            writer.write(b"one")
            assert await reader.readexactly(3) == b"one"
            assert loop.time() == pytest.approx(3600)
            with proxy.to_client.having(Latency(100, jitter=10, seed=3)):
                writer.write(b"two")
                await reader.readexactly(3)
            assert 7290 <= loop.time() <= 7310
            assert loop.time() != 7300
            writer.close()

    run(main())


def test_bandwidth_is_capped() -> None:
    async def main() -> None:
        async with proxied() as (proxy, _):
            proxy.to_client.add(Bandwidth(1000))
            reader, writer = await dial(proxy)
            writer.write(bytes(5000))
            await reader.readexactly(5000)
            assert asyncio.get_running_loop().time() == pytest.approx(5, rel=0.02)
            writer.close()

    run(main())


def test_a_slicer_writes_small_pieces() -> None:
    async def main() -> None:
        async with proxied() as (proxy, _):
            proxy.to_client.add(Slicer(2, pause=1.0))
            reader, writer = await dial(proxy)
            writer.write(b"abcde")
            assert [await reader.read(100) for _ in range(3)] == [b"ab", b"cd", b"e"]
            writer.close()

    run(main())


async def test_a_black_hole_swallows_and_keeps_the_connection() -> None:
    async with proxied() as (proxy, _):
        reader, writer = await dial(proxy)
        with proxy.to_server.having(BlackHole()):
            writer.write(b"lost")
            while proxy.to_server.received < 4:  # noqa: ASYNC110 - a proxy counts, and tells nobody
                await asyncio.sleep(0.001)
        writer.write(b"kept")
        assert await reader.readexactly(4) == b"kept"
        assert proxy.to_server.sent == 4
        writer.close()


async def test_one_byte_may_arrive_changed() -> None:
    async with proxied() as (proxy, _):
        proxy.to_server.add(Corrupt(5, mask=0x20))
        reader, writer = await dial(proxy)
        writer.write(b"abc")
        assert await reader.readexactly(3) == b"abc"
        writer.write(b"defg")
        assert await reader.readexactly(4) == b"deFg"
        writer.close()


async def test_a_connection_may_be_reset_after_some_bytes() -> None:
    async with proxied() as (proxy, echo):
        proxy.to_client.add(Reset(3))
        reader, writer = await dial(proxy)
        writer.write(b"abcdef")
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(6)
        assert await echo.endings.get() == "reset"
        assert proxy.statistics.resets == 1
        writer.close()


async def test_all_connections_may_be_reset_at_once() -> None:
    async with proxied() as (proxy, echo):
        dialled = []
        for _ in range(3):
            reader, writer = await dial(proxy)
            writer.write(b"x")
            await reader.readexactly(1)
            dialled.append((reader, writer))
        proxy.reset()
        for reader, _ in dialled:
            with pytest.raises(ConnectionResetError):
                await reader.read()
            assert await echo.endings.get() == "reset"
        assert proxy.statistics.resets == 3


async def test_a_connection_may_be_truncated() -> None:
    async with proxied() as (proxy, echo):
        proxy.to_client.add(Truncate(4))
        reader, writer = await dial(proxy)
        writer.write(b"abcdef")
        assert await reader.read() == b"abcd"
        assert await echo.endings.get() in ("end", "reset")
        writer.close()


async def test_one_direction_may_end_and_the_other_go_on() -> None:
    async with proxied() as (proxy, echo):
        proxy.to_server.add(HalfClose(4))
        reader, writer = await dial(proxy)
        writer.write(b"abcdef")
        assert await reader.read() == b"abcd"
        assert await echo.endings.get() == "end"
        writer.close()


async def test_one_direction_of_all_connections_may_be_ended_at_once() -> None:
    async with proxied() as (proxy, echo):
        reader, writer = await dial(proxy)
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        proxy.half_close(proxy.to_client)
        assert await reader.read() == b""
        writer.write(b"this way is open")
        await writer.drain()
        writer.write_eof()
        assert await echo.endings.get() == "end"
        assert proxy.to_server.received == len(b"xthis way is open")
        writer.close()


async def test_bytes_wait_while_the_proxy_is_paused() -> None:
    async with proxied() as (proxy, _):
        reader, writer = await dial(proxy)
        writer.write(b"a")
        await reader.readexactly(1)
        proxy.pause()
        writer.write(b"b")
        waiting = asyncio.create_task(reader.readexactly(1))
        for _ in range(5):
            await asyncio.sleep(0.001)
        assert not waiting.done()
        assert proxy.to_server.sent == 1
        proxy.resume()
        assert await waiting == b"b"
        writer.close()


async def test_connections_are_refused_and_accepted_again_at_the_same_address() -> None:
    async with proxied() as (proxy, _):
        url = proxy.url
        reader, writer = await dial(proxy)
        proxy.refuse()
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            await dial(proxy)
        writer.write(b"still")
        assert await reader.readexactly(5) == b"still"
        proxy.accept()
        proxy.accept()
        assert proxy.url == url
        _, second = await dial(proxy)
        for one in (writer, second):
            one.close()


async def test_a_server_that_is_not_there_is_counted() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with Proxy(f"tcp://127.0.0.1:{port}") as proxy:
        reader, writer = await dial(proxy)
        assert await reader.read() == b""
        assert proxy.statistics.failed == 1
        writer.close()


async def test_closing_leaves_no_task_and_no_connection_behind() -> None:
    before = asyncio.all_tasks()
    async with proxied() as (proxy, _):
        proxy.to_client.add(Latency(3600))
        reader, writer = await dial(proxy)
        writer.write(b"never answered")
    with suppress(ConnectionResetError):  # where it had not read all that was sent
        assert await reader.read() == b""
    writer.close()
    assert {task for task in asyncio.all_tasks() - before if "Proxy" in repr(task)} == set()
    with pytest.raises(ClientStateError, match="not open"):
        _ = proxy.url
    with pytest.raises(ClientStateError, match="not open"):
        proxy.reset()


async def test_connections_are_closed_in_good_order_on_demand() -> None:
    async with proxied() as (proxy, echo):
        reader, writer = await dial(proxy)
        writer.write(b"x")
        await reader.readexactly(1)
        proxy.disconnect()
        assert await reader.read() == b""
        assert await echo.endings.get() == "end"
        writer.close()


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncSmall()) as served:
        yield served


@pytest.mark.parametrize("scheme", ["tcp", "http"])
def test_synchronous_clients_call_through_a_proxy_in_a_thread(server: ServerThread, scheme: str) -> None:
    with Proxy(getattr(server, scheme)) as proxy:
        assert proxy.url.startswith(f"{scheme}://127.0.0.1:")
        proxy.to_server.add(Slicer(1))
        with avrorpc.connect(SmallClient, proxy.url, backoff=Backoff(first=0.0)) as client:
            assert client.double(2) == 4
            proxy.reset()
            proxy.refuse()
            with pytest.raises(TransportError):
                client.double(2)
            proxy.accept()
            assert client.double(3) == 6
            proxy.to_client.add(Reset())
            with pytest.raises(TransportError):
                client.double(2)
            proxy.to_client.clear()
            assert client.double(4) == 8
    assert "avrorpc-proxy" not in {thread.name for thread in threading.enumerate()}


async def test_a_call_under_way_learns_of_a_reset() -> None:
    async with (
        Server([AsyncSmall()]) as server,
        Proxy(await server.listen("tcp://127.0.0.1:0")) as proxy,
        avrorpc.connect(AsyncSmallClient, proxy.url) as client,
    ):
        assert await client.double(2) == 4
        proxy.to_client.add(Reset())
        with pytest.raises(ConnectionLost):
            await client.double(2)


@pytest.mark.parametrize("url", ["tcp://", "tcp://host", "unix://", "nonsense", "tcp://host:port"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BindError, match="address"):
        Proxy(url)


def test_an_address_in_use_is_refused_in_both_colours() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(BindError, match="cannot listen"), Proxy("tcp://127.0.0.1:1", listen=listen):
            pass


def test_a_mask_that_changes_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="none of 1 to 255"):
        Corrupt(0, mask=0)
