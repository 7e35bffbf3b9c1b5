"""Beginnings and ends: servers that restart and drain, clients used where or when they must not be."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import avrorpc
import pytest
from avrorpc import (
    BindError,
    ClientStateError,
    Code,
    ConnectError,
    ConnectionLost,
    Limits,
    Server,
    StatusError,
    with_options,
)
from avrorpc.transport import loops
from avrorpc.transport.address import parse_address
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import HandshakeRequest, encode_request
from support.implementations import AsyncSmall, SyncConformance, SyncSmall
from support.processes import environment
from support.serving import KINDS, ServerThread, anywhere, for_clients
from testcontracts.conformance import CONFORMANCE, AsyncConformanceClient, ConformanceClient
from testcontracts.small import AsyncSmallClient, SmallClient, SmallService

EACH_KIND = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncConformance(), SyncSmall()) as served:
        yield served


async def listening(url: str, *services: object, **options: Any) -> Server:
    made = Server(services or (AsyncSmall(),), **options)
    await made.listen(url)
    return made


@dataclass
class Place:
    """An address, before and after it is listened on."""

    kind: str
    anywhere: str

    def again(self, url: str) -> str:
        """Return what listens on an address once more."""
        query = self.anywhere.partition("?")[2]
        return f"{url.partition('?')[0]}?{query}" if query else url


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(request.param, anywhere(request.param, tmp_path))


# Restarts


def test_a_synchronous_client_outlives_its_server(server: ServerThread, place: Place) -> None:
    first = server.run(listening(place.anywhere))
    (url,) = first.urls
    with avrorpc.connect(SmallClient, for_clients(url), timeout=20) as client:
        assert client.double(1) == 2
        server.run(first.close(0))
        with pytest.raises(ConnectError):
            client.double(1)
        second = server.run(listening(place.again(url)))
        assert client.double(2) == 4
        server.run(second.close(0))


async def test_an_asynchronous_client_outlives_its_server(place: Place) -> None:
    first = await listening(place.anywhere)
    (url,) = first.urls
    async with avrorpc.connect(AsyncSmallClient, for_clients(url), timeout=20) as client:
        assert await client.double(1) == 2
        await first.close(0)
        with pytest.raises(ConnectError):
            await client.double(1)
        second = await listening(place.again(url))
        assert await client.double(2) == 4
        await second.close(0)


def port_of(url: str) -> int:
    return int(url.partition("?")[0].rpartition(":")[2])


# Use after the end, and elsewhere


@EACH_KIND
def test_a_closed_client_says_so(server: ServerThread, kind: str) -> None:
    client = avrorpc.connect(SmallClient, getattr(server, kind))
    client.double(1)
    avrorpc.close(client)
    with pytest.raises(ClientStateError, match="this client is closed"):
        client.double(1)
    avrorpc.close(client)


@EACH_KIND
async def test_a_closed_asynchronous_client_says_so(server: ServerThread, kind: str) -> None:
    client = avrorpc.connect(AsyncSmallClient, getattr(server, kind))
    await client.double(1)
    await avrorpc.close(client)
    with pytest.raises(ClientStateError, match="this client is closed"):
        await client.double(1)
    await avrorpc.close(client)


@EACH_KIND
async def test_clients_over_the_same_connections_close_together(server: ServerThread, kind: str) -> None:
    client = avrorpc.connect(AsyncSmallClient, getattr(server, kind))
    other = with_options(client, timeout=20)
    assert await other.double(1) == 2
    await avrorpc.close(other)
    with pytest.raises(ClientStateError, match="this client is closed"):
        await client.double(1)
    blocking = avrorpc.connect(SmallClient, getattr(server, kind))
    avrorpc.close(with_options(blocking, timeout=20))
    with pytest.raises(ClientStateError, match="this client is closed"):
        await asyncio.to_thread(blocking.double, 1)


@EACH_KIND
def test_a_client_of_another_process_says_so(
    server: ServerThread, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with avrorpc.connect(SmallClient, getattr(server, kind)) as client:
        client.double(1)
        with monkeypatch.context() as patched:
            patched.setattr(os, "getpid", lambda: -1)
            for inherited in (client, with_options(client, timeout=1)):
                with pytest.raises(ClientStateError, match="belongs to the process that made it"):
                    inherited.double(1)
        assert client.double(1) == 2


FORK = """
import os
from avrorpc import ClientStateError, connect
from support.implementations import SyncSmall
from support.serving import KINDS, ServerThread, anywhere, for_clients
from testcontracts.small import SmallClient

with ServerThread(SyncSmall()) as server, connect(SmallClient, server.tcp) as client:
    assert client.double(1) == 2
    child = os.fork()
    if child == 0:
        try:
            client.double(1)
        except ClientStateError:
            os._exit(7)
        os._exit(8)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert client.double(2) == 4
"""


def test_a_real_fork_is_noticed_and_does_the_parent_no_harm() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@EACH_KIND
def test_a_client_of_another_loop_says_so(server: ServerThread, kind: str) -> None:
    client = avrorpc.connect(AsyncSmallClient, getattr(server, kind))

    async def first() -> None:
        assert await client.double(1) == 2
        await client.__avrorpc__.close()

    async def use(used: AsyncSmallClient) -> None:
        await used.double(1)

    async def keep() -> AsyncSmallClient:
        kept = avrorpc.connect(AsyncSmallClient, getattr(server, kind))
        assert await kept.double(1) == 2
        await kept.__avrorpc__._remote.transport.close()  # type: ignore[attr-defined]
        return kept

    asyncio.run(first())
    kept = asyncio.run(keep())
    for used in (kept, with_options(kept, timeout=1)):
        with pytest.raises(ClientStateError, match="belongs to another event loop"):
            asyncio.run(use(used))


async def test_a_synchronous_call_in_a_running_loop_warns_of_the_callers_line(server: ServerThread) -> None:
    with avrorpc.connect(SmallClient, server.tcp) as client:
        with pytest.warns(RuntimeWarning, match="blocks the running event loop") as caught:
            assert client.double(1) == 2
        assert caught[0].filename == __file__


async def test_an_interactive_shell_is_not_warned(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    with avrorpc.connect(SmallClient, server.tcp) as client:
        assert client.double(1) == 2


async def test_a_synchronous_call_to_its_own_loop_is_refused(place: Place) -> None:
    here = await listening(place.anywhere)
    (url,) = here.urls
    address = parse_address(url)
    with avrorpc.connect(SmallClient, for_clients(url)) as client:
        with pytest.raises(ClientStateError, match="would block the event loop that serves"):
            client.double(1)
        assert await asyncio.to_thread(client.double, 1) == 2
    assert loops.serves(asyncio.get_running_loop(), address)
    await here.close()
    assert not loops.serves(asyncio.get_running_loop(), address)


# Many at once


def test_any_number_of_threads_may_share_a_client(server: ServerThread) -> None:
    for url in (getattr(server, kind) for kind in KINDS):
        with avrorpc.connect(SmallClient, url, timeout=20) as client, ThreadPoolExecutor(8) as threads:
            assert list(threads.map(client.double, range(100))) == [2 * n for n in range(100)]


async def test_more_calls_at_once_than_the_server_takes_all_succeed(server: ServerThread) -> None:
    async with avrorpc.connect(AsyncSmallClient, server.tcp, timeout=20) as client:
        results = await asyncio.gather(*(client.double(n) for n in range(3_000)))
    assert results == [2 * n for n in range(3_000)]


async def test_closing_a_client_ends_its_calls(server: ServerThread) -> None:
    client = avrorpc.connect(AsyncConformanceClient, server.tcp)
    await client.add(1.0)
    call = asyncio.create_task(client.wait(0.2))
    await asyncio.sleep(0)
    await avrorpc.close(client)
    with pytest.raises(ConnectionLost):
        await call


@pytest.mark.parametrize("client_type", [ConformanceClient, AsyncConformanceClient])
@EACH_KIND
async def test_a_body_above_the_servers_limit_is_refused_in_one_sentence(kind: str, client_type: Any) -> None:
    with ServerThread(SyncConformance(), limits=Limits(max_body=100_000)) as strict:
        client = avrorpc.connect(client_type, getattr(strict, kind), timeout=20)

        async def find(key: str) -> Any:
            value = await asyncio.to_thread(client.find, key)
            return await value if asyncio.iscoroutine(value) else value

        assert await find("key") == "KEY"
        with pytest.raises(StatusError) as caught:
            await find("x" * 5_000_000)
        assert caught.value.code is Code.RESOURCE_EXHAUSTED
        assert "max_body=100000" in caught.value.message
        assert await find("key") == "KEY"
        closing = avrorpc.close(client)
        if closing is not None:
            await closing


# Listening


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_a_port_in_use_is_a_bind_error(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"{scheme}://127.0.0.1:{taken.getsockname()[1]}"
        server = Server([AsyncSmall()])
        with pytest.raises(BindError) as caught:
            await server.listen(url)
        assert str(caught.value) == f"cannot listen on {url}: Address already in use"
        assert server.urls == []
        await server.close()


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_a_host_that_is_not_ours_is_a_bind_error(scheme: str) -> None:
    server = Server([AsyncSmall()])
    with pytest.raises(BindError, match=f"cannot listen on {scheme}://192.0.2.1:9: "):
        await server.listen(f"{scheme}://192.0.2.1:9")
    await server.close()


async def test_ipv6_works_like_ipv4(place: Place) -> None:
    if place.kind == "unix":
        pytest.skip("a unix socket has no IP")
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        here = await listening(place.anywhere.replace("127.0.0.1", "[::1]"))
        url = for_clients(*here.urls)
        async with avrorpc.connect(AsyncSmallClient, url, timeout=20) as client:
            assert await client.double(1) == 2
        with avrorpc.connect(SmallClient, url, timeout=20) as blocking:
            assert await asyncio.to_thread(blocking.double, 2) == 4
        await here.close()
        return
    pytest.skip("this machine has no IPv6")


async def test_a_server_needs_services_that_fit() -> None:
    with pytest.raises(BindError, match="a server needs at least one implementation"):
        Server([])
    with pytest.raises(BindError, match=r"small\.Small is implemented twice"):
        Server([AsyncSmall(), SyncSmall()])
    with pytest.raises(BindError, match="object derives from no generated skeleton"):
        Server([object()])


async def test_a_server_says_what_it_is() -> None:
    async with Server([AsyncSmall()]) as server:
        assert repr(server) == "<Server small.Small at no address>"
        url = await server.listen("tcp://127.0.0.1:0")
        assert repr(server) == f"<Server small.Small at {url}>"


# Draining


class Gate(SmallService):
    """Answers when it is let."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def double(self, value: int, *, offset: int = 0) -> int:
        self.entered.set()
        await self.open.wait()
        return 2 * value + offset

    async def fail(self) -> None:
        raise NotImplementedError


@pytest.fixture
async def gated() -> AsyncIterator[tuple[Gate, Server, str, str]]:
    gate = Gate()
    server = Server([gate])
    tcp, http = await server.listen("tcp://127.0.0.1:0"), await server.listen("http://127.0.0.1:0")
    yield gate, server, tcp, http
    gate.open.set()
    await server.close(0)


@pytest.mark.parametrize("scheme", ["tcp", "plain", "http"])
async def test_calls_under_way_finish_and_new_ones_are_refused(
    gated: tuple[Gate, Server, str, str], scheme: str
) -> None:
    gate, server, tcp, http = gated
    url = http if scheme == "http" else tcp + ("?upgrade=no" if scheme == "plain" else "")
    async with (
        avrorpc.connect(AsyncSmallClient, url, timeout=20) as client,
        avrorpc.connect(AsyncSmallClient, url, timeout=20) as late,
    ):
        call = asyncio.create_task(client.double(21))
        await gate.entered.wait()
        closing = asyncio.create_task(server.close(20))
        await asyncio.sleep(0.05)
        if scheme == "plain":
            with pytest.raises(StatusError) as refused:
                await client.double(1)
            assert refused.value.code is Code.UNAVAILABLE
            assert refused.value.message == "the server is shutting down"
        elif scheme == "tcp":  # it was told, and looks elsewhere
            with pytest.raises(ConnectError):
                await client.double(1)
        with pytest.raises(ConnectError):
            await late.double(1)
        assert not closing.done()
        gate.open.set()
        assert await call == 42
        async with asyncio.timeout(20):
            await closing


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_calls_that_do_not_finish_in_time_are_cut_off(
    gated: tuple[Gate, Server, str, str], scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    gate, server, tcp, http = gated
    async with avrorpc.connect(AsyncSmallClient, tcp if scheme == "tcp" else http, timeout=20) as client:
        call = asyncio.create_task(client.double(21))
        await gate.entered.wait()
        with caplog.at_level(logging.WARNING, "avrorpc"):
            async with asyncio.timeout(20):
                await server.close(0.01)
        with pytest.raises(ConnectionLost):
            await call
    assert "1 calls did not finish within 0.01 s" in caplog.text


class Flood(SyncConformance):
    """Answers with more than fits any buffer on the way."""

    def join(self, *, parts: list[str] | None = None, separator: str = ", ") -> str:
        return "x" * 4_000_000


async def test_a_client_that_never_reads_cannot_keep_a_server_from_closing() -> None:
    server = await listening("tcp://127.0.0.1:0", Flood(), limits=Limits(max_calls=100))
    (url,) = server.urls
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(url))
    hello = HandshakeRequest(CONFORMANCE.hash, None, CONFORMANCE.hash)
    writer.write(frame("netty", 1, encode_request(hello), b"\0\0"))
    call = bytes(request_head({}, "join")) + b"\0\0"
    writer.write(b"".join(frame("netty", serial, call) for serial in range(2, 12)))
    await reader.readexactly(30)
    async with asyncio.timeout(20):
        await server.close(0.1)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


# What implementations do


class Odd(SmallService):
    """Raises what Python treats in a way of its own."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def double(self, value: int, *, offset: int = 0) -> int:
        raise self.error

    def fail(self) -> None:
        raise self.error


@pytest.mark.parametrize("error", [StopIteration(), StopAsyncIteration(), GeneratorExit(), KeyError("x")])
def test_any_exception_of_a_thread_is_an_internal_error(error: BaseException) -> None:
    with (
        ServerThread(Odd(error)) as server,
        avrorpc.connect(SmallClient, server.tcp, timeout=10) as client,
        pytest.raises(StatusError) as caught,
    ):
        client.double(1)
    assert caught.value.code is Code.INTERNAL


def test_a_name_that_threads_are_known_by(server: ServerThread) -> None:
    with avrorpc.connect(SmallClient, server.tcp) as client:
        client.double(1)
    assert any(thread.name.startswith("avrorpc-server") for thread in threading.enumerate())
