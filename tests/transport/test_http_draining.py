"""HTTP connections that are kept alive, while their server drains and when it has closed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import ConnectError, Server
from avrorpc.codec.binary import write_long
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import HandshakeRequest, encode_request
from support.implementations import AsyncSmall, SyncConformance
from testcontracts.conformance import CONFORMANCE
from testcontracts.small import SMALL, AsyncSmallClient

HELLO = encode_request(HandshakeRequest(SMALL.hash, None, SMALL.hash))


class Gate(AsyncSmall):
    """Answers a negative number only when the gate is opened."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.open = asyncio.Event()

    async def double(self, value: int, *, offset: int = 0) -> int:
        if value < 0:
            self.entered.set()
            await self.open.wait()
        return 2 * value + offset


class Kept:
    """A connection as a plain HTTP client keeps it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, value: int) -> None:
        call = request_head({}, "double")
        write_long(call, value)
        write_long(call, 0)
        body = frame("spec", 0, HELLO, bytes(call))
        head = "POST /spl-avro HTTP/1.1\r\nHost: here\r\nContent-Type: avro/binary\r\n"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def receive(self) -> tuple[list[str], bytes]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        (length,) = (int(line.partition(":")[2]) for line in head if line.startswith("content-length:"))
        return head, await self.reader.readexactly(length)

    async def call(self, value: int) -> tuple[list[str], bytes]:
        self.send(value)
        return await self.receive()


@pytest.fixture
async def gate() -> Gate:
    return Gate()


@pytest.fixture
async def server(gate: Gate) -> AsyncIterator[Server]:
    made = Server([gate])
    await made.listen("http://127.0.0.1:0")
    async with asyncio.timeout(60):
        yield made
        gate.open.set()
        await made.close(0)


async def connected(server: Server) -> Kept:
    """Return a connection that has served a call, and is kept."""
    parts = urlsplit(server.urls[0])
    kept = Kept(*await asyncio.open_connection(parts.hostname, parts.port))
    head, body = await kept.call(4)
    assert head[0] == "http/1.1 200 ok"
    assert "connection: close" not in head
    assert body.endswith(b"\x10\0\0\0\0")
    return kept


async def ended(kept: Kept) -> bool:
    """Whether the server has closed the connection in good order; a reset would raise."""
    rest = await kept.reader.read()
    kept.writer.close()
    await kept.writer.wait_closed()
    return rest == b""


async def test_connections_that_are_kept_alive_hold_no_server_up(server: Server) -> None:
    kept = [await connected(server) for _ in range(3)]
    async with asyncio.timeout(20):
        await server.close(600)
        assert [await ended(connection) for connection in kept] == [True] * 3


async def test_clients_whose_connection_is_kept_see_a_clean_end(server: Server) -> None:
    async with avrorpc.connect(AsyncSmallClient, server.urls[0], timeout=20) as client:
        assert await client.double(2) == 4
        await server.close(600)
        for _ in range(2):
            with pytest.raises(ConnectError, match="nothing listens there"):
                await client.double(2)


async def test_a_server_that_drains_may_be_told_again_to_close(server: Server, gate: Gate) -> None:
    busy = await connected(server)
    busy.send(-3)
    await gate.entered.wait()
    closing = asyncio.create_task(server.close(600))
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await server.close(0)
        assert await ended(busy)
        await closing


async def test_a_call_on_its_way_as_the_server_stops_is_served_and_waited_for(
    server: Server, gate: Gate
) -> None:
    kept = await connected(server)
    closing = asyncio.create_task(server.close(600))
    await asyncio.sleep(0)
    kept.send(-3)
    await gate.entered.wait()
    await asyncio.sleep(0.01)
    assert not closing.done()
    gate.open.set()
    head, body = await kept.receive()
    assert body.endswith(b"\x0b\0\0\0\0")
    assert "connection: close" in head
    async with asyncio.timeout(20):
        await closing
    assert await ended(kept)


async def test_a_server_that_has_no_time_closes_kept_connections_at_once(server: Server) -> None:
    kept = await connected(server)
    await server.close(0)
    assert await ended(kept)


async def test_calls_during_the_drain_are_answered_and_end_their_connections(
    server: Server, gate: Gate
) -> None:
    busy, idle, other = [await connected(server) for _ in range(3)]
    busy.send(-3)
    await gate.entered.wait()
    closing = asyncio.create_task(server.close(600))
    await asyncio.sleep(0)
    head, body = await other.call(1)
    assert body.endswith(b"\x04\0\0\0\0"), "it may have been on its way, and is served"
    assert "connection: close" in head, "so that the client does not call again on this connection"
    assert await ended(other)
    assert not closing.done()
    gate.open.set()
    head, body = await busy.receive()
    assert body.endswith(b"\x0b\0\0\0\0")
    assert "connection: close" in head
    async with asyncio.timeout(20):
        await closing
    assert await ended(busy)
    assert await ended(idle)


class Flood(SyncConformance):
    """Answers with more than fits any buffer on the way."""

    def join(self, *, parts: list[str] | None = None, separator: str = ", ") -> str:
        return "x" * SIZE


SIZE = 30_000_000


async def test_a_websocket_on_a_connection_that_was_kept_does_not_hold_a_drain_up(
    server: Server, gate: Gate
) -> None:
    busy, late = await connected(server), await connected(server)
    busy.send(-1)
    await gate.entered.wait()
    closing = asyncio.create_task(server.close(60))
    await asyncio.sleep(0.01)
    late.writer.write(
        b"GET /avro HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: avrorpc.v1\r\n\r\n"
    )
    head = await late.reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    gate.open.set()
    async with asyncio.timeout(20):
        said = await late.reader.read()
        await closing
    assert b"the server is shutting down" in said
    busy.writer.close()
    late.writer.close()


async def test_a_large_reply_is_read_to_its_end_while_its_server_closes() -> None:
    server = Server([Flood()])
    parts = urlsplit(await server.listen("http://127.0.0.1:0"))
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    hello = encode_request(HandshakeRequest(CONFORMANCE.hash, None, CONFORMANCE.hash))
    body = frame("spec", 0, hello, bytes(request_head({}, "join")) + b"\0\0")
    head = "POST /spl-avro HTTP/1.1\r\nHost: here\r\nContent-Type: avro/binary\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await reader.readuntil(b"\r\n\r\n")
    closing = asyncio.create_task(server.close(600))
    # A hundred turns of the loop, in which a server that would cut the reply off comes to do so.
    for _ in range(100):
        await asyncio.sleep(0.001)
    async with asyncio.timeout(60):
        assert len(await reader.read(-1)) > SIZE
        await closing
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_does_not_read_its_reply_cannot_keep_a_server_from_closing() -> None:
    server = Server([Flood()])
    parts = urlsplit(await server.listen("http://127.0.0.1:0"))
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    hello = encode_request(HandshakeRequest(CONFORMANCE.hash, None, CONFORMANCE.hash))
    body = frame("spec", 0, hello, bytes(request_head({}, "join")) + b"\0\0")
    head = "POST /spl-avro HTTP/1.1\r\nHost: here\r\nContent-Type: avro/binary\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(20):
        await server.close(0.01)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
