"""The body of a response that is a stream: what a service gives, as fast as its client reads it.

One task runs the stream from its first item to its end, so that what an implementation holds open between two
items, such as a timeout or a task group, stays in one task. Items that are ready together leave together, and
no more than `FULL` bytes of them wait for the client.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from avrorpc.streaming import close_iterator
from avrorpc.transport.http_message import Sender
from avrorpc.transport.http_writer import ClientGone

FULL: Final = 16_384
"""Bytes that wait for the client before no further item is asked for; the last item may exceed them."""
TURN: Final = 0.001
"""Seconds after which a service that always has its next item lets others run, and its items leave."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Form:
    """How a stream is written."""

    item: Callable[[Any, int], bytes]
    """Returns an item as it is sent, by its number."""
    ending: Callable[[Exception | None, int], bytes] | None
    """Returns what says how the stream ended, after so many items; None where nothing can."""
    beat: bytes
    """What is sent while no item comes; empty where nothing can be."""
    heartbeat: float
    """Seconds without an item after which it is sent."""


class StreamBody:
    """The parts of a body, each of them all items that are ready.

    Args:
        items: What the service gives; closed at the end.
        told: Returns what the client is told of what the service raised.
        form: How items are written.
        skip: How many items the client has already: they are asked for, and not sent.
        admitted: Closed at the end.
    """

    def __init__(
        self,
        items: AsyncIterator[Any],
        told: Callable[[BaseException], Exception],
        form: Form,
        skip: int,
        admitted: ExitStack,
    ) -> None:
        self.refusal: Exception | None = None
        """What the client is told instead of a stream; known when `begin` has returned."""
        self._items = items
        self._told = told
        self._form = form
        self._skip = skip
        self._admitted = admitted
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._size = 0
        self._number = 0
        self._failure: Exception | None = None
        self._is_begun = False
        self._is_over = False
        self._is_closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._since = self._loop.time()
        self._beats = False
        self._send: Sender | None = None
        self._is_due = False
        self._is_choked = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def begin(self) -> None:
        """Wait for the first item, the end, or the first heartbeat; what fails before them is a `refusal`."""
        self._task = self._loop.create_task(self._run())
        if self._form.beat:
            self._timer = self._loop.call_later(self._form.heartbeat, self._look)
        try:
            while not (self._number or self._is_over or self._beats):
                await self._wait()
        except BaseException:
            await self.aclose()
            raise
        self._is_begun = True
        if self.refusal is not None:
            await self.aclose()

    async def __anext__(self) -> bytes:
        parts = self._parts
        while not parts:
            if self._is_over:
                await self.aclose()
                if self._failure is not None:
                    raise self._failure
                raise StopAsyncIteration
            if self._beats:
                self._beats = False
                return self._form.beat
            await self._wait()
        return self._take()

    async def __call__(self, send: Sender) -> None:
        """Send the body, from within the loop as items come: nobody need be woken for each.

        Raises:
            ClientGone: The client has left.
        """
        self._send = send
        while not self._is_closed:
            self._flush()
            await send(b"")
            self._is_choked = False
            if self._parts:
                continue
            if self._is_over:
                break
            await self._wait()
        if self._failure is not None:
            raise self._failure

    async def aclose(self) -> None:
        """End the stream, and the call with it."""
        self._is_closed = True
        self._send = None
        if self._timer is not None:
            self._timer.cancel()
        with self._admitted:
            if self._task is not None and not self._task.done():
                self._task.cancel()
                await asyncio.wait({self._task})
            await close_iterator(self._items)  # the task does, if it has ever run

    def _take(self) -> bytes:
        """Return what waits for the client, and make room."""
        parts = self._parts
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        self._size = 0
        self._since = self._loop.time()
        self._beats = False
        if self._room is not None:
            _set(self._room)
            self._room = None
        return data

    def _flush(self) -> None:
        """Send what waits; where the client does not read, whoever called this object waits for it."""
        self._is_due = False
        if self._send is not None and self._parts and not self._is_choked:
            self._write(self._send, self._take())

    def _write(self, send: Sender, data: bytes) -> None:
        try:
            self._is_choked = send.now(data)
        except ClientGone:
            self._is_choked = True
        if self._is_choked:
            self._wake()  # so that whoever called this waits for the client, or learns that it has left

    async def _wait(self) -> None:
        """Wait for something to be different."""
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            _set(waiter)

    def _look(self) -> None:
        """Let a heartbeat be sent, where one is due."""
        now = self._loop.time()
        if now >= self._since + self._form.heartbeat:
            self._since = now
            if self._send is None:
                self._beats = self._waiter is not None  # else the client does not read what it has
                self._wake()
            elif not self._is_choked:
                self._write(self._send, self._form.beat)
        self._timer = self._loop.call_at(self._since + self._form.heartbeat, self._look)

    async def _run(self) -> None:
        """Run the stream to its end."""
        try:
            try:
                await self._fill()
            finally:
                await close_iterator(self._items)
            self._end(None)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self._end(error)
        except (KeyboardInterrupt, GeneratorExit):
            raise  # of the process, or of the loop that ends
        except BaseException as error:  # noqa: BLE001 - this is the boundary: the client is told
            self._end(error)
        finally:
            self._is_over = True
            self._wake()

    async def _fill(self) -> None:
        """Write the items, as long as there is room."""
        show, parts, skip, clock = self._form.item, self._parts, self._skip, time.monotonic
        turn = -math.inf  # so that the first item leaves at once
        async for item in self._items:
            if self._is_closed:
                return  # and whoever gave it did not mind being cancelled
            number = self._number
            self._number = number + 1
            if number >= skip:
                part = show(item, number)
                parts.append(part)
                self._size += len(part)
            if self._send is None:
                if self._waiter is not None:
                    self._wake()
            elif not self._is_due:
                self._is_due = True
                self._loop.call_soon(self._flush)
            if self._size >= FULL:
                self._flush()
            if self._size >= FULL:
                self._room = self._loop.create_future()
                await self._room
                turn = clock()
            elif clock() > turn + TURN:
                await asyncio.sleep(0)
                turn = clock()

    def _end(self, raised: BaseException | None) -> None:
        """Say how the stream ended."""
        error = None if raised is None else self._told(raised)
        if error is not None and not (self._number or self._is_begun):
            self.refusal = error
        elif self._form.ending is not None:
            self._parts.append(self._form.ending(error, self._number))
        else:
            self._failure = error  # nothing but the end of the connection can tell


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
