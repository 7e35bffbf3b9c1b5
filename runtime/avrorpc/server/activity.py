"""What a server is doing: the connections that are open, and the calls under way.

Transports' shells say when a connection opens and closes; the server says when a call begins and ends. All of
it happens on the server's event loop.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Final, Protocol, Self

from avrorpc.transport.accepted import Accepted
from avrorpc.transport.exchange import Streams
from avrorpc.wire.server import Request


class AcceptedAnswerer(Protocol):
    """An `Answerer` that is told of the connection, too."""

    async def __call__(
        self, request: Request[Any], streams: Streams | None, *, accepted: Accepted | None
    ) -> bytes | None:
        """Return a request's reply, handshake response and all; None for a one-way call."""
        ...


@dataclass(slots=True, eq=False)
class Connection:
    """A connection that is open."""

    id: int
    """Which one, unique in the server's life."""
    accepted: Accepted
    """Where it comes from, and the bytes that have gone by."""
    since: float
    """When it was opened, in seconds since the epoch."""
    service: str | None = None
    """The full name of the protocol that it called last."""
    client_hash: bytes | None = None
    """The MD5 of the other end's version of that protocol, 16 bytes."""
    calls: int = 0
    """Calls under way."""


class Count:
    """How many of something are under way."""

    __slots__ = ("_none", "number")

    def __init__(self) -> None:
        self.number = 0
        self._none: asyncio.Event | None = None

    def begin(self) -> None:
        """Count one more."""
        self.number += 1

    def end(self) -> None:
        """Count one less."""
        self.number -= 1
        if self._none is not None and not self.number:
            self._none.set()

    async def wait_for_none(self) -> None:
        """Wait until there are none."""
        while self.number:
            self._none = self._none or asyncio.Event()
            self._none.clear()
            await self._none.wait()


class RunningCall:
    """A call, which is under way for as long as a `with` block of it lasts.

    Args:
        activity: What takes note of it.
        connection: The connection that it came by; None where it came by none.
        service: The protocol's full name.
        message: The message's name, as the caller gave it.
        deadline: When its caller stops waiting, on the monotonic clock; None where that is not known yet.
        count: What counts it, too.
    """

    __slots__ = (
        "_activity",
        "_before",
        "_count",
        "connection",
        "deadline",
        "id",
        "message",
        "service",
        "since",
    )

    def __init__(
        self,
        activity: Activity,
        connection: Connection | None,
        service: str,
        message: str,
        deadline: float | None,
        count: Count | None,
    ) -> None:
        self.id = next(activity.ids)
        """Which one, unique in the server's life."""
        self.service = service
        self.message = message
        self.since = time.time()
        """When it began, in seconds since the epoch."""
        self.connection = connection
        self.deadline = deadline
        self._activity = activity
        self._count = count
        self._before: RunningCall | None = None

    def __enter__(self) -> Self:
        self._activity.running[self.id] = self
        if self.connection is not None:
            self.connection.calls += 1
        if self._count is not None:
            self._count.begin()
        self._before = _running.get()
        _running.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _running.set(self._before)  # a stream may end in another context than it began in
        del self._activity.running[self.id]
        if self.connection is not None:
            self.connection.calls -= 1
        if self._count is not None:
            self._count.end()


_running: ContextVar[RunningCall | None] = ContextVar("avrorpc_running_call", default=None)


def running_call() -> RunningCall | None:
    """Return the call that this code serves, as the server sees it, or None outside of any."""
    return _running.get()


class Activity:
    """The connections and calls of one server."""

    def __init__(self) -> None:
        self._connections: dict[Accepted, Connection] = {}
        self.running: Final[dict[int, RunningCall]] = {}
        """The calls under way, by their ids."""
        self.ids: Final = count(1)
        """Gives an id to whatever needs one."""

    @property
    def connections(self) -> list[Connection]:
        """The connections that are open, the oldest first."""
        return list(self._connections.values())

    @property
    def calls(self) -> list[RunningCall]:
        """The calls under way, the oldest first."""
        return list(self.running.values())

    def opened(self, accepted: Accepted) -> None:
        """Take note of a connection."""
        self._connections[accepted] = Connection(next(self.ids), accepted, time.time())

    def closed(self, accepted: Accepted) -> None:
        """Take note of its end."""
        self._connections.pop(accepted, None)

    def call(
        self,
        accepted: Accepted | None,
        service: str,
        message: str,
        client_hash: bytes | None,
        deadline: float | None = None,
        count: Count | None = None,
    ) -> RunningCall:
        """Return a call, of which note is taken in a `with` block of it.

        Args:
            accepted: The connection that it came by; one that is not open counts as none.
            service: The protocol's full name.
            message: The message's name.
            client_hash: The MD5 of the caller's version of the protocol.
            deadline: When its caller stops waiting, where that is known.
            count: What counts it, too.
        """
        connection = None if accepted is None else self._connections.get(accepted)
        if connection is not None:
            connection.service, connection.client_hash = service, client_hash
        return RunningCall(self, connection, service, message, deadline, count)
