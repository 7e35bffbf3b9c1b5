"""Where servers listen: unix sockets and their files, all interfaces, and who is at the other end."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import stat
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import avrorpc
import pytest
import uvloop
from avrorpc import BindError, ClientStateError, ConnectError, Principal, Server, current_call
from avrorpc.transport.address import parse_address
from support.implementations import AsyncSmall, SyncSmall
from support.serving import anywhere
from testcontracts.small import AsyncSmallClient, SmallClient


class Telling(AsyncSmall):
    """Remembers who called."""

    def __init__(self) -> None:
        self.callers: list[Principal | None] = []

    async def double(self, value: int, *, offset: int = 0) -> int:
        context = current_call()
        assert context is not None
        self.callers.append(context.principal)
        return 2 * value + offset


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sock"


def is_there(path: Path) -> bool:
    return path.exists()


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_unix_socket_is_its_owners_alone_and_goes_with_its_server(path: Path) -> None:
    async with Server([AsyncSmall()]) as server:
        assert await server.listen(f"unix://{path}") == f"unix://{path}"
        assert permissions(path) == 0o600
    assert not is_there(path)


async def test_a_unix_socket_may_be_for_others_as_well(path: Path) -> None:
    async with Server([AsyncSmall()]) as server:
        await server.listen(f"unix://{path}?mode=660")
        assert permissions(path) == 0o660


async def test_a_path_may_be_relative(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    async with Server([AsyncSmall()]) as server:
        url = await server.listen("unix:a.sock")
        async with avrorpc.connect(AsyncSmallClient, url) as client:
            assert await client.double(2) == 4
        with (
            avrorpc.connect(SmallClient, f"unix://{path}") as blocking,
            pytest.raises(ClientStateError, match="would block the event loop that serves"),
        ):
            blocking.double(1)


async def test_a_socket_that_a_server_left_behind_is_taken_over(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with Server([AsyncSmall()]) as server:
        url = await server.listen(f"unix://{path}")
        async with avrorpc.connect(AsyncSmallClient, url) as client:
            assert await client.double(2) == 4


async def test_a_socket_of_a_server_that_lives_is_left_alone(path: Path) -> None:
    async with Server([AsyncSmall()]) as first, Server([AsyncSmall()]) as second:
        url = await first.listen(f"unix://{path}")
        with pytest.raises(BindError) as caught:
            await second.listen(url)
        assert str(caught.value) == f"cannot listen on {url}: a server listens there already"
        async with avrorpc.connect(AsyncSmallClient, url) as client:
            assert await client.double(2) == 4


async def test_a_socket_of_a_server_too_busy_to_accept_is_left_alone(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(path))
        busy.listen(0)
        waiting.connect(str(path))
        async with Server([AsyncSmall()]) as server:
            with pytest.raises(BindError, match="a server listens there already"):
                await server.listen(f"unix://{path}")
        assert is_there(path)


@pytest.fixture
def precious(path: Path) -> Path:
    path.write_text("precious")
    return path


async def test_a_file_is_never_removed(precious: Path) -> None:
    async with Server([AsyncSmall()]) as server:
        with pytest.raises(BindError, match="is there, and is no socket"):
            await server.listen(f"unix://{precious}")
    assert is_there(precious)


async def test_a_server_leaves_alone_what_another_put_in_its_place(path: Path) -> None:
    first = Server([AsyncSmall()])
    await first.listen(f"unix://{path}")
    os.unlink(path)  # noqa: PTH108 - pathlib's is a blocking call by name
    async with Server([AsyncSmall()]) as second:
        url = await second.listen(f"unix://{path}")
        await first.close()
        async with avrorpc.connect(AsyncSmallClient, url) as client:
            assert await client.double(2) == 4


async def test_a_folder_that_is_not_there_is_a_bind_error(path: Path) -> None:
    async with Server([AsyncSmall()]) as server:
        with pytest.raises(BindError, match=r"cannot listen on unix:///.*: No such file or directory"):
            await server.listen(f"unix://{path}/b.sock".replace("a.sock", "nothing"))


@pytest.mark.parametrize("client_type", [SmallClient, AsyncSmallClient])
async def test_a_socket_that_is_not_there_is_a_connect_error(path: Path, client_type: type) -> None:
    client: Any = avrorpc.connect(client_type, f"unix://{path}")

    async def call() -> None:
        made = await asyncio.to_thread(client.double, 1)
        if asyncio.iscoroutine(made):
            await made

    with pytest.raises(ConnectError, match=r"there is no such socket; is the server up\?"):
        await call()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(ConnectError, match=r"nothing listens there; is the server up\?"):
        await call()
    closing = avrorpc.close(client)
    if closing is not None:
        await closing


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell it in other ways")
async def test_the_caller_over_a_unix_socket_is_a_process(path: Path) -> None:
    implementation = Telling()
    async with Server([implementation]) as server:
        url = await server.listen(f"unix://{path}")
        async with avrorpc.connect(AsyncSmallClient, url) as client:
            await client.double(1)
    (caller,) = implementation.callers
    assert caller == Principal(
        f"uid:{os.getuid()}",
        "process",
        {"uid": (str(os.getuid()),), "gid": (str(os.getgid()),), "pid": (str(os.getpid()),)},
    )


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_without_a_host_all_interfaces_are_listened_on(scheme: str) -> None:
    async with Server([AsyncSmall()]) as server:
        url = await server.listen(f"{scheme}://:0")
        address = parse_address(url)
        assert address.host in ("::", "0.0.0.0")
        for host in ("127.0.0.1", f"{address.authority}".rpartition(":")[0]):
            async with avrorpc.connect(AsyncSmallClient, f"{scheme}://{host}:{address.port}") as client:
                assert await client.double(2) == 4


async def test_a_host_that_nobody_knows_is_a_bind_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    async with Server([AsyncSmall()]) as server:
        with pytest.raises(BindError, match=r"the host 'nowhere\.invalid' is unknown"):
            await server.listen("tcp://nowhere.invalid:0")


@pytest.mark.parametrize("turns", range(5))
@pytest.mark.parametrize(
    ("kind", "make_loop"),
    [
        ("tcp", asyncio.new_event_loop),
        ("tls", asyncio.new_event_loop),
        ("http", asyncio.new_event_loop),
        ("https", asyncio.new_event_loop),
        ("tcp", uvloop.new_event_loop),  # whose TLS has nobody to close it before its handshake is done
        ("http", uvloop.new_event_loop),
    ],
)
def test_a_connection_that_comes_as_the_server_closes_is_closed_too(
    kind: str, turns: int, make_loop: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    async def serve() -> None:
        server = Server([SyncSmall()])
        url = await server.listen(anywhere(kind, tmp_path))
        port = int(url.partition("?")[0].rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)):
            for _ in range(turns):
                await asyncio.sleep(0)
        await server.close(0.2)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with asyncio.Runner(loop_factory=make_loop) as runner:
            runner.run(serve())
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_a_socket_that_outlives_a_server_keeps_who_comes_for_the_next(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"{scheme}://127.0.0.1:{held.getsockname()[1]}"
        async with Server([AsyncSmall()]) as first:
            assert await first.listen(url, sock=held.dup()) == url
            async with avrorpc.connect(AsyncSmallClient, url) as client:
                assert await client.double(2) == 4
        async with avrorpc.connect(AsyncSmallClient, url) as client:
            waiting = asyncio.ensure_future(client.double(3))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            async with Server([AsyncSmall()]) as second:
                await second.listen(url, sock=held.dup())
                assert await waiting == 6


@pytest.mark.parametrize("url", ["unix:a.sock", "memory://"])
async def test_a_socket_that_is_given_is_one_of_tcp(url: str) -> None:
    async with Server([AsyncSmall()]) as server:
        with socket.socket() as sock, pytest.raises(BindError, match="a socket that is given is one of TCP"):
            await server.listen(url, sock=sock)


async def test_what_is_no_listening_socket_is_refused() -> None:
    async with Server([AsyncSmall()]) as server:
        closed = socket.socket()
        closed.close()
        with pytest.raises(BindError, match="cannot listen on"):
            await server.listen("tcp://127.0.0.1:9", sock=closed)
