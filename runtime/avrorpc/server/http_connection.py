"""One HTTP connection, between the event loop and aiohttp's own protocol.

It counts, it waits for clients no longer than the limits say, and it lets a client that sends no more have
its reply.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from avrorpc.limits import Limits
from avrorpc.principal import Principal
from avrorpc.server.activity import Activity
from avrorpc.server.admission import Admission
from avrorpc.server.http_refusals import raw_refusal
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.peer import is_gone, peer_name, principal_of
from avrorpc.wire.patience import Patience

TURNS_TO_START: Final = 16
"""Turns of the loop within which aiohttp hands a whole request to its handler; it takes three or four."""
PROBES: Final = 4
"""How often the system asks within `ping_timeout` whether the other end of a silent connection is there."""

logger = logging.getLogger("avrorpc")


class HttpConnection(asyncio.Protocol):
    """Stands before aiohttp's own protocol, which takes a client that sends no more for one that has left.

    Args:
        inner: What reads and answers requests.
        connections: Those of the listener, by their transport; this one keeps itself in it.
        limits: How long a client may take.
        activity: Is told of the connection.
        admission: Says whether there is room for it.
        scheme: That of the address.
    """

    def __init__(
        self,
        inner: asyncio.Protocol,
        connections: dict[asyncio.BaseTransport, HttpConnection],
        limits: Limits,
        activity: Activity,
        admission: Admission,
        scheme: str,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.accepted = Accepted(scheme)
        """What is known of the connection."""
        self.gone: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is closed."""
        self.principal: Principal | None = None
        """Whom the connection proves the client to be."""
        self.requests = 0
        """How many are being read or answered."""
        self.is_ending = False
        """Whether it closes when they are."""
        self.speaks_frames = False
        """Whether it carries our frames: then the client has left when it sends no more."""
        self._inner = inner
        self._connections = connections
        self._limits = limits
        self._activity = activity
        self._admission = admission
        self._transport: asyncio.Transport | None = None
        self._is_admitted = False
        self._is_reading = False
        self._bodies = 0
        self._patience = Patience(limits, self._loop.time(), first="request")
        self._waiting: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """What a log calls the client."""
        return "nobody" if self._transport is None else peer_name(self._transport)

    @property
    def peer(self) -> object:
        """The client's address, as the system has it."""
        return None if self._transport is None else self._transport.get_extra_info("peername")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the connection, or refuse it."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's lack the base class
        if not self._admission.enter(self.name, self._loop.time()):
            self._transport.write(raw_refusal(503, self._admission.refusal))
            self._transport.close()
            return
        _find_the_dead(transport.get_extra_info("socket"), self._limits)
        self.principal = principal_of(transport)
        self.accepted.comes_from(self.peer)
        self.accepted.principal = None if self.principal is None else self.principal.name
        self._activity.opened(self.accepted)
        self._connections[transport] = self
        self._is_admitted = True
        self._inner.connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Pass it on."""
        if self._is_admitted:
            self.accepted.traffic.received += len(data)
            self._inner.data_received(data)

    def eof_received(self) -> bool:
        """Stay until the reply is out, where the client may still read."""
        if not self._is_admitted or self._transport is None:
            return False
        if self._transport.get_extra_info("sslcontext") is not None:
            return False  # TLS has no half of a connection
        if self.speaks_frames or is_gone(self._transport):
            return False
        self.is_ending = True
        self._look_again(TURNS_TO_START)
        return True

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._is_admitted:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._is_admitted:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self._waiting is not None:
            self._waiting.cancel()
        if self._is_admitted:
            self._admission.leave()
            self._activity.closed(self.accepted)
            self._inner.connection_lost(exc)
        if self._transport is not None:
            self._connections.pop(self._transport, None)
        if not self.gone.done():
            self.gone.set_result(None)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Mark the reading of a body, which ends at once where the client will send no more."""
        self._note(is_reading=True)
        try:
            yield
        finally:
            self._bodies += 1
            self._note(is_reading=False)

    def begin(self) -> None:
        """Take note of a request, which `end_if_due` follows when it is answered."""
        self.requests += 1
        self._note(is_reading=self._is_reading)

    def end(self) -> None:
        """Close when all requests are answered."""
        self.is_ending = True
        self.end_if_due()

    def end_if_due(self) -> None:
        """Send what is due and close, where nothing is to be answered any more."""
        if self.is_ending and not self.requests and self._transport is not None:
            self._transport.close()

    @property
    def is_flushed(self) -> bool:
        """Whether the system has taken all that is due to the client."""
        return self._transport is None or not self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Close at once; what is due is lost."""
        if self._transport is not None:
            self._transport.abort()

    def _note(self, *, is_reading: bool) -> None:
        self._is_reading = is_reading
        self._patience.moved(self._loop.time(), is_bound=True, is_half=is_reading, whole=self._bodies)
        if is_reading:  # perhaps sooner than what is waited for
            if self._waiting is not None:
                self._waiting.cancel()
            self._wait()

    def _wait(self) -> None:
        """Close the connection of a client that does not get on with its request.

        Between two requests, aiohttp does that.
        """
        self._waiting = None
        overdue = self._patience.overdue(self._loop.time())
        if overdue:
            logger.warning("closing the connection from %s: %s", self.name, overdue)
            self.abort()
        elif (then := self._patience.next()) is not None:
            self._waiting = self._loop.call_at(then, self._wait)

    def _look_again(self, turns: int) -> None:
        """Close a connection whose client sends no more, and whose last request has not come whole."""
        if turns:
            asyncio.get_running_loop().call_soon(self._look_again, turns - 1)
        elif self._is_reading and self._transport is not None:
            self._transport.close()
        else:
            self.end_if_due()


def _find_the_dead(sock: socket.socket | None, limits: Limits) -> None:
    """Let the system ask a silent client whether it is there, since HTTP has no pings."""
    if sock is None or not limits.ping_interval or not hasattr(socket, "TCP_KEEPIDLE"):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(1, round(limits.ping_interval)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, round(limits.ping_timeout / PROBES)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
