"""The server's side of a connection on asyncio, whatever carries its bytes.

Each call runs in a task of its own with an empty context, which ends when the client cancels, or is
gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final

from avrorpc.errors import RpcError
from avrorpc.limits import Limits
from avrorpc.transport.exchange import Answerer
from avrorpc.transport.link import PING, Link
from avrorpc.transport.peer import is_gone, peer_name, principal_of
from avrorpc.transport.server_call import ServerCall
from avrorpc.wire.keepalive import Due, KeepAlive
from avrorpc.wire.multiplex import Cancelled, Ended, Failed, Item, Leaving, Pinged, Writable
from avrorpc.wire.patience import Patience
from avrorpc.wire.server import Request, ServerConnection

logger = logging.getLogger("avrorpc")


LEAVE_SECONDS: Final = 1.0
"""How long what a client sent before it heard that it should leave, or of the end, may be on its way."""
LINGER_SECONDS: Final = 10.0
"""How long a client that broke the rules may take to read what was due to it."""


class ServerLink(Link[ServerConnection[Any]]):
    """Feeds a `ServerConnection`, and runs the calls that come.

    Args:
        connection: The state of the connection.
        answer: Gives a request's reply.
        limits: Bounds on what the client may send, and when it is taken to be gone.
        opened: Told of this object when the connection is there.
        closed: Told of it when the connection is gone.
        is_single: Whether the connection ends with its first call.
        lingers: Whether the connection is read on for a while after its end was said: from a socket that is
            closed with bytes unread, the client would get a reset in place of the last words.
    """

    def __init__(
        self,
        connection: ServerConnection[Any],
        answer: Answerer,
        limits: Limits,
        opened: Callable[[ServerLink], None],
        closed: Callable[[ServerLink], None],
        *,
        is_single: bool = False,
        lingers: bool = False,
    ) -> None:
        super().__init__(connection, limits)
        self.gone: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is closed."""
        self.parted: asyncio.Future[None] = self._loop.create_future()
        """Done when either end begins to close it."""
        self.peer = ""
        """What a log calls the client."""
        self.address: object = None
        """The client's address, as the system has it."""
        self._answer = answer
        self._opened = opened
        self._closed = closed
        self._is_single = is_single
        self._lingers = lingers
        self._is_lingering = False
        self._is_half_closed = False
        self._calls: dict[int, ServerCall] = {}
        self._alive: KeepAlive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._patience = Patience(limits, self._loop.time())
        self._waiting: asyncio.TimerHandle | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._reason = ""
        self._parting: asyncio.TimerHandle | None = None
        self._is_parting = False

    def leave(self, reason: str) -> None:
        """Ask a client of ours, after the handshake, to make new calls elsewhere, and part from it.

        What it sent before it heard of that is still served.
        """
        self.connection.leave(reason)
        self._reason = reason
        self.flush()
        if self.connection.multiplexer is not None and self._parting is None:
            self._parting = self._loop.call_later(LEAVE_SECONDS, self.part)

    def part(self) -> None:
        """Take no more calls, and close as soon as those under way are answered, half-sent ones included."""
        self._is_parting = True
        self.connection.goodbye(self._reason)
        self.flush()
        self._close_if_over()

    def _close_if_over(self) -> None:
        multiplexer = self.connection.multiplexer
        if self._is_parting and not self._calls and (multiplexer is None or not multiplexer.unanswered):
            self.close()

    def close(self) -> None:
        """Send what is due, and close; a client that was asked to leave is told what is not served."""
        transport = self._transport
        if self._is_lingering:
            return
        self._part_for_good()
        if self._reason:
            self.connection.goodbye(self._reason)
        if transport is None or transport.is_closing():
            return
        # The transport keeps what the socket does not take.
        while self.connection.has_output and not transport.is_closing():
            transport.write(self.connection.data_to_send())
        if self._lingers and not self._calls and not self._is_half_closed:
            self._linger(transport)
        else:
            transport.close()

    def _linger(self, transport: asyncio.Transport) -> None:
        """Close when the client does, or in a while; what it still sends is not begun, as it was told."""
        self._is_lingering = True
        if transport.can_write_eof():
            transport.write_eof()
        self._choose_reading()
        self._parting = self._loop.call_later(LEAVE_SECONDS, self._end_lingering, transport)

    def _end_lingering(self, transport: asyncio.Transport) -> None:
        if transport.get_write_buffer_size():  # it has not had the time to read what is due
            self._parting = self._loop.call_later(LEAVE_SECONDS, self._end_lingering, transport)
        else:
            self._is_lingering = False
            transport.close()

    def _part_for_good(self) -> None:
        if self._parting is not None:
            self._parting.cancel()
        if not self.parted.done():
            self.parted.set_result(None)

    @property
    def leaves(self) -> bool:
        """Whether the client ends the connection itself once it was asked to leave: passive ones do not."""
        multiplexer = self.connection.multiplexer
        return multiplexer is not None and not multiplexer.settings.is_passive

    @property
    def is_done(self) -> bool:
        """Whether the system has taken all that is due to the client, and what it may still send has come."""
        return self._transport is None or not (self._is_lingering or self._transport.get_write_buffer_size())

    def flush(self) -> None:
        """Write what is due, as far as the socket takes it."""
        if not self._is_lingering:
            super().flush()

    def abort(self) -> None:
        """Close at once; what is due is lost."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        super().connection_made(transport)
        self.peer = peer_name(transport)
        self.address = transport.get_extra_info("peername")
        self.connection.peer = self.peer
        self.connection.principal = principal_of(transport)
        self._opened(self)
        self._wait()

    def data_received(self, data: bytes) -> None:  # noqa: D102
        if self._transport is None or self._transport.is_closing() or self._is_lingering:
            return
        if self._alive is not None:
            self._alive.heard(self._loop.time())
        try:
            for event in self.connection.receive(data):
                self._take(event)
        except RpcError as error:
            logger.warning("closing the connection from %s: %s", self.peer, error)
            self.close()
            self._lingering = self._loop.call_later(LINGER_SECONDS, self.abort)
            return
        if self._alive is None:
            self._get_on()
        self.flush()
        self._choose_reading()
        self._close_if_over()

    def eof_received(self) -> bool:  # noqa: D102
        # A plain client that only sends no more still gets its replies. One that speaks our frames has left:
        # it would have to answer pings.
        self._is_half_closed = True
        if self._transport is None or self._transport.get_extra_info("sslcontext") is not None:
            return False  # TLS has no half of a connection
        if self.connection.multiplexer is not None and not self._is_single:
            return False
        return bool(self._calls) and not is_gone(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        if isinstance(exc, RpcError):
            logger.warning("closing the connection from %s: %s", self.peer, exc)
        for timer in (self._timer, self._waiting, self._lingering):
            if timer is not None:
                timer.cancel()
        self._part_for_good()
        for call in list(self._calls.values()):
            if not call.request.one_way:  # whoever sends a one-way message may leave at once
                self._cancel(call)
        self._closed(self)
        if not self.gone.done():
            self.gone.set_result(None)

    def _take(self, event: object) -> None:
        match event:
            case Request():
                self._start(event)
            case Item(number, body):
                if number in self._calls:
                    self._calls[number].put(body)
            case Ended(number):
                if number in self._calls:
                    self._calls[number].end()
            case Writable(number):
                if number in self._calls:
                    self._calls[number].writable()
            case Cancelled(number) | Failed(number, _):
                call = self._calls.get(number)
                if call is not None:
                    self._cancel(call)
                elif isinstance(event, Cancelled):
                    self.connection.reply(number, None)
            case Leaving() | Pinged():
                pass  # the client closes the connection itself; that something came was noted

    def _start(self, request: Request[Any]) -> None:
        call = self._calls[request.serial] = ServerCall(self, request)
        call.task = self._loop.create_task(self._serve(call), context=Context())

    async def _serve(self, call: ServerCall) -> None:
        call.has_begun = True
        body: bytes | None = None
        try:
            body = await self._answer(call.request, None if self.connection.multiplexer is None else call)
        except asyncio.CancelledError:
            pass  # the client has cancelled, or is gone
        finally:
            self._over(call, body)

    def _cancel(self, call: ServerCall) -> None:
        call.cancel()
        if not call.has_begun:  # and never will
            self._over(call, None)

    def _over(self, call: ServerCall, body: bytes | None) -> None:
        """Answer a call, and forget it."""
        del self._calls[call.number]
        call.close()
        self.connection.reply(call.number, body)
        if self._alive is not None:
            self._alive.used(self._loop.time())
        if self.connection.multiplexer is None:
            self.data_received(b"")  # sends the reply, and starts what waited for this call's end
        elif self._calls:
            self.flush_soon()
        else:
            self.flush()  # there is nobody else to wait for
        if self._is_single or (self._is_half_closed and not self._calls):
            self.close()
        else:
            self._close_if_over()

    def _may_read(self) -> bool:
        """Whether the client reads its replies, and has not enough under way or unread.

        Between our own ends one large reply does not keep other calls from being read.
        """
        if self._is_lingering:
            return True
        if self._is_half_closed:
            return self._is_reading
        if self._is_choked:
            multiplexer = self.connection.multiplexer
            if multiplexer is None or multiplexer.queued > self._limits.max_body:
                return False
        return not self._is_flooded and not self.connection.is_full

    def _get_on(self) -> None:
        """Take note of how far a connection is of which nothing is asked yet."""
        now = self._loop.time()
        if self.connection.multiplexer is not None and self.connection.session:
            self._begin_watch(now)
        is_bound, is_half = self.connection.session is not None, self.connection.is_half_received
        self._patience.moved(now, is_bound=is_bound, is_half=is_half, whole=self.connection.messages)
        if is_half and self._is_late_to_look():
            self._wait()

    def _is_late_to_look(self) -> bool:
        """Whether the rest of a message would be missed only after it is overdue."""
        then = self._patience.next()
        if self._waiting is None or then is None:
            return self._waiting is None
        if self._waiting.when() <= then:
            return False
        self._waiting.cancel()
        return True

    def _wait(self) -> None:
        """Close the connection of a client that does not get on with what it has begun."""
        self._waiting = None
        now = self._loop.time()
        if self._is_choked or self.connection.is_full:
            self._patience.paused(now)
        overdue = self._patience.overdue(now)
        if overdue:
            logger.warning("closing the connection from %s: %s", self.peer, overdue)
            self.abort()
        elif (then := self._patience.next()) is not None:
            self._waiting = self._loop.call_at(then, self._wait)

    def _begin_watch(self, now: float) -> None:
        assert self.connection.multiplexer is not None
        if self._is_single:
            return
        pings = not self.connection.multiplexer.settings.is_passive
        self._alive = KeepAlive(self._limits, now, pings=pings, closes_idle=True)
        self._watch()

    def _watch(self) -> None:
        """See to it that a silent client is asked, one that is gone given up, and an idle one sent away."""
        assert self._alive is not None
        assert self.connection.multiplexer is not None
        now = self._loop.time()
        if self._calls:
            self._alive.used(now)
        match self._alive.due(now):
            case Due.PING:
                self.connection.multiplexer.ping(PING)
                self.flush()
            case Due.GIVE_UP:
                logger.info(
                    "%s answered no ping within ping_timeout=%s s", self.peer, self._limits.ping_timeout
                )
                self.abort()
                return
            case Due.CLOSE:
                self.leave(f"no call within idle_timeout={self._limits.idle_timeout} s")
                self._alive.used(now)
        then = self._alive.next()
        if then is not None:
            self._timer = self._loop.call_at(then, self._watch)
