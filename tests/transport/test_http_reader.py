"""Reading HTTP requests: what comes of bytes, whole and byte by byte."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from avrorpc.errors import RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.transport.http_message import HttpRequest
from avrorpc.transport.http_reader import BAD_BODY, LONGEST_KEPT, MAX_KEPT, MAX_WAITING, Heads, RequestReader
from hypothesis import given
from hypothesis import strategies as st

Read: TypeAlias = tuple[str, str, bytes]
"""A method, a target and a body."""
LIMITS = Limits(max_head=300, max_headers=6)
HOST = b"Host: x\r\n"
STAYS = b"Connection: keep-alive\r\n"
WISH = b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n"


def get(path: str = "/", headers: bytes = HOST, version: bytes = b"1.1", method: bytes = b"GET") -> bytes:
    return b"%b %b HTTP/%b\r\n%b\r\n" % (method, path.encode(), version, headers)


def post(body: bytes, headers: bytes = HOST) -> bytes:
    return get("/p", headers + b"Content-Length: %d\r\n" % len(body), method=b"POST") + body


def chunked(rest: bytes, headers: bytes = HOST) -> bytes:
    return get("/p", headers + b"Transfer-Encoding: chunked\r\n", method=b"POST") + rest


async def result(data: bytes, pieces: int) -> tuple[list[Read], int | None]:
    """Return the requests of some bytes, and the status by which the rest is refused.

    They are read three times, the last time by a reader that has been told of the heads of the others.
    """
    heads = Heads()
    first = await read_once(data, pieces, heads)
    for _ in range(2):
        assert await read_once(data, pieces, heads) == first, "a head that is known changes nothing"
    return first


async def read_once(data: bytes, pieces: int, heads: Heads) -> tuple[list[Read], int | None]:
    reader = RequestReader(LIMITS, heads=heads)
    found: list[HttpRequest] = []
    for start in range(0, len(data), pieces):
        reader.feed(data[start : start + pieces])
        while reader.requests and (reader.requests[0] is not reader.open):
            found.append(reader.requests.popleft())
            reader.feed(b"")
    read = [(each.method, each.target, await each.read(10_000)) for each in found]
    return read, None if reader.refusal is None else reader.refusal.status


GET = ("GET", "/", b"")
ROWS: list[tuple[str, bytes, list[Read], int | None]] = [
    ("nothing", b"", [], None),
    ("a GET", get(), [GET], None),
    ("half a GET", get()[:-2], [], None),
    ("a GET of HTTP/1.0 without a host", get(headers=b"", version=b"1.0"), [GET], None),
    ("empty lines before it", b"\r\n\r\n" + get(), [GET], None),
    ("three at once", get() * 3, [GET] * 3, None),
    ("more than wait", get() * (MAX_WAITING + 5), [GET] * (MAX_WAITING + 5), None),
    ("a body", post(b"abc"), [("POST", "/p", b"abc")], None),
    ("an empty body", post(b""), [("POST", "/p", b"")], None),
    ("half a body", post(b"abc")[:-1], [], None),
    ("a body and one more", post(b"abc") + get(), [("POST", "/p", b"abc"), GET], None),
    ("chunks", chunked(b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"), [("POST", "/p", b"abc")], None),
    ("an extension", chunked(b"1;x=y\r\na\r\n0\r\n\r\n"), [("POST", "/p", b"a")], None),
    ("trailers", chunked(b"1\r\na\r\n0\r\nHost: y\r\nT:\r\n\r\n") + get(), [("POST", "/p", b"a"), GET], None),
    ("a query", get("/a?b=%20c"), [("GET", "/a?b=%20c", b"")], None),
    ("a fragment", get("/a?b#c"), [("GET", "/a?b", b"")], None),
    ("a whole URL", get("http://y:80/a?b"), [("GET", "/a?b", b"")], None),
    ("a whole URL without a path", get("HTTPS://y?b"), [("GET", "/?b", b"")], None),
    ("an asterisk", get("*", method=b"OPTIONS"), [("OPTIONS", "*", b"")], None),
    ("the last one", get(headers=HOST + b"Connection: close\r\n") + get(), [GET], None),
    ("the last one of HTTP/1.0", get(version=b"1.0") + get(), [GET], None),
    ("one of HTTP/1.0 that stays", get(headers=STAYS, version=b"1.0") + get(), [GET] * 2, None),
    ("a wish for HTTP/2", get(headers=HOST + WISH) + get(), [GET] * 2, None),
    ("such a wish with a body", post(b"abc", HOST + WISH) + get(), [("POST", "/p", b"abc"), GET], None),
    # Refused.
    ("no host", get(headers=b""), [], 400),
    ("two hosts", get(headers=HOST * 2), [], 400),
    ("an asterisk for GET", get("*"), [], 400),
    ("another scheme", get("ftp://x/"), [], 400),
    ("a path without a slash", get("a"), [], 400),
    ("garbage", b"\x16\x03\x01\r\n\r\n", [], 400),
    ("garbage after a GET", get() + b"\xff\xff\r\n", [GET], 400),
    ("an unknown method", get(method=b"BREW"), [], 400),
    ("a method for others", get(method=b"PROPFIND"), [], 501),
    ("a tunnel", get("x:80", method=b"CONNECT"), [], 501),
    ("HTTP/2 at once", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [], 505),
    ("HTTP/2.0", get(version=b"2.0"), [], 505),
    ("HTTP/0.9", get(version=b"0.9"), [], 505),
    ("an expectation", get(headers=HOST + b"Expect: x\r\n"), [], 417),
    ("a length twice", get(headers=HOST + b"Content-Length: 1\r\n" * 2, method=b"POST"), [], 400),
    ("both lengths", chunked(b"0\r\n\r\n", HOST + b"Content-Length: 5\r\n"), [], 400),
    ("another encoding", get(headers=HOST + b"Transfer-Encoding: gzip, chunked\r\n"), [], 501),
    ("an encoding that does not end", get(headers=HOST + b"Transfer-Encoding: gzip\r\n"), [], 400),
    ("chunks of HTTP/1.0", get(headers=b"Transfer-Encoding: chunked\r\n", version=b"1.0"), [], 400),
    ("a folded header", get(headers=HOST + b" y\r\n"), [], 400),
    ("a bare line feed", get(headers=b"Host: x\n"), [], 400),
    ("a bad chunk", chunked(b"x\r\n"), [], 400),
    ("a long target", get("/" + "x" * 300), [], 414),
    ("a long header", get(headers=HOST + b"X: " + b"x" * 300 + b"\r\n"), [], 431),
    ("long headers", get(headers=HOST + (b"X: " + b"x" * 100 + b"\r\n") * 3), [], 431),
    ("many headers", get(headers=HOST + b"X: x\r\n" * 6), [], 431),
    ("as many headers as may be", get(headers=HOST + b"X: x\r\n" * 5), [GET], None),
    ("long trailers", chunked(b"0\r\n" + (b"T: " + b"x" * 100 + b"\r\n") * 3 + b"\r\n"), [], 431),
]  # fmt: skip


@pytest.mark.parametrize("pieces", [1, 7, 100_000])
@pytest.mark.parametrize(("data", "requests", "status"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
async def test_bytes_become_requests(
    data: bytes, requests: list[Read], status: int | None, pieces: int
) -> None:
    assert await result(data, pieces) == (requests, status)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=50)), max_size=5), st.integers(1, 200))
async def test_what_is_written_is_read_however_it_is_cut(parts: list[tuple[bool, bytes]], cut: int) -> None:
    data = b""
    for is_chunked, body in parts:
        pieces = [body[n : n + 9] for n in range(0, len(body), 9)]
        rest = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"
        data += chunked(rest) if is_chunked else post(body)
    assert await result(data, cut) == ([("POST", "/p", body) for _, body in parts], None)


def test_headers_are_found_by_small_letters_and_joined() -> None:
    reader = RequestReader(Limits())
    reader.feed(get(headers=b"HOST: x\r\nX-A: 1 \t\r\nx-a: 2\r\nX-B:\r\nX-C: \xe9\r\n"))
    assert reader.requests[0].headers == {"host": "x", "x-a": "1, 2", "x-b": "", "x-c": "\xe9"}


def test_the_host_of_a_whole_url_counts() -> None:
    reader = RequestReader(Limits())
    reader.feed(get("http://y:80/a"))
    assert reader.requests[0].headers["host"] == "y:80"


def test_a_websocket_is_asked_for_and_what_follows_is_kept() -> None:
    reader = RequestReader(Limits())
    wish = HOST + b"Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
    reader.feed(get("/avro", wish) + b"abc")
    reader.feed(b"def")
    assert reader.requests[0].head.is_upgrade
    assert reader.is_full
    assert reader.rest() == b"abcdef"


async def test_a_body_that_goes_wrong_while_it_is_read_is_an_error_of_its_reader() -> None:
    reader = RequestReader(Limits())
    reader.feed(chunked(b"1\r\na\r\n"))
    request = reader.requests.popleft()
    assert await anext(request) == b"a"
    reader.feed(b"zz")
    with pytest.raises(RemoteProtocolError, match=BAD_BODY):
        await anext(request)


def test_an_extension_without_end_is_refused() -> None:
    reader = RequestReader(LIMITS)
    reader.feed(chunked(b"1;"))
    for _ in range(4):
        reader.feed(b"x" * 100)
    assert reader.refusal is not None
    assert reader.refusal.status == 431


def test_reading_stops_where_enough_waits() -> None:
    reader = RequestReader(Limits())
    reader.feed(get() * 20_000)
    assert reader.is_full
    assert len(reader.requests) < 1_000


def seen(*requests: bytes, limits: Limits = LIMITS) -> tuple[RequestReader, Heads]:
    reader = RequestReader(limits, heads=(heads := Heads()))
    for request in requests:
        reader.feed(request)
    return reader, heads


def test_a_request_with_a_head_as_before_shares_it_and_has_a_body_of_its_own() -> None:
    reader, heads = seen(post(b"abc"), post(b"uvw"), post(b"xyz"), post(b"wxyz"), get(), get(), get())
    first, second, third, other, *gets = reader.requests
    assert second.head is third.head, "equal bytes"
    assert first.head is not second.head, "it might have been the only one"
    assert other.head is not third.head, "another length"
    assert [each.body.take(9) for each in (first, second, third)] == [b"abc", b"uvw", b"xyz"]
    assert all(each.body.is_complete for each in gets)
    assert gets[1].head is gets[2].head
    assert len(heads) == 2
    assert reader.whole == 14


async def test_half_a_request_with_a_head_as_before_is_waited_for() -> None:
    reader, heads = seen(post(b"abc"), post(b"abc"), post(b"xyz")[:-1])
    assert len(heads) == 1
    assert reader.is_half
    reader.feed(b"z")
    assert not reader.is_half
    assert await reader.requests[2].read(9) == b"xyz"


@pytest.mark.parametrize(
    "data",
    [
        chunked(b"0\r\n\r\n"),
        get(headers=HOST + b"Connection: close\r\n"),
        get(headers=HOST + b"Expect: 100-continue\r\n"),
        get(headers=HOST + WISH),
        get(headers=b"", version=b"1.0"),
        get(headers=STAYS, version=b"1.0"),
        b"\r\n" + get(),
        get() * 2,
        get("/" + "x" * LONGEST_KEPT),
    ],
)
def test_other_heads_are_not_kept(data: bytes) -> None:
    _, heads = seen(data, limits=Limits(max_head=8_000))
    for _ in range(2):
        RequestReader(Limits(max_head=8_000), heads=heads).feed(data)
    assert not len(heads)


def test_heads_that_are_kept_are_bounded() -> None:
    heads = Heads()
    for number in range(MAX_KEPT + 1):
        for _ in range(2):
            RequestReader(LIMITS, heads=heads).feed(get(f"/{number}"))
        assert len(heads) <= MAX_KEPT
    assert len(heads) == 1
