"""WebSockets at a server: bytes of a link within messages, and ends with the codes that the faults have."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from avrorpc.limits import Limits
from avrorpc.transport.http_message import Head, HttpRequest, HttpResponse
from avrorpc.transport.http_reader import Heads
from avrorpc.transport.http_server import HttpConnection
from avrorpc.transport.websocket_names import MAX_MESSAGE
from avrorpc.transport.websocket_server import acceptance, refusal
from hostile.peers import websocket_frame
from support.waiting import until

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""RFC 6455, section 1.3."""
HEADERS = {
    "host": "x",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
    "sec-websocket-protocol": "chat, avrorpc.v1",
}


class Link(asyncio.Protocol):
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.heard = b""
        self.events: list[str] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")


async def listening(link: Link, connections: set[HttpConnection]) -> tuple[asyncio.Server, int]:
    async def handler(request: HttpRequest) -> HttpResponse:
        return refusal(request) or acceptance(request, link)

    server = await asyncio.get_running_loop().create_server(
        lambda: HttpConnection(handler, Limits(), "ws", connections.add, connections.discard, Heads()),
        "127.0.0.1",
        0,
    )
    return server, server.sockets[0].getsockname()[1]


LINES = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
ASKS = f"GET /avro HTTP/1.1\r\nConnection: Upgrade\r\n{LINES}\r\n".encode()


class Opened:
    """A WebSocket over a real connection: the link, and the client's end."""

    def __init__(self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.link = link
        self.reader = reader
        self.writer = writer

    async def code(self) -> int:
        """Return the code that the server closes with, which is the next that it says."""
        head = await self.reader.readexactly(2)
        assert head[0] == 0x88
        return int(struct.unpack_from(">H", await self.reader.readexactly(head[1]))[0])


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    link, connections = Link(), set[HttpConnection]()
    server, port = await listening(link, connections)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ASKS)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert head.startswith("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n")
    assert f"Sec-WebSocket-Accept: {ACCEPT}\r\nSec-WebSocket-Protocol: avrorpc.v1\r\n" in head
    async with asyncio.timeout(20):
        yield Opened(link, reader, writer)
        writer.close()
        server.close()
        await until(lambda: not connections)
    assert link.events[-1] == "lost"


def asked(**changes: str | None) -> HttpRequest:
    headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in changes.items()}}
    head = Head("GET", "/avro", {name: value for name, value in headers.items() if value is not None})
    head.is_upgrade = True
    return HttpRequest(head)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(asked(upgrade=None), 426, id="no upgrade"),
        pytest.param(asked(upgrade="h2c"), 426, id="another upgrade"),
        pytest.param(asked(sec_websocket_version="8"), 426, id="another version"),
        pytest.param(asked(sec_websocket_key=None), 400, id="no key"),
        pytest.param(asked(sec_websocket_key="AAAA"), 400, id="a short key"),
        pytest.param(asked(sec_websocket_key="*" * 24), 400, id="a key of other letters"),
        pytest.param(asked(sec_websocket_protocol="chat"), 400, id="another subprotocol"),
    ],
)
def test_what_opens_no_websocket_is_told_why(request_: HttpRequest, status: int) -> None:
    response = refusal(request_)
    assert response is not None
    assert response.status == status


def test_a_request_that_does_not_say_connection_upgrade_opens_none() -> None:
    request = asked()
    request.head.is_upgrade = False
    response = refusal(request)
    assert response is not None
    assert response.status == 400
    assert refusal(asked()) is None


@pytest.mark.parametrize("pieces", [1, 7, 10_000])
async def test_what_messages_hold_reaches_the_link_whatever_their_parts(opened: Opened, pieces: int) -> None:
    data = (
        websocket_frame(b"ab")
        + websocket_frame(b"c", 0x02)
        + websocket_frame(b"ping", 0x89)
        + websocket_frame(b"", 0x00)
        + websocket_frame(b"d" * 300, 0x80)
        + websocket_frame(b"")
    )
    for start in range(0, len(data), pieces):
        opened.writer.write(data[start : start + pieces])
        await asyncio.sleep(0)
    assert await opened.reader.readexactly(6) == b"\x8a\x04ping"
    await until(lambda: opened.link.heard == b"abc" + b"d" * 300)


async def test_a_client_that_leaves_while_it_asks_is_not_waited_for() -> None:
    link, connections = Link(), set[HttpConnection]()
    server, port = await listening(link, connections)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ASKS + websocket_frame(b"abc"))
    writer.write_eof()
    async with asyncio.timeout(20):
        await reader.read()
        await until(lambda: not connections)
    assert (link.heard, link.events) == (b"abc", ["lost"])
    writer.close()
    server.close()


async def test_what_the_link_writes_goes_in_messages_of_64_kib(opened: Opened) -> None:
    opened.link.transport.write(bytes(70_000))
    assert await opened.reader.readexactly(10) == b"\x82\x7f" + struct.pack(">Q", 65_536)
    await opened.reader.readexactly(65_536)
    assert await opened.reader.readexactly(4) == b"\x82\x7e" + struct.pack(">H", 70_000 - 65_536)
    await opened.reader.readexactly(70_000 - 65_536)


FAULTS = [
    ("a text", websocket_frame(b"hi", 0x81), 1003),
    ("an unknown opcode", websocket_frame(b"", 0x83), 1002),
    ("what nobody agreed to compress", websocket_frame(b"x", 0xC2), 1002),
    ("a message that says that it is too large", b"\x82\xff" + struct.pack(">Q", MAX_MESSAGE + 1), 1009),
    (
        "parts that are too large together",
        websocket_frame(bytes(9), 0x02) + b"\0\xff" + struct.pack(">Q", MAX_MESSAGE - 8),
        1009,
    ),
    ("its end", websocket_frame(struct.pack(">H", 1001), 0x88), 1001),
]


@pytest.mark.parametrize(("data", "code"), [pytest.param(*row[1:], id=row[0]) for row in FAULTS])
async def test_a_websocket_ends_with_the_code_of_its_fault(opened: Opened, data: bytes, code: int) -> None:
    opened.writer.write(data)
    assert await opened.code() == code


async def test_a_link_that_closes_says_goodbye_and_hears_no_more(opened: Opened) -> None:
    opened.link.transport.close()
    assert await opened.code() == 1000
    opened.writer.write(websocket_frame(b"late") + websocket_frame(struct.pack(">H", 1000), 0x88))
    assert await opened.reader.read() == b""
    assert opened.link.heard == b""


async def test_a_client_that_does_not_answer_the_end_is_cut_off(opened: Opened) -> None:
    opened.link.transport.close()
    assert await opened.code() == 1000
    try:
        assert await opened.reader.read() == b""
    except ConnectionResetError:
        assert opened.link.events == ["lost"]


async def test_pings_of_a_client_that_reads_nothing_are_not_heaped_up(opened: Opened) -> None:
    opened.link.transport.write(bytes(30_000_000))
    await until(lambda: "pause" in opened.link.events)
    before = opened.link.transport.get_write_buffer_size()
    opened.writer.write(websocket_frame(b"x" * 100, 0x89) * 5_000 + websocket_frame(b"seen"))
    await until(lambda: opened.link.heard == b"seen")
    assert opened.link.transport.get_write_buffer_size() <= before
