"""Servers that are not there, die, are slow or answer nonsense: the right error, and one clear sentence."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

import avrorpc
import pytest
from avrorpc import (
    Code,
    ConnectError,
    ConnectionLost,
    ContractMismatch,
    DecodeError,
    LimitExceeded,
    Limits,
    RemoteProtocolError,
    StatusError,
    error_info,
)
from avrorpc.wire.framing import Framing, frame
from avrorpc.wire.handshake import HandshakeResponse, Match, encode_response
from support.rogue import Handler, Rogue, closed_port, says, silent
from testcontracts.small import SMALL, AsyncSmallClient, SmallClient

BOTH = encode_response(HandshakeResponse(Match.BOTH))
OTHER = '{"protocol":"Other","namespace":"a","types":[],"messages":{}}'
CHANGED = SMALL.text.replace('"response":"int"', '"response":"string"')

Caller = Callable[..., Any]


def call(url: str, **options: Any) -> Any:
    """Call with a synchronous client."""
    with avrorpc.connect(SmallClient, url, **{"timeout": 20, **options}) as client:
        return client.double(3)


def call_async(url: str, **options: Any) -> Any:
    """Call with an asynchronous client."""

    async def main() -> int:
        async with avrorpc.connect(AsyncSmallClient, url, **{"timeout": 20, **options}) as client:
            return await client.double(3)

    return asyncio.run(main())


@pytest.fixture(params=[call, call_async], ids=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    made: Caller = request.param
    return made


def check(caught: pytest.ExceptionInfo[Exception], problem: str) -> None:
    said = str(caught.value)
    assert problem in said
    assert "\n" not in said
    assert len(said) < 300


# Over HTTP the first bytes are a call already; otherwise they are a handshake that goes before any.
BEFORE_A_CALL: dict[str, type[Exception]] = {
    "tcp": ConnectError,
    "spec": ConnectError,
    "http": ConnectionLost,
    "ws": ConnectError,
}


def url_of(kind: str, port: int) -> str:
    return {
        "tcp": f"tcp://127.0.0.1:{port}",
        "spec": f"tcp://127.0.0.1:{port}?framing=spec",
        "http": f"http://127.0.0.1:{port}",
        "ws": f"ws://127.0.0.1:{port}",
    }[kind]


@pytest.mark.parametrize("kind", ["tcp", "spec", "http"])
def test_a_server_that_is_not_there(caller: Caller, kind: str) -> None:
    with pytest.raises(ConnectError) as caught:
        caller(url_of(kind, closed_port()))
    check(caught, "nothing listens there; is the server up?")
    assert str(caught.value).startswith(f"cannot connect to {kind.replace('spec', 'tcp')}://127.0.0.1:")
    assert error_info(caught.value).code is Code.UNAVAILABLE


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_host_that_is_not_there(caller: Caller, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(ConnectError) as caught:
        caller(f"{kind}://nowhere.invalid:1")
    check(caught, "the host 'nowhere.invalid' is unknown")


@pytest.mark.parametrize("kind", ["tcp", "spec", "http", "ws"])
def test_a_server_that_hangs_up_at_once(caller: Caller, kind: str) -> None:
    with Rogue(lambda sock: None) as rogue, pytest.raises(BEFORE_A_CALL[kind]) as caught:
        caller(url_of(kind, rogue.port))
    check(caught, f"127.0.0.1:{rogue.port}")


@pytest.mark.parametrize("kind", ["tcp", "spec", "http", "ws"])
def test_a_server_that_hangs_up_instead_of_answering(caller: Caller, kind: str) -> None:
    with Rogue(says(b"")) as rogue, pytest.raises(BEFORE_A_CALL[kind]) as caught:
        caller(url_of(kind, rogue.port))
    check(caught, "does it speak another protocol" if kind != "http" else f"127.0.0.1:{rogue.port}")


@pytest.mark.parametrize("kind", ["tcp", "spec", "http", "ws"])
def test_a_server_that_breaks_the_connection(caller: Caller, kind: str) -> None:
    def reset(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Rogue(reset) as rogue, pytest.raises(BEFORE_A_CALL[kind]) as caught:
        caller(url_of(kind, rogue.port))
    check(caught, f"127.0.0.1:{rogue.port}")


@pytest.mark.parametrize("kind", ["tcp", "spec", "http"])
def test_a_server_that_never_answers(caller: Caller, kind: str) -> None:
    with Rogue(silent) as rogue, pytest.raises(StatusError) as caught:
        caller(url_of(kind, rogue.port), timeout=0.1)
    check(caught, "small.Small/double did not answer in time")
    assert caught.value.code is Code.DEADLINE_EXCEEDED


def answering(framing: Framing, *answers: bytes) -> Handler:
    """Return a handler that answers the first message, the second and so on, and then hangs up."""

    def handler(sock: socket.socket) -> None:
        for serial, answer in enumerate(answers, start=1):
            sock.recv(65_536)
            sock.sendall(frame(framing, serial, answer))
        sock.recv(65_536)

    return handler


FRAMINGS = pytest.mark.parametrize(
    ("kind", "framing"), [pytest.param("tcp", "netty", id="netty"), pytest.param("spec", "spec", id="spec")]
)


@FRAMINGS
def test_a_server_that_dies_during_a_call(caller: Caller, kind: str, framing: Framing) -> None:
    with Rogue(answering(framing, BOTH)) as rogue, pytest.raises(ConnectionLost) as caught:
        caller(url_of(kind, rogue.port))
    check(caught, "closed the connection before it answered")


@FRAMINGS
def test_a_server_that_dies_within_its_answer(caller: Caller, kind: str, framing: Framing) -> None:
    def handler(sock: socket.socket) -> None:
        answering(framing, BOTH)(sock)
        sock.sendall(frame(framing, 2, b"\0\0\x0e")[:-2])

    with Rogue(handler) as rogue, pytest.raises(ConnectionLost) as caught:
        caller(url_of(kind, rogue.port))
    check(caught, "closed the connection before it answered")


@FRAMINGS
def test_a_server_that_answers_the_handshake_and_no_call(caller: Caller, kind: str, framing: Framing) -> None:
    def handler(sock: socket.socket) -> None:
        answering(framing, BOTH)(sock)
        silent(sock)

    with Rogue(handler) as rogue, pytest.raises(StatusError) as caught:
        caller(url_of(kind, rogue.port), timeout=0.2)
    assert caught.value.code is Code.DEADLINE_EXCEEDED


NONE = encode_response(HandshakeResponse(Match.NONE, OTHER, b"o" * 16))
ANSWERS = [
    pytest.param([b"\xff" * 40], DecodeError, "an integer longer than ten bytes", id="ones"),
    pytest.param([b""], DecodeError, "the data ends inside an integer", id="nothing"),
    pytest.param([b"\x06\0\0\0"], DecodeError, "handshake match 3", id="no handshake"),
    pytest.param(
        [NONE, NONE], RemoteProtocolError, "does not serve small.Small; it has a.Other", id="NONE twice"
    ),
    pytest.param(
        [NONE, BOTH],
        ContractMismatch,
        "the server does not serve small.Small; it has a.Other, without the message double",
        id="another protocol",
    ),
    pytest.param(
        [encode_response(HandshakeResponse(Match.CLIENT, "no JSON", b"o" * 16))],
        RemoteProtocolError,
        "the server's protocol: not a JSON document",
        id="a protocol that is none",
    ),
    pytest.param(
        [encode_response(HandshakeResponse(Match.CLIENT, CHANGED, b"o" * 16))],
        ContractMismatch,
        "double: response: the server has string, the client has int",
        id="a version that does not fit",
    ),
    pytest.param([BOTH, b""], DecodeError, "the data ends inside an integer", id="an empty reply"),
    pytest.param([BOTH, b"\0\0"], DecodeError, "the data ends inside an integer", id="no result"),
    pytest.param([BOTH, b"\0\0\x0e\0"], DecodeError, "1 bytes are left after the value", id="too much"),
    pytest.param([BOTH, b"\0\2"], DecodeError, "a boolean is 0 or 1, not 2", id="no flag"),
    pytest.param([BOTH, b"\0\1\2"], DecodeError, "branch 1 of 1 errors", id="no such error"),
    pytest.param([BOTH, b"\0\1\0\2\xff"], DecodeError, "not UTF-8", id="an error that is no text"),
    pytest.param([BOTH, b"\0" * 2_000], LimitExceeded, "above max_body=1000", id="too large"),
]


@FRAMINGS
@pytest.mark.parametrize(("answers", "error", "problem"), ANSWERS)
def test_a_server_that_answers_nonsense(
    caller: Caller, kind: str, framing: Framing, answers: list[bytes], error: type[Exception], problem: str
) -> None:
    with Rogue(answering(framing, *answers)) as rogue, pytest.raises(error) as caught:
        caller(url_of(kind, rogue.port), limits=Limits(max_body=1_000))
    check(caught, problem)


@FRAMINGS
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff" * 64, "is the peer speaking this framing?"),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "the peer speaks HTTP here"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "max_b"),
        (b"-ERR unknown command\r\n", "max_b"),
    ],
)
def test_a_server_of_another_kind(
    caller: Caller, kind: str, framing: Framing, data: bytes, problem: str
) -> None:
    with Rogue(says(data)) as rogue, pytest.raises(RemoteProtocolError) as caught:
        caller(url_of(kind, rogue.port))
    check(caught, problem)


def response(body: bytes, *, status: str = "200 OK", kind: str = "avro/binary", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


GOOD = frame("spec", 0, BOTH, b"\0\0\x0e")
RESPONSES = [
    pytest.param(b"garbage\r\n\r\n", RemoteProtocolError, "does not speak HTTP", id="garbage"),
    pytest.param(b"\xff" * 100 + b"\r\n\r\n", RemoteProtocolError, "does not speak HTTP", id="ones"),
    pytest.param(frame("netty", 1, BOTH), None, "127.0.0.1", id="Avro over TCP"),
    pytest.param(response(b"oops", status="500 Oops"), RemoteProtocolError, "answered 500: oops", id="500"),
    pytest.param(
        response(b"", status="404 Not Found"), RemoteProtocolError, "answered 404: nothing more", id="404"
    ),
    pytest.param(response(b"later", status="503 Busy"), StatusError, "UNAVAILABLE: later", id="503"),
    pytest.param(response(b"big", status="413 Too Large"), StatusError, "RESOURCE_EXHAUSTED: big", id="413"),
    pytest.param(
        response(b"", status="302 Found", extra="Location: /other\r\n"),
        RemoteProtocolError,
        "answered 302",
        id="302",
    ),
    pytest.param(
        response(b"<html>", kind="text/html"), RemoteProtocolError, "text/html, not avro/binary", id="HTML"
    ),
    pytest.param(response(b""), RemoteProtocolError, "not one Avro message", id="an empty body"),
    pytest.param(response(GOOD * 2), RemoteProtocolError, "not one Avro message", id="two messages"),
    pytest.param(response(frame("spec", 0, b"\x08")), DecodeError, "handshake match 4", id="no handshake"),
    pytest.param(response(frame("spec", 0, BOTH, b"\0\0")), DecodeError, "the data ends", id="no result"),
    pytest.param(response(b"\0" * 2_000), LimitExceeded, "more than max_body=1000 bytes", id="a large body"),
    pytest.param(response(GOOD)[:-4], ConnectionLost, "127.0.0.1", id="half a body"),
    pytest.param(response(GOOD)[:20], ConnectionLost, "127.0.0.1", id="half a head"),
    pytest.param(
        b"HTTP/1.1 200 OK\r\nContent-Type: avro/binary\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        RemoteProtocolError,
        "does not speak HTTP",
        id="bad chunks",
    ),
]


@pytest.mark.parametrize(("data", "error", "problem"), RESPONSES)
def test_an_http_server_that_answers_nonsense(
    caller: Caller, data: bytes, error: type[Exception] | None, problem: str
) -> None:
    expected: Any = error or (RemoteProtocolError, ConnectionLost)
    with Rogue(says(data)) as rogue, pytest.raises(expected) as caught:
        caller(url_of("http", rogue.port), limits=Limits(max_body=1_000))
    check(caught, problem)


def test_an_http_server_that_does_its_work_is_understood(caller: Caller) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: avro/binary\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked += b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
    for data in (response(GOOD), b"HTTP/1.1 100 Continue\r\n\r\n" + response(GOOD), chunked):
        with Rogue(says(data)) as rogue:
            assert caller(url_of("http", rogue.port)) == 7


@FRAMINGS
def test_a_server_that_does_its_work_is_understood(caller: Caller, kind: str, framing: Framing) -> None:
    with Rogue(answering(framing, BOTH, b"\0\0\x0e")) as rogue:
        assert caller(url_of(kind, rogue.port)) == 7
