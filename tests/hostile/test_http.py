"""Attacks on the HTTP port: each is refused in the server's own words, and nothing is left of it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import zlib
from urllib.parse import urlsplit

import pytest
from avrorpc.transport.http_server import HttpConnection
from avrorpc.wire.compression import compression
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import HandshakeRequest, encode_request
from support.certificates import CERTIFICATES
from support.serving import ServerThread
from testcontracts.small import SMALL

from hostile.conftest import LIMITS
from hostile.peers import SECRETS, Kind, encode, hello, opened

pytestmark = pytest.mark.usefixtures("unharmed")

HELLO = encode_request(HandshakeRequest(SMALL.hash, None, SMALL.hash))
GOOD = frame("spec", 0, HELLO, bytes(request_head({}, "double")) + b"\x06\x02")
SEVEN = frame("spec", 0, b"\0\0\0\0\0\0\x0e")
TYPE = "Content-Type: avro/binary\r\n"
CHUNKED = f"{TYPE}Transfer-Encoding: chunked\r\n"
NEVER_TOLD = (*SECRETS, b"aiohttp", b"Python", b"llhttp", b"Expected", b"<html")
"""What no answer may have in it: which library reads requests, and what it says of them."""


def post(
    headers: str = TYPE, body: bytes = GOOD, *, length: bool = True, line: str = "POST /spl-avro HTTP/1.1"
) -> bytes:
    more = f"Content-Length: {len(body)}\r\n" if length else ""
    return f"{line}\r\nHost: x\r\n{headers}{more}\r\n".encode("latin-1") + body


def chunked(body: bytes, headers: str = CHUNKED) -> bytes:
    return post(headers, body, length=False)


def told(server: ServerThread, *parts: bytes, url: str | None = None) -> bytes:
    """Send the parts of a request, the later ones when the server has had time to read those before them."""
    where = urlsplit(url or server.http)
    with socket.create_connection((where.hostname or "", where.port or 0), 10) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):  # it closed before it had all of it
            for part in parts:
                sock.sendall(part)
                if len(parts) > 1:
                    server.run(_turns())
            sock.shutdown(socket.SHUT_WR)
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while more := sock.recv(65_536):
                said += more
    assert not [secret for secret in NEVER_TOLD if secret in said], said
    return said


async def _turns() -> None:
    import asyncio  # noqa: PLC0415

    for _ in range(20):
        await asyncio.sleep(0.001)


def bomb(kind: str) -> bytes:
    data = bytes(50_000_000)
    if kind == "gzip":
        return gzip.compress(data, 1)
    if kind == "deflate":
        return zlib.compress(data, 1)
    zstandard = compression("zstd")
    assert zstandard is not None
    return zstandard.compress(data)


WS = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
OURS = "Sec-WebSocket-Protocol: avrorpc.v1\r\n"


def upgrade(headers: str = WS + KEY + OURS, line: str = "GET /avro HTTP/1.1") -> bytes:
    return post(headers, b"", length=False, line=line)


REFUSED = [
    # Lengths.
    ("a length of terabytes", [post(f"{TYPE}Content-Length: {2**40}\r\n", length=False)], 413, "max_body="),
    ("a length above all integers", [post(f"{TYPE}Content-Length: {2**64}\r\n", length=False)], 400, ""),
    ("a length twice", [post(f"{TYPE}Content-Length: {len(GOOD)}\r\n")], 400, ""),
    (
        "a list of lengths",
        [post(f"{TYPE}Content-Length: {len(GOOD)}, {len(GOOD)}\r\n", length=False)],
        400,
        "",
    ),
    ("a length in hexadecimal", [post(f"{TYPE}Content-Length: 0x10\r\n", length=False)], 400, ""),
    ("a length with a line feed", [post(f"{TYPE}Content-Length: 1\n0\r\n", length=False)], 400, ""),
    ("a length that is too short", [post(f"{TYPE}Content-Length: 5\r\n", length=False)], 400, ""),
    ("a length that is empty", [post(f"{TYPE}Content-Length:\r\n", length=False)], 400, ""),
    # Transfer encodings.
    ("both lengths", [post(CHUNKED, b"0\r\n\r\n")], 400, ""),
    ("chunked twice", [chunked(b"0\r\n\r\n", f"{TYPE}Transfer-Encoding: chunked, chunked\r\n")], 400, ""),
    ("chunked and not last", [chunked(GOOD, f"{TYPE}Transfer-Encoding: chunked, gzip\r\n")], 400, ""),
    ("chunked after a control byte", [chunked(GOOD, f"{TYPE}Transfer-Encoding: \x0bchunked\r\n")], 400, ""),
    ("an encoding that nobody knows", [chunked(GOOD, f"{TYPE}Transfer-Encoding: cow\r\n")], 400, ""),
    ("a blank before the colon", [chunked(GOOD, f"{TYPE}Transfer-Encoding : chunked\r\n")], 400, ""),
    ("a chunk size of no number", [chunked(b"zz\r\n")], 400, ""),
    ("a chunk size with a sign", [chunked(b"+5\r\nhello\r\n0\r\n\r\n")], 400, ""),
    ("a chunk size with 0x", [chunked(b"0x5\r\nhello\r\n0\r\n\r\n")], 400, ""),
    ("a chunk size above all integers", [chunked(b"F" * 17 + b"\r\n")], 400, ""),
    ("a chunk longer than it says", [chunked(b"3\r\nhello\r\n0\r\n\r\n")], 400, ""),
    ("a chunk that ends in another line", [chunked(b"5\r\nhelloXX0\r\n\r\n")], 400, ""),
    (
        "chunks above the limit",
        [chunked(b"ffff\r\n" + bytes(65_535) + b"\r\n")] + [b"ffff\r\n" + bytes(65_535) + b"\r\n"] * 5,
        413,
        "max_body=100000",
    ),
    ("a bad chunk, later", [chunked(b"5\r\nhello\r\n"), b"zz\r\n"], 400, "not encoded as it says"),
    ("a bad chunk ending, later", [chunked(b"5\r\n"), b"helloworld"], 400, "not encoded as it says"),
    (
        "a body above the limit, later",
        [post(f"{TYPE}Content-Length: 170000\r\n", b"", length=False), bytes(170_000)],
        413,
        "max_body=100000",
    ),
    # What is compressed.
    *(
        (
            f"a bomb of {kind}",
            [post(f"{TYPE}Content-Encoding: {kind}\r\n", bomb(kind))],
            415,
            "must not be compressed",
        )
        for kind in ("gzip", "deflate", "zstd")
    ),
    (
        "a compression that nobody knows",
        [post(f"{TYPE}Content-Encoding: br\r\n")],
        415,
        "must not be compressed",
    ),
    ("a compression of a compression", [post(f"{TYPE}Content-Encoding: gzip, gzip\r\n")], 415, "must not be"),
    (
        "a compressed stream",
        [post("Content-Type: application/avrorpc\r\nContent-Encoding: gzip\r\n")],
        415,
        "must not be",
    ),
    ("an expectation that nobody meets", [post(f"{TYPE}Expect: 200-ok\r\n")], 417, "100-continue"),
    (
        "asking first with terabytes",
        [post(f"{TYPE}Expect: 100-continue\r\nContent-Length: {2**40}\r\n", b"", length=False)],
        413,
        "max_body=100000",
    ),
    (
        "asking first with a bomb",
        [post(f"{TYPE}Expect: 100-continue\r\nContent-Encoding: gzip\r\n")],
        415,
        "must not be",
    ),
    # Headers and request lines.
    ("a header without end", [post(f"{TYPE}X: {'x' * 50_000}\r\n")], 431, f"max_head={LIMITS.max_head}"),
    (
        "a header's name without end",
        [post(f"{TYPE}{'x' * 50_000}: x\r\n")],
        431,
        f"max_head={LIMITS.max_head}",
    ),
    (
        "more headers than there are",
        [post(TYPE + "".join(f"X{n}: 1\r\n" for n in range(LIMITS.max_headers)))],
        431,
        f"max_headers={LIMITS.max_headers}",
    ),
    ("a path without end", [post(line=f"POST /{'x' * 50_000} HTTP/1.1")], 414, f"max_head={LIMITS.max_head}"),
    ("a method without end", [post(line=f"{'P' * 50_000} / HTTP/1.1")], 400, "no request of HTTP/1.1"),
    ("a method that nobody knows", [post(line="BREW / HTTP/1.1")], 400, "no request of HTTP/1.1"),
    ("two hosts", [post("Host: y\r\n" + TYPE)], 400, ""),
    ("a header without a colon", [post(f"{TYPE}nonsense\r\n")], 400, ""),
    ("a header without a name", [post(f"{TYPE}: x\r\n")], 400, ""),
    ("a carriage return in a header", [post(f"{TYPE}X: a\rb\r\n")], 400, ""),
    ("HTTP/2", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100)], 505, "speaks HTTP/1.1"),
    ("HTTP/0.9", [b"GET /\r\n\r\n"], 505, "speaks HTTP/1.1"),
    ("HTTP/9.9", [post(line="POST /spl-avro HTTP/9.9")], 400, ""),
    ("a request through a proxy", [post(line="CONNECT evil:80 HTTP/1.1")], 501, "no such method"),
    ("a request of another protocol", [b"SSH-2.0-OpenSSH_9.9\r\n\r\n"], 400, "no request of HTTP/1.1"),
    (
        "TLS on the plain port",
        [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300)],
        400,
        "no request of",
    ),
    ("a path that climbs", [post(line="POST /../../etc/passwd HTTP/1.1")], 404, "nothing at"),
    ("a path that climbs in escapes", [post(line="POST /avro/%2e%2e%2fetc%2fpasswd HTTP/1.1")], 404, ""),
    ("an escape that breaks off", [post(line="POST /avro/%f HTTP/1.1")], 404, ""),
    # Whose page asks.
    ("a page of another origin", [post(f"{TYPE}Origin: http://evil.example\r\n")], 403, "origins="),
    ("a page of a name pointed here", [post(f"{TYPE}Origin: http://x\r\n")], 403, "origins="),
    ("a page of no origin", [post(f"{TYPE}Origin: null\r\n")], 403, "origins="),
    (
        "a page that asks before it posts",
        [
            post(
                "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n",
                b"",
                line="OPTIONS /spl-avro HTTP/1.1",
            )
        ],
        403,
        "origins=",
    ),
    (
        "a form of another origin",
        [post("Origin: http://evil.example\r\nContent-Type: text/plain\r\n")],
        403,
        "origins=",
    ),
    (
        "a page that opens a WebSocket",
        [upgrade(f"{WS}{KEY}{OURS}Origin: http://evil.example\r\n")],
        403,
        "origins=",
    ),
    (
        "a WebSocket of a name pointed here",
        [upgrade(f"{WS}{KEY}{OURS}Origin: http://x\r\n")],
        403,
        "origins=",
    ),
    # Openings of WebSockets.
    ("a WebSocket without a key", [upgrade(WS + OURS)], 400, ""),
    ("a WebSocket with half a key", [upgrade(f"{WS}{OURS}Sec-WebSocket-Key: AAAA\r\n")], 400, ""),
    ("a WebSocket of another version", [upgrade(WS.replace("13", "99") + KEY + OURS)], 426, "must be 13"),
    ("a WebSocket of no protocol", [upgrade(WS + KEY)], 400, "the subprotocol must be avrorpc.v1"),
    (
        "a WebSocket of many protocols",
        [upgrade(f"{WS}{KEY}Sec-WebSocket-Protocol: {'a,' * 3_000}\r\n")],
        400,
        "must be avrorpc.v1",
    ),
    (
        "a WebSocket that does not connect",
        [upgrade((WS + KEY + OURS).replace("Connection: Upgrade", "Connection: close"))],
        400,
        "",
    ),
    (
        "an upgrade to HTTP/2",
        [upgrade("Upgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AAAA\r\n")],
        426,
        "opens WebSockets",
    ),
    ("a WebSocket where there is none", [upgrade(line="GET /elsewhere HTTP/1.1")], 404, "nothing at"),
]


@pytest.mark.parametrize(("parts", "status", "says"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_what_attacks_the_http_port_is_refused(
    server: ServerThread, parts: list[bytes], status: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = told(server, *parts)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"%d" % status, said
    assert SEVEN not in said
    assert says in body.decode()
    assert len(body) < 500
    assert "Traceback" not in caplog.text


def test_the_answer_to_a_good_request_tells_no_version(server: ServerThread) -> None:
    said = told(server, post(f"{TYPE}Connection: close\r\nContent-Encoding: identity\r\n"))
    assert SEVEN in said
    assert b"Server:" not in said


@pytest.mark.parametrize("origin", ["127.0.0.1:8", "localhost", "[::1]:80"])
def test_a_page_of_this_very_address_may_call(server: ServerThread, origin: str) -> None:
    good = post(f"{TYPE}Connection: close\r\nOrigin: http://{origin}\r\n")
    assert SEVEN in told(server, good.replace(b"Host: x", f"Host: {origin}".encode()))


def test_whoever_asks_first_is_told_to_send_the_body_once(server: ServerThread) -> None:
    asks = post(f"{TYPE}Expect: 100-continue\r\nConnection: close\r\n")
    head, _, body = asks.partition(b"\r\n\r\n")
    said = told(server, head + b"\r\n\r\n", body)
    assert said.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert said.endswith(SEVEN)


TLS_NOISE = [
    ("plain HTTP", post()),
    ("plain Avro", frame("netty", 1, HELLO, b"\0\0")),
    ("a record of gigabytes", b"\x16\x03\x01\xff\xff" + bytes(70_000)),
    ("half a hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("an alert", b"\x15\x03\x01\x00\x02\x02\x28"),
    ("ones", b"\xff" * 5_000),
    ("nothing", b""),
]


NO_CALLS = [
    ("half a request", post()[:-5]),
    ("half a header", post()[:30]),
    ("a chunk size of zeros without end", chunked(b"0" * 100_000)),
    ("an extension of a chunk without end", chunked(b"5;" + b"x" * 100_000)),
    ("half a chunk", chunked(b"%x\r\n" % len(GOOD) + GOOD[:-3])),
    ("chunks without their end", chunked(b"%x\r\n%s\r\n" % (len(GOOD), GOOD))),
    ("trailers without end", chunked(b"0\r\n" + b"T: x\r\n" * 10_000)),
    ("empty lines without end", b"\r\n" * 100_000),
    ("a length that is too long", post(f"{TYPE}Content-Length: 1000\r\n", length=False)),
    ("nothing", b""),
]


@pytest.mark.parametrize("data", [pytest.param(row[1], id=row[0]) for row in NO_CALLS])
def test_what_never_becomes_a_request_is_no_call(server: ServerThread, data: bytes) -> None:
    said = told(server, data)
    assert b" 200 " not in said
    assert len(said) < 500


@pytest.mark.parametrize("kind", ["tls", "https"])
@pytest.mark.parametrize("data", [pytest.param(row[1], id=row[0]) for row in TLS_NOISE])
def test_noise_on_a_port_of_tls_is_answered_by_its_end(
    server: ServerThread, kind: str, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    said = told(server, data, url=getattr(server, kind))
    assert b"HTTP/" not in said
    assert len(said) < 100  # an alert


def test_tls_that_breaks_off_within_a_request_is_no_call(server: ServerThread) -> None:
    where = urlsplit(server.https)
    context = ssl.create_default_context(cafile=CERTIFICATES.ca)
    with (
        socket.create_connection((where.hostname or "", where.port or 0), 10) as plain,
        context.wrap_socket(plain, server_hostname=where.hostname) as sock,
    ):
        sock.sendall(post()[:-3])
        with socket.socket(fileno=sock.detach()) as bare, contextlib.suppress(ConnectionResetError):
            bare.settimeout(10)
            bare.sendall(b"no TLS any more" * 50)
            while bare.recv(65_536):
                continue


def test_requests_without_end_that_nobody_reads_the_answers_of_wait_outside(server: ServerThread) -> None:
    where = urlsplit(server.http)
    data = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 2_000
    with socket.create_connection((where.hostname or "", where.port or 0), 0.2) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with contextlib.suppress(TimeoutError):
            for _ in range(400):
                sock.sendall(data)
        assert server.run(_kept(server, sock)) < 2_000
        sock.settimeout(10)


async def _kept(server: ServerThread, sock: socket.socket) -> int:
    """Return how many requests the server has read, and not begun to answer."""
    kept = 0
    for listener in server.server._listeners:
        for connection in getattr(listener, "_connections", ()):
            if isinstance(connection, HttpConnection) and connection._reader is not None:
                assert connection._transport is not None
                kept += len(connection._reader.requests)
                kept += connection._transport.get_write_buffer_size() // 200
    return kept


@pytest.mark.parametrize("length", ["chunked", "a length"])
def test_a_stream_whose_client_is_gone_ends(server: ServerThread, length: str) -> None:
    head = CHUNKED.replace("avro/binary", "application/avrorpc")
    frames = encode(Kind.BIND, 1, hello({})) + opened(1, "upload", b"\2x", 8)
    if length == "chunked":
        data = chunked(b"%x\r\n%s\r\n" % (len(frames), frames), head)
    else:
        data = post(f"Content-Type: application/avrorpc\r\nContent-Length: {10**6}\r\n", frames, length=False)
    where = urlsplit(server.http)
    with socket.create_connection((where.hostname or "", where.port or 0), 10) as sock:
        sock.sendall(data)
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK")
