"""Clients that are slow on purpose, over HTTP and WebSocket: a byte now and then keeps no connection."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import Limits
from support.implementations import AsyncStreams, SyncSmall
from support.serving import ServerThread
from support.waiting import until
from testcontracts.small import SmallClient

from hostile.peers import Kind, encode, hello, websocket_frame
from hostile.test_http import CHUNKED, TYPE, post, upgrade

LIMITS = Limits(handshake_timeout=0.3, receive_timeout=0.3, idle_timeout=0.3, ping_interval=0)
HANDSHAKE, RECEIVE, REQUEST = (
    "no handshake within handshake_timeout=0.3",
    "receive_timeout=0.3",
    "no request within",
)
IDLE = ""
"""A connection that waits for its next request ends without a word."""
STREAM = CHUNKED.replace("avro/binary", "application/avrorpc")

SLOW = [
    ("nothing at all", b"", REQUEST),
    ("half a request line", b"POST /spl", REQUEST),
    ("headers byte by byte", b"POST /spl-avro HTTP/1.1\r\nHost: x\r\nX-Slow: ", REQUEST),
    ("a body byte by byte", post(f"{TYPE}Content-Length: 9000\r\n", b"", length=False), RECEIVE),
    ("a chunk byte by byte", post(CHUNKED, b"ff\r\n", length=False), RECEIVE),
    ("a chunk size byte by byte", post(CHUNKED, b"", length=False), RECEIVE),
    (
        "a body that it asked about first",
        post(f"{TYPE}Expect: 100-continue\r\nContent-Length: 9000\r\n", b"", length=False),
        RECEIVE,
    ),
    ("the next request's headers", post() + b"POST /sp", IDLE),
    ("the next request", post(), IDLE),
    ("the next request's body", post() + post(f"{TYPE}Content-Length: 9000\r\n", b"", length=False), RECEIVE),
    ("what follows a refusal", post(line="GET / HTTP/1.1"), IDLE),
    ("what follows a path that there is not", post(line="GET /nowhere HTTP/1.1"), IDLE),
    ("a stream without its handshake", post(STREAM, b"", length=False), HANDSHAKE),
    (
        "a stream with half its handshake",
        post(STREAM, b"ff\r\n" + encode(Kind.BIND, 1, hello({}))[:10], length=False),
        HANDSHAKE,
    ),
    ("a WebSocket without a handshake", upgrade(), HANDSHAKE),
    (
        "a WebSocket with half a frame",
        upgrade() + websocket_frame(bytes(5_000))[:9],
        HANDSHAKE,
    ),
    ("a WebSocket of pings", upgrade() + websocket_frame(b"", 0x89), HANDSHAKE),
    ("a WebSocket of parts", upgrade() + websocket_frame(b"", 0x02), HANDSHAKE),
]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncSmall(), AsyncStreams(), limits=LIMITS) as served:
        yield served


@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in SLOW])
def test_a_client_that_dribbles_is_sent_away(
    server: ServerThread, data: bytes, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    where = urlsplit(server.http)
    dribble = websocket_frame(b"", 0x89) if b"Upgrade" in data else b"0"[: bool(data)]
    with (
        caplog.at_level(logging.INFO, "avrorpc"),
        socket.create_connection((where.hostname or "", where.port or 0), 10) as sock,
    ):
        sock.sendall(data)
        sock.settimeout(0.02)
        end = time.monotonic() + 10
        with contextlib.suppress(ConnectionError):
            while True:
                assert time.monotonic() < end, "the server bears with it"
                with contextlib.suppress(TimeoutError):
                    if not sock.recv(65_536):
                        break
                    time.sleep(0.02)
                sock.sendall(dribble)
        server.run(until(lambda: problem in caplog.text))
    server.run(until(lambda: not server.server.activity.connections))
    with avrorpc.connect(SmallClient, server.http, timeout=10) as other:
        assert other.double(2) == 4


def test_the_system_is_told_to_look_after_silent_http_clients() -> None:
    with ServerThread(SyncSmall(), limits=Limits(ping_interval=7, ping_timeout=8)) as server:
        where = urlsplit(server.http)
        with socket.create_connection((where.hostname or "", where.port or 0), 10):
            server.run(until(lambda: server.server.activity.connections))
            assert server.run(_probing(server)) == (1, 7, 2, 4)


async def _probing(server: ServerThread) -> tuple[int, ...]:
    (sock,) = (
        connection._transport.get_extra_info("socket")
        for listener in server.server._listeners
        for connection in getattr(listener, "_connections", ())
    )
    tcp = socket.IPPROTO_TCP
    return (
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        sock.getsockopt(tcp, socket.TCP_KEEPIDLE),
        sock.getsockopt(tcp, socket.TCP_KEEPINTVL),
        sock.getsockopt(tcp, socket.TCP_KEEPCNT),
    )
