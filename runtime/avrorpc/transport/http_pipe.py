"""A blocking pipe through one HTTP request and its response; the protocol is h11's."""

from __future__ import annotations

import socket
from typing import Final

import h11

from avrorpc.errors import ConnectionLost, RemoteProtocolError
from avrorpc.transport.address import Address
from avrorpc.transport.blocking import Timer
from avrorpc.transport.http_status import MOST_SAID, not_http
from avrorpc.transport.http_stream import STREAM_TYPE, check_stream_response
from avrorpc.transport.pipe import SocketPipe

MOST_PREFACES: Final = 16
"""Informational responses before the one that counts."""


class HttpPipe:
    """A pipe through the bodies of one POST.

    Args:
        sock: The connected socket.
        address: Where the server is.
        path: What is posted to.
    """

    def __init__(self, sock: socket.socket, address: Address, path: str) -> None:
        self.sock = sock
        self._address = address
        self._pipe = SocketPipe(sock)
        self._state = h11.Connection(h11.CLIENT)
        self._status = 0
        self._kind = ""
        self._said = bytearray()
        self._prefaces = 0
        self._is_complete = False
        headers = [
            ("Host", address.authority),
            ("Content-Type", STREAM_TYPE),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
        ]
        self._send(h11.Request(method="POST", target=path, headers=headers))

    @property
    def has_output(self) -> bool:
        """Whether bytes wait to be sent."""
        return self._pipe.has_output

    def write(self, data: bytes) -> None:
        """Take bytes to send; after the end of the request, as for a pong, they are dropped."""
        if not self._is_complete:
            self._send(h11.Data(data=data))

    def write_eof(self) -> None:
        """Take note that nothing more is written: the request is complete."""
        self._is_complete = True
        self._send(h11.EndOfMessage())

    def flush(self) -> None:
        """Send what the system takes now."""
        self._pipe.flush()

    def read(self) -> bytes | None:
        """Return what has come: None where nothing has, no bytes where nothing will come any more."""
        try:
            while True:
                event = self._state.next_event()
                match event:
                    case h11.NEED_DATA:
                        data = self._pipe.read()
                        if data is None:
                            return None
                        self._state.receive_data(data)
                    case h11.Response(status_code=status, headers=headers):
                        self._status = status
                        self._kind = next((v.decode() for k, v in headers if k == b"content-type"), "")
                        if self._is_ours:
                            check_stream_response(self._address, status, self._kind, b"")
                    case h11.Data(data=data) if self._is_ours:
                        return bytes(data)
                    case h11.Data(data=data):
                        self._said += data[:MOST_SAID]
                        if len(self._said) >= MOST_SAID:
                            check_stream_response(self._address, self._status, self._kind, bytes(self._said))
                    case h11.InformationalResponse():
                        self._prefaces += 1
                        if self._prefaces > MOST_PREFACES:
                            text = f"{self._address} announces its response more than {MOST_PREFACES} times"
                            raise RemoteProtocolError(text)
                    case h11.EndOfMessage() | h11.ConnectionClosed() | h11.PAUSED:
                        if not self._status:
                            return b""
                        check_stream_response(self._address, self._status, self._kind, bytes(self._said))
                        return b""
        except h11.RemoteProtocolError as error:
            if self._state.trailing_data[1]:
                raise ConnectionLost(f"the server at {self._address} closed the connection") from error
            raise not_http(self._address, error) from error

    def wait(self, timer: Timer) -> None:
        """Wait until something can be read, or sent where bytes wait for that.

        Raises:
            TimeoutError: The time is up.
        """
        self._pipe.wait(timer)

    def close(self) -> None:
        """Close the connection."""
        self._pipe.close()

    @property
    def _is_ours(self) -> bool:
        return self._status == 200 and self._kind.partition(";")[0].strip() == STREAM_TYPE

    def _send(self, event: h11.Event) -> None:
        data = self._state.send(event)
        if data:
            self._pipe.write(data)
