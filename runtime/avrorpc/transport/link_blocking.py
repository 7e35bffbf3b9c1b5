"""A client's connection on a blocking socket: one call at a time, without a thread or a loop.

Coroutines here never suspend; they wait by waiting for the socket. Whoever waits also reads, so that a server
which waits for us to read is never waited for in vain.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, Generic, TypeVar

from avrorpc.errors import ConnectionLost, RpcError
from avrorpc.transport.address import Address
from avrorpc.transport.blocking import Timer, abandon
from avrorpc.transport.exchange import NotBegun, Outgoing
from avrorpc.transport.faults import exchanging, is_hang_up
from avrorpc.transport.pipe import Pipe
from avrorpc.wire.client import ClientConnection, Connected
from avrorpc.wire.multiplex import Answered, Failed, Item, Leaving

V = TypeVar("V")

_busy: Final[set[BlockingLink[Any]]] = set()
"""Holds the links whose calls go on. A stream that is dropped ends its call; were its link dropped too, the
collector might finalize the socket first.
"""


class BlockingLink(Generic[V]):
    """Feeds a `ClientConnection`.

    Args:
        pipe: What moves the bytes.
        connection: The state of the connection.
        address: Where the server is, for what is said of it.
    """

    def __init__(self, pipe: Pipe, connection: ClientConnection, address: Address) -> None:
        self.pipe = pipe
        self.sock = pipe.sock
        self.connection = connection
        self.address = address
        self.is_leaving = False
        """Whether the server takes no new calls here."""
        self.view: V
        """What the transport's `accept` made of the server's identity."""
        self._connected: Connected | None = None
        self._answer: BlockingAnswer[V] | None = None
        self._is_at_end = False
        self._refused: OSError | None = None
        """Why nothing can be sent any more."""

    def open(self, timer: Timer) -> Connected:
        """Make the handshake.

        Raises:
            TimeoutError: It took too long.
            RpcError: It failed.
        """
        if self._connected is None:
            self.run(lambda: self._connected is not None, timer)
        assert self._connected is not None
        return self._connected

    def is_stale(self) -> bool:
        """Take what has come while nobody called; return whether the server has ended, or wants no calls."""
        try:
            while data := self.pipe.read():
                for event in self.connection.receive(data):
                    self._take(event)
        except (OSError, RpcError):  # whoever calls next has a new connection, and need not know
            return True
        return data is not None or self.is_leaving

    def begin(self, call: Outgoing, timer: Timer, ended: Callable[[], None]) -> BlockingAnswer[V]:
        """Queue a call. `ended` is told when the connection is free again, and not where it is closed.

        Raises:
            NotBegun: The server has said goodbye already.
        """
        if self.is_leaving:
            raise NotBegun(f"{self.address} takes no new calls; this one was not begun")
        number = self.connection.call(
            call.message,
            call.metadata,
            call.parameters,
            one_way=call.one_way,
            gives=call.items is not None,
            takes=call.streams,
        )
        self._answer = BlockingAnswer(self, number, timer, ended)
        _busy.add(self)
        return self._answer

    def run(self, is_done: Callable[[], bool], timer: Timer, *, is_asking: bool = False) -> None:
        """Send what is due, and take what comes, until all is sent and `is_done`.

        Args:
            is_done: Whether this end has what it wants.
            timer: How long it may take.
            is_asking: Whether what is wanted cannot be there before something was sent.

        Raises:
            TimeoutError: It took too long.
            RpcError: The connection is of no use any more.
        """

        def is_over() -> bool:
            return is_done() and not self._has_output

        with exchanging(self.address):
            if is_asking:
                self._write()
                if not self.connection.has_output:
                    self.pipe.wait(timer)
            elif is_over():
                return
            while True:  # what has come already is taken, even if the server has closed since
                has_moved = self._step()
                if is_over():
                    return
                if has_moved:
                    timer.left()  # a server that never stops saying things must not hold up the end
                elif self._is_at_end:
                    self._lost()
                else:
                    self.pipe.wait(timer)

    @property
    def _has_output(self) -> bool:
        return self._refused is None and (self.pipe.has_output or self.connection.has_output)

    def _step(self) -> bool:
        """Move what can be moved now; return whether anything came."""
        if self._refused is None:
            self._write()
        data = self.pipe.read()
        if data is None:
            return self._has_output and not self.pipe.has_output
        if not data:  # what matters may have come before
            self._is_at_end = True
            return False
        for event in self.connection.receive(data):
            self._take(event)
        return True

    def _write(self) -> None:
        if not self.pipe.has_output and self.connection.has_output:
            self.pipe.write(self.connection.data_to_send())
        try:
            if self.pipe.has_output:
                self.pipe.flush()
        except OSError as error:
            if not is_hang_up(error) or self._answer is None:
                raise
            self._refused = error  # what the server said before it left is still read
            self._read_rest()
            if not self._answer.is_answered:
                raise

    def _read_rest(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.pipe.read():
                for event in self.connection.receive(data):
                    self._take(event)

    def _lost(self) -> None:
        try:
            self.connection.receive_eof()
        except ConnectionLost as lost:
            raise ConnectionLost(f"{self.address}: {lost}") from None
        raise ConnectionLost(f"the server at {self.address} closed the connection")

    def _take(self, event: object) -> None:
        answer = self._answer
        match event:
            case Connected():
                self._connected = event
            case Leaving(reason, unserved):
                self.is_leaving = True
                if answer is not None and answer.number in unserved:
                    text = f"{self.address} takes no new calls ({reason}); this one was not begun"
                    answer.error = NotBegun(text)
            case Answered(number, body) if answer is not None and number == answer.number:
                answer.body = body
            case Item(number, body) if answer is not None and number == answer.number:
                answer.items.append(body)
            case Failed(number, error) if answer is not None and number == answer.number:
                answer.error = error
            case _:
                pass  # of a call that is over


class BlockingAnswer(Generic[V]):
    """What becomes of one call; see `Answer`."""

    def __init__(self, link: BlockingLink[V], number: int, timer: Timer, ended: Callable[[], None]) -> None:
        self.view: V
        self.body: bytes | None = None
        self.pump: Coroutine[Any, Any, None] | None = None
        self.number = number
        self.items: deque[bytes] = deque()
        self.error: RpcError | None = None
        self._link = link
        self._timer = timer
        self._ended = ended
        self._is_over = False

    @property
    def is_answered(self) -> bool:
        """Whether the call has come to its end."""
        return self.body is not None or self.error is not None

    async def receive(self) -> bytes | None:
        """Return the next item; None at the end of the stream. It never suspends."""
        if not self.items and not self._is_over:
            self._run(lambda: bool(self.items) or self.is_answered)
        if not self.items:
            if self.error is not None:
                self._close()
                raise self.error
            self._free()
            return None
        item = self.items.popleft()
        if not self.is_answered and self._link.connection.multiplexer is not None:
            self._link.connection.multiplexer.consumed(self.number, len(item))
        return item

    async def send(self, items: AsyncIterator[bytes]) -> None:
        """Send items while the server reads them; stop where the call is over. It suspends as they do."""
        multiplexer = self._link.connection.multiplexer
        assert multiplexer is not None  # a plain connection has refused the call
        async for item in items:
            self._run(lambda: multiplexer.can_send(self.number) or self.is_answered)
            if self.is_answered or self._is_over:
                return
            multiplexer.send_item(self.number, item)
            self._run(lambda: True)
        if not self.is_answered and not self._is_over:
            multiplexer.end(self.number)
            self.complete()

    def complete(self) -> None:
        """Send the rest of what the call has to send."""
        self._run(lambda: True)
        if self._link.connection.is_eager:
            self._link.pipe.write_eof()
            self._run(lambda: True)

    def wait(self, *, is_asking: bool = False) -> None:
        """Wait for the reply; `is_asking` where nothing of the call has been sent yet."""
        self._run(lambda: self.is_answered, is_asking=is_asking)
        if self.error is not None:
            self._close()
            raise self.error
        self._free()

    def sent(self) -> None:
        """See a one-way call off."""
        self._run(lambda: True)
        self._free()

    async def cancel(self) -> None:
        """End the call where it is not ended: the connection is closed, which the server takes for that."""
        if self.is_answered and self.error is None:
            self.items.clear()
            self._free()
        else:
            self._close()

    def _run(self, is_done: Callable[[], bool], *, is_asking: bool = False) -> None:
        try:
            self._link.run(is_done, self._timer, is_asking=is_asking)
        except BaseException:
            self._close()
            raise

    def _free(self) -> None:
        if not self._is_over:
            self._is_over = True
            _busy.discard(self._link)
            self._ended()

    def _close(self) -> None:
        if not self._is_over:
            self._is_over = True
            _busy.discard(self._link)
            abandon(self._link.sock)
