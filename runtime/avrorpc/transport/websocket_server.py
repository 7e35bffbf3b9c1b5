"""A WebSocket at a server, which carries the bytes of a link: wsproto reads its frames, and writes them.

It takes over a connection that `http_server` has upgraded, and is to the link what a socket's transport is.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from typing import Any, Final, cast

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, TextMessage
from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits
from wsproto.utilities import generate_accept_token

from avrorpc.transport.accepted import Accepted
from avrorpc.transport.http_message import HttpRequest, HttpResponse, problem
from avrorpc.transport.peer import peer_name
from avrorpc.transport.websocket_names import MAX_MESSAGE, SUBPROTOCOL
from avrorpc.wire.frames import CHUNK

logger = logging.getLogger("avrorpc")

CLOSE_SECONDS: Final = 1.0
"""How long a client may take to answer the end of a WebSocket."""
KEY_SIZE: Final = 16


def refusal(request: HttpRequest) -> HttpResponse | None:
    """Return why no WebSocket is opened, or None where one may be."""
    headers = request.headers
    if headers.get("upgrade", "").lower() != "websocket":
        said = f"this address opens WebSockets of {SUBPROTOCOL}; Avro is posted to /avro/PROTOCOL"
        return problem(426, said, {"Upgrade": "websocket"})
    if not request.head.is_upgrade:
        return problem(400, "the headers of the request do not ask for a WebSocket as they must")
    if headers.get("sec-websocket-version") != "13":
        return problem(426, "the version of WebSockets must be 13", {"Sec-WebSocket-Version": "13"})
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY_SIZE:
        return problem(400, f"the key of a WebSocket has {KEY_SIZE} bytes")
    offered = [name.strip() for name in headers.get("sec-websocket-protocol", "").split(",")]
    if SUBPROTOCOL not in offered:
        return problem(400, f"the subprotocol must be {SUBPROTOCOL}")
    return None


def acceptance(request: HttpRequest, link: asyncio.Protocol) -> HttpResponse:
    """Return the response that opens a WebSocket for a link; extensions are never agreed on."""
    key = request.headers["sec-websocket-key"].encode("latin-1")
    headers = {
        "Upgrade": "websocket",
        "Sec-WebSocket-Accept": generate_accept_token(key).decode(),
        "Sec-WebSocket-Protocol": SUBPROTOCOL,
    }
    return HttpResponse(101, headers, takeover=WebSocket(link, request.accepted))


class WebSocket(asyncio.Protocol):
    """What has the connection once it is upgraded.

    Args:
        link: Is given what binary messages hold, as the bytes of a stream.
        accepted: Counts what is sent.
    """

    def __init__(self, link: asyncio.Protocol, accepted: Accepted) -> None:
        self._link = link
        self._accepted = accepted
        self._frames = Connection(ConnectionType.SERVER, [_Sizes()])
        self._transport: asyncio.Transport | None = None
        self._is_choked = False
        self._ping: Ping | None = None
        self._is_closing = False
        self._closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Show the link a transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's lack the base class
        self._link.connection_made(Messages(self, self._transport))

    def data_received(self, data: bytes) -> None:
        """Give the link what comes; an empty message is nothing."""
        if (
            self._frames.state is ConnectionState.CLOSED
            or self._frames.state is ConnectionState.REMOTE_CLOSING
        ):
            return
        self._frames.receive_data(data)
        for event in self._frames.events():
            match event:
                case BytesMessage(data=part):
                    if part and not self._is_closing:
                        self._link.data_received(bytes(part))
                case TextMessage():
                    self._fail(
                        CloseReason.UNSUPPORTED_DATA, f"a WebSocket message of text; {SUBPROTOCOL} is binary"
                    )
                    return
                case Ping():
                    self._pong(event)
                case CloseConnection():
                    self._closed(event)
                    return
                case _:
                    pass  # an answer to a ping that this end does not send

    def eof_received(self) -> bool:
        """End: a client that sends no more has left."""
        self._link.eof_received()
        return False

    def pause_writing(self) -> None:
        """Pass it on."""
        self._is_choked = True
        self._link.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on, and answer the last ping of those that came meanwhile."""
        self._is_choked = False
        ping, self._ping = self._ping, None
        if ping is not None:
            self._pong(ping)
        self._link.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass it on."""
        if self._closing is not None:
            self._closing.cancel()
        self._link.connection_lost(exc)

    def send(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send bytes, in messages of a size that every client of ours takes."""
        transport = self._transport
        if self._is_closing or transport is None:
            return
        view = memoryview(data)
        self._accepted.traffic.sent += len(view)
        for start in range(0, len(view), CHUNK):
            part = bytes(view[start : start + CHUNK])
            transport.write(self._frames.send(Message(data=part)))

    def close(self, code: int = CloseReason.NORMAL_CLOSURE, why: str = "") -> None:
        """Say goodbye, and wait a while for the client's; what it still sends is dropped."""
        transport = self._transport
        if self._is_closing or transport is None:
            return
        self._is_closing = True
        if self._frames.state is not ConnectionState.OPEN:
            transport.close()
            return
        transport.write(self._frames.send(CloseConnection(code, why)))
        transport.resume_reading()
        self._closing = asyncio.get_running_loop().call_later(CLOSE_SECONDS, transport.abort)

    @property
    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._is_closing or self._transport is None or self._transport.is_closing()

    def _pong(self, ping: Ping) -> None:
        if self._is_choked:
            self._ping = ping  # answers that nobody reads are not heaped up
        elif self._transport is not None and self._frames.state is ConnectionState.OPEN:
            self._transport.write(self._frames.send(ping.response()))

    def _closed(self, event: CloseConnection) -> None:
        """Answer the client's end, or end where it broke the protocol of WebSockets."""
        transport = self._transport
        if transport is None:
            return
        if self._frames.state is ConnectionState.OPEN:
            if event.code == CloseReason.MESSAGE_TOO_BIG:
                self._fail(event.code, f"a WebSocket message above MAX_MESSAGE={MAX_MESSAGE} bytes")
            else:
                self._fail(event.code, "what came is no WebSocket frame")
        elif self._frames.state is ConnectionState.REMOTE_CLOSING:
            self._is_closing = True
            transport.write(self._frames.send(event.response()))
            transport.close()
        else:
            transport.close()

    def _fail(self, code: int, why: str) -> None:
        if self._transport is not None and not self._is_closing:
            logger.warning("closing the connection from %s: %s", peer_name(self._transport), why)
        self.close(code, why)


class _Sizes(Extension):
    """Bounds messages by what the heads of their frames announce; it is agreed on with nobody."""

    name = "sizes"

    def __init__(self) -> None:
        self._size = 0

    def enabled(self) -> bool:
        """Return that it is in use."""
        return True

    def offer(self) -> bool:
        """Return that it is offered to nobody."""
        return False

    def frame_inbound_header(
        self, proto: FrameDecoder | FrameProtocol, opcode: Opcode, rsv: RsvBits, payload_length: int
    ) -> CloseReason | RsvBits:
        """Count a frame; none of its reserved bits means anything here."""
        if not opcode.iscontrol():
            self._size = payload_length + (self._size if opcode is Opcode.CONTINUATION else 0)
            if self._size > MAX_MESSAGE:
                return CloseReason.MESSAGE_TOO_BIG
        return RsvBits(rsv1=False, rsv2=False, rsv3=False)


class Messages(asyncio.Transport):
    """The transport that a link is shown.

    Args:
        websocket: Carries the bytes.
        transport: What is below.
    """

    def __init__(self, websocket: WebSocket, transport: asyncio.Transport) -> None:
        super().__init__()
        self._websocket = websocket
        self._below = transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the socket's transport knows."""
        return self._below.get_extra_info(name, default)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send bytes."""
        self._websocket.send(data)

    def get_write_buffer_size(self) -> int:
        """Bytes that the system has not taken yet."""
        return self._below.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        """Return that one direction cannot end before the other."""
        return False

    def write_eof(self) -> None:
        """Do nothing: a WebSocket goes on."""

    def close(self) -> None:
        """Send what is due, and close."""
        self._websocket.close()

    def abort(self) -> None:
        """Close at once; what is due is lost."""
        self._below.abort()

    def is_closing(self) -> bool:
        """Whether nothing more is taken."""
        return self._websocket.is_closing

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        if not self.is_closing():
            self._below.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if not self.is_closing():
            self._below.resume_reading()
