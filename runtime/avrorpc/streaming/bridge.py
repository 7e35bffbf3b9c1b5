"""The items of a call as its implementation reads them: `async for` on the event loop, `for` in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Final

from avrorpc.driving import drive
from avrorpc.errors import BindError, Code, StatusError

AHEAD: Final = 8
"""How many items are read before they are asked for, where a thread and a loop meet."""


def ended(what: str) -> StatusError:
    """Return the error of whoever reads or writes a stream whose call has ended."""
    return StatusError(Code.CANCELLED, f"{what}: the call has ended")


class Incoming:
    """The items that a caller streams, read on the loop, or by a thread that waits for the loop.

    Args:
        items: What there is to read.
        what: The method's full name, for errors.
    """

    def __init__(self, items: AsyncIterator[Any], what: str) -> None:
        self._items = items
        self._what = what
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._context = copy_context()
        self._changed = threading.Condition()
        self._ready: deque[Any] = deque()
        self._end: BaseException | None = None
        self._is_reading = False
        self._is_closed = False
        self._reader: asyncio.Task[None] | None = None

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if threading.get_ident() != self._thread:
            raise BindError(f"{self._what}: the items are another loop's here; read them by `for`")
        if self._is_closed:
            raise ended(self._what)
        return await self._items.__anext__()

    def __iter__(self) -> Iterator[Any]:
        if threading.get_ident() == self._thread:
            raise BindError(
                f"{self._what}: the items come through the event loop, which `for` would block;"
                " read them by `async for`"
            )
        return self

    def __next__(self) -> Any:
        iter(self)
        with self._changed:
            while not self._ready and self._end is None:
                self._read_more()
                self._changed.wait()
            if self._ready:
                item = self._ready.popleft()
                if len(self._ready) <= AHEAD // 2:
                    self._read_more()
                return item
            assert self._end is not None
            if isinstance(self._end, StopAsyncIteration):
                raise StopIteration
            raise self._end

    async def aclose(self) -> None:
        """End the reading: a thread that waits for an item gets CANCELLED."""
        self._is_closed = True
        with self._changed:
            self._ready.clear()
            self._finish(ended(self._what))
        reader, self._reader = self._reader, None
        if reader is not None and not reader.done():
            reader.cancel()
            await asyncio.wait([reader])

    def _read_more(self) -> None:
        """Let the loop read on; the lock is held."""
        if not self._is_reading and self._end is None:
            self._is_reading = True
            try:
                self._loop.call_soon_threadsafe(self._start)
            except RuntimeError:  # the loop is closed
                self._finish(ended(self._what))

    def _start(self) -> None:
        if not self._is_closed:
            self._reader = self._loop.create_task(self._read(), context=self._context)

    async def _read(self) -> None:
        end: BaseException
        try:
            while True:
                item = await self._items.__anext__()
                with self._changed:
                    self._ready.append(item)
                    self._changed.notify()
                    if len(self._ready) >= AHEAD:
                        self._is_reading = False
                        return
        except asyncio.CancelledError:
            end = ended(self._what)
        except (StopAsyncIteration, Exception) as error:  # noqa: BLE001 - for the thread that reads
            end = error
        with self._changed:
            self._finish(end)

    def _finish(self, end: BaseException) -> None:
        """Note that nothing more comes; the lock is held."""
        if self._end is None:
            self._end = end
        self._changed.notify_all()


class DrivenIncoming:
    """The items of a synchronous caller, for an implementation that the same thread runs.

    Args:
        items: What there is to read; it never suspends.
        what: The method's full name, for errors.
        is_async: Whether the implementation is `async def`.
    """

    def __init__(self, items: AsyncIterator[Any], what: str, *, is_async: bool) -> None:
        self._items = items
        self._what = what
        self._is_async = is_async
        self._is_closed = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._is_closed:
            raise ended(self._what)
        return await self._items.__anext__()

    def __iter__(self) -> Iterator[Any]:
        if self._is_async:
            raise BindError(
                f"{self._what}: the items of an `async def` come through the event loop, which `for` would"
                " block; read them by `async for`"
            )
        return self

    def __next__(self) -> Any:
        iter(self)
        with suppress(StopAsyncIteration):
            return drive(self.__anext__())
        raise StopIteration

    async def aclose(self) -> None:
        """End the reading."""
        self._is_closed = True
