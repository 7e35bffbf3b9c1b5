"""HTTP servers that attack our clients of both colours: a named error, in time, and nothing that grows."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Callable
from typing import Any

import avrorpc
import pytest
from avrorpc import Limits, RpcError, StatusError
from avrorpc.errors import Code
from support.rogue import Rogue
from testcontracts.small import AsyncSmallClient, SmallClient

from hostile.test_servers import heard

LIMITS = Limits(max_body=20_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: avro/binary\r\n"


def sync_call(url: str, timeout: float = 10) -> Any:
    with avrorpc.connect(SmallClient, url, limits=LIMITS, timeout=timeout) as client:
        return client.double(1)


def async_call(url: str, timeout: float = 10) -> Any:
    async def main() -> Any:
        async with avrorpc.connect(AsyncSmallClient, url, limits=LIMITS, timeout=timeout) as client:
            return await client.double(1)

    return asyncio.run(main())


CALLERS = pytest.mark.parametrize("caller", [sync_call, async_call], ids=["sync", "async"])


def elsewhere(status: int) -> bytes:
    return b"HTTP/1.1 %d Go\r\nLocation: http://127.0.0.1:9/avro\r\nContent-Length: 0\r\n\r\n" % status


ATTACKS = [
    *(
        (f"a redirect by {status}", elsewhere(status), f"answered {status}")
        for status in (301, 302, 303, 307, 308)
    ),
    (
        "a bomb of gzip",
        OK
        + b"Content-Encoding: gzip\r\nContent-Length: 14574\r\n\r\n"
        + gzip.compress(bytes(15_000_000)).ljust(14_574),
        "",
    ),
    ("a length of terabytes", OK + b"Content-Length: %d\r\n\r\n" % 2**50 + bytes(40_000), "max_body=20000"),
    (
        "chunks above the limit",
        OK
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"2710\r\n"
        + bytes(10_000)
        + b"\r\n2710\r\n"
        + bytes(10_000)
        + b"\r\n2710\r\n"
        + bytes(10_000)
        + b"\r\n",
        "max_body=20000",
    ),
    ("no length, and above the limit", OK + b"\r\n" + bytes(40_000), "max_body=20000"),
    ("a length that is no number", OK + b"Content-Length: many\r\n\r\n", ""),
    ("two lengths", OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", ""),
    ("a length that is too long", OK + b"Content-Length: 99\r\n\r\nshort", ""),
    ("a chunk size of no number", OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", ""),
    ("a chunk longer than it says", OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n", ""),
    ("a header without end", OK + b"X: " + b"x" * 200_000 + b"\r\n\r\n", ""),
    ("headers without end", OK + b"X: x\r\n" * 50_000 + b"\r\n", ""),
    ("a status without end", b"HTTP/1.1 " + b"2" * 100_000 + b" OK\r\n\r\n", ""),
    ("a status that is none", b"HTTP/1.1 abc\r\n\r\n", ""),
    ("HTTP/2", b"\0\0\x12\4" + bytes(50), ""),
    ("another protocol", b"220 mail.example ESMTP\r\n" * 5, ""),
    (
        "an upgrade that nobody asked for",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "",
    ),
    (
        "an answer of HTML",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        "answered with text/html",
    ),
    ("an error that goes on", b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\n\r\n" + b"<p>" * 20_000, ""),
]


def answering(data: bytes) -> Callable[[socket.socket], None]:
    def handler(sock: socket.socket) -> None:
        heard(sock, b"\r\n\r\n")
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65_536):
            continue

    return handler


@CALLERS
@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in ATTACKS])
def test_an_http_server_that_attacks_is_named(caller: Callable[..., Any], data: bytes, problem: str) -> None:
    with Rogue(answering(data)) as rogue, pytest.raises(RpcError) as caught:
        caller(f"http://127.0.0.1:{rogue.port}")
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500
    assert "9/avro" not in str(caught.value)


WRONG_KEY = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: AAAA\r\nSec-WebSocket-Protocol: avrorpc.v1\r\n\r\n"
)
OPENINGS = [
    *(
        (f"a redirect by {status}", elsewhere(status), f"answered {status}")
        for status in (301, 302, 303, 307, 308)
    ),
    ("no WebSocket", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "answered 200"),
    (
        "another upgrade",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        "",
    ),
    (
        "the wrong answer to the key",
        WRONG_KEY,
        "",
    ),
    ("headers without end", b"HTTP/1.1 101 Switching Protocols\r\n" + b"X: x\r\n" * 50_000, ""),
    (
        "no time for it",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        "answered 503 and opens no WebSocket now",
    ),
]


@CALLERS
@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in OPENINGS])
def test_a_server_that_opens_no_websocket_is_named(
    caller: Callable[..., Any], data: bytes, problem: str
) -> None:
    with Rogue(answering(data)) as rogue, pytest.raises(RpcError) as caught:
        caller(f"ws://127.0.0.1:{rogue.port}")
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


def endless(data: bytes) -> Callable[[socket.socket], None]:
    def handler(sock: socket.socket) -> None:
        heard(sock, b"\r\n\r\n")
        while True:
            sock.sendall(data)

    return handler


ENDLESS = [
    ("promises of an answer", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 50),
    ("going on", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    ("empty lines", b"\r\n" * 1_000),
]


@CALLERS
@pytest.mark.parametrize("scheme", ["http", "ws"])
@pytest.mark.parametrize("data", [pytest.param(row[1], id=row[0]) for row in ENDLESS])
def test_what_goes_on_without_an_answer_does_not_outlast_the_deadline(
    caller: Callable[..., Any], scheme: str, data: bytes
) -> None:
    with Rogue(endless(data)) as rogue, pytest.raises(RpcError) as caught:
        caller(f"{scheme}://127.0.0.1:{rogue.port}", 0.5)
    if isinstance(caught.value, StatusError):
        assert caught.value.code is Code.DEADLINE_EXCEEDED


def test_no_cookie_is_kept_and_nothing_is_told_of_the_library() -> None:
    asked: list[bytes] = []

    def handler(sock: socket.socket) -> None:
        for _ in range(2):
            asked.append(heard(sock, b"\r\n\r\n"))
            sock.sendall(b"HTTP/1.1 503 Busy\r\nSet-Cookie: id=1; Path=/\r\nContent-Length: 0\r\n\r\n")

    async def main(port: int) -> None:
        async with avrorpc.connect(AsyncSmallClient, f"http://127.0.0.1:{port}", timeout=10) as client:
            for _ in range(2):
                with pytest.raises(StatusError):
                    await client.double(1)

    with Rogue(handler) as rogue:
        asyncio.run(main(rogue.port))
    assert len(asked) == 2
    for each in asked:
        assert b"cookie" not in each.lower()
        assert b"aiohttp" not in each
