"""The two-way stream of synchronous code, without a thread: what it sends is sent when it is used."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from avrorpc.driving import as_coroutine, drive, suspended
from avrorpc.errors import ClientStateError, EndOfStream
from avrorpc.streaming import Pump, close_iterator

R = TypeVar("R")
S = TypeVar("S")


class _Empty:
    """Given to the driver of a pump: there is nothing to send for now."""

    def __await__(self) -> Generator[_Empty, None, None]:
        yield self


_EMPTY: Final = _Empty()


class Outbox(Generic[S]):
    """The items that a two-way call is to send; it suspends whoever reads it while there are none."""

    def __init__(self) -> None:
        self.ready: deque[S] = deque()
        """What waits to be sent."""
        self.is_closed = False
        """Whether nothing more comes."""

    def __aiter__(self) -> AsyncIterator[S]:
        return self

    async def __anext__(self) -> S:
        while not self.ready:
            if self.is_closed:
                raise StopAsyncIteration
            await _EMPTY
        return self.ready.popleft()

    async def aclose(self) -> None:
        """Send nothing more."""
        self.is_closed = True
        self.ready.clear()


class Conversation(Generic[S, R]):
    """A two-way stream in synchronous code; for one thread at a time. See `stub.BidiStream`.

    Args:
        begin: Makes the call with what is to be sent.
        check: Checks that the client may be used here and now.
    """

    def __init__(
        self,
        begin: Callable[[Outbox[S]], Coroutine[Any, Any, AsyncIterator[R]]],
        check: Callable[[], None],
    ) -> None:
        self._begin = begin
        self._check = check
        self._outbox: Outbox[S] = Outbox()
        self._items: AsyncIterator[R] | None = None
        self._pump: Pump | None = None
        self._is_done = False

    def __iter__(self) -> Iterator[R]:
        return self

    def __next__(self) -> R:
        try:
            return self.receive()
        except EndOfStream:
            raise StopIteration from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, item: S) -> None:
        """Send an item; wait while the service does not read.

        Raises:
            EndOfStream: The service has ended the call; `receive` says how.
            EncodeError: It does not fit the contract.
            RpcError: The call has failed.
        """
        if self._outbox.is_closed:
            raise ClientStateError("nothing can be sent after close_send or close")
        self._started()
        if self._pump is None:
            raise EndOfStream("the service has ended the call, and takes no more items")
        self._outbox.ready.append(item)
        self._advance()

    def receive(self) -> R:
        """Return the next item.

        Raises:
            EndOfStream: There is no more.
            RpcError: The call has failed.
        """
        if self._is_done:
            raise EndOfStream("there are no more items")
        items = self._started()
        try:
            item: R = drive(as_coroutine(items.__anext__()))
        except StopAsyncIteration:
            self.close()
        except BaseException:
            self.close()
            raise
        else:
            return item
        raise EndOfStream("there are no more items")

    def close_send(self) -> None:
        """Tell the service that no more items come."""
        if self._outbox.is_closed:
            return
        self._outbox.is_closed = True
        if not self._is_done:
            self._started()
            self._advance()

    def close(self) -> None:
        """End the call; what the service still does is cancelled."""
        self._is_done = self._outbox.is_closed = True
        pump, self._pump = self._pump, None
        items, self._items = self._items, None
        try:
            if pump is not None:
                pump.close()
        finally:
            if items is not None:
                drive(close_iterator(items))

    def _started(self) -> AsyncIterator[R]:
        """Return the items that come, of the call that begins now if it has not begun."""
        try:
            self._check()
        except BaseException:
            self.close()
            raise
        if self._items is None:
            if self._is_done:
                raise EndOfStream("there are no more items")
            try:
                self._items = self._start()
            except BaseException:
                self.close()
                raise
        return self._items

    def _start(self) -> AsyncIterator[R]:
        coroutine = self._begin(self._outbox)
        try:
            while True:
                given = coroutine.send(None)
                if not isinstance(given, Pump):
                    coroutine.close()
                    raise suspended("the call")
                if self._pump is not None:  # of an attempt that failed
                    self._pump.close()
                self._pump = given
        except StopIteration as stop:
            items: AsyncIterator[R] = stop.value
            return items

    def _advance(self) -> None:
        """Send what there is to send."""
        if self._pump is None:
            return
        try:
            given = self._pump.advance()
        except StopIteration:
            self._pump = None
        except BaseException:
            self.close()
            raise
        else:
            if given is not _EMPTY:
                self.close()
                raise suspended("what sends the items")
