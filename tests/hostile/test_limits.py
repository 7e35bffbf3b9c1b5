"""Each limit, exceeded by a client: the error, in the reply or in the log, names the limit and its value."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import Code, Limits, StatusError, error_info
from avrorpc.contracts import ResourceInfo
from avrorpc.wire.framing import frame
from support.implementations import AsyncStreams, SyncConformance, SyncSmall
from support.serving import ServerThread
from support.waiting import until
from testcontracts.conformance import CONFORMANCE
from testcontracts.small import SmallClient
from testcontracts.streams import STREAMS

from hostile.peers import HEAD, OFFER, Flag, Kind, Peer, Way, answer_of, encode, hello, long, opened, string

COUNT = opened(1, "endless", struct.pack("<d", 0.001))
DEFLATE = {**OFFER, "avrorpc.compression": b"deflate"}
EXHAUSTED = "RESOURCE_EXHAUSTED"
CLOSED = "the connection is closed, and the log says why"


@dataclass(frozen=True)
class Case:
    """How one limit is exceeded."""

    value: float
    """What the limit is."""
    attack: Callable[[Peer], tuple[str, str]]
    """Exceeds it; gives the code and the text of the answer, or `CLOSED` and nothing."""
    code: str = EXHAUSTED
    """What the code must be."""
    way: Way = "tcp"
    """How it is called."""


def answered(*data: bytes, number: int = 1) -> Callable[[Peer], tuple[str, str]]:
    """Send what is answered by an error, and make another call then."""

    def attack(peer: Peer) -> tuple[str, str]:
        peer.shake(DEFLATE)
        peer.send(b"".join(data))
        said = answer_of(peer.reply(number))
        peer.send(encode(Kind.CANCEL, 1) if number != 1 else b"")
        peer.send(opened(number + 100, "open_streams"))
        assert answer_of(peer.reply(number + 100)).code == "OK"
        return said.code, said.text

    return attack


def closed(*data: bytes) -> Callable[[Peer], tuple[str, str]]:
    """Send, after the handshake, what ends the connection."""

    def attack(peer: Peer) -> tuple[str, str]:
        peer.shake(DEFLATE)
        peer.send(b"".join(data))
        peer.to_the_end()
        return CLOSED, ""

    return attack


def plain(*data: bytes) -> Callable[[Peer], tuple[str, str]]:
    """Say something in plain Avro, up to the end of the connection."""

    def attack(peer: Peer) -> tuple[str, str]:
        peer.sock.sendall(b"".join(data))
        with contextlib.suppress(ConnectionResetError):
            while peer.sock.recv(65_536):
                continue
        return CLOSED, ""

    return attack


def asks(headers: bytes) -> Callable[[Peer], tuple[str, str]]:
    """Make an HTTP request that is refused."""

    def attack(peer: Peer) -> tuple[str, str]:
        peer.sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n")
        said = b""
        while more := peer.sock.recv(65_536):
            said += more
        return said[9:12].decode(), said.decode()

    return attack


def too_deep(peer: Peer) -> tuple[str, str]:
    peer.shake()
    peer.send(encode(Kind.BIND, 2, hello(DEFLATE, CONFORMANCE.text, CONFORMANCE.hash)))
    assert peer.next().kind is Kind.BOUND
    peer.heard.clear()  # the contract's own text
    value = b"\1\2\2" + bytes(13) + string("x") + b"\0abcd" + bytes(22) + string("\0") + b"\0\2" * 5_000
    peer.send(opened(1, "echo", value, protocol=CONFORMANCE.name))
    said = answer_of(peer.reply(1))
    return said.code, said.text


def too_silent(peer: Peer) -> tuple[str, str]:
    """Answer no ping; there is one at least."""
    peer.shake(OFFER)
    kinds = {each.kind for each in peer.to_the_end()}
    assert Kind.PING in kinds
    return CLOSED, ""


def asked(peer: Peer) -> tuple[str, str]:
    """Say nothing, and be asked; this limit alone ends nothing."""
    peer.shake(OFFER)
    assert peer.next().kind is Kind.PING
    peer.send(encode(Kind.PONG, 0, bytes(8)) + opened(1, "open_streams"))
    assert answer_of(peer.reply(1)).code == "OK"
    return "asked", "ping_interval=0.1"


def too_idle(peer: Peer) -> tuple[str, str]:
    peer.shake(OFFER)
    *_, goodbye = [each for each in peer.to_the_end() if each.kind is Kind.GOODBYE]
    return "goodbye", goodbye.payload[4:].decode()


def too_many_connections(peer: Peer) -> tuple[str, str]:
    """The first has all the room that there is."""
    peer.shake(OFFER)
    with socket.create_connection(peer.sock.getpeername()[:2], 10) as second, contextlib.suppress(OSError):
        second.sendall(b"x")
        assert second.recv(1) == b""
    return CLOSED, ""


BOMB = encode(Kind.OPEN, 1, zlib.compress(bytes(90_000)), Flag.COMPRESSED)
CASES = {
    "max_body": Case(50_000, answered(encode(Kind.OPEN, 1, bytes(60_000)))),
    "max_buffers": Case(3, plain(struct.pack(">II", 1, 4)), CLOSED),
    "max_items": Case(1_000, answered(encode(Kind.OPEN, 1, long(2**50)))),
    "max_depth": Case(20, too_deep),
    "max_metadata": Case(1_000, answered(opened(1, "endless", metadata={"k": b"v" * 2_000}))),
    "max_protocol": Case(
        500, plain(frame("netty", 1, hello(text=STREAMS.text, client=b"?" * 16), b"\0\0")), CLOSED
    ),
    "max_calls": Case(
        2, answered(*(opened(n, "endless", struct.pack("<d", 0.001)) for n in (1, 2, 3)), number=3)
    ),
    "max_connections": Case(1, too_many_connections, CLOSED),
    "max_head": Case(300, asks(b"X: " + b"x" * 300 + b"\r\n"), "431", "http"),
    "max_headers": Case(5, asks(b"X: x\r\n" * 5), "431", "http"),
    "max_frame": Case(70_000, closed(HEAD.pack(70_001, Kind.OPEN, 0, 1)), CLOSED),
    "max_unfinished": Case(
        90_000, answered(*(encode(Kind.OPEN, n, bytes(40_000), Flag.MORE) for n in (1, 2, 3)), number=3)
    ),
    "max_expansion": Case(100, answered(BOMB)),
    "stream_window": Case(
        10_000,
        closed(opened(1, "shout", string(""), Flag.STREAM), encode(Kind.ITEM, 1, string("x" * 4_000)) * 400),
        CLOSED,
    ),
    "ping_interval": Case(0.1, asked, "asked"),
    "ping_timeout": Case(0.1, too_silent, CLOSED),
    "idle_timeout": Case(0.1, too_idle, "goodbye"),
    "handshake_timeout": Case(0.1, plain(), CLOSED),
    "receive_timeout": Case(0.1, plain(frame("netty", 1, hello({}), b"\0\0"), b"\0"), CLOSED),
}
"""For each limit; one that is not here fails the test."""
ALONGSIDE = {"ping_timeout": {"ping_interval": 0.1}}
"""What must be set for a limit to be reached at all."""


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_a_limit_that_is_exceeded_is_named(name: str, caplog: pytest.LogCaptureFixture) -> None:
    case = CASES[name]
    limits = Limits(**{name: case.value, **ALONGSIDE.get(name, {})})  # type: ignore[arg-type]
    services = AsyncStreams(), SyncConformance(), SyncSmall()
    with caplog.at_level(logging.INFO, "avrorpc"), ServerThread(*services, limits=limits) as server:
        with Peer(server, case.way) as peer:
            code, text = case.attack(peer)
        assert code == case.code
        said = f"{name}={case.value}"
        if code == CLOSED:
            server.run(until(lambda: said in caplog.text))
            assert caplog.text.count(said) == 1
        else:
            assert said in text
        with avrorpc.connect(SmallClient, server.tcp, timeout=10) as other:
            assert other.double(2) == 4


def test_no_case_is_of_a_limit_that_is_gone() -> None:
    assert set(CASES) == {field.name for field in fields(Limits)}


# `max_connections` over every way to connect.


@pytest.mark.parametrize("kind", ["tcp", "spec", "unix", "tls", "http", "https", "ws"])
def test_connections_above_the_limit_are_refused_and_those_that_are_there_go_on(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with ServerThread(SyncSmall(), AsyncStreams(), limits=Limits(max_connections=2)) as server:
        url = server.http.replace("http", "ws") if kind == "ws" else getattr(server, kind)
        with (
            avrorpc.connect(SmallClient, url, timeout=10) as first,
            avrorpc.connect(SmallClient, server.tcp, timeout=10) as second,
        ):
            assert first.double(1) == second.double(1) == 2
            for _ in range(5):
                with (
                    avrorpc.connect(SmallClient, url, timeout=10, limits=Limits()) as third,
                    pytest.raises(avrorpc.RpcError) as caught,
                ):
                    third.double(1)
                assert error_info(caught.value).code is Code.UNAVAILABLE
                assert first.double(2) == second.double(2) == 4
            refused = [
                each.getMessage() for each in caplog.records if "max_connections=2" in each.getMessage()
            ]
            assert len(refused) == 1, refused
        server.run(until(lambda: not server.server._admission._open))
        with avrorpc.connect(SmallClient, url, timeout=10) as later:
            assert later.double(3) == 6


@pytest.mark.parametrize("way", ["http", "https"])
def test_an_http_client_above_the_limit_is_told_so(way: str) -> None:
    with (
        ServerThread(SyncSmall(), limits=Limits(max_connections=1)) as server,
        avrorpc.connect(SmallClient, server.tcp, timeout=10) as first,
        avrorpc.connect(SmallClient, getattr(server, way), timeout=10) as second,
    ):
        assert first.double(1) == 2
        with pytest.raises(StatusError, match="the server has max_connections=1 connections") as caught:
            second.double(1)
        assert caught.value.code is Code.UNAVAILABLE


def test_connections_without_end_leave_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with ServerThread(SyncSmall(), limits=Limits(max_connections=3)) as server:
        where = urlsplit(server.tcp)
        address = (where.hostname or "", where.port or 0)
        held = [socket.create_connection(address, 10) for _ in range(100)]
        server.run(until(lambda: "max_connections=3" in caplog.text))
        for sock in held:
            sock.close()
        server.run(until(lambda: not server.server._admission._open))
        assert server.server.activity.connections == []
        with avrorpc.connect(SmallClient, server.http, timeout=10) as client:
            assert client.double(2) == 4


# The details of a status error go as far as the limit of the connection.


class Detailed(SyncSmall):
    """Fails with a long detail."""

    def fail(self) -> None:
        raise StatusError(Code.ABORTED, "no", details=[ResourceInfo(type="x", name="x" * 90_000)])


@pytest.mark.parametrize("kind", ["tcp", "http"])
@pytest.mark.parametrize(("most", "known"), [(200_000, 1), (64 * 1024, 0)])
def test_details_are_bounded_by_the_limit_of_the_connection(kind: str, most: int, known: int) -> None:
    limits = Limits(max_metadata=most)
    with (
        ServerThread(Detailed(), limits=limits) as server,
        avrorpc.connect(SmallClient, getattr(server, kind), timeout=10, limits=limits) as client,
        pytest.raises(StatusError) as caught,
    ):
        client.fail()
    assert len(caught.value.details) == known
    assert ("left out" in caught.value.message) == (not known)
