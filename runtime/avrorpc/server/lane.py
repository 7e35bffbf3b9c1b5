"""A lane to threads: no more jobs enter than there are threads, and one that waits can be taken back whole.

`ThreadPoolExecutor` keeps a job that was cancelled, arguments and all, until a thread comes to it. While all
threads are busy, clients that call and cancel again and again would fill its queue without end.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, Final, TypeAlias

MOST_AT_ONCE: Final = 1_024
"""Jobs that enter an executor at once which does not say how many threads it has."""

_Job: TypeAlias = Callable[[], Any]


class Lane(Executor):
    """Runs jobs on another executor, in the order in which they came.

    Args:
        inner: Where they run.
        width: How many run at once; by default as many as `inner` has workers.
    """

    def __init__(self, inner: Executor, width: int | None = None) -> None:
        self._inner = inner
        known = getattr(inner, "_max_workers", None)
        self._width: Final = width or (known if isinstance(known, int) else MOST_AT_ONCE)
        self._lock = threading.Lock()
        self._waiting: OrderedDict[Future[Any], _Job] = OrderedDict()
        self._entered = 0
        self._is_shut = False

    def __repr__(self) -> str:
        return f"<Lane of {self._width} entered={self._entered} waiting={self.waiting}>"

    @property
    def waiting(self) -> int:
        """How many jobs wait for a thread."""
        return len(self._waiting)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a job as soon as a thread is free; until then, cancelling its future forgets it.

        Raises:
            RuntimeError: The executor is shut down.
        """
        future: Future[Any] = Future()
        with self._lock:
            if self._is_shut:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting[future] = partial(fn, *args, **kwargs)
            enters = self._entered < self._width
            self._entered += enters
        if enters:
            self._enter(future)
        future.add_done_callback(self._forget)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs; see `concurrent.futures.Executor.shutdown`."""
        with self._lock:
            self._is_shut = True
            dropped = list(self._waiting) if cancel_futures else []
        for future in dropped:
            future.cancel()
        self._inner.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _enter(self, future: Future[Any]) -> None:
        try:
            work = self._inner.submit(self._work)
        except BaseException:
            with self._lock:
                self._entered -= 1
                self._waiting.pop(future, None)
            raise
        work.add_done_callback(self._left)

    def _work(self) -> None:
        """Run the jobs that wait, one after the other; in a thread."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._entered -= 1
                    return
                future, job = self._waiting.popitem(last=False)
            if future.set_running_or_notify_cancel():
                try:
                    result = job()
                except BaseException as error:  # noqa: BLE001 - for whoever waits
                    future.set_exception(error)
                else:
                    future.set_result(result)
                    del result
            del future, job  # an error's traceback holds this frame

    def _left(self, work: Future[None]) -> None:
        """Cancel what waits where the executor was shut down, and has dropped all that would have run it."""
        if not work.cancelled():
            return
        with self._lock:
            self._entered -= 1
            left = [] if self._entered else list(self._waiting)
        for future in left:
            future.cancel()

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._waiting.pop(future, None)
