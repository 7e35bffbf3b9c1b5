"""Servers that do not behave: each connection is handed, as a plain socket, to a function."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeAlias

Handler: TypeAlias = Callable[[socket.socket], None]


class Rogue:
    """Listens on loopback and runs `handler` for each connection, which is closed at its end."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="rogue-server")]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing a listener does not wake up its `accept`; shutting it down does.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(20)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), name="rogue-connection")
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            sock.settimeout(20)
            try:
                self._handler(sock)
            except OSError:
                return


def closed_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def says(data: bytes) -> Handler:
    """Return a handler that waits for something, answers with `data` and closes."""

    def handler(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(data)

    return handler


def silent(sock: socket.socket) -> None:
    """Take everything and say nothing."""
    while sock.recv(65_536):
        continue
