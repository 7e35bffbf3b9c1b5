"""A client without manners: it says what it is told to, in our frames, over each transport of theirs."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import struct
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

import h11
from avrorpc.codec.binary import Cursor, write_long, write_string
from avrorpc.limits import Limits
from avrorpc.wire.envelope import read_code, read_reply_head, request_head
from avrorpc.wire.frames import HEAD, Flag, Frame, FrameReader, Kind, encode
from avrorpc.wire.framing import deframer, frame
from avrorpc.wire.handshake import HandshakeRequest, decode_response, encode_request
from avrorpc.wire.settings import UPGRADE, Wishes, offer
from support.serving import ServerThread
from testcontracts.streams import STREAMS

Way: TypeAlias = Literal["tcp", "spec", "ws", "http"]
PING: Final = bytes(request_head({}, ""))
OFFER: Final = offer(Wishes(compressions=("zstd", "deflate")), Limits())
NO_WINDOW: Final = offer(Wishes(has_window=False), Limits())
SECRETS: Final = (b"Traceback", b".py", b"object at 0x", b"site-packages", b"avrorpc/", b"self.", b"line ")
"""What a server must say to nobody: parts of tracebacks, paths, and what Python calls things."""


def long(value: int) -> bytes:
    out = bytearray()
    write_long(out, value)
    return bytes(out)


def string(value: str) -> bytes:
    out = bytearray()
    write_string(out, value)
    return bytes(out)


def hello(meta: dict[str, bytes] = OFFER, text: str | None = None, client: bytes = STREAMS.hash) -> bytes:
    return encode_request(HandshakeRequest(client, text, STREAMS.hash, meta))


def opened(
    number: int,
    message: str,
    parameters: bytes = b"",
    flags: int = 0,
    metadata: dict[str, bytes] | None = None,
    protocol: str = "streams.Streams",
) -> bytes:
    """A call."""
    return encode(Kind.OPEN, number, head(message, metadata, protocol) + parameters, flags)


def head(message: str, metadata: dict[str, bytes] | None = None, protocol: str = "streams.Streams") -> bytes:
    return bytes(request_head(metadata or {}, f"{protocol}/{message}"))


def credit(number: int, size: int) -> bytes:
    return encode(Kind.CREDIT, number, struct.pack(">I", size))


def websocket_frame(data: bytes, opcode: int = 0x82) -> bytes:
    """A message of a client, or a part of one; the first byte has the flags, too."""
    if len(data) < 126:
        size = bytes([0x80 | len(data)])
    elif len(data) < 65_536:
        size = b"\xfe" + struct.pack(">H", len(data))
    else:
        size = b"\xff" + struct.pack(">Q", len(data))
    return bytes([opcode]) + size + bytes(4) + data  # masked with zeros


@dataclass(frozen=True)
class Answer:
    """An undeclared error, as a reply has it."""

    code: str
    text: str


def answer_of(body: bytes) -> Answer:
    cursor = Cursor(body, Limits())
    metadata, is_error = read_reply_head(cursor)
    if not is_error:
        return Answer("OK", "")
    assert cursor.read_long() == 0
    return Answer(read_code(metadata).value, cursor.read_string())


class Peer:
    """A connection to a server, before any handshake; `shake` makes one."""

    def __init__(self, server: ServerThread, way: Way) -> None:
        self.way = way
        url = {"tcp": server.tcp, "spec": server.spec}.get(way, server.http)
        parts = urlsplit(url)
        self.sock = socket.create_connection((parts.hostname or "", parts.port or 0), 10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name = "{}:{}".format(*self.sock.getsockname()[:2])
        self.heard = bytearray()
        """All that the server has said."""
        self.frames: list[Frame] = []
        """What has come, and nobody has asked for."""
        self._reader = FrameReader(2**24)
        self._http = h11.Connection(h11.CLIENT)
        self._is_open = way in ("tcp", "spec")
        self._raw = bytearray()
        self._is_over = False

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()
        said = bytes(self.heard)
        assert not [secret for secret in SECRETS if secret in said], said[:2_000]

    def shake(self, meta: dict[str, bytes] = OFFER) -> None:
        """Make a good handshake, after which our frames are spoken."""
        if self.way in ("tcp", "spec"):
            framing: Literal["netty", "spec"] = "netty" if self.way == "tcp" else "spec"
            self.sock.sendall(frame(framing, 1, hello(meta), PING))
            reader = deframer(framing, Limits())
            messages: list[tuple[int, object]] = []
            while not messages:
                messages += reader.feed(self._recv())
            body = messages[0][1]
            assert isinstance(body, bytes)
            assert UPGRADE in decode_response(Cursor(body)).meta
            return
        self.open()
        self.send(encode(Kind.BIND, 1, hello(meta)))
        assert self.next().kind is Kind.BOUND

    def open(self) -> None:
        """Open what carries the frames: a WebSocket, or the body of a post."""
        if self._is_open:
            return
        self._is_open = True
        if self.way == "ws":
            key = base64.b64encode(bytes(16)).decode()
            self.sock.sendall(
                f"GET /avro HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Protocol: avrorpc.v1\r\n\r\n".encode()
            )
            while b"\r\n\r\n" not in self._raw:
                self._raw += self._recv()
            said, _, rest = bytes(self._raw).partition(b"\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 101 "), said
            self._raw[:] = rest
            return
        headers = [("Host", "x"), ("Content-Type", "application/avrorpc"), ("Transfer-Encoding", "chunked")]
        post = h11.Request(method="POST", target="/avro/streams.Streams", headers=headers)
        self.sock.sendall(self._http.send(post) or b"")

    def send(self, data: bytes) -> None:
        """Send frames; a server that has closed already is no surprise."""
        with contextlib.suppress(ConnectionResetError, BrokenPipeError, h11.LocalProtocolError):
            if self.way == "ws":
                for start in range(0, len(data), 60_000):
                    self.sock.sendall(websocket_frame(data[start : start + 60_000]))
            elif self.way == "http":
                self.sock.sendall(self._http.send(h11.Data(data=data)) or b"")
            else:
                self.sock.sendall(data)

    def finish(self) -> None:
        """Send no more."""
        with contextlib.suppress(OSError, h11.LocalProtocolError):
            if self.way == "http":
                self.sock.sendall(self._http.send(h11.EndOfMessage()) or b"")
            elif self.way == "ws":
                self.sock.sendall(websocket_frame(b"\x03\xe8", 0x88))
            self.sock.shutdown(socket.SHUT_WR)

    def next(self) -> Frame:
        """Return the next frame that comes."""
        while not self.frames:
            assert self._more(), f"the server closed; it said {bytes(self.heard)!r}"
        return self.frames.pop(0)

    def reply(self, number: int) -> bytes:
        """Return the reply to a call; what comes before is dropped."""
        while (each := self.next()).kind is not Kind.REPLY or each.call != number:
            continue
        return each.payload

    def to_the_end(self) -> list[Frame]:
        """Return all frames up to the end of the connection."""
        while self._more():
            continue
        return self.frames

    def _more(self) -> bool:
        """Take what comes next; return whether anything did."""
        data = b"" if self._is_over else self._recv()
        if not data:
            self._is_over = True
            return False
        if self.way == "ws":
            self._raw += data
            for payload in self._messages():
                self.frames += self._reader.feed(payload)
        elif self.way == "http":
            self._http.receive_data(data)
            while not isinstance(event := self._event(), type):
                if isinstance(event, h11.Data):
                    self.frames += self._reader.feed(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    self._is_over = True
                    break
        else:
            self.frames += self._reader.feed(data)
        return True

    def _event(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError:
            return h11.NEED_DATA  # cut off

    def _messages(self) -> list[bytes]:
        """Cut whole WebSocket messages out of what has come; the server's are never in parts."""
        messages = []
        while len(self._raw) >= 2:
            size, start = self._raw[1] & 127, 2
            if size == 126:
                size, start = struct.unpack_from(">H", self._raw.ljust(4, b"\0"), 2)[0], 4
            elif size == 127:
                size, start = struct.unpack_from(">Q", self._raw.ljust(10, b"\0"), 2)[0], 10
            if len(self._raw) < start + size:
                break
            if self._raw[0] & 15 == 2:
                messages.append(bytes(self._raw[start : start + size]))
            elif self._raw[0] & 15 == 8:
                self._is_over = True
                with contextlib.suppress(OSError):
                    self.sock.sendall(websocket_frame(b"", 0x88))  # else it is waited for
            del self._raw[: start + size]
        return messages

    def _recv(self) -> bytes:
        try:
            data = self.sock.recv(65_536)
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        self.heard += data
        return data


__all__ = [
    "HEAD",
    "Answer",
    "Flag",
    "Frame",
    "Kind",
    "Peer",
    "answer_of",
    "encode",
    "long",
    "opened",
    "string",
]
