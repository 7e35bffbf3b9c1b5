"""Bad input over raw sockets: the server refuses what it cannot read, and goes on serving everybody else."""

from __future__ import annotations

import http.client
import logging
import socket
import struct
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import avrorpc
import pytest
from avrorpc import Limits
from avrorpc.codec.binary import Cursor, write_string
from avrorpc.method import Contract
from avrorpc.wire.envelope import CODE, read_reply_head, request_head
from avrorpc.wire.framing import Framing, deframer, frame
from avrorpc.wire.handshake import HandshakeRequest, Match, decode_response, encode_request
from support.implementations import SyncConformance, SyncSmall
from support.serving import ServerThread
from testcontracts.conformance import CONFORMANCE, ConformanceClient, NotThere
from testcontracts.small import SMALL, SmallClient

PING = b"\0\0"
LIMITS = Limits(max_body=100_000, max_calls=8)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(SyncConformance(), SyncSmall(), limits=LIMITS) as served:
        yield served


@pytest.fixture(autouse=True)
def serves_others(server: ServerThread) -> Iterator[None]:
    """Whatever a test does to the server, clients that were there before and clients that come after work."""
    with avrorpc.connect(SmallClient, server.tcp) as before:
        assert before.double(1) == 2
        yield
        assert before.double(2) == 4
    for url in (server.tcp, server.spec, server.http):
        with avrorpc.connect(ConformanceClient, url, timeout=10) as after:
            assert after.add(1.0) == 2.0
            with pytest.raises(NotThere):
                after.find("missing")


class Raw:
    """A plain socket that speaks one of the framings."""

    def __init__(self, url: str, framing: Framing = "netty") -> None:
        parts = urlsplit(url)
        if parts.scheme == "unix":
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(10)
            self.sock.connect(parts.path)
        else:
            self.sock = socket.create_connection((parts.hostname or "", parts.port or 0), 10)
        self.framing: Framing = framing
        self._deframer = deframer(framing, Limits())
        self._messages: list[Any] = []

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, serial: int, *buffers: bytes) -> None:
        self.sock.sendall(frame(self.framing, serial, *buffers))

    def receive(self) -> bytes:
        """Return the next message, or nothing where the server closes."""
        while not self._messages:
            data = self.sock.recv(65_536)
            if not data:
                return b""
            self._messages += self._deframer.feed(data)
        body: bytes = self._messages.pop(0)[1]
        return body

    def connect(self, contract: Contract = CONFORMANCE) -> None:
        opening = HandshakeRequest(contract.hash, None, contract.hash)
        self.send(1, encode_request(opening), PING)
        assert decode_response(Cursor(self.receive())).match is Match.BOTH

    def is_closed(self) -> bool:
        """Whether the server closes the connection, with what it has not read thrown away or not."""
        try:
            return self.receive() == b""
        except ConnectionResetError:
            return True


def call(message: str, parameters: bytes = b"", metadata: dict[str, bytes] | None = None) -> bytes:
    return bytes(request_head(metadata or {}, message)) + parameters


def text(value: bytes) -> bytes:
    return bytes([len(value) * 2]) + value


def error_of(reply: bytes) -> tuple[bytes, str]:
    """Return code and text of an undeclared error."""
    cursor = Cursor(reply)
    metadata, is_error = read_reply_head(cursor)
    assert is_error
    assert cursor.read_long() == 0
    return metadata[CODE], cursor.read_string()


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xff" * 64, id="ones"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", id="HTTP"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10, id="TLS"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="SSH"),
        pytest.param(struct.pack(">iii", 1, 1, 2**31 - 1), id="a lying length"),
        pytest.param(struct.pack(">ii", 1, 2**31 - 1), id="a lying count"),
        pytest.param(struct.pack(">i", 100_001), id="a length above the limit"),
        pytest.param(struct.pack(">ii", 1, -1), id="a negative count"),
    ],
)
def test_garbage_closes_the_connection(
    server: ServerThread,
    framing: Framing,
    connected: bool,
    data: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = server.tcp if framing == "netty" else server.spec
    with caplog.at_level(logging.WARNING, "avrorpc"), Raw(url, framing) as raw:
        if connected:
            raw.connect()
        raw.sock.sendall(data + b"\xff" * 8)
        raw.sock.shutdown(socket.SHUT_WR)
        assert raw.is_closed()
    assert all("Traceback" not in record.getMessage() for record in caplog.records)
    assert all(record.exc_info is None for record in caplog.records)


def test_what_was_refused_is_logged_in_one_line(
    server: ServerThread, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "avrorpc"), Raw(server.tcp) as raw:
        raw.sock.sendall(struct.pack(">iii", 1, 1, 100_001))
        assert raw.is_closed()
    (record,) = caplog.records
    assert "closing the connection from 127.0.0.1:" in record.getMessage()
    assert "above max_body=100000" in record.getMessage()


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize(
    ("body", "code", "problem"),
    [
        pytest.param(
            call("nope"),
            b"UNIMPLEMENTED",
            "conformance.Conformance has no message 'nope'; it has echo, add",
            id="an unknown message",
        ),
        pytest.param(
            call("find", text(b"\xff\xfe")),
            b"INVALID_ARGUMENT",
            "conformance.Conformance/find: the request does not fit the contract: .key: a string that is not"
            " UTF-8 (byte 0 of 2)",
            id="no UTF-8",
        ),
        pytest.param(
            call("find", b"\x7ex"), b"INVALID_ARGUMENT", "63 bytes were announced", id="a lying string"
        ),
        pytest.param(
            call("find", b""), b"INVALID_ARGUMENT", "the data ends inside an integer", id="no argument"
        ),
        pytest.param(
            call("find", b"\0more"), b"INVALID_ARGUMENT", "4 bytes are left", id="too many arguments"
        ),
        pytest.param(
            call("add", b"\0" * 9),
            b"INVALID_ARGUMENT",
            "8 bytes were announced, 1 are left",
            id="a wrong type",
        ),
        pytest.param(
            call("join", b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            b"RESOURCE_EXHAUSTED",
            "max_items=65536",
            id="a lying count of items",
        ),
        pytest.param(
            call("find", text(b"k"), {"avrorpc.timeout-us": b"soon"}),
            b"INVALID_ARGUMENT",
            "avrorpc.timeout-us must be a number of microseconds",
            id="a deadline that is no number",
        ),
    ],
)
def test_a_request_that_does_not_fit_is_answered_and_the_connection_lives(
    server: ServerThread, framing: Framing, body: bytes, code: bytes, problem: str
) -> None:
    url = server.tcp if framing == "netty" else server.spec
    with Raw(url, framing) as raw:
        raw.connect()
        raw.send(2, body)
        given, message = error_of(raw.receive())
        assert given == code
        assert problem in message
        assert "\n" not in message
        raw.send(3, call("find", text(b"key")))
        assert raw.receive() == b"\0\0" + text(b"KEY")


def test_a_recursive_value_without_end_is_answered(server: ServerThread) -> None:
    with Raw(server.tcp) as raw:
        raw.connect()
        # An `Everything` up to its tree, which never ends.
        head = bytearray(b"\1\2\2" + b"\0" * 12 + b"\0")
        write_string(head, "x")
        head += b"\0abcd\0\0\0" + b"\0" * 16 + b"\0\0\0" + text(b"\0")
        raw.send(2, call("echo", bytes(head) + b"\0\2" * 5_000))
        code, message = error_of(raw.receive())
        assert code == b"RESOURCE_EXHAUSTED"
        assert "max_depth=128" in message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff" * 20,
        call("find", metadata={"k": b"v" * 70_000}),
        b"\x02",
    ],
)
def test_a_call_that_cannot_be_read_closes_the_connection(server: ServerThread, body: bytes) -> None:
    with Raw(server.tcp) as raw:
        raw.connect()
        raw.send(2, body)
        assert raw.is_closed()


def test_a_connection_that_breaks_in_the_middle_of_a_message_harms_nobody(server: ServerThread) -> None:
    for data in (b"", b"\0\0", frame("netty", 1, b"x" * 100)[:50]):
        with Raw(server.tcp) as raw:
            raw.sock.sendall(data)
    with Raw(server.tcp) as raw:
        raw.connect()
        raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.send(2, call("wait", struct.pack("<d", 0.05)))


@pytest.mark.parametrize("kind", ["tcp", "spec", "unix"])
def test_a_client_that_sends_no_more_gets_its_replies_before_the_end(server: ServerThread, kind: str) -> None:
    with Raw(getattr(server, kind), "spec" if kind == "spec" else "netty") as raw:
        raw.connect()
        raw.send(2, call("find", text(b"one")))
        raw.send(3, call("wait", struct.pack("<d", 0.02)))
        raw.sock.shutdown(socket.SHUT_WR)
        assert raw.receive() == b"\0\0" + text(b"ONE")
        assert len(raw.receive()) == 2 + 8
        assert raw.is_closed()


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_one_way_messages_are_done_though_their_client_has_left(server: ServerThread, kind: str) -> None:
    with avrorpc.connect(ConformanceClient, server.tcp, timeout=10) as reader:
        before = len(reader.notes())
        with Raw(getattr(server, kind)) as raw:
            raw.connect()
            raw.sock.sendall(b"".join(frame("netty", 2 + n, call("note", text(b"left"))) for n in range(5)))
        for _ in range(1_000):
            if len(reader.notes()) == before + 5:
                break
        assert len(reader.notes()) == before + 5


def test_a_client_that_sends_no_more_and_awaits_nothing_is_left_at_once(server: ServerThread) -> None:
    for data in (b"", frame("netty", 2, call("find", text(b"key")))[:-2]):
        with Raw(server.tcp) as raw:
            raw.connect()
            raw.sock.sendall(data)
            raw.sock.shutdown(socket.SHUT_WR)
            assert raw.is_closed()


def test_more_calls_than_at_once_are_answered_after_the_client_sends_no_more(server: ServerThread) -> None:
    with Raw(server.tcp) as raw:
        raw.connect()
        count = LIMITS.max_calls * 5
        raw.sock.sendall(b"".join(frame("netty", 10 + n, call("wait", bytes(8))) for n in range(count)))
        raw.sock.shutdown(socket.SHUT_WR)
        assert len([raw.receive() for _ in range(count)]) == count
        assert raw.is_closed()


def test_calls_above_the_limit_wait_and_are_answered(server: ServerThread) -> None:
    with Raw(server.tcp) as raw:
        raw.connect()
        count = LIMITS.max_calls * 5
        raw.sock.sendall(
            b"".join(frame("netty", 10 + n, call("find", text(b"%d" % n))) for n in range(count))
        )
        answers = {raw.receive() for _ in range(count)}
        assert answers == {b"\0\0" + text(b"%d" % n) for n in range(count)}


def test_one_way_messages_above_the_limit_wait_and_are_done(server: ServerThread) -> None:
    with Raw(server.tcp) as raw:
        raw.connect()
        raw.sock.sendall(b"".join(frame("netty", 10 + n, call("note", text(b"n"))) for n in range(100)))
        raw.send(999, call("find", text(b"key")))
        assert raw.receive() == b"\0\0" + text(b"KEY")


def test_a_serial_used_twice_at_once_closes_the_connection(server: ServerThread) -> None:
    with Raw(server.tcp) as raw:
        raw.connect()
        raw.sock.sendall(frame("netty", 2, call("wait", struct.pack("<d", 0.05))) * 2)
        assert raw.is_closed()


def test_several_contracts_answer_on_one_port(server: ServerThread) -> None:
    with Raw(server.tcp) as raw:
        raw.connect(SMALL)
        raw.send(2, call("double", b"\x06\x02"))
        assert raw.receive() == b"\0\0\x0e"


def post(
    server: ServerThread, path: str, body: bytes, kind: str = "avro/binary", method: str = "POST"
) -> tuple[int, str]:
    parts = urlsplit(server.http)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


HELLO = encode_request(HandshakeRequest(SMALL.hash, None, SMALL.hash))
GOOD = frame("spec", 0, HELLO, call("double", b"\x06\x02"))
CONFORMANCE_HELLO = encode_request(HandshakeRequest(CONFORMANCE.hash, None, CONFORMANCE.hash))


@pytest.mark.parametrize(
    ("path", "body", "kind", "status", "problem"),
    [
        pytest.param(
            "/avro/a.B", GOOD, "avro/binary", 404, "there is no protocol a.B here; there is", id="protocol"
        ),
        pytest.param("/other", GOOD, "avro/binary", 404, "", id="path"),
        pytest.param(
            "/spl-avro", GOOD, "application/json", 415, "the body must be avro/binary", id="content type"
        ),
        pytest.param("/spl-avro", GOOD, "", 415, "the body must be avro/binary", id="no content type"),
        pytest.param("/spl-avro", b"", "avro/binary", 400, "is not one Avro message", id="nothing"),
        pytest.param("/spl-avro", b"{}", "avro/binary", 400, "is not one Avro message", id="JSON"),
        pytest.param(
            "/spl-avro", GOOD + GOOD, "avro/binary", 400, "is not one Avro message", id="two messages"
        ),
        pytest.param(
            "/spl-avro", frame("spec", 0, b"x"), "avro/binary", 400, "16 bytes were announced", id="garbage"
        ),
        pytest.param(
            "/spl-avro", b"\xff" * 9, "avro/binary", 400, "a buffer of -1 bytes", id="a negative length"
        ),
        pytest.param(
            "/spl-avro", b"\x7f" * 9, "avro/binary", 413, "above max_body=100000", id="a lying length"
        ),
        pytest.param(
            "/spl-avro", b"\0" * 200_000, "avro/binary", 413, "above max_body=100000", id="a large body"
        ),
    ],
)
def test_http_requests_that_cannot_be_read_are_refused(
    server: ServerThread, path: str, body: bytes, kind: str, status: int, problem: str
) -> None:
    given, message = post(server, path, body, kind)
    assert given == status
    assert problem in message


HEAD = "POST /spl-avro HTTP/1.1\r\nHost: here\r\nContent-Type: avro/binary\r\n"


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        pytest.param(GOOD, b"HTTP/1.1 200 OK", id="a whole request"),
        pytest.param(
            frame("spec", 0, CONFORMANCE_HELLO, call("wait", struct.pack("<d", 0.02))),
            b"HTTP/1.1 200 OK",
            id="one that takes its time",
        ),
        pytest.param(GOOD[:-3], b"", id="half a body"),
        pytest.param(None, b"", id="half a head"),
    ],
)
def test_an_http_client_that_sends_no_more_gets_its_reply(
    server: ServerThread, data: bytes | None, answer: bytes
) -> None:
    parts = urlsplit(server.http)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as sock:
        length = len(data or b"") + (3 if data == GOOD[:-3] else 0)
        head = f"{HEAD}Content-Length: {length}\r\n\r\n".encode()
        sock.sendall(head[:30] if data is None else head + data)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := sock.recv(65_536):
            received += chunk
    assert received.startswith(answer)
    assert bool(received) is bool(answer)
    if answer and data != GOOD:  # that one is answered before its client's end is heard of
        assert b"Connection: close" in received


def test_http_takes_the_right_request_at_both_paths(server: ServerThread) -> None:
    for path in ("/spl-avro", "/avro/small.Small"):
        assert post(server, path, GOOD)[0] == 200
        assert post(server, path, GOOD, method="GET")[0] == 405


def test_http_answers_an_unknown_message(server: ServerThread) -> None:
    status, body = post(server, "/spl-avro", frame("spec", 0, HELLO, call("nope")))
    assert status == 200
    assert "small.Small has no message 'nope'; it has double, fail" in body


@pytest.mark.parametrize(
    "data", [b"garbage\r\n\r\n", b"\xff" * 50 + b"\r\n\r\n", b"POST /spl-avro HTTP/9\r\n\r\n"]
)
def test_garbage_on_the_http_port_closes_the_connection(server: ServerThread, data: bytes) -> None:
    parts = urlsplit(server.http)
    with socket.create_connection((parts.hostname or "", parts.port or 0), 10) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := sock.recv(65_536):
            received += chunk
    assert received == b"" or received.startswith(b"HTTP/1.")
