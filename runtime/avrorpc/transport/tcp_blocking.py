"""TCP on blocking sockets: for synchronous clients, thread-safe, without a thread of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Generic, TypeVar

from avrorpc.errors import ConnectionLost
from avrorpc.limits import Limits
from avrorpc.transport.address import Address, dialling, exchanging
from avrorpc.transport.blocking import Pool, Timer
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.plain import PlainAnswer, plain_request
from avrorpc.wire.client import Answered, ClientConnection, Connected, Event, Identity

V = TypeVar("V")


class _Connection(Generic[V]):
    def __init__(self, sock: socket.socket, state: ClientConnection) -> None:
        self.sock = sock
        self.state = state
        self.view: V


class BlockingTcpTransport(Generic[V]):
    """A pool of connections; see `TcpTransport` for the arguments."""

    def __init__(
        self, address: Address, identity: Identity, limits: Limits, accept: Callable[[Connected], V]
    ) -> None:
        self.address = address
        self._identity = identity
        self._limits = limits
        self._accept = accept
        self._known: Connected | None = None
        self._pool: Pool[_Connection[V]] = Pool()

    async def exchange(self, call: Outgoing) -> PlainAnswer[V]:
        """Send a call and return its reply. It never suspends.

        Raises:
            TimeoutError: No reply came in time.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, where the call has a stream.
        """
        request = plain_request(call, self.address)
        timer = Timer(call.timeout)
        connection = self._pool.take() or self._dial(timer)
        try:
            connection.state.call(request, one_way=call.one_way)
            _send(connection, self.address, timer)
            answer = None if call.one_way else _receive(connection, self.address, timer)
        except BaseException:
            connection.sock.close()
            raise
        self._pool.give(connection)
        return PlainAnswer(connection.view, answer.body if isinstance(answer, Answered) else None)

    async def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _dial(self, timer: Timer) -> _Connection[V]:
        with dialling(self.address):
            sock = socket.create_connection((self.address.host, self.address.port), timer.left())
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            state = ClientConnection(self._identity, self._known, self.address.framing, self._limits)
            connection: _Connection[V] = _Connection(sock, state)
            _send(connection, self.address, timer)
            connected = _receive(connection, self.address, timer)
            assert isinstance(connected, Connected)
            connection.view = self._accept(connected)
        except BaseException:
            sock.close()
            raise
        self._known = connected
        return connection


def _send(connection: _Connection[V], address: Address, timer: Timer) -> None:
    with exchanging(address):
        connection.sock.settimeout(timer.left())
        connection.sock.sendall(connection.state.data_to_send())


def _receive(connection: _Connection[V], address: Address, timer: Timer) -> Event:
    """Read until something came of it: there is only ever one thing to wait for."""
    while True:
        with exchanging(address):
            connection.sock.settimeout(timer.left())
            data = connection.sock.recv(262_144)
        if not data:
            try:
                connection.state.receive_eof()
            except ConnectionLost as lost:
                raise ConnectionLost(f"{address}: {lost}") from None
        events = connection.state.receive(data)
        if events:
            return events[0]
        _send(connection, address, timer)
