"""HTTP as attackers and odd clients write it, over raw sockets: a clear refusal, and the server serves on."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import Limits
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import HandshakeRequest, encode_request
from support.implementations import SyncSmall
from support.serving import ServerThread
from testcontracts.small import SMALL, SmallClient

HELLO = encode_request(HandshakeRequest(SMALL.hash, None, SMALL.hash))
GOOD = frame("spec", 0, HELLO, bytes(request_head({}, "double")) + b"\x06\x02")
SEVEN = frame("spec", 0, b"\0\0\0\0\0\0\x0e")
TYPE = "Content-Type: avro/binary\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncSmall(), limits=Limits(max_body=10_000)) as served:
        yield served


@pytest.fixture(autouse=True)
def serves_others(server: ServerThread) -> Iterator[None]:
    """Whatever a test does to the server, clients that were there before and clients that come after work."""
    with avrorpc.connect(SmallClient, server.http, timeout=10) as before:
        assert before.double(1) == 2
        yield
        assert before.double(2) == 4
    with avrorpc.connect(SmallClient, server.http, timeout=10) as after:
        assert after.double(3) == 6


def exchange(server: ServerThread, data: bytes, *, ends: bool = True) -> bytes:
    """Return all that the server says to some bytes, up to its closing the connection."""
    parts = urlsplit(server.http)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as sock:
        try:
            sock.sendall(data)
            if ends:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            assert data  # the server refused before it had all of it; what it said is still there
        received = b""
        try:
            while chunk := sock.recv(65_536):
                received += chunk
        except ConnectionResetError:
            assert len(data) > 1_000  # it closed with bytes unread
        return received


def post(
    headers: str = TYPE, body: bytes = GOOD, *, length: bool = True, line: str = "POST /spl-avro HTTP/1.1"
) -> bytes:
    if length:
        headers += f"Content-Length: {len(body)}\r\n"
    return f"{line}\r\nHost: x\r\n{headers}\r\n".encode() + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end
    return post(f"{TYPE}Transfer-Encoding: chunked\r\n", body, length=False)


GOOD_REQUESTS = [
    pytest.param(post(), 1, id="plain"),
    pytest.param(post("content-TYPE:avro/binary\r\n"), 1, id="other capitals"),
    pytest.param(post("Content-Type: Avro/Binary\r\n"), 1, id="a type in other capitals"),
    pytest.param(post('Content-Type: avro/binary; charset="utf-8"\r\n'), 1, id="a type with a parameter"),
    pytest.param(post("Content-Type:  avro/binary ;v=1\r\n"), 1, id="a type with blanks"),
    pytest.param(chunked(GOOD), 1, id="one chunk"),
    pytest.param(chunked(*(GOOD[n : n + 1] for n in range(len(GOOD)))), 1, id="a chunk for each byte"),
    pytest.param(chunked(GOOD, end=b"0;extension=1\r\nTrailer: x\r\n\r\n"), 1, id="extensions and trailers"),
    pytest.param(post(line="POST /avro/small.Small HTTP/1.1"), 1, id="the path of the protocol"),
    pytest.param(post(line="POST / HTTP/1.1"), 1, id="the root"),
    pytest.param(post(line="POST /spl-avro?x=1#y HTTP/1.1"), 1, id="a query"),
    pytest.param(post(line="POST /spl-avro HTTP/1.0"), 1, id="HTTP/1.0"),
    pytest.param(post() * 3, 3, id="three at once on one connection"),
    pytest.param(b"\r\n" + post(), 1, id="an empty line before it"),
    pytest.param(post(body=GOOD + b"\0\0\0\0" * 2), 1, id="empty messages after it, as Java sends them"),
]


@pytest.mark.parametrize(("data", "answers"), GOOD_REQUESTS)
def test_what_odd_clients_send_is_understood(server: ServerThread, data: bytes, answers: int) -> None:
    before, host, after = data.rpartition(b"Host: x\r\n")
    received = exchange(server, before + host + b"Connection: close\r\n" + after, ends=False)
    assert received.count(b" 200 OK\r\n") == answers
    assert received.count(SEVEN) == answers


REFUSED = [
    pytest.param(
        post(f"{TYPE}Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + post()),
        b"400",
        id="both lengths: a smuggled request",
    ),
    pytest.param(
        post(f"{TYPE}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", length=False),
        b"400",
        id="two transfer encodings",
    ),
    pytest.param(
        post(f"{TYPE}Transfer-Encoding: xchunked\r\n", length=False),
        b"400",
        id="an unknown transfer encoding",
    ),
    pytest.param(post(f"{TYPE}Content-Length: 1\r\n"), b"400", id="two lengths"),
    pytest.param(post(f"{TYPE}Content-Length: -1\r\n", length=False), b"400", id="a negative length"),
    pytest.param(
        post(f"{TYPE}Content-Length: 1e9\r\n", length=False), b"400", id="a length that is no number"
    ),
    pytest.param(post(f"{TYPE}Content-Length: +70\r\n", length=False), b"400", id="a length with a sign"),
    pytest.param(
        post(f"{TYPE}Content-Length: {'9' * 30}\r\n", length=False), b"400", id="a length without measure"
    ),
    pytest.param(
        post(f"{TYPE}Transfer-Encoding: chunked\r\n", b"xyz\r\n", length=False), b"400", id="no chunk"
    ),
    pytest.param(
        post(f"{TYPE}Transfer-Encoding: chunked\r\n", b"-5\r\nhello\r\n0\r\n\r\n", length=False),
        b"400",
        id="a negative chunk",
    ),
    pytest.param(
        post(f"{TYPE}Transfer-Encoding: chunked\r\n", b"3\r\nhello\r\n0\r\n\r\n", length=False),
        b"400",
        id="a chunk longer than it says",
    ),
    pytest.param(post(f"{TYPE}X: {'x' * 100_000}\r\n"), b"431", id="a header without end"),
    pytest.param(
        post(TYPE + "".join(f"X{n}: {n}\r\n" for n in range(20_000))), b"431", id="headers without end"
    ),
    pytest.param(post(line=f"POST /{'x' * 100_000} HTTP/1.1"), b"414", id="a path without end"),
    pytest.param(post(f"{TYPE}Bad Header: x\r\n"), b"400", id="a blank in a header's name"),
    pytest.param(post(f"{TYPE}X: a\x00b\r\n"), b"400", id="a zero byte in a header"),
    pytest.param(post(f"{TYPE} folded: x\r\n"), b"400", id="a folded header"),
    pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10, b"400", id="TLS"),
    pytest.param(frame("netty", 1, HELLO, b"\0\0"), b"400", id="Avro over TCP"),
    pytest.param(b"\xff" * 100 + b"\r\n\r\n", b"400", id="ones"),
    pytest.param(post("", GOOD), b"415", id="no content type"),
    pytest.param(post("Content-Type: avro/json\r\n"), b"415", id="another content type"),
    pytest.param(post("Content-Type: avro/binaryx\r\n"), b"415", id="a content type that begins alike"),
    pytest.param(post(body=b"\0" * 90_000), b"413", id="a large body"),
    pytest.param(chunked(b"\0" * 90_000), b"413", id="a large chunk"),
    pytest.param(post(body=GOOD + GOOD), b"400", id="two messages"),
    pytest.param(post(body=GOOD + b"\0\0\0"), b"400", id="a broken end"),
    pytest.param(post(body=GOOD[:-4]), b"400", id="no end"),
    pytest.param(post(body=b"\x80\0\0\0" + GOOD), b"400", id="a negative buffer"),
    pytest.param(post(body=b"\0\0\0\0"), b"400", id="an empty message"),
    pytest.param(post(body=b""), b"400", id="an empty body"),
]


@pytest.mark.parametrize(("data", "status"), REFUSED)
def test_what_nobody_should_send_is_refused(server: ServerThread, data: bytes, status: bytes) -> None:
    received = exchange(server, data)
    if status:
        assert received.startswith((b"HTTP/1.1 " + status, b"HTTP/1.0 " + status))
    assert b" 200 " not in received
    assert b"Traceback" not in received
    assert SEVEN not in received


@pytest.mark.parametrize("cut", range(1, len(post()), 9))
def test_a_request_that_breaks_off_is_never_called(server: ServerThread, cut: int) -> None:
    assert b" 200 " not in exchange(server, post()[:cut])


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/spl-avro", "/avro/small.Small"])
def test_other_methods_are_told_what_to_do(server: ServerThread, method: str, path: str) -> None:
    received = exchange(server, f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 405 Method Not Allowed")
    assert b"Allow: POST" in head
    if method != "HEAD":
        detail = f"{path} takes calls, each a POST of avro/binary, and no {method}"
        assert json.loads(body)["detail"] == detail


def test_a_connection_lives_after_a_refusal_that_was_read_to_its_end(server: ServerThread) -> None:
    last = post(f"{TYPE}Connection: close\r\n")
    received = exchange(server, post() + post(body=b"\0\0\0\0") + last, ends=False)
    assert received.count(b"HTTP/1.1 ") == 3
    assert received.count(SEVEN) == 2
