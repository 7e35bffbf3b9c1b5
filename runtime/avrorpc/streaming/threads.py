"""Threads for jobs that may wait for one another, where a pool of few could wait for itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any


class OwnThreads(Executor):
    """An executor that gives each job a thread of its own, and so needs no shutdown."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a job in a new thread."""
        future: Future[Any] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - for whoever waits
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="avrorpc-local", daemon=True).start()
        return future
