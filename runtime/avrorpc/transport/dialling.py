"""How a client gets a connection: to a TCP port or a unix socket, with or without TLS, and not too often."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from avrorpc.errors import ConnectError
from avrorpc.transport import memory
from avrorpc.transport.address import Address
from avrorpc.transport.backoff import DEFAULT_BACKOFF, Backoff, Redialling
from avrorpc.transport.blocking import Timer
from avrorpc.transport.faults import dialling
from avrorpc.transport.tls import TlsOptions, client_tls

P = TypeVar("P", bound=asyncio.BaseProtocol)

TLS_GOODBYE_SECONDS: Final = 1.0
"""How long a client that closes waits for the server's part in ending TLS."""


class Dialler:
    """Makes the connections of one client.

    Args:
        address: Where the server is.
        tls: What is shown there and demanded, beside what the address says.
        backoff: How soon a server is dialled again that could not be reached.

    Raises:
        BindError: `tls` does not fit the address, or a file of it cannot be used.
    """

    def __init__(
        self, address: Address, tls: TlsOptions | None = None, backoff: Backoff = DEFAULT_BACKOFF
    ) -> None:
        self.address: Final = address
        self.tls: Final = client_tls(address, tls)
        self._redialling = Redialling(backoff)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Dial within this, until it is certain that the other end is a server of the right kind.

        Raises:
            ConnectError: It is too soon after failures.
        """
        before = self._redialling.check()
        try:
            yield
        except ConnectError as error:
            self._redialling.failed(error, before)
            raise
        self._redialling.succeeded()

    async def connect(self, factory: Callable[[], P]) -> P:
        """Return the protocol of a new connection.

        Raises:
            ConnectError: There is none; the text says why.
        """
        loop, address = asyncio.get_running_loop(), self.address
        with dialling(address):
            if address.scheme == "memory":
                protocol = await memory.dial(factory, address.host)
            elif address.scheme == "unix":
                _, protocol = await loop.create_unix_connection(factory, address.path)
            elif self.tls is None:
                _, protocol = await loop.create_connection(factory, address.host, address.port)
            else:
                _, protocol = await loop.create_connection(
                    factory,
                    address.host,
                    address.port,
                    ssl=self.tls.context,
                    server_hostname=self.tls.server_name,
                    ssl_shutdown_timeout=TLS_GOODBYE_SECONDS,
                )
        return protocol

    async def close(self) -> None:
        """Do nothing: there is nothing besides the connections."""

    def connect_blocking(self, timer: Timer) -> socket.socket:
        """Return a new connection, or give up when the timer says so.

        Raises:
            ConnectError: There is none; the text says why.
            TimeoutError: The time is over.
        """
        address = self.address
        with dialling(address):
            if address.scheme == "unix":
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            else:
                sock = socket.create_connection((address.host, address.port), timer.left())
            try:
                if address.scheme == "unix":
                    sock.settimeout(timer.left())
                    sock.connect(address.path)
                    return sock
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.tls is None:
                    return sock
                sock.settimeout(timer.left())
                return self.tls.context.wrap_socket(sock, server_hostname=self.tls.server_name)
            except BaseException:
                sock.close()
                raise
