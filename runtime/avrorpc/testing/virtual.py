"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting for it.

A test of a 30 second deadline takes no time, and takes the same steps each time that it runs. Where nothing
is ready and nothing ever will be, the loop says so (`Deadlock`) instead of hanging. The idea is that of
trio's autojump clock.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from types import CoroutineType
from typing import Any, Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

DEFAULT_PATIENCE: Final = 0.02
"""Real seconds that sockets and foreign threads are given before time jumps."""
_SHOWN_TASKS: Final = 12


class Deadlock(RuntimeError):
    """Every task waits, and nothing that could wake one is left: no timer, no socket, no thread."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time.

    While callbacks are ready, time stands still. When none is, it jumps to the next timer. What is outside
    of the loop keeps real time: while functions run in executors, the loop waits for them, and for no longer
    than a loop in real time would; where sockets are open, it looks at them for `patience` before it jumps.

    Args:
        start: What `time()` begins with, in seconds.
        patience: Real seconds to wait for sockets, and for threads that the loop does not know of.
    """

    def __init__(self, *, start: float = 0.0, patience: float = DEFAULT_PATIENCE) -> None:
        self._now = start
        self._outside = 0
        super().__init__(_JumpingSelector(self, patience))

    def __repr__(self) -> str:
        state = "closed" if self.is_closed() else "running" if self.is_running() else "idle"
        return f"<VirtualLoop {state} at {self._now:g} s>"

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread; timers wait for it as far as they would in real time."""
        future = super().run_in_executor(executor, func, *args)
        self._outside += 1
        future.add_done_callback(self._came_back)
        return future

    def _came_back(self, _: asyncio.Future[Any]) -> None:
        self._outside -= 1

    def _jump(self, seconds: float) -> None:
        self._now += seconds

    def _deadlock(self) -> Deadlock:
        waiting = [task for task in asyncio.all_tasks(self) if not task.done()]
        waiting.sort(key=lambda task: task.get_name())
        lines = [f"\n  {task.get_name()}: {_where(task.get_coro())}" for task in waiting[:_SHOWN_TASKS]]
        if len(waiting) > _SHOWN_TASKS:
            lines.append(f"\n  and {len(waiting) - _SHOWN_TASKS} more")
        return Deadlock(
            f"nothing can happen any more at {self._now:g} s: no callback is ready, no timer is set, no"
            f" socket is open. Tasks that wait:{''.join(lines) or ' none'}"
        )


class _JumpingSelector(selectors.BaseSelector):
    """Looks at what is real without waiting, and moves the loop's time where nothing is there."""

    def __init__(self, loop: VirtualLoop, patience: float) -> None:
        self._loop = loop
        self._patience = patience
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._real.select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        loop = self._loop
        has_sockets = len(self._real.get_map()) > 1  # the first is the loop's own, by which threads wake it
        if loop._outside or (timeout is None and has_sockets):
            events = self._real.select(timeout)
        elif timeout is None:
            events = self._real.select(self._patience)
            if not events:
                raise loop._deadlock()
        elif has_sockets:
            events = self._real.select(min(timeout, self._patience))
        if not events and timeout is not None:
            loop._jump(timeout)
        return events


def run(main: Coroutine[Any, Any, T], *, start: float = 0.0, patience: float = DEFAULT_PATIENCE) -> T:
    """Run a coroutine in virtual time, as `asyncio.run` does in real time.

    Args:
        main: What to run.
        start: What the loop's time begins with, in seconds.
        patience: Real seconds to wait for sockets and foreign threads.

    Raises:
        Deadlock: It can never end; the text names the tasks that wait, and where.
    """
    with virtual_time(start=start, patience=patience) as runner:
        return runner.run(main)


@contextmanager
def virtual_time(*, start: float = 0.0, patience: float = DEFAULT_PATIENCE) -> Iterator[asyncio.Runner]:
    """Give an `asyncio.Runner` whose loop is in virtual time; several coroutines may run in it in turn."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start=start, patience=patience)) as runner:
        yield runner


def _where(coroutine: object) -> str:
    """Return the innermost line that a coroutine has come to."""
    place = repr(coroutine)
    while isinstance(coroutine, CoroutineType):
        frame = coroutine.cr_frame
        if frame is not None:
            place = f"{coroutine.__qualname__} at {frame.f_code.co_filename}:{frame.f_lineno}"
        coroutine = coroutine.cr_await
    return place
