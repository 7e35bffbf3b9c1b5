"""Servers that attack our clients of both colours, in our frames, over each transport: a named error."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import struct
import zlib
from collections.abc import Callable
from typing import Any

import avrorpc
import pytest
from avrorpc import Limits, RpcError, TransportError
from avrorpc.errors import Code, StatusError
from avrorpc.wire.envelope import reply_head
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import HandshakeResponse, Match, encode_response
from support.rogue import Handler, Rogue
from testcontracts.streams import AsyncStreamsClient, StreamsClient

from hostile.peers import HEAD, Flag, Kind, credit, encode, long, string

LIMITS = Limits(
    max_body=20_000,
    max_frame=15_000,
    max_metadata=1_000,
    stream_window=2_000,
    max_unfinished=50_000,
    max_expansion=50,
)
ANSWER = {
    "avrorpc.upgrade": b"1",
    "avrorpc.window": b"10000",
    "avrorpc.max-calls": b"100",
    "avrorpc.max-body": b"1000000",
}
OK = bytes(reply_head({}, is_error=False))
DONE = encode(Kind.REPLY, 1, OK)
PIECE = b"\0\0"


def bound(meta: dict[str, bytes] = ANSWER) -> bytes:
    return encode_response(HandshakeResponse(Match.BOTH, meta=meta))


def heard(sock: socket.socket, part: bytes) -> bytes:
    data = b""
    while part not in data:
        more = sock.recv(65_536)
        if not more:
            return data
        data += more
    return data


def heard_whole(sock: socket.socket, asked: bytes) -> None:
    """Take the rest of a plain request's body."""
    head, _, body = asked.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(sock.recv(left))


def swallow(sock: socket.socket) -> None:
    while sock.recv(65_536):
        continue


def over_tcp(script: Callable[[Callable[[bytes], None]], None], meta: dict[str, bytes] = ANSWER) -> Handler:
    def handler(sock: socket.socket) -> None:
        heard(sock, b"avrorpc.upgrade")
        sock.sendall(frame("netty", 1, bound(meta), OK))
        heard(sock, b"streams.Streams/")
        script(sock.sendall)
        swallow(sock)

    return handler


def over_ws(script: Callable[[Callable[[bytes], None]], None], meta: dict[str, bytes] = ANSWER) -> Handler:
    def handler(sock: socket.socket) -> None:
        asked = heard(sock, b"\r\n\r\n")
        key = next(line for line in asked.lower().split(b"\r\n") if line.startswith(b"sec-websocket-key:"))
        key = asked[asked.lower().index(key) :].split(b"\r\n")[0].split(b":")[1].strip()
        token = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        sock.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: avrorpc.v1\r\nSec-WebSocket-Accept: " + token + b"\r\n\r\n"
        )

        def send(data: bytes) -> None:
            for start in range(0, len(data), 30_000):
                part = data[start : start + 30_000]
                size = bytes([len(part)]) if len(part) < 126 else b"\x7e" + struct.pack(">H", len(part))
                sock.sendall(b"\x82" + size + part)

        sock.recv(65_536)
        send(encode(Kind.BOUND, 1, bound(meta)))
        sock.recv(65_536)
        script(send)
        swallow(sock)

    return handler


def over_http(script: Callable[[Callable[[bytes], None]], None], meta: dict[str, bytes] = ANSWER) -> Handler:
    def handler(sock: socket.socket) -> None:
        asked = heard(sock, b"\r\n\r\n")
        while b"avro/binary" in asked:  # whether there are streams here
            heard_whole(sock, asked)
            body = frame("spec", 0, bound(ANSWER), OK)
            sock.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: avro/binary\r\nContent-Length: %d\r\n\r\n" % len(body)
                + body
            )
            asked = heard(sock, b"\r\n\r\n")
        if b"streams.Streams/" not in asked:
            heard(sock, b"streams.Streams/")
        sock.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/avrorpc\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

        def send(data: bytes) -> None:
            sock.sendall(b"%x\r\n%s\r\n" % (len(data), data))

        send(encode(Kind.BOUND, 1, bound({k: v for k, v in meta.items() if k != "avrorpc.window"})))
        script(send)
        swallow(sock)

    return handler


def url_of(way: str, port: int, more: str = "") -> str:
    return f"{way}://127.0.0.1:{port}{more}"


HANDLERS = {"tcp": over_tcp, "ws": over_ws, "http": over_http}


def sync_call(url: str, shape: str, timeout: float = 10) -> Any:
    with avrorpc.connect(StreamsClient, url, limits=LIMITS, timeout=timeout) as client:
        return client.open_streams() if shape == "unary" else list(client.download(3, 1))


def async_call(url: str, shape: str, timeout: float = 10) -> Any:
    async def main() -> Any:
        async with avrorpc.connect(AsyncStreamsClient, url, limits=LIMITS, timeout=timeout) as client:
            if shape == "unary":
                value: Any = await client.open_streams()
            else:
                value = [item async for item in client.download(3, 1)]
        assert len(asyncio.all_tasks()) == 1
        return value

    return asyncio.run(main())


CALLERS = pytest.mark.parametrize("caller", [sync_call, async_call], ids=["sync", "async"])

LONG_HEAD = bytes(reply_head({"k": b"v" * 2_000}, is_error=False))
LONG_ITEM = encode(Kind.ITEM, 1, b"\0" + string("x" * 900))
HALF_REPLY = encode(Kind.REPLY, 1, OK, 1)
ATTACKS = [
    ("a frame of no kind", HEAD.pack(0, 0, 0, 0), "the unknown kind 0"),
    ("ones", b"\xff" * 50, "the unknown kind 255"),
    ("an unknown flag", HEAD.pack(0, Kind.REPLY, 32, 1), "unknown flags 0x20"),
    ("a frame above the limit", HEAD.pack(2**31, Kind.REPLY, 0, 1), "above max_frame=15000"),
    ("a reply to no call", encode(Kind.REPLY, 9, OK), "REPLY for call 9, which never began"),
    ("an item of no call", encode(Kind.ITEM, 9, PIECE), "ITEM for call 9, which never began"),
    ("credit for no call", credit(9, 1), "CREDIT for call 9, which never began"),
    ("a call to a client", encode(Kind.OPEN, 1), "a OPEN frame, which a client does not take"),
    ("a handshake to a client", encode(Kind.BIND, 1), "a BIND frame, which a client does not take"),
    ("END to a client", encode(Kind.END, 1), "a END frame, which a client does not take"),
    ("CANCEL to a client", encode(Kind.CANCEL, 1), "a CANCEL frame, which a client does not take"),
    ("a second handshake", encode(Kind.BOUND, 1, bound()), "a handshake that nobody asked for"),
    ("half a PONG", encode(Kind.PONG, 0, b"1"), "a PONG frame of 1 bytes, and not 8"),
    ("credit that overflows", credit(1, 2**32 - 1), "more credit for call 1"),
    ("GOODBYE without a number", encode(Kind.GOODBYE, 0), "a GOODBYE frame without its last call"),
    ("compression that nobody asked for", encode(Kind.REPLY, 1, zlib.compress(OK), 2), "no compression was"),
    ("flags in the middle", encode(Kind.REPLY, 1, OK, 1) + encode(Kind.REPLY, 1, OK, 4), "flags in the mid"),
    ("a reply without end", encode(Kind.REPLY, 1, bytes(9_000), 1) * 5, "above max_body=20000"),
    ("an empty reply", encode(Kind.REPLY, 1), "the data ends inside an integer"),
    ("a reply that is neither", encode(Kind.REPLY, 1, b"\0\7"), "a boolean is 0 or 1, not 7"),
    ("metadata above the limit", encode(Kind.REPLY, 1, LONG_HEAD), "max_metadata=1000"),
    ("metadata without end", encode(Kind.REPLY, 1, long(2**50)), "items that take no bytes"),
    ("an error's branch that there is not", encode(Kind.REPLY, 1, b"\0\1\x7e"), "branch"),
    ("an error's text that lies", encode(Kind.REPLY, 1, b"\0\1\0" + long(999)), "999 bytes were announced"),
]  # fmt: skip


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws", "http"])
@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in ATTACKS])
def test_a_server_that_breaks_the_rules_is_named(
    caller: Callable[..., Any], way: str, data: bytes, problem: str
) -> None:
    with Rogue(HANDLERS[way](lambda send: send(data))) as rogue, pytest.raises(RpcError) as caught:
        caller(url_of(way, rogue.port), "stream")
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


ON_CALLS = [
    ("an item for a unary call", "unary", encode(Kind.ITEM, 1, PIECE), "which takes none"),
    ("items beyond the window", "stream", LONG_ITEM * 9, "beyond stream_window=2000"),
    ("an item within a reply", "stream", HALF_REPLY + encode(Kind.ITEM, 1, PIECE), "ITEM within a REPLY"),
    ("a reply within an item", "stream", encode(Kind.ITEM, 1, PIECE, 1) + DONE, "REPLY within a ITEM"),
    ("an item that does not fit", "stream", encode(Kind.ITEM, 1, b"\xff" * 11), "longer than ten bytes"),
    ("an item with a tail", "stream", encode(Kind.ITEM, 1, PIECE + b"xx"), "2 bytes are left"),
    ("a result with a tail", "unary", encode(Kind.REPLY, 1, OK + b"\0\0"), "1 bytes are left"),
    ("a result without end", "unary", encode(Kind.REPLY, 1, OK + long(2**40)), "max_items"),
]  # fmt: skip


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws"])
@pytest.mark.parametrize(
    ("shape", "data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in ON_CALLS]
)
def test_what_does_not_belong_to_a_call_is_named(
    caller: Callable[..., Any], way: str, shape: str, data: bytes, problem: str
) -> None:
    with Rogue(HANDLERS[way](lambda send: send(data))) as rogue, pytest.raises(RpcError) as caught:
        caller(url_of(way, rogue.port), shape)
    assert problem in str(caught.value)


def closing(data: bytes) -> Handler:
    def handler(sock: socket.socket) -> None:
        heard(sock, b"avrorpc.upgrade")
        sock.sendall(frame("netty", 1, bound(), OK))
        heard(sock, b"streams.Streams/")
        sock.sendall(data)

    return handler


@CALLERS
@pytest.mark.parametrize("cut", [0, 3, 9, 11, -1])
def test_half_a_reply_at_the_end_is_a_lost_connection(caller: Callable[..., Any], cut: int) -> None:
    with Rogue(closing(DONE[:cut])) as rogue, pytest.raises(TransportError, match="closed the connection"):
        caller(url_of("tcp", rogue.port), "stream")


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws"])
def test_replies_twice_and_items_after_them_harm_nothing(caller: Callable[..., Any], way: str) -> None:
    data = encode(Kind.ITEM, 1, PIECE) + DONE + DONE + encode(Kind.ITEM, 1, PIECE) + credit(1, 5)
    with Rogue(HANDLERS[way](lambda send: send(data))) as rogue:
        assert len(caller(url_of(way, rogue.port), "stream")) == 1


@CALLERS
def test_a_server_that_always_says_goodbye_is_left(caller: Callable[..., Any]) -> None:
    data = encode(Kind.GOODBYE, 0, bytes(4) + b"x" * 9_000)
    with (
        Rogue(over_tcp(lambda send: send(data))) as rogue,
        pytest.raises(RpcError, match="takes no new calls") as caught,
    ):
        caller(url_of("tcp", rogue.port), "unary")
    assert len(str(caught.value)) < 1_200


@CALLERS
def test_a_goodbye_that_lies_is_found_out_at_the_end(caller: Callable[..., Any]) -> None:
    with Rogue(closing(encode(Kind.GOODBYE, 0, b"\xff" * 4))) as rogue, pytest.raises(TransportError):
        caller(url_of("tcp", rogue.port), "unary")


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws"])
@pytest.mark.parametrize("size", [1, 12_000])
def test_pings_without_end_do_not_outlast_the_deadline(
    caller: Callable[..., Any], way: str, size: int
) -> None:
    def script(send: Callable[[bytes], None]) -> None:
        while True:
            send(encode(Kind.PING, 0, bytes(8)) * (size // 18 + 1))

    with Rogue(HANDLERS[way](script)) as rogue, pytest.raises(RpcError) as caught:
        caller(url_of(way, rogue.port), "stream", 0.3)
    assert "MAX_CONTROL" in str(caught.value) or getattr(caught.value, "code", None) is Code.DEADLINE_EXCEEDED


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws", "http"])
def test_frames_that_mean_nothing_do_not_outlast_the_deadline(caller: Callable[..., Any], way: str) -> None:
    def script(send: Callable[[bytes], None]) -> None:
        while True:
            send(encode(Kind.PONG, 0, bytes(8)) * 500)

    with Rogue(HANDLERS[way](script)) as rogue, pytest.raises(StatusError) as caught:
        caller(url_of(way, rogue.port), "stream", 0.3)
    assert caught.value.code is Code.DEADLINE_EXCEEDED


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws", "http"])
def test_silence_does_not_outlast_the_deadline(caller: Callable[..., Any], way: str) -> None:
    with Rogue(HANDLERS[way](lambda send: None)) as rogue, pytest.raises(StatusError) as caught:
        caller(url_of(way, rogue.port), "stream", 0.2)
    assert caught.value.code is Code.DEADLINE_EXCEEDED


def websocket_flood(data: bytes) -> Handler:
    def script(sock: socket.socket) -> Callable[[Callable[[bytes], None]], None]:
        def flood(send: Callable[[bytes], None]) -> None:
            while True:
                sock.sendall(data)

        return flood

    return lambda sock: over_ws(script(sock))(sock)


@CALLERS
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(b"\x89\0" * 500, "", id="pings"),
        pytest.param(b"\x8a\0" * 500, "", id="pongs"),
        pytest.param(b"\x82\0" * 500, "", id="empty messages"),
        pytest.param(b"\x81\x02hi", "a WebSocket message of text", id="texts"),
        pytest.param(b"\x02\x7e\x75\x30" + bytes(30_000), "", id="a second message within one"),
        pytest.param(b"\xc2\x02hi", "", id="a message compressed as nobody agreed"),
        pytest.param(b"\x82\x7f" + struct.pack(">Q", 2**40) + bytes(1_000), "", id="a message of a terabyte"),
        pytest.param(b"\x83\x01x", "", id="an unknown opcode"),
        pytest.param(b"\x82\x82\0\0\0\0hi", "", id="masked"),
    ],
)
def test_websockets_that_attack(caller: Callable[..., Any], data: bytes, problem: str) -> None:
    with Rogue(websocket_flood(data)) as rogue, pytest.raises(RpcError) as caught:
        caller(url_of("ws", rogue.port), "stream", 0.5)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


UPGRADES = [
    ("an unknown version", {"avrorpc.upgrade": b"2"}, "the unknown version b'2'"),
    ("two versions", {"avrorpc.upgrade": b"1,2"}, "the unknown version"),
    ("a version that is no text", {"avrorpc.upgrade": b"\xff\xfe"}, "the unknown version"),
    ("no window", {"avrorpc.window": b""}, "avrorpc.window must be a number"),
    ("a window of nothing", {"avrorpc.window": b"0"}, "avrorpc.window must be a number"),
    ("a negative window", {"avrorpc.window": b"-5"}, "avrorpc.window must be a number"),
    ("a window above all windows", {"avrorpc.window": b"2147483648"}, "avrorpc.window must be a number"),
    ("a window of a thousand digits", {"avrorpc.window": b"9" * 900}, "avrorpc.window must be a number"),
    ("no calls at all", {"avrorpc.max-calls": b"0"}, "avrorpc.max-calls must be a number"),
    ("a number of calls in words", {"avrorpc.max-calls": b"many"}, "avrorpc.max-calls must be a number"),
    ("no body", {"avrorpc.max-body": b"00000000000"}, "avrorpc.max-body must be a number"),
    ("a compression not offered", {"avrorpc.compression": b"zstd"}, "the compression 'zstd', which was not"),
    ("a compression that nobody knows", {"avrorpc.compression": b"\0" * 600}, "which was not offered"),
]  # fmt: skip


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws"])
@pytest.mark.parametrize(("meta", "problem"), [pytest.param(*row[1:], id=row[0]) for row in UPGRADES])
def test_an_upgrade_that_makes_no_sense_is_refused(
    caller: Callable[..., Any], way: str, meta: dict[str, bytes], problem: str
) -> None:
    handler = HANDLERS[way](lambda send: None, {**ANSWER, **meta})
    with Rogue(handler) as rogue, pytest.raises(RpcError) as caught:
        caller(url_of(way, rogue.port), "stream")
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


COMPRESSED = [
    ("a bomb", zlib.compress(bytes(15_000)), "max_expansion=50"),
    ("a bomb above the body", zlib.compress(bytes(10_000_000)), "max_body=20000"),
    ("garbage", b"garbage", "not compressed as agreed"),
    ("half of it", zlib.compress(OK)[:-2], "does not end where it should"),
]


@CALLERS
@pytest.mark.parametrize("way", ["tcp", "ws"])
@pytest.mark.parametrize("kind", [Kind.REPLY, Kind.ITEM])
@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in COMPRESSED])
def test_compressed_messages_that_attack(
    caller: Callable[..., Any], way: str, kind: Kind, data: bytes, problem: str
) -> None:
    def script(send: Callable[[bytes], None]) -> None:
        send(encode(kind, 1, data, Flag.COMPRESSED))

    handler = HANDLERS[way](script, {**ANSWER, "avrorpc.compression": b"deflate"})
    with Rogue(handler) as rogue, pytest.raises(RpcError) as caught:
        caller(url_of(way, rogue.port, "?compression=deflate"), "stream")
    assert problem in str(caught.value)


@CALLERS
def test_a_server_that_never_reads_does_not_hold_up_the_end(caller: Callable[..., Any]) -> None:
    def handler(sock: socket.socket) -> None:
        heard(sock, b"avrorpc.upgrade")
        sock.sendall(frame("netty", 1, bound({**ANSWER, "avrorpc.window": b"2147483647"}), OK))
        done.wait(20)

    import threading  # noqa: PLC0415

    done = threading.Event()
    with Rogue(handler) as rogue:
        with pytest.raises(StatusError) as caught:
            _upload(caller is async_call, url_of("tcp", rogue.port))
        done.set()
    assert caught.value.code is Code.DEADLINE_EXCEEDED


def _upload(is_async: bool, url: str) -> None:
    from testcontracts.streams import Piece  # noqa: PLC0415

    pieces = (Piece(number=n, data=bytes(9_000)) for n in range(5_000))
    if not is_async:
        with avrorpc.connect(StreamsClient, url, limits=LIMITS, timeout=0.5) as client:
            client.upload("x", pieces)
        return

    async def main() -> None:
        async def items() -> Any:
            for piece in pieces:
                yield piece

        async with avrorpc.connect(AsyncStreamsClient, url, limits=LIMITS, timeout=0.5) as client:
            await client.upload("x", items())

    asyncio.run(main())
