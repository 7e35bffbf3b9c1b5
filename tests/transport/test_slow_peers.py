"""Peers that connect and do not get on: each end gives up in its time, says so, and keeps nothing."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import ConnectError, Limits, StatusError
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import Framing, frame
from avrorpc.wire.handshake import HandshakeRequest, encode_request
from support.implementations import AsyncSmall
from support.rogue import Rogue, silent
from support.serving import ServerThread
from testcontracts.small import SMALL, AsyncSmallClient, SmallClient

LIMITS = Limits(handshake_timeout=0.1, receive_timeout=0.1)
HELLO = encode_request(HandshakeRequest(SMALL.hash, None, SMALL.hash))
DOUBLE = bytes(request_head({}, "double")) + b"\x06\x02"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(AsyncSmall(), limits=LIMITS) as served:
        yield served


def dial(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), 10)


def read_to_end(sock: socket.socket) -> None:
    """Read until the server closes; times out where it does not."""
    try:
        while sock.recv(65_536):
            continue
    except ConnectionResetError:
        return


def opening(framing: Framing) -> bytes:
    return frame(framing, 1, HELLO, b"\0\0")


HALF_A_BODY = (
    b"POST /spl-avro HTTP/1.1\r\nHost: x\r\nContent-Type: avro/binary\r\nContent-Length: 99\r\n\r\nx"
)
SLOW = [
    ("tcp", b"", "no handshake within handshake_timeout=0.1 s"),
    ("tcp", b"\0", "no handshake within"),
    ("tcp", opening("netty")[:-1], "no handshake within"),
    ("tcp", opening("netty") + frame("netty", 2, DOUBLE)[:-1], "not the rest within receive_timeout=0.1 s"),
    ("tcp", opening("netty") + b"\0", "not the rest within"),
    ("spec", b"", "no handshake within"),
    ("spec", opening("spec") + frame("spec", 2, DOUBLE)[:-1], "not the rest within"),
    ("http", b"", "no request within handshake_timeout=0.1 s"),
    ("http", b"POST /spl-avro HTTP/1.1\r\nHost: x\r\nX-", "no request within"),
    ("http", HALF_A_BODY, "not the rest within receive_timeout=0.1 s"),
]


@pytest.mark.parametrize(("kind", "data", "problem"), SLOW)
def test_a_client_that_does_not_get_on_is_sent_away(
    server: ServerThread, kind: str, data: bytes, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "avrorpc"), dial(getattr(server, kind)) as sock:
        sock.sendall(data)
        read_to_end(sock)
    assert problem in caplog.text
    with avrorpc.connect(SmallClient, getattr(server, kind), timeout=10) as client:
        assert client.double(2) == 4


def call(url: str, limits: Limits, timeout: float | None = None) -> Any:
    with avrorpc.connect(SmallClient, url, limits=limits, timeout=timeout) as client:
        return client.double(3)


def call_async(url: str, limits: Limits, timeout: float | None = None) -> Any:
    async def main() -> int:
        async with avrorpc.connect(AsyncSmallClient, url, limits=limits, timeout=timeout) as client:
            return await client.double(3)

    return asyncio.run(main())


@pytest.mark.parametrize("caller", [call, call_async])
@pytest.mark.parametrize("option", ["", "?framing=spec"])
def test_a_server_that_answers_no_handshake_is_given_up(caller: Callable[..., Any], option: str) -> None:
    with Rogue(silent) as rogue, pytest.raises(ConnectError, match=r"within handshake_timeout=0\.1 s"):
        caller(f"tcp://127.0.0.1:{rogue.port}{option}", LIMITS)


@pytest.mark.parametrize("caller", [call, call_async])
def test_a_deadline_of_the_caller_comes_first(caller: Callable[..., Any]) -> None:
    with Rogue(silent) as rogue, pytest.raises(StatusError, match="DEADLINE_EXCEEDED"):
        caller(f"tcp://127.0.0.1:{rogue.port}", Limits(handshake_timeout=30), timeout=0.05)
