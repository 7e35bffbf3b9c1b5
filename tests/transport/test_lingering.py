"""The end of a server's connection: what a client sends before it hears of it costs no last word."""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from avrorpc import Server
from avrorpc.testing import Proxy
from support.certificates import CERTIFICATES
from support.implementations import AsyncSmall
from support.waiting import until

SHOWN = f"?cert={CERTIFICATES.server}&key={CERTIFICATES.server_key}"


async def dial(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    scheme, _, place = url.partition("://")
    if scheme == "unix":
        return await asyncio.open_unix_connection(place)
    host, _, port = place.partition("?")[0].partition(":")
    context = ssl.create_default_context(cafile=CERTIFICATES.ca) if scheme == "tls" else None
    return await asyncio.open_connection(host, int(port), ssl=context)


def address(scheme: str, folder: Path) -> str:
    if scheme == "unix":
        return f"unix://{folder}/socket"
    return f"{scheme}://127.0.0.1:0{SHOWN if scheme == 'tls' else ''}"


def is_reset(writer: asyncio.StreamWriter) -> bool:
    sock: socket.socket = writer.get_extra_info("socket")
    return writer.transport.is_closing() or sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


@pytest.mark.parametrize("scheme", ["tcp", "unix", "tls"])
async def test_what_a_client_sends_while_its_server_closes_meets_no_reset(
    scheme: str, tmp_path: Path
) -> None:
    server = Server([AsyncSmall()])
    reader, writer = await dial(await server.listen(address(scheme, tmp_path)))
    await until(lambda: server.activity.connections)
    closing = asyncio.create_task(server.close(60))
    if scheme == "tls":  # which has no half of a connection
        await asyncio.sleep(0.01)
    else:
        assert await reader.read() == b""
    for _ in range(3):
        writer.write(b"\0" * 100)
        await asyncio.sleep(0.001)
        assert not is_reset(writer)
    assert not closing.done()
    writer.close()
    async with asyncio.timeout(20):
        await closing


async def test_a_client_that_never_leaves_holds_no_server_up() -> None:
    server = Server([AsyncSmall()])
    async with Proxy(await server.listen("tcp://127.0.0.1:0")) as proxy:
        _, writer = await dial(proxy.url)
        await until(lambda: server.activity.connections)
        async with asyncio.timeout(20):
            await server.close(600)
        writer.close()
