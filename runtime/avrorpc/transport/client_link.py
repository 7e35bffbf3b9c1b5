"""A client's connection on asyncio, whatever carries its bytes: calls and streams of all callers at once."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from avrorpc.errors import ConnectionLost, RpcError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.transport.blocking import reset_on_close
from avrorpc.transport.exchange import NotBegun, Outgoing
from avrorpc.transport.link import PING, Link
from avrorpc.transport.link_answer import LinkAnswer
from avrorpc.transport.peer import Ear, end_of_input
from avrorpc.wire.client import ClientConnection, Connected
from avrorpc.wire.keepalive import Due, KeepAlive
from avrorpc.wire.multiplex import Answered, Failed, Item, Leaving, Pinged, Writable

CLOSE_SECONDS: Final = 1.0
"""How long a server may take to read what is due to it before the connection is closed."""


class ClientLink(Link[ClientConnection]):
    """Feeds a `ClientConnection`, and gives each call what came for it.

    Args:
        connection: The state of the connection.
        address: Where the server is, for what is said of it.
        limits: Bounds on what the server may send, and when it is taken to be gone.
    """

    def __init__(self, connection: ClientConnection, address: Address, limits: Limits) -> None:
        super().__init__(connection, limits)
        self.address = address
        self.lost: Exception | None = None
        """Why the connection is of no use any more."""
        self.is_leaving = False
        """Whether the server takes no new calls here."""
        self.connected: asyncio.Future[Connected] = self._loop.create_future()
        """Done when the handshake is."""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is closed."""
        self._calls: dict[int, LinkAnswer[Any]] = {}
        self._ear: Ear | None = None
        self._is_complete = False
        self._is_given_up = False
        self._vacancy: list[asyncio.Future[None]] = []
        self._alive: KeepAlive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None

    def is_useless(self) -> bool:
        """Whether no new calls can be made here, even where the loop has not heard of it yet."""
        if self.lost is not None or self.is_leaving or self._ear is None:
            return True
        if self._calls or not self._ear.hears():
            return False
        self.close()
        return True

    async def exchange(self, call: Outgoing, deadline: float | None) -> LinkAnswer[Any]:
        """Make a call; see `Transport.exchange`. The caller sets the answer's `view`."""
        while not self._has_room():
            await self._room(deadline)
        number = self.connection.call(
            call.message,
            call.metadata,
            call.parameters,
            one_way=call.one_way,
            gives=call.items is not None,
            takes=call.streams,
        )
        answer: LinkAnswer[Any] = LinkAnswer(self, number)
        if call.one_way:
            self.flush()
            return answer
        self._calls[number] = answer
        answer.begin(call.items, deadline)
        if call.items is None:
            self._is_complete = self.connection.is_eager
        if len(self._calls) == 1:
            self.flush()  # there is nobody else to wait for
        else:
            self.flush_soon()
        if not call.streams:
            try:
                await answer.wait()
            except BaseException:
                await answer.cancel()
                raise
            finally:
                if call.items is not None:
                    await answer.end_pump()
        return answer

    @property
    def is_answered(self) -> bool:
        """Whether no call is under way, and none was given up, on a connection of one call."""
        return not self._calls and not self._is_given_up

    def close(self) -> None:
        """Close the connection; calls under way fail, and the server is told that nobody waits for them."""
        if self._transport is None or self._closing is not None:
            return
        self._closing = self._loop.call_later(CLOSE_SECONDS, self._transport.abort)
        calls = list(self._calls.values())
        for answer in calls:
            answer.fail(ConnectionLost(f"the client of {self.address} was closed during the call"))
        if calls and self.connection.multiplexer is None:  # plain Avro has no other word for giving up
            sock = self._transport.get_extra_info("socket")
            if sock is not None:
                reset_on_close(sock)
            self._transport.abort()
        else:
            self.flush()
            self._transport.close()

    def ended(self, number: int, *, is_given_up: bool) -> None:
        """Take note that a call is over: answered, or given up."""
        self._is_given_up = is_given_up
        self._calls.pop(number, None)
        self._next_waiting()
        if (self.is_leaving or self.connection.is_eager) and not self._calls:
            self.close()

    def complete(self) -> None:
        """Take note that a call has been sent whole: a connection of one call sends nothing more."""
        self._is_complete = self.connection.is_eager
        self.flush()

    def flush(self) -> None:
        """Write what is due, as far as the socket takes it."""
        super().flush()
        if self._is_complete and not self.connection.has_output:
            transport = self._transport
            if transport is not None and not transport.is_closing():
                transport.write_eof()

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        super().connection_made(transport)
        self._ear = end_of_input(transport)
        self.flush()

    def data_received(self, data: bytes) -> None:  # noqa: D102
        if self._alive is not None:
            self._alive.heard(self._loop.time())
        try:
            events = self.connection.receive(data)
            for event in events:
                self._take(event)
        except RpcError as error:
            self.fail(error)
            return
        self.flush()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102
        for timer in (self._timer, self._closing):
            if timer is not None:
                timer.cancel()
        if self.lost is None and isinstance(exc, RpcError):
            self.lost = exc
        if self.lost is None:
            try:
                self.connection.receive_eof()
                self.lost = ConnectionLost(f"the server at {self.address} closed the connection")
            except ConnectionLost as lost:
                self.lost = ConnectionLost(f"{self.address}: {lost}")
            self.lost.__cause__ = exc
        if not self.connected.done():
            self.connected.set_exception(self.lost)
            self.connected.exception()  # whoever awaits it sees it; nobody need
        for answer in list(self._calls.values()):
            answer.fail(_again(self.lost))
        self._all_waiting()
        self._release_writers()
        if not self.closed.done():
            self.closed.set_result(None)

    def fail(self, error: Exception) -> None:
        """Give the connection up."""
        if self.lost is None:
            self.lost = error
        if self._transport is not None:
            self._transport.abort()

    def _take(self, event: object) -> None:
        match event:
            case Answered(serial, body):
                answer = self._calls.get(serial)
                if answer is not None:
                    answer.finish(body)
            case Item(number, body):
                if number in self._calls:
                    self._calls[number].put(body)
            case Writable(number):
                if number in self._calls:
                    self._calls[number].writable()
            case Failed(number, error):
                if number in self._calls:
                    self._calls[number].fail(error)
            case Leaving(reason, unserved):
                self._leave(reason, unserved)
            case Connected():
                self._greeted(event)
            case Pinged():
                pass  # that something came was noted

    def _greeted(self, connected: Connected) -> None:
        multiplexer = self.connection.multiplexer
        if multiplexer is not None and not self.connection.is_eager:
            self._alive = KeepAlive(self._limits, self._loop.time())
            self._watch()
        if not self.connected.done():
            self.connected.set_result(connected)

    def _leave(self, reason: str, unserved: tuple[int, ...]) -> None:
        self.is_leaving = True
        self._all_waiting()
        for number in unserved:
            if number in self._calls:
                self._calls[number].fail(
                    NotBegun(f"{self.address} takes no new calls ({reason}); this one was not begun")
                )
        if not self._calls:
            self.close()

    def _watch(self) -> None:
        """See to it that a silent server is asked, and one that is gone given up."""
        assert self._alive is not None
        match self._alive.due(self._loop.time()):
            case Due.PING if self.connection.multiplexer is not None:
                self.connection.multiplexer.ping(PING)
                self.flush()
            case Due.GIVE_UP:
                text = f"{self.address} answered no ping within ping_timeout={self._limits.ping_timeout} s"
                self.fail(ConnectionLost(text))
                return
        then = self._alive.next()
        if then is not None:
            self._timer = self._loop.call_at(then, self._watch)

    def _has_room(self) -> bool:
        """Whether fewer calls are under way than the server allows.

        Raises:
            NotBegun: No call can be made here any more.
        """
        if self.lost is not None:
            raise NotBegun(f"{self.lost}; this call was not begun") from self.lost
        if self.is_leaving:
            raise NotBegun(f"{self.address} takes no new calls; this one was not begun")
        multiplexer = self.connection.multiplexer
        return multiplexer is None or len(self._calls) < multiplexer.settings.max_calls

    async def _room(self, deadline: float | None) -> None:
        """Wait for the end of another call, or of the connection."""
        waiting = self._loop.create_future()
        self._vacancy.append(waiting)
        try:
            async with asyncio.timeout_at(deadline):
                await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled():
                self._next_waiting()  # it was this one's turn
            raise

    def _next_waiting(self) -> None:
        while self._vacancy:
            waiting = self._vacancy.pop(0)
            if not waiting.done():
                waiting.set_result(None)
                return

    def _all_waiting(self) -> None:
        for waiting in self._vacancy:
            if not waiting.done():
                waiting.set_result(None)


def _again(error: Exception) -> Exception:
    """Return an error for one more caller: tracebacks and notes are each caller's own."""
    made = error.__class__.__new__(error.__class__, *error.args)  # subclasses have constructors of their own
    made.args = error.args
    made.__dict__.update(error.__dict__)
    made.__cause__ = error.__cause__
    return made
