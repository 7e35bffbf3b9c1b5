"""Attacks by WebSocket frames: the connection ends with the code of its fault, and the log names the rule."""

from __future__ import annotations

import contextlib
import socket
import struct
import zlib

import pytest
from avrorpc.transport.http_server import HttpConnection
from avrorpc.transport.websocket_names import MAX_MESSAGE
from avrorpc.transport.websocket_server import WebSocket
from support.serving import ServerThread
from support.waiting import until

from hostile.peers import Peer, answer_of, opened, websocket_frame
from hostile.test_floods import MOST_KEPT

pytestmark = pytest.mark.usefixtures("unharmed")

NO_FRAME = "what came is no WebSocket frame"
HALF = 0x02
"""A binary message that goes on."""
REST = 0x00


def sized(opcode: int, size: int, data: bytes = b"") -> bytes:
    """A frame that claims a size."""
    return bytes([opcode, 0xFF]) + struct.pack(">Q", size) + bytes(4) + data


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)


ATTACKS = [
    ("a text", websocket_frame(b"hello", 0x81), "a WebSocket message of text"),
    ("a text that is none", websocket_frame(b"\xff\xfe", 0x81), NO_FRAME),
    (
        "parts of a text",
        websocket_frame(b"a", 0x01) + websocket_frame(b"b", 0x80),
        "a WebSocket message of text",
    ),
    ("an unknown opcode", websocket_frame(b"x", 0x83), NO_FRAME),
    ("an unknown control opcode", websocket_frame(b"x", 0x8B), NO_FRAME),
    ("the first reserved bit", websocket_frame(b"x", 0xC2), NO_FRAME),
    ("the second reserved bit", websocket_frame(b"x", 0xA2), NO_FRAME),
    ("the third reserved bit", websocket_frame(b"x", 0x92), NO_FRAME),
    ("a bomb that nobody agreed to", websocket_frame(deflated(bytes(50_000_000)), 0xC2), NO_FRAME),
    ("a ping above all pings", websocket_frame(bytes(126), 0x89), NO_FRAME),
    ("a ping of terabytes", sized(0x89, 2**40), NO_FRAME),
    ("a ping in parts", websocket_frame(b"x", 0x09), NO_FRAME),
    ("a close in parts", websocket_frame(b"\x03\xe8", 0x08), NO_FRAME),
    ("a close above all closes", websocket_frame(b"\x03\xe8" + bytes(126), 0x88), NO_FRAME),
    ("half a close code", websocket_frame(b"\x03", 0x88), NO_FRAME),
    ("a close code that there is not", websocket_frame(struct.pack(">H", 999), 0x88), NO_FRAME),
    ("a close code that nobody sends", websocket_frame(struct.pack(">H", 1005), 0x88), NO_FRAME),
    ("a close of no text", websocket_frame(b"\x03\xe8\xff\xfe", 0x88), NO_FRAME),
    ("a part of no message", websocket_frame(b"x", 0x80), NO_FRAME),
    ("a part that goes on of no message", websocket_frame(b"x", REST), NO_FRAME),
    ("a message within a message", websocket_frame(b"x", HALF) * 2, NO_FRAME),
    ("a whole message within a message", websocket_frame(b"x", HALF) + websocket_frame(b"x"), NO_FRAME),
    ("a message of terabytes", sized(0x82, 2**40), f"MAX_MESSAGE={MAX_MESSAGE}"),
    ("a message of more than there is", sized(0x82, 2**64 - 1), NO_FRAME),
    ("a message above the limit", websocket_frame(bytes(MAX_MESSAGE + 1)), f"MAX_MESSAGE={MAX_MESSAGE}"),
    (
        "parts above the limit",
        websocket_frame(b"", HALF) + websocket_frame(b"", REST) * 5 + sized(REST, MAX_MESSAGE + 1),
        f"MAX_MESSAGE={MAX_MESSAGE}",
    ),
    ("HTTP again", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3, NO_FRAME),
    ("frames without their WebSocket", opened(1, "open_streams") * 20, NO_FRAME),
    ("ones", b"\xff" * 5_000, NO_FRAME),
]


@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in ATTACKS])
@pytest.mark.parametrize("is_shaken", [False, True], ids=["before the handshake", "after it"])
def test_websocket_frames_that_attack(
    server: ServerThread, data: bytes, problem: str, is_shaken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(server, "ws") as peer:
        if is_shaken:
            peer.shake()
        else:
            peer.open()
        with contextlib.suppress(OSError):
            peer.sock.sendall(data)
        peer.to_the_end()
        assert b"aiohttp" not in bytes(peer.heard)
    server.run(until(lambda: problem in caplog.text))
    assert len([each for each in caplog.records if each.levelname == "WARNING"]) == 1


FLOODS = [
    ("pings", websocket_frame(b"", 0x89)),
    ("long pings", websocket_frame(bytes(125), 0x89)),
    ("pongs that nobody asked for", websocket_frame(b"", 0x8A)),
    ("empty messages", websocket_frame(b"")),
    ("bytes in messages of their own", websocket_frame(b"\0") * 10),
]


@pytest.mark.parametrize("data", [pytest.param(row[1], id=row[0]) for row in FLOODS])
def test_floods_of_websocket_frames_keep_nothing(server: ServerThread, data: bytes) -> None:
    with Peer(server, "ws") as peer:
        peer.shake()
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        peer.sock.settimeout(0.2)
        with contextlib.suppress(OSError):
            for _ in range(20):
                peer.sock.sendall(data * (100_000 // len(data)))
        assert server.run(_kept(server)) < MOST_KEPT


async def _kept(server: ServerThread) -> int:
    """Return the bytes that the server keeps for its WebSockets, a message counting 128 more than it has."""
    kept = 0
    for listener in server.server._listeners:
        for connection in getattr(listener, "_connections", ()):
            if isinstance(connection, HttpConnection) and isinstance(connection._inner, WebSocket):
                assert connection._transport is not None
                kept += connection._transport.get_write_buffer_size()
                kept += len(connection._inner._frames._proto._frame_decoder.buffer.buffer)
    return kept


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_message_of_parts_without_end_takes_no_room(server: ServerThread, is_empty: bool) -> None:
    with Peer(server, "ws") as peer:
        peer.shake()
        peer.sock.sendall(websocket_frame(b"", HALF))
        peer.sock.sendall(websocket_frame(b"" if is_empty else b"\0", REST) * 50_000)
        assert server.run(_kept(server)) < MOST_KEPT


def test_closes_without_end_are_one(server: ServerThread) -> None:
    with Peer(server, "ws") as peer:
        peer.shake()
        with contextlib.suppress(OSError):
            for _ in range(50):
                peer.sock.sendall(websocket_frame(b"\x03\xe8", 0x88) * 500)
        assert peer.to_the_end() == []


def test_frames_after_the_close_are_not_heard(server: ServerThread) -> None:
    with Peer(server, "ws") as peer:
        peer.shake()
        peer.sock.sendall(websocket_frame(b"\x03\xe8", 0x88) + websocket_frame(opened(1, "open_streams")))
        assert peer.to_the_end() == []


def test_pings_within_a_message_are_answered_and_do_it_no_harm(server: ServerThread) -> None:
    with Peer(server, "ws") as peer:
        peer.shake()
        call = opened(1, "open_streams")
        ping = websocket_frame(b"are you there", 0x89)
        parts = [websocket_frame(call[n : n + 1], REST if n else HALF) + ping for n in range(len(call))]
        peer.sock.sendall(b"".join(parts) + websocket_frame(b"", 0x80))
        assert answer_of(peer.reply(1)).code == "OK"
        assert peer.heard.count(b"\x8a\x0dare you there") == len(call)


def test_a_websocket_that_is_half_closed_is_left(server: ServerThread) -> None:
    with Peer(server, "ws") as peer:
        peer.shake()
        peer.sock.sendall(sized(0x82, 1_000, b"x" * 10))
        peer.sock.shutdown(socket.SHUT_WR)
        assert peer.to_the_end() == []


def test_no_compression_is_agreed_to(server: ServerThread) -> None:
    with Peer(server, "ws") as peer:
        peer.sock.sendall(
            b"GET /avro HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: chat, avrorpc.v1\r\n"
            b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
        )
        said = peer._recv()
        assert said.startswith(b"HTTP/1.1 101 ")
        assert b"deflate" not in said
        assert b"Server:" not in said
