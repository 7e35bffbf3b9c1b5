"""What the blocking transports share: the pool of connections, and the time left."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from avrorpc.errors import ClientStateError
from avrorpc.transport.blocking import Pool, Timer, has_input


@dataclass
class Connection:
    """A pooled connection, and the far end of it."""

    sock: socket.socket
    far: socket.socket

    def is_stale(self) -> bool:
        return has_input(self.sock)


@pytest.fixture
def connections() -> Iterator[list[Connection]]:
    made = [Connection(*socket.socketpair()) for _ in range(2)]
    yield made
    for connection in made:
        connection.sock.close()
        connection.far.close()


def test_an_empty_pool_gives_nothing() -> None:
    assert Pool[Connection]().take() is None


def test_the_connection_used_last_is_used_next(connections: list[Connection]) -> None:
    pool = Pool[Connection]()
    for connection in connections:
        pool.give(connection)
    assert pool.take() is connections[1]
    assert pool.take() is connections[0]
    assert pool.take() is None


def test_a_connection_that_the_server_closed_is_not_given_out(connections: list[Connection]) -> None:
    pool = Pool[Connection]()
    for connection in connections:
        pool.give(connection)
    connections[1].far.close()
    assert pool.take() is connections[0]
    assert connections[1].sock.fileno() == -1


def test_a_connection_with_bytes_that_nobody_asked_for_is_not_given_out(
    connections: list[Connection],
) -> None:
    pool = Pool[Connection]()
    pool.give(connections[0])
    connections[0].far.sendall(b"x")
    assert pool.take() is None
    assert connections[0].sock.fileno() == -1


def test_a_closed_pool_closes_what_it_has_and_what_comes_back(connections: list[Connection]) -> None:
    pool = Pool[Connection]()
    pool.give(connections[0])
    pool.close()
    assert connections[0].sock.fileno() == -1
    pool.give(connections[1])
    assert connections[1].sock.fileno() == -1
    with pytest.raises(ClientStateError, match="this client is closed"):
        pool.take()


def test_without_a_timeout_there_is_no_end() -> None:
    assert Timer(None).left() is None


def test_the_time_left_shrinks_to_a_timeout_error() -> None:
    left = Timer(60).left()
    assert left is not None
    assert 0 < left <= 60
    timer = Timer(1e-6)
    time.sleep(0.001)
    with pytest.raises(TimeoutError):
        timer.left()
    with pytest.raises(TimeoutError):
        Timer(0).left()
