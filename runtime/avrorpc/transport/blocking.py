"""What the blocking transports share: a pool of connections with one call in flight on each."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections import deque
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from avrorpc.errors import ClientStateError


class Pooled(Protocol):
    """A connection that a pool may keep."""

    sock: socket.socket

    def is_stale(self) -> bool:
        """Whether no other exchange can begin here: what has come while it was idle says so."""
        ...


P = TypeVar("P", bound=Pooled)

_RESET: Final = struct.pack("ii", 1, 0)
_ORDERLY: Final = struct.pack("ii", 0, 0)


class Pool(Generic[P]):
    """Idle connections, last used first.

    There is no lock: whoever collects garbage may give a connection back in the middle of anything that is
    done here, in the same thread. Each step is one operation of a deque.
    """

    def __init__(self) -> None:
        self._idle: deque[P] = deque()
        self._closed = False

    def take(self) -> P | None:
        """Return an idle connection that the server has not ended meanwhile, or None.

        Raises:
            ClientStateError: The pool is closed.
        """
        while True:
            if self._closed:
                raise ClientStateError("this client is closed")
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if not connection.is_stale():
                return connection
            connection.sock.close()

    def give(self, connection: P) -> None:
        """Take a connection back after a whole exchange."""
        self._idle.append(connection)
        if self._closed:
            self._drop_all()

    def close(self) -> None:
        """Close the idle connections; those in use close when they come back."""
        self._closed = True
        self._drop_all()

    def _drop_all(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().sock.close()


class Timer:
    """The time left for one exchange on blocking sockets."""

    def __init__(self, timeout: float | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout

    def within(self, seconds: float) -> Timer:
        """Return a timer that ends after so many seconds, or with this one; 0 stands for no bound."""
        made = Timer(seconds or None)
        if made._end is None or (self._end is not None and self._end < made._end):
            return self
        return made

    def left(self) -> float | None:
        """Return the seconds left, for `settimeout`.

        Raises:
            TimeoutError: None are.
        """
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def send_all(sock: socket.socket, data: bytes, timer: Timer) -> None:
    """Send everything within the time left, which a TLS socket's own `sendall` gives to each record anew.

    Raises:
        TimeoutError: It is over.
    """
    view = memoryview(data)
    while view:
        sock.settimeout(timer.left())
        view = view[sock.send(view) :]


def abandon(sock: socket.socket) -> None:
    """Close a connection in the middle of a call, and let the server know that nobody waits for its reply."""
    if sock.fileno() >= 0:
        reset_on_close(sock)
    sock.close()


def reset_on_close(sock: socket.socket, is_wanted: bool = True) -> None:
    """Make the end of a TCP connection a reset, or an orderly one again; unix sockets need neither.

    A reset tells a server that nobody waits for its replies. From an orderly end it cannot tell whether the
    client has left, or only sends no more.
    """
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET if is_wanted else _ORDERLY)


def has_input(sock: socket.socket) -> bool:
    """Whether a socket has something to read: on an idle one its end, or bytes that nobody asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
