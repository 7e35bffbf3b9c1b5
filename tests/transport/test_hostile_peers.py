"""Plain peers that attack: one table for our server, one for our clients of both colours.

Each case ends in an error that says what was wrong, within the limits; nothing stays open, and the server
serves on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import Limits, RemoteProtocolError, RpcError, TransportError
from avrorpc.codec.binary import write_long, write_string
from avrorpc.wire.envelope import request_head
from avrorpc.wire.framing import Framing, frame
from avrorpc.wire.handshake import (
    HandshakeRequest,
    HandshakeResponse,
    Match,
    encode_request,
    encode_response,
)
from support.implementations import SyncConformance, SyncSmall
from support.rogue import Rogue
from support.serving import ServerThread
from testcontracts.conformance import CONFORMANCE
from testcontracts.small import SMALL, AsyncSmallClient, SmallClient

LIMITS = Limits(max_body=10_000, max_metadata=1_000, max_protocol=50_000, max_buffers=64, max_calls=8)
PING = b"\0\0"
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10


def long(value: int) -> bytes:
    out = bytearray()
    write_long(out, value)
    return bytes(out)


def string(value: str) -> bytes:
    out = bytearray()
    write_string(out, value)
    return bytes(out)


def hello(
    text: str | None = None, client: bytes = CONFORMANCE.hash, server: bytes = CONFORMANCE.hash
) -> bytes:
    return encode_request(HandshakeRequest(client, text, server))


def call(message: str, parameters: bytes = b"", metadata: dict[str, bytes] | None = None) -> bytes:
    return bytes(request_head(metadata or {}, message)) + parameters


def nested(depth: int) -> str:
    """Return a protocol with a type that is so deep."""
    deep = '{"type":"array","items":' * depth + '"int"' + "}" * depth
    request = f'[{{"name":"a","type":{deep}}}]'
    return f'{{"protocol":"P","types":[],"messages":{{"m":{{"request":{request},"response":"null"}}}}}}'


NOT_SEEN = b"?" * 16
FIND = call("find", string("key"))
OPENINGS = [
    # What comes instead of the handshake.
    ("no hash", b"", "16 bytes were announced, 0 are left"),
    ("half a hash", b"x" * 15, "16 bytes were announced, 15 are left"),
    ("no server hash", b"x" * 16 + b"\0", "16 bytes were announced, 0 are left"),
    ("a branch that there is not", b"x" * 16 + b"\x04", "branch 2 of an optional value"),
    ("a negative branch", b"x" * 16 + b"\x01", "branch -1 of an optional value"),
    ("a branch without end", b"x" * 16 + b"\xff" * 20, "an integer longer than ten bytes"),
    ("a text that lies about its length", b"x" * 16 + b"\x02" + long(99), "99 bytes were announced"),
    ("a text of negative length", b"x" * 16 + b"\x02" + long(-5), "a length of -5 bytes"),
    ("a text of endless length", b"x" * 16 + b"\x02" + long(2**62), "bytes were announced"),
    ("a text that is no UTF-8", b"x" * 16 + b"\x02" + long(2) + b"\xff\xfe", "not UTF-8"),
    (
        "a text that is no JSON",
        hello("no JSON", NOT_SEEN) + PING,
        "the client's protocol: not a JSON document",
    ),
    ("a text that is no protocol", hello("[]", NOT_SEEN) + PING, "the client's protocol: "),
    ("a text of brackets", hello("[" * 9_000, NOT_SEEN) + PING, "the client's protocol: "),
    ("a text of deep types", hello(nested(300), NOT_SEEN) + PING, "the client's protocol: "),
    ("a text of a number", hello("1e999999", NOT_SEEN) + PING, "the client's protocol: "),
    (
        "a text with a name twice",
        hello(
            '{"protocol":"P","types":[{"type":"fixed","name":"A","size":1},{"type":"fixed","name":"A","size":2}]}',
            NOT_SEEN,
        )
        + PING,
        "the client's protocol: ",
    ),
    (
        "a fixed type beyond all measure",
        hello('{"protocol":"P","types":[{"type":"fixed","name":"A","size":99999999999999999999}]}', NOT_SEEN)
        + PING,
        "",
    ),
    ("metadata without end", hello()[:-1] + b"\x02" + long(2**40), "items that take no bytes"),
    ("metadata of negative count", hello()[:-1] + b"\x02" + long(-3) + long(-1), "a block of negative size"),
    (
        "metadata above the limit",
        hello()[:-1] + b"\x02" + long(1) + string("k") + long(2_000) + b"v" * 2_000,
        "above max_metadata=1000",
    ),
    ("no call", hello(), "the data ends inside an integer"),
    (
        "a call's metadata above the limit",
        hello() + call("find", metadata={"k": b"v" * 2_000}),
        "above max_metadata=1000",
    ),
    ("a call's name without end", hello() + b"\0" + long(2**31), "bytes were announced"),
    ("a call's name that is no UTF-8", hello() + b"\0" + long(1) + b"\xff", "not UTF-8"),
]
RAW = [
    # Bytes that are not even framed.
    ("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "the peer speaks HTTP here"),
    ("a POST", b"POST /spl-avro HTTP/1.1\r\nHost: x\r\n\r\n", "the peer speaks HTTP here"),
    ("TLS", TLS_HELLO, "the peer speaks TLS here"),
    ("ones", b"\xff" * 64, "is the peer speaking this framing?"),
    ("a length of 2 GiB", struct.pack(">iii", 1, 1, 2**31 - 1), ""),
    ("a negative length", struct.pack(">iii", 1, 1, -(2**31)), ""),
    ("Redis", b"*1\r\n$4\r\nPING\r\n" + b"\0" * 99, ""),
    ("SSH", b"SSH-2.0-OpenSSH_9.6\r\n", ""),
]
CALLS = [
    # After the handshake: what is told in a reply, since the rest of the connection is well.
    ("an unknown message", call("nope"), b"UNIMPLEMENTED", "has no message 'nope'"),
    ("a string that lies", call("find", long(50) + b"x"), b"INVALID_ARGUMENT", "50 bytes were announced"),
    ("a negative string", call("find", long(-1)), b"INVALID_ARGUMENT", "a length of -1 bytes"),
    ("a string of 2**62", call("find", long(2**62)), b"INVALID_ARGUMENT", "bytes were announced"),
    ("no UTF-8", call("find", long(1) + b"\xff"), b"INVALID_ARGUMENT", "not UTF-8"),
    ("no parameters", call("add"), b"INVALID_ARGUMENT", "bytes were announced"),
    ("too many parameters", FIND + b"\0", b"INVALID_ARGUMENT", "1 bytes are left"),
    ("items without end", call("join", long(2**40)), b"RESOURCE_EXHAUSTED", "max_items"),
    ("a block of negative size", call("join", long(-1) + long(-1)), b"INVALID_ARGUMENT", "negative size"),
    (
        "blocks of the least integer",
        call("join", long(-(2**63)) + long(1)),
        b"RESOURCE_EXHAUSTED",
        "max_items",
    ),
    ("an integer above its type", call("import", long(2**40)), b"INVALID_ARGUMENT", "import"),
    ("a boolean of two", call("echo", b"\x02"), b"INVALID_ARGUMENT", "a boolean is 0 or 1"),
    (
        "a deadline that is no number",
        call("find", string("k"), {"avrorpc.timeout-us": b"-1"}),
        b"INVALID_ARGUMENT",
        "avrorpc.timeout-us",
    ),
    (
        "a deadline beyond all measure",
        call("find", string("k"), {"avrorpc.timeout-us": b"9" * 40}),
        b"INVALID_ARGUMENT",
        "avrorpc.timeout-us",
    ),
    ("a body above the limit", FIND + b"x" * 20_000, b"RESOURCE_EXHAUSTED", "above max_body=10000"),
]
BREAKS = [
    # After the handshake: what ends the connection.
    ("an empty call", b"", "the data ends inside an integer"),
    ("ones", b"\xff" * 30, "an integer longer than ten bytes"),
    ("a name that lies", b"\0" + long(9) + b"x", "9 bytes were announced"),
    ("metadata above the limit", call("find", metadata={"k": b"v" * 2_000}), "above max_metadata=1000"),
    ("metadata without end", long(2**50), "items that take no bytes"),
    ("a large body that begins in no way", b"\xff" * 20_000, "an integer longer than ten bytes"),
]
FRAMINGS = pytest.mark.parametrize("framing", ["netty", "spec"])


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncConformance(), SyncSmall(), limits=LIMITS) as served:
        yield served


@pytest.fixture(autouse=True)
def all_is_released(request: pytest.FixtureRequest) -> Iterator[None]:
    """Clients that were there before a test are served after it, and so are new ones."""
    if "server" not in request.fixturenames:
        yield
        return
    server = request.getfixturevalue("server")
    with avrorpc.connect(SmallClient, server.tcp, timeout=10) as before:
        assert before.double(1) == 2
        yield
        assert before.double(2) == 4
    for url in (server.tcp, server.spec):
        with avrorpc.connect(SmallClient, url, timeout=10) as after:
            assert after.double(3) == 6


class Raw:
    """A socket that takes what the server says up to its closing."""

    def __init__(self, server: ServerThread, framing: Framing) -> None:
        parts = urlsplit(server.tcp if framing == "netty" else server.spec)
        self.framing: Framing = framing
        self.sock = socket.create_connection((parts.hostname or "", parts.port or 0), 10)

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def shake(self) -> None:
        """Make a good handshake."""
        self.sock.sendall(frame(self.framing, 1, hello(), PING))
        answer = frame(self.framing, 1, encode_response(HandshakeResponse(Match.BOTH)) + PING)
        assert self.receive(len(answer)) == answer

    def receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size and (chunk := self.sock.recv(size - len(received))):
            received += chunk
        return received

    def until(self, part: bytes) -> bytes:
        received = b""
        while part not in received:
            chunk = self.sock.recv(65_536)
            assert chunk, received
            received += chunk
        return received

    def finish(self) -> None:
        """Send no more, where the server has not closed already."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def to_the_end(self) -> bytes:
        received = b""
        try:
            while chunk := self.sock.recv(65_536):
                received += chunk
        except ConnectionResetError:
            return received
        return received


def in_pieces(sock: socket.socket, data: bytes, piece: int) -> None:
    try:
        for at in range(0, len(data), piece):
            sock.sendall(data[at : at + piece])
    except OSError:
        assert data  # the server has seen enough


@FRAMINGS
@pytest.mark.parametrize("piece", [100_000, 3])
@pytest.mark.parametrize(("opening", "problem"), [pytest.param(*case[1:], id=case[0]) for case in OPENINGS])
def test_an_opening_that_cannot_be_read_ends_the_connection(
    server: ServerThread,
    framing: Framing,
    piece: int,
    opening: bytes,
    problem: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "avrorpc"), Raw(server, framing) as raw:
        in_pieces(raw.sock, frame(framing, 1, opening), piece if len(opening) < 1_000 else 100_000)
        if problem:
            raw.to_the_end()
            (record,) = caplog.records
            assert problem in record.getMessage()
            assert "\n" not in record.getMessage()
            assert len(record.getMessage()) < 600
        else:
            raw.finish()
            raw.to_the_end()
    assert all(record.exc_info is None for record in caplog.records)


@FRAMINGS
@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize(("data", "problem"), [pytest.param(*case[1:], id=case[0]) for case in RAW])
def test_bytes_of_another_protocol_end_the_connection(
    server: ServerThread,
    framing: Framing,
    connected: bool,
    data: bytes,
    problem: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "avrorpc"), Raw(server, framing) as raw:
        if connected:
            raw.shake()
        in_pieces(raw.sock, data, 100_000)
        raw.finish()
        assert raw.to_the_end() == b""
    if problem and not connected:
        assert problem in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


@FRAMINGS
@pytest.mark.parametrize(("body", "code", "problem"), [pytest.param(*case[1:], id=case[0]) for case in CALLS])
def test_a_call_that_cannot_be_done_is_answered_and_the_next_one_is_done(
    server: ServerThread, framing: Framing, body: bytes, code: bytes, problem: str
) -> None:
    with Raw(server, framing) as raw:
        raw.shake()
        raw.sock.sendall(frame(framing, 2, body) + frame(framing, 3, FIND))
        received = raw.until(string("KEY"))
        assert code in received
        assert problem.encode() in received


@FRAMINGS
@pytest.mark.parametrize(("body", "problem"), [pytest.param(*case[1:], id=case[0]) for case in BREAKS])
def test_a_call_that_cannot_be_told_from_others_ends_the_connection(
    server: ServerThread, framing: Framing, body: bytes, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "avrorpc"), Raw(server, framing) as raw:
        raw.shake()
        in_pieces(raw.sock, frame(framing, 2, body) + frame(framing, 3, FIND), 100_000)
        assert string("KEY") not in raw.to_the_end()
    assert problem in caplog.text


@FRAMINGS
def test_a_conversation_cut_at_every_byte_is_never_half_done(server: ServerThread, framing: Framing) -> None:
    whole = frame(framing, 1, hello(), PING) + frame(framing, 2, FIND)
    for cut in range(1, len(whole)):
        with Raw(server, framing) as raw:
            raw.sock.sendall(whole[:cut])
            raw.finish()
            assert string("KEY") not in raw.to_the_end()


@FRAMINGS
def test_random_bytes(server: ServerThread, framing: Framing) -> None:
    source = random.Random(7)
    for round_ in range(60):
        with Raw(server, framing) as raw:
            if round_ % 2:
                raw.shake()
            in_pieces(raw.sock, source.randbytes(source.randrange(1, 200)), 50)
            raw.finish()
            raw.to_the_end()


def test_a_hash_that_stands_for_another_text_binds_nobody_else(server: ServerThread) -> None:
    # A client gives its own text somebody else's hash: whoever really has that hash is asked for its text.
    stolen = b"s" * 16
    with Raw(server, "netty") as raw:
        raw.sock.sendall(frame("netty", 1, hello(SMALL.text, stolen, SMALL.hash), PING))
        raw.until(PING)
    with Raw(server, "netty") as raw:
        raw.sock.sendall(frame("netty", 1, hello(None, stolen, SMALL.hash), PING))
        assert raw.receive(16)[12:] == b"\x04\x02" + long(len(SMALL.text))  # NONE, with our text


def test_a_text_under_the_servers_own_hash_is_not_believed(server: ServerThread) -> None:
    liar = CONFORMANCE.text.replace('"find"', '"lost"')
    with Raw(server, "netty") as raw:
        raw.sock.sendall(frame("netty", 1, hello(liar), PING) + frame("netty", 2, FIND))
        raw.until(string("KEY"))


def test_serials_used_twice_end_the_connection(
    server: ServerThread, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "avrorpc"), Raw(server, "netty") as raw:
        raw.shake()
        raw.sock.sendall(frame("netty", 5, call("wait", struct.pack("<d", 0.01))) * 2)
        raw.to_the_end()
    assert "serial 5 is used by two calls at once" in caplog.text


# What hostile servers do to our clients.

BOTH = encode_response(HandshakeResponse(Match.BOTH))
SEVEN = b"\0\0\x0e"


def shown(match: Match, text: str | None, hash_: bytes | None = NOT_SEEN) -> bytes:
    return encode_response(HandshakeResponse(match, text, hash_))


ANSWERS = [
    ("an empty answer", [b""], "the data ends inside an integer"),
    ("no such match", [b"\x08\0\0\0"], "handshake match 4"),
    ("a negative match", [b"\x01\0\0\0"], "handshake match -1"),
    ("a match without end", [b"\xff" * 11], "an integer longer than ten bytes"),
    ("a text that lies about its length", [b"\0\x02" + long(500)], "500 bytes were announced"),
    (
        "a text above the limit",
        [b"\x02\x02" + long(9_000) + b" " * 9_000 + b"\0\0"],
        "above max_protocol=5000",
    ),
    ("half a hash", [b"\0\0\x02" + b"x" * 9], "16 bytes were announced, 9 are left"),
    (
        "metadata above the limit",
        [b"\0\0\0\x02" + long(1) + string("k") + long(2_000) + b"v" * 2_000],
        "max_metadata=1000",
    ),
    ("another protocol without its text", [shown(Match.CLIENT, None)], "lacks its protocol"),
    ("a protocol that is none", [shown(Match.CLIENT, "{}")], "the server's protocol: "),
    ("a protocol of brackets", [shown(Match.CLIENT, "[" * 4_000)], "the server's protocol: "),
    ("a protocol of deep types", [shown(Match.CLIENT, nested(100))], "the server's protocol: "),
    ("none for ever", [shown(Match.NONE, SMALL.text)] * 9, "refuses this version of small.Small"),
    ("none without a text, for ever", [shown(Match.NONE, None, None)] * 9, "does not serve"),
    ("an empty reply", [BOTH, b""], "the data ends inside an integer"),
    ("metadata without end", [BOTH, long(2**40)], "items that take no bytes"),
    ("metadata of negative size", [BOTH, long(-1) + long(-1)], "a block of negative size"),
    (
        "a reply's metadata above the limit",
        [BOTH, long(1) + string("k") + long(3_000) + b"v" * 3_000],
        "max_metadata=1000",
    ),
    ("no flag", [BOTH, b"\0\x07"], "a boolean is 0 or 1"),
    ("an error that there is not", [BOTH, b"\0\1\x08"], "branch 4"),
    ("a negative error", [BOTH, b"\0\1\x01"], "branch -1"),
    ("an error's text that lies", [BOTH, b"\0\1\0" + long(80)], "80 bytes were announced"),
    ("half a result", [BOTH, b"\0\0\x80"], "the data ends inside an integer"),
    (
        "a result above its type",
        [BOTH, b"\0\0" + long(2**40)],
        "1099511627776 does not fit the 32 bits of an int",
    ),
    ("more than a result", [BOTH, SEVEN + b"\0"], "1 bytes are left"),
    ("a body above the limit", [BOTH, b"\0" * 20_000], "above max_body=10000"),
]
HOSTILE_RAW = [
    ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", "the peer speaks HTTP here"),
    ("TLS", b"\x15\x03\x03\x00\x02\x02\x46" * 9, "TLS"),
    ("ones", b"\xff" * 64, "is the peer speaking this framing?"),
    ("a count without end", struct.pack(">ii", 1, 2**31 - 1), "max_b"),
    ("half a header", b"\0\0\0", "closed the connection before it answered"),
    ("half an answer", frame("netty", 1, BOTH)[:-1], "closed the connection before it answered"),
]
CLIENT_LIMITS = Limits(max_body=10_000, max_metadata=1_000, max_protocol=5_000, max_buffers=64)


def sync_call(url: str) -> Any:
    with avrorpc.connect(SmallClient, url, limits=CLIENT_LIMITS, timeout=10) as client:
        return client.double(3)


def async_call(url: str) -> Any:
    async def main() -> int:
        async with avrorpc.connect(AsyncSmallClient, url, limits=CLIENT_LIMITS, timeout=10) as client:
            value = await client.double(3)
        assert len(asyncio.all_tasks()) == 1
        return value

    return asyncio.run(main())


CALLERS = pytest.mark.parametrize("caller", [sync_call, async_call], ids=["sync", "async"])


def answering(framing: Framing, answers: list[bytes], after: bytes = b"") -> Callable[[socket.socket], None]:
    def handler(sock: socket.socket) -> None:
        for serial, answer in enumerate(answers, start=1):
            if not sock.recv(65_536):
                return
            sock.sendall(frame(framing, serial, answer))
        sock.sendall(after)
        sock.recv(65_536)

    return handler


def url_of(framing: str, port: int) -> str:
    return f"tcp://127.0.0.1:{port}" + ("?framing=spec" if framing == "spec" else "")


@CALLERS
@FRAMINGS
@pytest.mark.parametrize(("answers", "problem"), [pytest.param(*case[1:], id=case[0]) for case in ANSWERS])
def test_a_server_that_answers_badly_is_named(
    caller: Callable[[str], Any], framing: Framing, answers: list[bytes], problem: str
) -> None:
    with Rogue(answering(framing, answers)) as rogue, pytest.raises(RpcError) as caught:
        caller(url_of(framing, rogue.port))
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


@CALLERS
@pytest.mark.parametrize(("data", "problem"), [pytest.param(*case[1:], id=case[0]) for case in HOSTILE_RAW])
def test_a_server_of_another_protocol_is_named(
    caller: Callable[[str], Any], data: bytes, problem: str
) -> None:
    def handler(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(data)

    with Rogue(handler) as rogue, pytest.raises((RemoteProtocolError, TransportError)) as caught:
        caller(url_of("netty", rogue.port))
    assert problem in str(caught.value)


@CALLERS
@FRAMINGS
@pytest.mark.parametrize(
    "after", [frame("netty", 77, SEVEN), b"\0\0\0", b"\xff" * 40], ids=["unasked", "half", "ones"]
)
def test_what_follows_an_answer_does_no_harm_to_it(
    caller: Callable[[str], Any], framing: Framing, after: bytes
) -> None:
    with Rogue(answering(framing, [BOTH, SEVEN], after)) as rogue:
        assert caller(url_of(framing, rogue.port)) == 7


@CALLERS
def test_an_answer_to_a_call_that_was_never_made_ends_the_connection(caller: Callable[[str], Any]) -> None:
    with Rogue(answering("netty", [BOTH], frame("netty", 99, SEVEN))) as rogue:
        with pytest.raises(RpcError) as caught:
            caller(url_of("netty", rogue.port))
        assert "99" in str(caught.value) or "closed" in str(caught.value)


@CALLERS
@FRAMINGS
def test_answers_cut_at_every_byte_are_never_taken_for_whole(
    caller: Callable[[str], Any], framing: Framing
) -> None:
    whole = frame(framing, 1, BOTH), frame(framing, 2, SEVEN)
    cuts = [(index, cut) for index in range(2) for cut in range(1, len(whole[index]))]
    turns = iter(cuts)

    def handler(sock: socket.socket) -> None:
        index, cut = next(turns)
        for answer in (*whole[:index], whole[index][:cut]):
            sock.recv(65_536)
            sock.sendall(answer)

    with Rogue(handler) as rogue:
        for _ in cuts:
            with pytest.raises(TransportError):
                caller(url_of(framing, rogue.port))
