"""Streams over real connections: slow clients and slow services, and clients that leave or break off."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from urllib.parse import urlsplit

import pytest
from avrorpc import Limits, Server
from support.tapes import ScriptedTapes
from support.waiting import until
from testcontracts.tapes import Mark

MIB = 1_048_576
SOCKETS = 16 * MIB
"""Bytes that the system may hold between two ends of a connection, at most."""
LIMITS = Limits(receive_timeout=0.1, max_body=100_000)
LINES = "Content-Type: application/x-ndjson\r\n"
OCTETS = "Content-Type: application/octet-stream\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


class Wire:
    """A connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(self, line: str, headers: str = "", *, version: str = "1.1") -> None:
        await self.send(f"{line} HTTP/{version}\r\nHost: x\r\n{headers}\r\n".encode())

    async def head(self) -> tuple[int, dict[str, str]]:
        line, *fields = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(field.lower().split(": ", 1) for field in fields)
        return int(line.split()[1]), headers

    async def chunk(self) -> bytes:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def answer(self) -> tuple[int, bytes]:
        status, headers = await self.head()
        if headers.get("transfer-encoding") != "chunked":
            return status, await self.reader.readexactly(int(headers["content-length"]))
        parts = [await self.chunk()]
        while parts[-1]:
            parts.append(await self.chunk())
        return status, b"".join(parts)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Place:
    """A running server, and the connections to it."""

    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self.host, self.port = urlsplit(url).hostname, urlsplit(url).port
        self.wires: list[Wire] = []

    async def connect(self) -> Wire:
        sock = socket.create_connection((self.host, self.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        wire = Wire(*await asyncio.open_connection(sock=sock, limit=65_536))
        self.wires.append(wire)
        return wire

    def is_idle(self) -> bool:
        return not self.server.activity.calls


@pytest.fixture
def tapes() -> ScriptedTapes:
    return ScriptedTapes()


@pytest.fixture
async def place(tapes: ScriptedTapes) -> AsyncIterator[Place]:
    async with Server([tapes], limits=LIMITS, mode="production") as server:
        place = Place(server, await server.listen("http://127.0.0.1:0"))
        yield place
        for wire in place.wires:
            wire.writer.close()


async def waiting() -> AsyncGenerator[Mark, None]:
    yield Mark(at=0)
    await asyncio.Event().wait()


async def never() -> AsyncGenerator[Mark, None]:
    await asyncio.Event().wait()
    yield Mark(at=0)


@pytest.mark.parametrize("how", ["aborts", "closes", "ends its side"])
@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
async def test_a_client_that_leaves_ends_a_stream_that_waits_for_its_next_item(
    place: Place, tapes: ScriptedTapes, accept: str, how: str
) -> None:
    tapes.marks_given = waiting
    wire = await place.connect()
    await wire.ask("GET /marks", f"Accept: {accept}\r\n")
    assert (await wire.head())[0] == 200
    assert b'{"at":0,"text":""}' in await wire.chunk()
    assert tapes.open == 1
    if how == "aborts":
        wire.writer.transport.abort()
    elif how == "closes":
        wire.writer.close()
    else:
        wire.writer.write_eof()
    await until(lambda: tapes.open == 0)
    assert tapes.endings == ["CancelledError"]
    await until(place.is_idle)


async def test_a_client_that_leaves_ends_a_stream_that_waits_for_its_first_item(
    place: Place, tapes: ScriptedTapes
) -> None:
    tapes.marks_given = never
    wire = await place.connect()
    await wire.ask("GET /marks")
    await until(lambda: tapes.open == 1)
    wire.writer.transport.abort()
    await until(lambda: tapes.open == 0)
    assert tapes.endings == ["CancelledError"]
    await until(place.is_idle)


async def test_a_client_that_leaves_ends_a_stream_that_waits_for_it(
    place: Place, tapes: ScriptedTapes
) -> None:
    wire = await place.connect()
    await wire.ask(f"GET /tape?size={2**40}", "Accept: application/octet-stream\r\n")
    await wire.head()
    await until_it_stands_still(tapes)
    wire.writer.transport.abort()
    await until(lambda: tapes.open == 0)
    assert tapes.endings == ["GeneratorExit"]
    await until(place.is_idle)


async def until_it_stands_still(tapes: ScriptedTapes) -> None:
    """Wait until a stream neither gives nor takes any more."""
    before = (-1, -1)
    while before != (tapes.given, tapes.taken):
        before = tapes.given, tapes.taken
        await asyncio.sleep(0.02)


async def test_a_client_that_does_not_read_stops_the_service_and_then_gets_all(
    place: Place, tapes: ScriptedTapes
) -> None:
    size = 4 * SOCKETS
    wire = await place.connect()
    await wire.ask(f"GET /tape?size={size}", "Accept: application/octet-stream\r\n")
    await wire.head()
    await until_it_stands_still(tapes)
    assert 0 < tapes.given < SOCKETS
    got = 0
    while part := await wire.chunk():
        got += len(part)
        assert tapes.given - got < SOCKETS
    assert got == size
    assert tapes.endings == []


@pytest.mark.parametrize("form", [OCTETS, LINES])
async def test_a_service_that_does_not_read_stops_its_client_and_then_gets_all(
    place: Place, tapes: ScriptedTapes, form: str
) -> None:
    size = 4 * SOCKETS
    piece = bytes(48_000) if form == OCTETS else json.dumps("A" * 48_000).encode() + b"\n"
    number = size // len(piece)
    reached, goes_on, sent = asyncio.Event(), asyncio.Event(), 0

    async def stop(_: int) -> None:
        reached.set()
        await goes_on.wait()

    tapes.on_item = stop
    wire = await place.connect()
    await wire.ask("POST /tape", f"{form}Content-Length: {number * len(piece)}\r\n")

    async def upload() -> None:
        nonlocal sent
        for _ in range(number):
            await wire.send(piece)
            sent += len(piece)

    uploading = asyncio.create_task(upload())
    await reached.wait()
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.02)
    assert sent < SOCKETS
    assert len(tapes.endings) == 0, "receive_timeout is for bodies that nobody reads as they come"
    goes_on.set()
    await uploading
    taken = number * (len(piece) if form == OCTETS else 36_000)
    assert await wire.answer() == (200, b"%d" % taken)


async def test_a_slow_upload_may_take_its_time_and_holds_up_nobody(
    place: Place, tapes: ScriptedTapes
) -> None:
    slow = await place.connect()
    await slow.ask("POST /marks", f"{LINES}{CHUNKED}")
    for at in range(4):
        await slow.send(chunk(b'{"at":'))
        await asyncio.sleep(LIMITS.receive_timeout / 2)
        await slow.send(chunk(b"%d}\n" % at))
        await until(lambda at=at: tapes.taken == at + 1)  # type: ignore[misc]
        other = await place.connect()
        await other.ask("GET /marks")
        assert (await other.answer())[0] == 200
    await slow.send(chunk(b""))
    assert await slow.answer() == (200, b"4")


@pytest.mark.parametrize("form", [LINES, OCTETS])
async def test_a_client_that_leaves_in_its_upload_ends_the_call(
    place: Place, tapes: ScriptedTapes, form: str
) -> None:
    wire = await place.connect()
    await wire.ask("POST /tape", f"{form}Content-Length: 1000\r\n")
    await wire.send(b'"AAEC"\n"AA')
    await until(lambda: tapes.taken > 0)
    wire.writer.close()
    await until(lambda: tapes.open == 0)
    assert tapes.endings == ["CancelledError"]
    await until(place.is_idle)


@pytest.mark.parametrize(
    ("form", "parts"),
    [
        (LINES, [b'"AA', b'EC"\n"A', b"AE=", b'"\n\n']),
        (OCTETS, [b"\0", b"\1\2", b"\3\4"]),
    ],
)
async def test_chunks_are_not_items(
    place: Place, tapes: ScriptedTapes, form: str, parts: list[bytes]
) -> None:
    wire = await place.connect()
    await wire.ask("POST /tape", f"{form}{CHUNKED}")
    for part in [*parts, b""]:
        await wire.send(chunk(part))
        await asyncio.sleep(0)
    assert await wire.answer() == (200, b"5")
    await wire.ask("POST /tape", f"{form}Content-Length: 0\r\n")  # the connection goes on
    assert await wire.answer() == (200, b"0")


@pytest.mark.parametrize("rest", [b"zz\r\n", b"5\r\nabcdeX\r\n", b"-1\r\n", b"fffffffffffffffffff\r\n"])
async def test_a_body_that_is_malformed_in_its_midst_is_a_problem(
    place: Place, tapes: ScriptedTapes, rest: bytes
) -> None:
    wire = await place.connect()
    await wire.ask("POST /marks", f"{LINES}{CHUNKED}")
    await wire.send(chunk(b'{"at":1}\n'))
    await until(lambda: tapes.taken == 1)
    await wire.send(rest)
    status, body = await wire.answer()
    assert status == 400
    assert json.loads(body)["detail"] == "the body of the request is not encoded as it says"
    assert tapes.endings == ["StatusError"]
    assert await wire.reader.read() == b"", "nothing that follows can be understood"
    await until(place.is_idle)


async def test_a_client_learns_what_is_wrong_before_it_has_sent_all(
    place: Place, tapes: ScriptedTapes
) -> None:
    wire = await place.connect()
    await wire.ask("POST /marks", f"{LINES}Content-Length: {SOCKETS}\r\n")
    await wire.send(b'{"at":1}\n{"at":"x"}\n')
    status, body = await wire.answer()
    assert (status, json.loads(body)["errors"][0]["pointer"]) == (422, "/mark/1/at")
    await until(place.is_idle)


async def test_a_client_is_told_to_go_on_when_its_items_are_wanted(
    place: Place, tapes: ScriptedTapes
) -> None:
    wire = await place.connect()
    await wire.ask("POST /marks", f"{LINES}Content-Length: 9\r\nExpect: 100-continue\r\n")
    assert (await wire.head())[0] == 100
    await wire.send(b'{"at":1}\n')
    assert await wire.answer() == (200, b"1")
    refused = await place.connect()
    await refused.ask(
        "POST /marks", "Content-Type: text/csv\r\nContent-Length: 9\r\nExpect: 100-continue\r\n"
    )
    assert (await refused.head())[0] == 415


async def test_octets_that_fail_break_off(
    place: Place, tapes: ScriptedTapes, caplog: pytest.LogCaptureFixture
) -> None:
    wire = await place.connect()
    await wire.ask("GET /tape?size=1000000&piece=-1", "Accept: application/octet-stream\r\n")
    status, body = await wire.answer()
    assert (status, json.loads(body)["code"]) == (500, "INTERNAL")

    broken = await place.connect()
    await broken.ask(f"GET /tape?size={2**40}&piece=100000", "Accept: application/octet-stream\r\n")
    await broken.head()
    await until_it_stands_still(tapes)
    tapes.fails_at = 0
    rest = await read_what_there_is(broken)
    assert not rest.endswith(b"0\r\n\r\n")
    assert tapes.endings[-1] == "ZeroDivisionError"
    assert "broke off" in caplog.text


async def read_what_there_is(wire: Wire) -> bytes:
    last = b""
    try:
        while data := await wire.reader.read(65_536):
            last = (last + data)[-64:]
    except ConnectionResetError:
        pass
    return last


async def test_a_client_of_an_older_version_reads_until_the_end_of_the_connection(place: Place) -> None:
    wire = await place.connect()
    await wire.ask("GET /marks", version="1.0")
    status, headers = await wire.head()
    assert (status, "transfer-encoding" in headers) == (200, False)
    assert (await wire.reader.read()).endswith(b'{"$end":{"items":3}}\n')


async def test_a_connection_goes_on_after_a_stream(place: Place, tapes: ScriptedTapes) -> None:
    wire = await place.connect()
    for _ in range(3):
        await wire.ask("GET /marks")
        status, body = await wire.answer()
        assert (status, body.count(b"\n")) == (200, 4)
        await wire.ask("HEAD /marks")
        assert (await wire.head())[0] == 200
    assert tapes.open == 0


class PlainTapes(ScriptedTapes):
    """Runs in threads."""

    def play(self, size: int, *, piece: int = 65_536) -> Iterator[bytes]:  # type: ignore[override]
        with self._watched():
            self.given = 0
            while self.given < size:
                self.given += piece
                yield bytes(piece)

    def record_all(self, piece: Iterable[bytes]) -> int:  # type: ignore[override]
        with self._watched():
            for part in piece:
                self.taken += len(part)
            return self.taken


async def test_a_service_that_runs_in_threads_is_stopped_and_ended_likewise() -> None:
    tapes = PlainTapes()
    async with Server([tapes], mode="production") as server:
        place = Place(server, await server.listen("http://127.0.0.1:0"))
        reads = await place.connect()
        await reads.ask(f"GET /tape?size={2**40}", "Accept: application/octet-stream\r\n")
        await reads.head()
        await until_it_stands_still(tapes)
        assert 0 < tapes.given < SOCKETS
        reads.writer.transport.abort()
        await until(lambda: tapes.open == 0)
        assert tapes.endings == ["GeneratorExit"]

        leaves = await place.connect()
        await leaves.ask("POST /tape", f"{OCTETS}Content-Length: 1000\r\n")
        await leaves.send(b"x" * 500)
        await until(lambda: tapes.taken == 500)
        leaves.writer.transport.abort()
        await until(lambda: tapes.open == 0)
        assert tapes.endings == ["GeneratorExit", "StatusError"]

        whole = await place.connect()
        await whole.ask("POST /tape", f"{OCTETS}Content-Length: {MIB}\r\n")
        await whole.send(bytes(MIB))
        assert await whole.answer() == (200, b"%d" % (MIB + 500))
        whole.writer.close()


async def test_a_server_that_closes_breaks_off_what_has_no_end(tapes: ScriptedTapes) -> None:
    tapes.marks_given = waiting
    async with Server([tapes], mode="production") as server:
        place = Place(server, await server.listen("http://127.0.0.1:0"))
        wire = await place.connect()
        await wire.ask("GET /marks")
        await wire.head()
        assert await wire.chunk() == b'{"at":0,"text":""}\n'
        await server.close(0.01)
        assert tapes.endings == ["CancelledError"]
        assert await wire.reader.read() == b"", "it has no end, so the client knows that there was more"
        wire.writer.close()
