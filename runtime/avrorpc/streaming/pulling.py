"""A `def` generator on an executor: a few items ahead of its reader, and then without a thread."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextvars import Context
from inspect import GEN_CREATED, getgeneratorstate, isgenerator
from typing import Any, Final, Self

from avrorpc.streaming.bridge import AHEAD

logger = logging.getLogger("avrorpc")

_END: Final = object()


class PulledSteps:
    """The items of an iterator, which threads of an executor advance; read on the event loop.

    A job hands each item to the loop at once. It ends when `AHEAD` of them wait, and another one goes on when
    half of these are read. All jobs run in the call's context, one after the other.
    """

    def __init__(self, iterator: Iterator[Any], executor: Executor, context: Context) -> None:
        self._iterator = iterator
        self._executor = executor
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._ready: deque[Any] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._failed: BaseException | None = None
        self._is_ended = False
        self._is_running = False
        # Written by one side each, and only ever growing: how many items may be pulled, and how many were.
        self._allowed = AHEAD
        self._pulled = 0
        self._is_closed = False
        self._is_shut = False
        self._closing: asyncio.Task[None] | None = None
        self._job: Future[None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while True:
            if self._ready:
                self._allowed += 1
                item = self._ready.popleft()
                if len(self._ready) <= AHEAD // 2:
                    self._go_on()
                return item
            if self._failed is not None:
                failed, self._failed = self._failed, None
                raise failed
            if self._is_ended or self._is_closed:
                raise StopAsyncIteration
            self._go_on()
            if self._failed is None:
                self._waiter = self._loop.create_future()
                await self._waiter

    async def aclose(self) -> None:
        """Close the iterator, in a thread; one that runs is closed there, when its present step is over."""
        if self._is_closed:
            return
        self._is_closed = True
        self._ready.clear()
        if self._is_running and self._job is not None and self._job.cancel():
            self._is_running = False  # it waited for a thread, and never gets one
        if not (self._is_running or self._is_ended):
            await self._close()

    async def _close(self) -> None:
        """Close the iterator in a thread, while no job runs."""
        self._is_ended = True
        close = getattr(self._iterator, "close", None)
        if close is None:
            return
        if isgenerator(self._iterator) and getgeneratorstate(self._iterator) == GEN_CREATED:
            close()  # nothing of it has run, and nothing will
            return
        try:
            closing = self._loop.run_in_executor(self._executor, lambda: self._context.run(guarded, close))
        except RuntimeError:  # the executor is shut down
            self._context.run(close)
            return
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            if not closing.cancelled():
                raise
            self._context.run(close)  # the executor dropped it, as it was shut down

    def _go_on(self) -> None:
        if not (self._is_running or self._is_ended or self._is_closed):
            try:
                self._job = self._executor.submit(self._context.run, self._pull)
            except RuntimeError as error:  # the executor is shut down
                self._fail(error)
                return
            self._is_running = True
            asyncio.wrap_future(self._job, loop=self._loop).add_done_callback(self._job_done)

    def _pull(self) -> None:
        """Advance the iterator; the thread's part."""
        try:
            while self._pulled < self._allowed:
                if self._is_closed:
                    break
                item = guarded(next, self._iterator, _END)
                if item is _END:
                    self._tell(self._end, None)
                    return
                self._pulled += 1
                self._tell(self._got, item)
        except BaseException as error:  # noqa: BLE001 - for whoever reads
            self._tell(self._end, error)
            return
        if self._is_closed:
            self._close_here()

    def _tell(self, what: Callable[[Any], None], argument: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(what, argument)
        except RuntimeError:  # the loop is closed: nobody reads any more
            self._is_closed = True
            if what != self._end:
                self._close_here()

    def _close_here(self) -> None:
        self._is_shut = True
        close = getattr(self._iterator, "close", None)
        if close is not None:
            close()

    def _got(self, item: Any) -> None:
        if not self._is_closed:
            self._ready.append(item)
            self._wake()

    def _fail(self, error: BaseException) -> None:
        """Tell the reader that no job can run; the iterator is still to be closed."""
        self._failed = error
        self._wake()

    def _end(self, error: BaseException | None) -> None:
        self._is_running, self._is_ended, self._failed = False, True, error
        self._wake()

    def _job_done(self, job: asyncio.Future[None]) -> None:
        """Go on where a job has stopped; only now is the context free for the next one."""
        if self._is_ended:
            return
        if job.cancelled():
            self._is_running = False
            self._fail(RuntimeError("the executor was shut down"))
        elif (error := job.exception()) is not None:
            self._is_ended = True
            logger.error("an iterator failed when it was closed", exc_info=error)
        elif self._is_shut:
            self._is_ended = True
        else:
            self._is_running = False
            if self._is_closed:
                # It was closed in the moment between the job's last look and its end.
                self._closing = self._loop.create_task(self._close())
            elif len(self._ready) <= AHEAD // 2:
                self._go_on()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def guarded(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call what is an implementation's own in a thread.

    Raises:
        RuntimeError: It raised what a future cannot carry, or what would end the loop.
    """
    try:
        return function(*arguments)
    except (StopIteration, GeneratorExit, KeyboardInterrupt, SystemExit) as error:
        raise RuntimeError(f"{error!r} out of a thread") from error
