"""A client's connection on asyncio, whatever carries its bytes: calls and streams of all callers at once.

`ClientLink` is an `asyncio.Protocol`: TCP, TLS and unix sockets drive it as they are, WebSocket by an
adapter.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, Generic, TypeVar, cast

from avrorpc.errors import ConnectionLost, RpcError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.transport.blocking import reset_on_close
from avrorpc.transport.exchange import NotBegun, Outgoing
from avrorpc.transport.peer import sends_no_more
from avrorpc.wire.client import ClientConnection, Connected
from avrorpc.wire.keepalive import Due, KeepAlive
from avrorpc.wire.multiplex import ITEM_COST, Answered, Failed, Item, Leaving, Pinged, Writable

V = TypeVar("V")

PING: Final = bytes(8)
"""What a ping carries: there is only ever one on its way."""
CLOSE_SECONDS: Final = 1.0
"""How long a server may take to read what is due to it before the connection is closed."""
TURN: Final = 64
"""Items that a stream may send in one turn of the loop."""


class ClientLink(asyncio.Protocol):
    """Feeds a `ClientConnection`, and gives each call what came for it.

    Args:
        connection: The state of the connection.
        address: Where the server is, for what is said of it.
        limits: Bounds on what the server may send, and when it is taken to be gone.
    """

    def __init__(self, connection: ClientConnection, address: Address, limits: Limits) -> None:
        self._loop = asyncio.get_running_loop()
        self.connection = connection
        self.address = address
        self.lost: Exception | None = None
        """Why the connection is of no use any more."""
        self.is_leaving = False
        """Whether the server takes no new calls here."""
        self.connected: asyncio.Future[Connected] = self._loop.create_future()
        """Done when the handshake is."""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is closed."""
        self._limits = limits
        self._calls: dict[int, LinkAnswer[Any]] = {}
        self._transport: asyncio.Transport | None = None
        self._is_choked = False
        self._unchoked: asyncio.Future[None] | None = None
        self._buffered = 0
        self._is_complete = False
        self._is_given_up = False
        self._is_flushing = False
        self._vacancy: list[asyncio.Future[None]] = []
        self._alive: KeepAlive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None

    def is_useless(self) -> bool:
        """Whether no new calls can be made here, even where the loop has not heard of it yet."""
        if self.lost is not None or self.is_leaving or self._transport is None:
            return True
        if self._calls or not sends_no_more(self._transport):
            return False
        self.close()
        return True

    async def exchange(self, call: Outgoing, deadline: float | None) -> LinkAnswer[Any]:
        """Make a call; see `Transport.exchange`. The caller sets the answer's `view`."""
        await self._vacant(deadline)
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
            self.complete()
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

    def buffer(self, size: int) -> None:
        """Take note of bytes that wait for their reader, or less than none that were read.

        Where no credit holds the server back, not reading does.
        """
        self._buffered += size
        multiplexer, transport = self.connection.multiplexer, self._transport
        if transport is not None and multiplexer is not None and multiplexer.settings.window is None:
            if self._buffered >= self._limits.stream_window:
                transport.pause_reading()
            elif size < 0:
                transport.resume_reading()

    async def unchoked(self) -> None:
        """Wait while the socket takes no more."""
        while self._is_choked and self.lost is None:
            if self._unchoked is None:
                self._unchoked = self._loop.create_future()
            await asyncio.shield(self._unchoked)

    def flush_soon(self) -> None:
        """Write what is due before the loop waits again, together with what else comes up until then."""
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_soon(self._flush_now)

    def flush(self) -> None:
        """Write what is due, as far as the socket takes it."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        while not self._is_choked and self.connection.has_output:
            transport.write(self.connection.data_to_send())
        if self._is_complete and not self.connection.has_output:
            transport.write_eof()

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        # uvloop's transports have the methods and not the base class.
        self._transport = cast("asyncio.Transport", transport)
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

    def pause_writing(self) -> None:  # noqa: D102
        self._is_choked = True

    def resume_writing(self) -> None:  # noqa: D102
        self._is_choked = False
        self._release_writers()
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
        self._is_choked = False
        self._release_writers()
        if not self.closed.done():
            self.closed.set_result(None)

    def fail(self, error: Exception) -> None:
        """Give the connection up."""
        if self.lost is None:
            self.lost = error
        if self._transport is not None:
            self._transport.abort()

    def _release_writers(self) -> None:
        if self._unchoked is not None:
            self._unchoked.set_result(None)
            self._unchoked = None

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

    def _flush_now(self) -> None:
        self._is_flushing = False
        self.flush()

    async def _vacant(self, deadline: float | None) -> None:
        """Wait while as many calls are under way as the server allows.

        Raises:
            NotBegun: No call can be made here any more.
        """
        multiplexer = self.connection.multiplexer
        while True:
            if self.lost is not None:
                raise NotBegun(f"{self.lost}; this call was not begun") from self.lost
            if self.is_leaving:
                raise NotBegun(f"{self.address} takes no new calls; this one was not begun")
            if multiplexer is None or len(self._calls) < multiplexer.settings.max_calls:
                return
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


class LinkAnswer(Generic[V]):
    """What becomes of one call; see `Answer`."""

    pump: None = None

    def __init__(self, link: ClientLink, number: int) -> None:
        self.view: V
        self.body: bytes | None = None
        self._link = link
        self._number = number
        self._items: deque[bytes] = deque()
        self._error: BaseException | None = None
        self._is_over = False
        self._waiter: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, items: AsyncIterator[bytes] | None, deadline: float | None) -> None:
        """Start the clock, and what sends the items."""
        loop = asyncio.get_running_loop()
        if deadline is not None:
            self._timer = loop.call_at(deadline, self._expire)
        if items is not None:
            self._sending = loop.create_task(self._send(items))

    async def receive(self) -> bytes | None:
        """Return the next item; None at the end of the stream."""
        while not self._items:
            if self._error is not None:
                await self.end_pump()
                raise self._error
            if self._is_over:
                await self.end_pump()
                return None
            await self._woken()
        item = self._items.popleft()
        self._link.buffer(-len(item) - ITEM_COST)
        multiplexer = self._link.connection.multiplexer
        if multiplexer is not None and not self._is_over:
            multiplexer.consumed(self._number, len(item))
            if multiplexer.has_output:
                self._link.flush_soon()
        return item

    async def wait(self) -> None:
        """Wait for the reply."""
        while not self._is_over:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None:
            raise self._error

    async def cancel(self) -> None:
        """End the call where it is not ended."""
        if not self._is_over:
            self.fail(asyncio.CancelledError())
        while self._items:
            self._link.buffer(-len(self._items.popleft()) - ITEM_COST)
        await self.end_pump()

    def abandon(self) -> None:
        """End the call from where nothing can be awaited."""
        if not self._is_over:
            self.fail(asyncio.CancelledError())
        if self._sending is not None:
            self._sending.cancel()

    async def end_pump(self) -> None:
        """Stop sending items, and wait until their iterator is closed."""
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([sending])

    # What the link tells.

    def finish(self, body: bytes) -> None:
        """The reply is there."""
        self.body = body
        self._end()

    def put(self, item: bytes) -> None:
        """An item is there."""
        self._items.append(item)
        self._link.buffer(len(item) + ITEM_COST)
        self._wake()

    def writable(self) -> None:
        """Items may be sent again."""
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    def fail(self, error: BaseException) -> None:
        """The call failed; the server is told where it does not know."""
        if self._is_over:
            return
        self._error = error
        if self._link.lost is None:
            self._link.connection.cancel(self._number)
            self._link.flush_soon()
        self._end()

    def _end(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._link.ended(self._number, is_given_up=self.body is None)
        self.writable()
        self._wake()

    def _expire(self) -> None:
        self.fail(TimeoutError())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _woken(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    async def _send(self, items: AsyncIterator[bytes]) -> None:
        """Send items while the server reads them."""
        multiplexer = self._link.connection.multiplexer
        assert multiplexer is not None  # a plain connection has refused the call
        sent = 0
        try:
            async for item in items:
                while not multiplexer.can_send(self._number):
                    self._writer = asyncio.get_running_loop().create_future()
                    await self._writer
                await self._link.unchoked()
                if self._is_over:
                    return
                multiplexer.send_item(self._number, item)
                self._link.flush_soon()
                sent += 1
                if sent % TURN == 0:  # others have their turn, and what is due is written
                    await asyncio.sleep(0)
            multiplexer.end(self._number)
            self._link.complete()
            self._link.flush_soon()
        except Exception as error:  # noqa: BLE001 - the caller's own iterator failed, or an item does not fit
            self.fail(error)
        finally:
            await _close(items)


def _again(error: Exception) -> Exception:
    """Return an error for one more caller: tracebacks and notes are each caller's own."""
    made = error.__class__.__new__(error.__class__, *error.args)  # subclasses have constructors of their own
    made.args = error.args
    made.__dict__.update(error.__dict__)
    made.__cause__ = error.__cause__
    return made


async def _close(items: AsyncIterator[bytes]) -> None:
    close: Callable[[], Any] | None = getattr(items, "aclose", None)
    if close is not None:
        await close()
