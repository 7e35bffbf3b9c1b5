"""What callers hold of a response stream: an iterator of their colour.

A call begins when its first item is asked for. What ends early is cancelled: by closing, by an error, or when
nobody holds it any more.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Final, Generic, TypeVar

from avrorpc.driving import as_coroutine, drive, running_loop
from avrorpc.errors import ClientStateError
from avrorpc.streaming import close_iterator

R = TypeVar("R")

_closing: Final[set[asyncio.Task[None]]] = set()
"""Holds the tasks that close what was dropped: a loop alone would not."""


class SyncStream(Generic[R]):
    """The items of a response stream, for synchronous callers; for one thread at a time.

    Args:
        begin: Makes the call.
        check: Checks that the client may be used here and now.
    """

    def __init__(
        self, begin: Callable[[], Coroutine[Any, Any, AsyncIterator[R]]], check: Callable[[], None]
    ) -> None:
        self._begin = begin
        self._check = check
        self._items: AsyncIterator[R] | None = None
        self._is_done = False

    def __iter__(self) -> Iterator[R]:
        return self

    def __next__(self) -> R:
        if self._is_done:
            raise StopIteration
        try:
            self._check()
            if self._items is None:
                self._items = drive(self._begin())
            item: R = drive(as_coroutine(self._items.__anext__()))
        except StopAsyncIteration:
            self.close()
        except BaseException:
            self.close()
            raise
        else:
            return item
        raise StopIteration

    def close(self) -> None:
        """End the call; what the service still does is cancelled."""
        self._is_done = True
        items, self._items = self._items, None
        if items is not None:
            drive(close_iterator(items))


class AsyncStream(Generic[R]):
    """The items of a response stream, for asynchronous callers; for one task at a time.

    Args:
        begin: Makes the call.
        check: Checks that the client may be used here and now.
        sent: What the caller sends, which is closed even where the call never begins.
    """

    def __init__(
        self,
        begin: Callable[[], Coroutine[Any, Any, AsyncIterator[R]]],
        check: Callable[[], None],
        sent: object = None,
    ) -> None:
        self._begin = begin
        self._check = check
        self._sent = sent
        self._items: AsyncIterator[R] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        self._is_busy = False
        self._is_done = False

    def __aiter__(self) -> AsyncIterator[R]:
        return self

    async def __anext__(self) -> R:
        if self._is_done:
            raise StopAsyncIteration
        self._check()
        self._reserve()
        try:
            if self._items is None:
                self._loop, self._process, self._sent = running_loop(), os.getpid(), None
                self._items = await self._begin()
            return await self._items.__anext__()
        except BaseException:
            await self._end()
            raise
        finally:
            self._is_busy = False

    async def aclose(self) -> None:
        """End the call; what the service still does is cancelled.

        Raises:
            ClientStateError: Another task is reading.
        """
        if self._is_done:
            return
        self._reserve()
        try:
            await self._end()
        finally:
            self._is_busy = False

    def __del__(self) -> None:
        items, loop = self._items, self._loop
        if items is not None and loop is not None and not loop.is_closed() and os.getpid() == self._process:
            loop.call_soon_threadsafe(_close_later, loop, items)

    def _reserve(self) -> None:
        if self._is_busy:
            raise ClientStateError("another task is reading this stream")
        self._is_busy = True

    async def _end(self) -> None:
        self._is_done = True
        items, self._items = self._items, None
        sent, self._sent = self._sent, None
        if items is not None:
            await close_iterator(items)
        if sent is not None:
            await close_iterator(sent)


def _close_later(loop: asyncio.AbstractEventLoop, items: AsyncIterator[Any]) -> None:
    task = loop.create_task(close_iterator(items))
    _closing.add(task)
    task.add_done_callback(_closing.discard)
