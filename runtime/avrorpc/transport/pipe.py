"""Bytes through a blocking socket that is never waited for longer than asked, TLS included."""

from __future__ import annotations

import select
import socket
import ssl
from typing import Protocol

from avrorpc.transport.blocking import Timer


class Pipe(Protocol):
    """What a blocking connection moves its bytes through."""

    sock: socket.socket

    @property
    def has_output(self) -> bool:
        """Whether bytes wait to be sent."""
        ...

    def write(self, data: bytes) -> None:
        """Take bytes to send."""
        ...

    def flush(self) -> None:
        """Send what the system takes now."""
        ...

    def read(self) -> bytes | None:
        """Return what has come: None where nothing has, no bytes where nothing will come any more."""
        ...

    def write_eof(self) -> None:
        """Take note that nothing more is written, where the connection carries one call."""
        ...

    def wait(self, timer: Timer) -> None:
        """Wait until something can be read, or sent where bytes wait for that.

        Raises:
            TimeoutError: The time is up.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class SocketPipe:
    """A pipe through a connected socket, plain or TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._out = bytearray()
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._is_sending = False
        """Whether the poll object looks for room to send, too."""
        sock.setblocking(False)

    @property
    def has_output(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._out)

    def write(self, data: bytes) -> None:
        """Take bytes to send."""
        self._out += data

    def flush(self) -> None:
        """Send what the system takes now."""
        while self._out:
            try:
                sent = self.sock.send(self._out)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            del self._out[:sent]

    def read(self, at_most: int = 262_144) -> bytes | None:
        """Return what has come: None where nothing has, no bytes where nothing will come any more."""
        try:
            return self.sock.recv(at_most)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except ssl.SSLZeroReturnError:
            return b""

    @property
    def waiting(self) -> int:
        """How many bytes wait to be sent."""
        return len(self._out)

    def write_eof(self) -> None:
        """Do nothing: a socket carries many calls."""

    def wait(self, timer: Timer) -> None:
        """Wait until something can be read, or sent where bytes wait for that.

        Raises:
            TimeoutError: The time is up.
        """
        left = timer.left()
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return
        if self._is_sending is not bool(self._out):
            self._is_sending = bool(self._out)
            self._poll.modify(self.sock, select.POLLIN | (select.POLLOUT if self._out else 0))
        if not self._poll.poll(None if left is None else left * 1000):
            raise TimeoutError

    def close(self) -> None:
        """Close the connection."""
        self.sock.close()
