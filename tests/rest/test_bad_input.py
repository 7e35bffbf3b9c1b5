"""What clients get wrong, on purpose or not: each is answered with a problem, and the server goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from avrorpc import Limits, Server
from support.shelf import MemoryShelf

LIMITS = Limits(max_body=2_000, max_head=2_000, max_headers=30, max_depth=20, receive_timeout=0.3)
BOOK = b'{"title":"t","price":"1.00"}'
JSON = "Content-Type: application/json\r\n"
KEY = "Idempotency-Key: k1\r\n"


@dataclass(slots=True)
class Answer:
    """What the server said to one request."""

    status: int
    headers: dict[str, str]
    body: bytes


class Caller:
    """Sends bytes to a server, each time over a connection of its own."""

    def __init__(self, server: Server, url: str) -> None:
        self.server = server
        self.host, self.port = urlsplit(url).hostname, urlsplit(url).port

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.host, self.port)

    async def __call__(self, data: bytes) -> Answer:
        reader, writer = await self.open()
        try:
            writer.write(data)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            line, *fields = head.decode("latin-1").strip().split("\r\n")
            headers = {name.lower(): text for name, text in (field.split(": ", 1) for field in fields)}
            length = 0 if data.startswith(b"HEAD") else int(headers.get("content-length", "0"))
            return Answer(int(line.split()[1]), headers, await reader.readexactly(length))
        finally:
            writer.close()

    async def is_released(self) -> bool:
        """Wait until the server has nothing of any client any more."""
        for _ in range(500):
            activity = self.server.activity
            if not list(activity.connections) and not list(activity.calls):
                return True
            await asyncio.sleep(0.01)
        return False


@pytest.fixture
async def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture
async def call(shelf: MemoryShelf) -> AsyncIterator[Caller]:
    async with Server([shelf], mode="production", limits=LIMITS) as server:
        yield Caller(server, await server.listen("http://127.0.0.1:0"))


def sent(line: str, headers: str = "", body: bytes = b"", *, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    measured = f"Content-Length: {size}\r\n" if size else ""
    return f"{line} HTTP/1.1\r\nHost: x\r\n{headers}{measured}\r\n".encode("latin-1") + body


def posted(body: bytes, headers: str = JSON + KEY) -> bytes:
    return sent("POST /books", headers, body)


def streamed(line: bytes) -> bytes:
    return sent("POST /books/import", "Content-Type: application/x-ndjson\r\n", line)


WRONG = [
    ("JSON that breaks off", posted(b'{"title":'), 400, "no JSON"),
    ("two documents", posted(BOOK + BOOK), 400, "no JSON"),
    ("a name twice", posted(b'{"title":"a","title":"b","price":"1.00"}'), 400, "twice"),
    ("NaN", posted(b'{"title":NaN,"price":"1.00"}'), 400, "NaN"),
    ("a number beyond a double", posted(b'{"title":1e999,"price":"1.00"}'), 400, "beyond"),
    ("a number of many digits", posted(b'{"title":' + b"9" * 1_500 + b',"price":"1.00"}'), 422, "title"),
    ("half of a surrogate pair", posted(rb'{"title":"\ud800","price":"1.00"}'), 400, "surrogate"),
    ("half of one as a name", posted(rb'{"\udc00":1,"title":"a","price":"1.00"}'), 400, "surrogate"),
    ("no UTF-8", posted(b'{"title":"\xff","price":"1.00"}'), 400, "UTF-8"),
    ("a byte order mark", posted(b"\xef\xbb\xbf" + BOOK), 400, "byte order mark"),
    ("deep nesting", posted(b"[" * 500 + b"]" * 500), 413, "max_depth=20"),
    ("a list for an object", posted(b"[]"), 422, "object"),
    ("nothing", sent("POST /books", JSON + KEY), 422, "title"),
    ("all of it wrong", posted(b'{"title":1,"price":"x","more":2}'), 422, "3 things"),
    ("a form", posted(b"title=a", "Content-Type: application/x-www-form-urlencoded\r\n" + KEY), 415, "form"),
    ("an image", posted(BOOK, "Content-Type: image/png\r\n" + KEY), 415, "image/png"),
    ("an unknown coding", posted(BOOK, f"{JSON}{KEY}Content-Encoding: br\r\n"), 415, "br"),
    ("a coding that it is not in", posted(BOOK, f"{JSON}{KEY}Content-Encoding: gzip\r\n"), 400, "gzip"),
    ("nothing that is acceptable", sent("GET /books", "Accept: image/png\r\n"), 406, "image/png"),
    ("a body above the limit", posted(b" " * 2_001), 413, "max_body=2000"),
    ("a body of terabytes", sent("POST /books", JSON + KEY, length=2**40), 413, "max_body=2000"),
    ("a header above the limit", sent("GET /books", f"X: {'x' * 3_000}\r\n"), 431, "max_head=2000"),
    ("many headers", sent("GET /books", "X: x\r\n" * 40), 431, "max_headers=30"),
    ("a URL above the limit", sent(f"GET /books?cursor={'x' * 3_000}"), 414, "max_head=2000"),
    ("deep nesting in a stream", streamed(b"[" * 500 + b"]" * 500), 413, "book[0]: JSON is nested deeper"),
    ("an item above the limit", streamed(b"1" * 2_001), 413, "a line is above max_body=2000"),
    ("no key", posted(BOOK, JSON), 400, "Idempotency-Key"),
    ("a key with a blank", posted(BOOK, f"{JSON}Idempotency-Key: a b\r\n"), 400, "Idempotency-Key"),
    ("a long key", posted(BOOK, f"{JSON}Idempotency-Key: {'k' * 256}\r\n"), 400, "255"),
    ("no such route", sent("GET /nowhere"), 404, "/nowhere"),
    ("no such book", sent("GET /books/none"), 404, "none"),
    ("a verb that it has not", sent("PATCH /books"), 405, "GET, POST"),
    ("TRACE", sent("TRACE /books"), 405, "GET, POST"),
    ("a verb that nobody has", sent("PROPFIND /books"), 501, "method"),
    ("a tunnel", b"CONNECT evil:80 HTTP/1.1\r\nHost: evil:80\r\n\r\n", 501, "method"),
    ("another version", b"GET /books HTTP/2.7\r\nHost: x\r\n\r\n", 400, ""),
    ("no host", b"GET /books HTTP/1.1\r\n\r\n", 400, "host"),
    ("no HTTP", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, "HTTP"),
    ("an odd expectation", sent("GET /books", "Expect: wonders\r\n"), 417, "100-continue"),
    ("an absolute target of another kind", sent("GET ftp://x/books"), 400, "path"),
    ("a way up", sent("GET /books/../../etc/passwd"), 404, "nothing at"),
    ("a way up, escaped", sent("GET /books/%2e%2e/%2e%2e/etc/passwd"), 404, "nothing at"),
    ("half an escape", sent("GET /books/%4"), 400, "hexadecimal"),
    ("an escape that is no UTF-8", sent("GET /books/%ff"), 400, "UTF-8"),
    ("a query that is no UTF-8", sent("GET /books?cursor=%ff"), 400, "UTF-8"),
    ("a null byte", sent("GET /books/%00"), 404, "there is no book"),
    ("an unknown query parameter", sent("GET /books?page=1"), 422, "page"),
    ("a query parameter twice", sent("GET /books?cursor=1&cursor=2"), 422, "twice"),
    ("a huge number", sent(f"GET /books?page-size={'9' * 400}"), 422, "page_size"),
    ("a number with a fraction", sent("GET /books?page-size=1.5"), 422, "page_size"),
    ("a timeout that is none", sent("GET /books", "Avrorpc-Timeout-Ms: soon\r\n"), 400, "milliseconds"),
    ("a mode that is none", sent("GET /books", "Avrorpc-Mode: fast\r\n"), 400, "production"),
    ("a page of another site", sent("GET /books", "Origin: https://evil.example\r\n"), 403, "origin"),
    ("an old tag", sent("PUT /books/b0", f'{JSON}If-Match: "old"\r\n', b"{}"), 412, "changed"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "status", "says"), [pytest.param(*row[1:], id=row[0]) for row in WRONG])
async def test_what_is_wrong_is_a_problem_and_harms_nobody(
    call: Caller, shelf: MemoryShelf, data: bytes, status: int, says: str
) -> None:
    answer = await call(data)
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body)
    assert problem["status"] == status
    assert {"type", "title", "detail", "code"} <= problem.keys()
    assert says in answer.body.decode()
    if status == 405:
        assert "GET" in answer.headers["allow"]
    assert shelf.ran == 0
    assert (await call(sent("GET /books"))).status == 200
    assert await call.is_released()


async def test_an_absolute_target_of_this_server_is_its_path(call: Caller) -> None:
    assert (await call(sent("GET http://x/books"))).status == 200


async def test_a_key_with_another_payload_is_refused_at_any_time(call: Caller, shelf: MemoryShelf) -> None:
    answers = await asyncio.gather(*(call(posted(BOOK)) for _ in range(5)))
    assert {answer.status for answer in answers} <= {200, 409}
    assert shelf.ran == 1
    other = await call(posted(BOOK.replace(b'"t"', b'"u"')))
    assert (other.status, json.loads(other.body)["status"]) == (422, 422)
    again = await call(posted(BOOK))
    assert (again.status, again.headers["idempotent-replayed"]) == (200, "true")
    assert shelf.ran == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(sent("POST /books", JSON + KEY, BOOK, length=100), id="in its body"),
        pytest.param(b"POST /books HT", id="in its head"),
        pytest.param(sent("GET /changes?count=2000000000", "Accept: text/event-stream\r\n"), id="in events"),
        pytest.param(sent("GET /changes?count=2000000000"), id="in lines"),
        pytest.param(
            sent("POST /books/import", "Content-Type: application/x-ndjson\r\n", b"{", length=500),
            id="in items",
        ),
    ],
)
async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(
    call: Caller, shelf: MemoryShelf, data: bytes
) -> None:
    reader, writer = await call.open()
    writer.write(data)
    if data.startswith(b"GET"):
        await reader.readuntil(b"Changed")
        assert shelf.open_streams == 1
    else:
        await asyncio.sleep(0.02)
    writer.transport.abort()
    assert await call.is_released()
    assert shelf.open_streams == 0
    assert shelf.ran == 0
    assert (await call(sent("GET /books"))).status == 200


async def test_a_slow_upload_is_given_up_with_a_problem(call: Caller, shelf: MemoryShelf) -> None:
    answer = await call(sent("POST /books", JSON + KEY, BOOK, length=100))
    assert answer.status == 408
    assert json.loads(answer.body)["code"] == "DEADLINE_EXCEEDED"
    assert shelf.ran == 0
    assert await call.is_released()


async def test_head_and_options_have_no_body_and_tell_what_there_is(call: Caller) -> None:
    head = await call(sent("HEAD /books"))
    assert (head.status, head.headers["content-type"]) == (200, "application/json")
    options = await call(sent("OPTIONS /books"))
    assert (options.status, options.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")
    assert (await call(sent("OPTIONS *"))).status == 204
