"""WebSocket on blocking sockets, for synchronous clients; the protocol is wsproto's."""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import Final

import wsproto
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError as WsLocalProtocolError
from wsproto.utilities import RemoteProtocolError as WsRemoteProtocolError

from avrorpc.errors import ConnectionLost, LimitExceeded, RemoteProtocolError
from avrorpc.transport.address import Address
from avrorpc.transport.blocking import Timer
from avrorpc.transport.faults import lost_at_start
from avrorpc.transport.http_status import not_now
from avrorpc.transport.pipe import SocketPipe
from avrorpc.transport.websocket_names import MAX_MESSAGE, PATH, SUBPROTOCOL
from avrorpc.wire.frames import CHUNK

READ_SIZE: Final = 32_768
"""Bytes read at a time: thousands of empty messages take long enough."""


class WebSocketPipe:
    """A pipe through a WebSocket on a connected socket, plain or TLS.

    Args:
        sock: The connected socket.
        address: Where the server is.
    """

    def __init__(self, sock: socket.socket, address: Address) -> None:
        self.sock = sock
        self._address = address
        self._pipe = SocketPipe(sock)
        self._websocket = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self._in = bytearray()
        self._size = 0
        self._is_open = False
        self._is_over = False

    def open(self, timer: Timer) -> None:
        """Make the WebSocket's own handshake.

        Raises:
            TimeoutError: It took too long.
            ConnectError: The server closed the connection.
            RemoteProtocolError: What answers is no WebSocket of ours.
            StatusError: UNAVAILABLE, where the server says so.
        """
        path = self._address.path or PATH
        self._send(Request(host=self._address.authority, target=path, subprotocols=[SUBPROTOCOL]))
        while not self._is_open:
            self._pipe.flush()
            if not self._take(self._pipe.read()):
                self._pipe.wait(timer)
            if self._is_over:
                text = f"{self._address} closed the connection and opened no WebSocket"
                raise lost_at_start(self._address, ConnectionLost(text))

    @property
    def has_output(self) -> bool:
        """Whether bytes wait to be sent."""
        return self._pipe.has_output

    def write(self, data: bytes) -> None:
        """Take bytes to send."""
        for start in range(0, len(data), CHUNK):
            self._send(Message(data=data[start : start + CHUNK]))

    def flush(self) -> None:
        """Send what the system takes now."""
        self._pipe.flush()

    def read(self) -> bytes | None:
        """Return what has come: None where nothing has, no bytes where nothing will come any more."""
        # Whoever asks again looks at the clock in between: there may be nothing but WebSocket's own frames.
        if not self._in and not self._is_over:
            self._take(self._pipe.read(READ_SIZE))
        if not self._in and not self._is_over:
            return None
        data = bytes(self._in)
        self._in.clear()
        return data

    def write_eof(self) -> None:
        """Do nothing: a WebSocket goes on."""

    def wait(self, timer: Timer) -> None:
        """Wait until something can be read, or sent where bytes wait for that.

        Raises:
            TimeoutError: The time is up.
        """
        self._pipe.wait(timer)

    def close(self) -> None:
        """Close the connection."""
        self._pipe.close()

    def _send(self, event: wsproto.events.Event) -> None:
        try:
            self._pipe.write(self._websocket.send(event))
        except WsLocalProtocolError as error:
            raise ConnectionLost(f"the WebSocket to {self._address} is closing") from error

    def _take(self, data: bytes | None) -> bool:
        """Take what was read; return whether it was anything."""
        if data is None:
            return False
        if not data:
            self._is_over = True
            return True
        try:
            self._websocket.receive_data(data)
            for event in self._websocket.events():
                self._event(event)
        except WsRemoteProtocolError as error:
            raise RemoteProtocolError(f"{self._address} opens no WebSocket here: {error}") from error
        return True

    def _event(self, event: wsproto.events.Event) -> None:
        match event:
            case AcceptConnection(subprotocol=chosen):
                if chosen != SUBPROTOCOL:
                    text = f"{self._address} opens a WebSocket, but does not speak {SUBPROTOCOL}"
                    raise RemoteProtocolError(text)
                self._is_open = True
            case RejectConnection(status_code=HTTPStatus.SERVICE_UNAVAILABLE):
                raise not_now(self._address)
            case RejectConnection(status_code=status):
                raise RemoteProtocolError(f"{self._address} answered {status} and opens no WebSocket here")
            case RejectData():
                pass  # what a refusal says besides its status
            case BytesMessage(data=data, message_finished=is_finished):
                self._in += data
                self._size = 0 if is_finished else self._size + len(data)
                if self._size > MAX_MESSAGE:
                    raise LimitExceeded(f"a WebSocket message above MAX_MESSAGE={MAX_MESSAGE} bytes")
            case TextMessage():
                raise RemoteProtocolError(f"a WebSocket message of text; {SUBPROTOCOL} is binary")
            case Ping():
                if self._pipe.waiting > MAX_MESSAGE:
                    raise LimitExceeded(f"the server makes answers of more than {MAX_MESSAGE} bytes wait")
                self._send(event.response())
            case CloseConnection():
                self._is_over = True
            case _:
                pass  # an answer to a ping that this end does not send
