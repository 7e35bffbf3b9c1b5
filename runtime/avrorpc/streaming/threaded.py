"""A two-way call of a synchronous caller in this process: the implementation runs in a thread of its own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import Context
from inspect import isawaitable
from typing import Any, Final, Self

from avrorpc.driving import as_coroutine, drive
from avrorpc.errors import BindError
from avrorpc.streaming.bridge import AHEAD, ended
from avrorpc.streaming.stepping import steps_of

_END: Final = object()


class Lane:
    """A bounded queue from one thread to another, which either of them may end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: deque[Any] = deque()
        self._end: BaseException | None = None
        self._is_dropped = False

    def put(self, item: Any, left: Callable[[], float | None]) -> bool:
        """Add an item, waiting while the queue is full; return whether anybody will read it.

        Args:
            item: What to add.
            left: Gives the seconds that may be waited; raises when there are none.
        """
        with self._changed:
            while len(self._ready) >= AHEAD and not self._is_dropped:
                self._changed.wait(left())
            if self._is_dropped:
                return False
            self._ready.append(item)
            self._changed.notify_all()
            return True

    def get(self, left: Callable[[], float | None]) -> Any:
        """Return the next item, or raise what the queue was ended with; see `put` for `left`."""
        with self._changed:
            while not self._ready and self._end is None:
                self._changed.wait(left())
            if self._ready:
                self._changed.notify_all()
                return self._ready.popleft()
            assert self._end is not None
            raise self._end

    def end(self, error: BaseException) -> None:
        """Say what comes after the last item: StopAsyncIteration where it is the end."""
        with self._changed:
            if self._end is None:
                self._end = error
            self._changed.notify_all()

    def drop(self, error: BaseException) -> None:
        """Read and write no more: what waits here is dropped, and both ends learn of it."""
        with self._changed:
            self._ready.clear()
            self._is_dropped = True
            if self._end is None:
                self._end = error
            self._changed.notify_all()


class ThreadIncoming:
    """What the implementation reads in its thread, by `for` or `async for` after its own colour."""

    def __init__(self, lane: Lane, what: str, *, is_async: bool) -> None:
        self._lane = lane
        self._what = what
        self._is_async = is_async

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return self._lane.get(_for_ever)

    def __iter__(self) -> Iterator[Any]:
        if self._is_async:
            raise BindError(
                f"{self._what}: the items of an `async def` come through the event loop, which `for` would"
                " block; read them by `async for`"
            )
        return self

    def __next__(self) -> Any:
        iter(self)
        try:
            return self._lane.get(_for_ever)
        except StopAsyncIteration:
            raise StopIteration from None


class ThreadedSteps:
    """The items that an implementation gives in a thread, driven there without an event loop.

    Args:
        function: Calls the implementation; its last argument is the incoming items.
        arguments: The other arguments.
        context: Where it runs.
        what: The method's full name.
        is_async: Whether the implementation is `async def`.
        left: Gives the seconds that the call has left; raises when there are none.
    """

    def __init__(
        self,
        function: Callable[[tuple[Any, ...]], Any],
        arguments: tuple[Any, ...],
        context: Context,
        what: str,
        *,
        is_async: bool,
        left: Callable[[], float | None],
    ) -> None:
        self._inbox, self._outbox = Lane(), Lane()
        self._what = what
        self._left = left
        incoming = ThreadIncoming(self._inbox, what, is_async=is_async)
        self._thread = threading.Thread(
            target=_work,
            args=(function, (*arguments, incoming), context, what, self._inbox, self._outbox),
            name=f"avrorpc {what}",
            daemon=True,
        )
        self._thread.start()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return self._outbox.get(self._left)

    async def feed(self, items: AsyncIterator[Any]) -> None:
        """Hand items to the implementation, until there are no more or it wants no more."""
        try:
            async for item in items:
                if not self._inbox.put(item, self._left):
                    return
        except GeneratorExit:
            raise
        except BaseException:
            self._drop()
            raise
        self._inbox.end(StopAsyncIteration())

    async def aclose(self) -> None:
        """Cancel what the implementation still does, and wait for its end."""
        self._drop()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def __del__(self) -> None:
        self._drop()

    def _drop(self) -> None:
        self._inbox.drop(ended(self._what))
        self._outbox.drop(ended(self._what))


def _work(
    function: Callable[[tuple[Any, ...]], Any],
    arguments: tuple[Any, ...],
    context: Context,
    what: str,
    inbox: Lane,
    outbox: Lane,
) -> None:
    try:
        value = context.run(function, arguments)
        if isawaitable(value):
            value = context.run(drive, as_coroutine(value))
        steps = steps_of(value, context)
        try:
            while True:
                item = drive(steps.__anext__())
                if not outbox.put(item, _for_ever):
                    break
        finally:
            drive(steps.aclose())
    except BaseException as error:  # noqa: BLE001 - for whoever reads: the end is one of them
        outbox.end(error)
    inbox.drop(ended(what))


def _for_ever() -> None:
    return None
