"""The HTTP server over real sockets: what goes in, whole and byte by byte, and what comes out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.transport.blocking import reset_on_close
from avrorpc.transport.http_message import Handler, HttpRequest, HttpResponse, Send
from avrorpc.transport.http_reader import Heads
from avrorpc.transport.http_server import MAX_DROPPED, HttpConnection
from support.waiting import until

BODY_LIMIT = 1_000
SLOW = Limits(handshake_timeout=0.05, receive_timeout=0.05)


def text(status: int, said: str) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "text/plain"}, f"{said}\n".encode())


@dataclass
class Place:
    """A server, and what it knows."""

    port: int
    connections: set[HttpConnection] = field(default_factory=set)

    async def dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def told(self, data: bytes, pieces: int = 100_000, *, ends: bool = True) -> str:
        """Return all that is answered, without dates."""
        reader, writer = await self.dial()
        for start in range(0, len(data), pieces):
            writer.write(data[start : start + pieces])
            if pieces == 1:
                await asyncio.sleep(0)
        if ends:
            writer.write_eof()
        async with asyncio.timeout(20):
            said = await reader.read()
        writer.close()
        return re.sub("Date: [^\r]*GMT\r\n", "", said.decode())


@asynccontextmanager
async def serving(handler: Handler, limits: Limits = DEFAULT_LIMITS) -> AsyncIterator[Place]:
    place = Place(0)

    def opened(connection: HttpConnection) -> None:
        place.connections.add(connection)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HttpConnection(handler, limits, "http", opened, place.connections.discard, Heads()),
        "127.0.0.1",
        0,
    )
    place.port = server.sockets[0].getsockname()[1]
    try:
        yield place
    finally:
        server.close()
        for connection in list(place.connections):
            connection.end(at_once=True)
        await until(lambda: not place.connections)


async def parts() -> AsyncIterator[bytes]:
    yield b"ab"
    yield b""
    await asyncio.sleep(0)
    yield b"cde"


async def send_parts(send: Send) -> None:
    async for part in parts():
        await send(part)


async def broken() -> AsyncIterator[bytes]:
    yield b"ab"
    raise ValueError("broken")


async def answer(request: HttpRequest) -> HttpResponse:
    """A handler with a little of everything."""
    match request.path:
        case "/":
            return text(200, f"{request.method} {request.query}")
        case "/read":
            return HttpResponse(200, {"X-Read": "y"}, await request.read(BODY_LIMIT))
        case "/parts":
            return HttpResponse(200, body=parts())
        case "/sent":
            return HttpResponse(200, body=send_parts)
        case "/echo":
            return HttpResponse(200, body=request)
        case "/none":
            return HttpResponse(204)
        case "/odd":
            return HttpResponse(299)
        case "/fails":
            raise ValueError("a secret")
        case "/broken":
            return HttpResponse(200, body=broken())
        case "/header":
            return HttpResponse(200, {"X": "a\r\nSet-Cookie: b"})
        case _:
            return text(404, "nothing")


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with serving(answer) as made:
        yield made


def get(path: str = "/", more: str = "", method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: x\r\n{more}\r\n".encode()


def post(path: str, body: bytes, more: str = "") -> bytes:
    return get(path, f"Content-Length: {len(body)}\r\n{more}", "POST") + body


def chunks(*each: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*each, b""))


def reply(body: str, more: str = "", head: str = "200 OK") -> str:
    return f"HTTP/1.1 {head}\r\n{more}\r\n{body}"


PLAIN = "Content-Type: text/plain\r\n"
CLOSE = "Connection: close\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
HI = reply("GET \n", f"Content-Length: 5\r\n{PLAIN}")
LAST = reply("GET \n", f"Content-Length: 5\r\n{CLOSE}{PLAIN}")
ENDS = "Connection: close\r\n"
STAYS = "Connection: keep-alive\r\n"
STAYING = HI.replace("5\r\n", f"5\r\n{STAYS}")
THREE_TIMES = (bytes(400),) * 3
POSTED = HI.replace("GET", "POST").replace(" 5", " 6")


def problem(status: int, title: str, detail: str, code: str) -> str:
    members = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    body = json.dumps(members, separators=(",", ":"))
    kind = "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n"
    return reply(body, f"Content-Length: {len(body)}\r\n{CLOSE}{kind}", f"{status} {title}")


ABOVE = problem(
    413, "Request Entity Too Large", "the body is above max_body=1000 bytes", "RESOURCE_EXHAUSTED"
)
NO_REQUEST = problem(400, "Bad Request", "this is no request of HTTP/1.1", "INVALID_ARGUMENT")
READ = reply("abc", "Content-Length: 3\r\nX-Read: y\r\n")
ROWS = [
    ("a GET", get(more=ENDS), LAST),
    ("a query", get("/?a=b", ENDS), LAST.replace("GET ", "GET a=b").replace(" 5", " 8")),
    ("a HEAD", get(more=ENDS, method="HEAD"), LAST.replace(" 5", " 6").replace("GET \n", "")),
    ("three at once", get() * 2 + get(more=ENDS), HI * 2 + LAST),
    ("a GET of HTTP/1.0", get(version="1.0"), LAST),
    ("HTTP/1.0 that goes on", get(more=STAYS, version="1.0") + get(more=ENDS), STAYING + LAST),
    ("a body", post("/read", b"abc") + get(more=ENDS), READ + LAST),
    ("chunks", get("/read", CHUNKED, "POST") + chunks(b"a", b"bc") + get(more=ENDS), READ + LAST),
    ("a body that nobody reads", post("/", b"abc") + get(more=ENDS), POSTED + LAST),
    ("no content", get("/none") + get(more=ENDS), reply("", head="204 No Content") + LAST),
    ("an odd status", get("/odd", ENDS), reply("", f"Content-Length: 0\r\n{CLOSE}", "299 ")),
    ("parts", get("/parts") + get(more=ENDS), reply("2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", CHUNKED) + LAST),
    ("parts that are sent", get("/sent", ENDS), reply("2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", CHUNKED + CLOSE)),
    ("parts for HTTP/1.0", get("/parts", version="1.0"), reply("abcde", CLOSE)),
    ("the head of parts", get("/parts", method="HEAD") + get(more=ENDS), reply("", CHUNKED) + LAST),
    ("no path", get("/x", ENDS), reply("nothing\n", f"Content-Length: 8\r\n{CLOSE}{PLAIN}", "404 Not Found")),
    ("a body above the limit", post("/read", b"x" * 1_001, ENDS), ABOVE),
    ("chunks above the limit", get("/read", CHUNKED + ENDS, "POST") + chunks(*THREE_TIMES), ABOVE),
    ("parts that break off", get("/broken"), reply("2\r\nab\r\n", CHUNKED)),
    ("garbage after a GET", get() + b"\xff\r\n\r\n", HI + NO_REQUEST),
]  # fmt: skip


@pytest.mark.parametrize("pieces", [1, 100_000])
@pytest.mark.parametrize(("data", "said"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
async def test_bytes_in_bytes_out(place: Place, data: bytes, said: str, pieces: int) -> None:
    assert await place.told(data, pieces, ends=False) == said


async def test_a_date_is_told_and_no_server(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(get(more=ENDS))
    head = (await reader.read()).decode()
    assert re.search(r"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", head)
    assert "Server" not in head
    writer.close()


async def test_what_a_handler_raises_is_told_to_nobody_but_the_log(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    said = await place.told(get("/fails", ENDS), ends=False)
    assert said.startswith("HTTP/1.1 500 ")
    number = re.search("error ([0-9a-f]{32})", said)
    assert number is not None
    assert "secret" not in said
    assert number[1] in caplog.text
    assert "a secret" in caplog.text


async def test_whoever_asks_first_is_told_to_go_on_only_when_the_body_is_wanted(place: Place) -> None:
    reader, writer = await place.dial()
    asks = "Expect: 100-continue\r\nContent-Length: 3\r\n"
    writer.write(get("/read", asks, "POST"))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert (await reader.readuntil(b"abc")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.write(get("/", asks, "POST"))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Connection: close" in head, "the client may send the body or not: nobody knows what comes next"
    writer.close()


async def test_whoever_asks_first_for_too_much_is_told_so(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(get("/read", "Expect: 100-continue\r\nContent-Length: 1001\r\n", "POST"))
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_a_client_that_sends_no_more_gets_all_its_replies(place: Place) -> None:
    assert await place.told(get() * 20 + get("/parts")) in (
        HI * 20 + reply("2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", CHUNKED + more) for more in ("", CLOSE)
    )


async def test_a_body_that_will_never_be_whole_is_given_up(place: Place) -> None:
    assert await place.told(post("/read", b"abc")[:-1]) == ""


async def test_answers_are_in_the_order_of_the_requests() -> None:
    async def slow_first(request: HttpRequest) -> HttpResponse:
        for _ in range(20 if request.path == "/a" else 0):
            await asyncio.sleep(0)
        return HttpResponse(200, body=request.path.encode())

    async with serving(slow_first) as place:
        said = await place.told(get("/a") + get("/b") + get("/a") + get("/c", ENDS), ends=False)
    assert re.findall("\r\n\r\n(/.)", said) == ["/a", "/b", "/a", "/c"]


class Held:
    """A handler that waits, and says what became of it."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.ended: list[str] = []
        self.sent = 0

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        self.begun.set()
        if request.path == "/flood":
            return HttpResponse(200, body=self.flood())
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        self.ended.append("answered")
        return HttpResponse(200, body=await request.read(10**9))

    async def flood(self) -> AsyncIterator[bytes]:
        try:
            while True:
                self.sent += 60_000
                yield bytes(60_000)
        finally:
            self.ended.append("closed")


@pytest.fixture
async def held() -> Held:
    return Held()


async def test_a_handler_ends_with_its_client(held: Held) -> None:
    async with serving(held) as place:
        _, writer = await place.dial()
        writer.write(get())
        await held.begun.wait()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()
        await until(lambda: held.ended == ["cancelled"])


async def test_a_stream_is_closed_with_its_client_and_waits_for_it_to_read(held: Held) -> None:
    async with serving(held) as place:
        reader, writer = await place.dial()
        writer.write(get("/flood"))
        await reader.readuntil(b"\r\n\r\n")
        before = -1
        while before != held.sent:  # until nothing more fits in
            before = held.sent
            await asyncio.sleep(0.02)
        assert held.sent < 20_000_000
        writer.transport.abort()
        await until(lambda: held.ended == ["closed"])


async def test_a_body_that_nobody_reads_yet_waits_outside(held: Held) -> None:
    async with serving(held) as place:
        reader, writer = await place.dial()
        size = 30_000_000
        writer.write(get("/", f"Content-Length: {size}\r\n{ENDS}", "POST") + bytes(size))
        await held.begun.wait()
        await until(lambda: all(each._is_paused for each in place.connections))
        (connection,) = place.connections
        assert connection._request is not None
        assert connection._request.body.size < 500_000
        held.gate.set()
        async with asyncio.timeout(20):
            assert len(await reader.read()) > size
        writer.close()


async def test_a_large_body_that_nobody_wants_ends_the_connection_and_the_answer_arrives(
    place: Place,
) -> None:
    size = MAX_DROPPED + 1
    said = await place.told(get("/", f"Content-Length: {size}\r\n", "POST") + bytes(size // 2), ends=False)
    assert CLOSE in said
    assert said.endswith("POST \n")


async def test_the_rest_of_a_short_body_that_nobody_wants_is_dropped(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(get("/", "Content-Length: 5\r\n", "POST"))
    await reader.readuntil(b"POST \n")
    writer.write(b"abcde" + get("/?next", ENDS))
    assert (await reader.read()).endswith(b"GET next\n")
    writer.close()


SLOWNESS: list[tuple[str, bytes, str, str]] = [
    ("nothing", b"", "", "no request within handshake_timeout=0.05 s"),
    ("half a head", get()[:-2], "408", "no request within handshake_timeout=0.05 s"),
    ("half a body", post("/read", b"abc")[:-1], "408", "not the rest within receive_timeout=0.05 s"),
    ("half a second head", get() + get()[:-2], "408", "not the rest within receive_timeout=0.05 s"),
]


@pytest.mark.parametrize(
    ("data", "status", "logged"), [pytest.param(*row[1:], id=row[0]) for row in SLOWNESS]
)
async def test_who_does_not_get_on_is_sent_away(
    data: bytes, status: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(answer, SLOW) as place:
        said = await place.told(data, ends=False)
    assert (f"HTTP/1.1 {status} Request Timeout" in said) if status else said == ""
    assert logged in caplog.text


async def test_a_connection_that_makes_no_requests_any_more_is_closed_in_good_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, "avrorpc"):
        async with serving(answer, Limits(idle_timeout=0.02)) as place:
            assert await place.told(get(), ends=False) == HI
    assert "no request within idle_timeout=0.02 s" in caplog.text


async def test_a_handler_may_take_longer_than_a_client(held: Held) -> None:
    limits = Limits(handshake_timeout=0.01, receive_timeout=0.01, idle_timeout=0.01)
    async with serving(held, limits) as place:
        reader, writer = await place.dial()
        writer.write(post("/", b"abc"))
        await held.begun.wait()
        await asyncio.sleep(0.05)
        held.gate.set()
        assert (await reader.read()).endswith(b"abc")
        writer.close()


async def test_contexts_of_requests_are_empty() -> None:
    from contextvars import ContextVar, copy_context  # noqa: PLC0415

    known: ContextVar[str] = ContextVar("known")
    known.set("by the server")

    async def look(_: HttpRequest) -> HttpResponse:
        return text(200, str(known in copy_context()))

    async with serving(look) as place:
        assert (await place.told(get(more=ENDS), ends=False)).endswith("False\n")


async def test_an_ending_connection_answers_once_more(place: Place) -> None:
    reader, writer = await place.dial()
    writer.write(get())
    await reader.readuntil(b"GET \n")
    (connection,) = place.connections
    connection.leave()
    writer.write(get())
    assert CLOSE.encode() in await reader.read()
    writer.close()


async def test_a_connection_that_is_refused_is_told_why() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HttpConnection(answer, Limits(), "http", lambda _: "it is full", print, Heads()),
        "127.0.0.1",
        0,
    )
    said = await Place(server.sockets[0].getsockname()[1]).told(b"", ends=False)
    assert said.startswith("HTTP/1.1 503 ")
    assert json.loads(said.rpartition("\n")[2])["detail"] == "it is full"
    server.close()


async def test_a_header_that_cannot_be_sent_is_a_failure_of_the_server(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    said = await place.told(get("/header") + get("/", ENDS), ends=False)
    first, second = said.split("HTTP/1.1 ")[1:]
    assert first.startswith("500 ")
    assert "the server failed; error " in first
    assert second.startswith("200 "), "the connection goes on"
    assert "has more than one line" in caplog.text


async def test_requests_on_a_connection_that_was_ended_are_not_answered_and_meet_no_reset(
    place: Place,
) -> None:
    reader, writer = await place.dial()
    writer.write(get())
    await reader.readuntil(b"GET \n")
    (connection,) = place.connections
    connection.end()
    assert await reader.read() == b""
    for _ in range(3):
        writer.write(get())
        await asyncio.sleep(0.001)
        sock: socket.socket = writer.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    writer.close()
    await until(lambda: not place.connections)


async def whole(_: HttpRequest) -> HttpResponse:
    return HttpResponse(200, {}, b"x" * 30_000_000)


async def in_parts(_: HttpRequest) -> HttpResponse:
    async def send_all(send: Send) -> None:
        for _ in range(300):
            await send(b"x" * 100_000)

    return HttpResponse(200, {}, send_all)


@pytest.mark.parametrize("handler", [whole, in_parts])
@pytest.mark.parametrize("more", ["", ENDS], ids=["kept", "ends"])
async def test_a_client_that_reads_nothing_of_its_reply_is_cut_off(
    handler: Handler, more: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with serving(handler, SLOW) as place:
        with socket.create_connection(("127.0.0.1", place.port)) as sock:
            sock.sendall(get(more=more))
            await until(lambda: place.connections)
            await until(lambda: not place.connections)
    assert "it read nothing of its reply within receive_timeout=0.05 s" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("leaves", ["in good order", "by a reset"])
async def test_a_reply_to_a_client_that_has_left_logs_nothing(
    leaves: str, caplog: pytest.LogCaptureFixture
) -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def late(request: HttpRequest) -> HttpResponse:
        entered.set()
        with contextlib.suppress(asyncio.CancelledError):  # a handler that answers all the same
            await release.wait()
        return await whole(request)

    caplog.set_level(logging.INFO)
    async with serving(late) as place:
        _, writer = await place.dial()
        writer.write(get())
        await entered.wait()
        if leaves == "by a reset":
            reset_on_close(writer.get_extra_info("socket"))
        else:
            release.set()
        writer.transport.abort()
        await until(lambda: not place.connections)
    assert caplog.text == ""


async def test_a_client_that_resets_in_the_moment_of_the_end_is_let_go() -> None:
    made: list[HttpConnection] = []
    gone: list[HttpConnection] = []

    def connected() -> HttpConnection:
        made.append(HttpConnection(answer_nobody, Limits(), "http", lambda _: None, gone.append, Heads()))
        return made[0]

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
    client = socket.create_connection(server.sockets[0].getsockname())
    await until(lambda: made and made[0].name != "nobody")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()  # which the server's loop has not seen yet
    made[0].end()
    await until(lambda: gone == made)
    server.close()


async def answer_nobody(request: HttpRequest) -> HttpResponse:
    raise AssertionError(f"nobody asks for {request}")
