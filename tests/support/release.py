"""What a process holds: sockets and other files, threads, and the tasks, connections and calls of a server."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from support.books import PATIENCE
from support.serving import ServerThread


class Held:
    """Looks at this process, and at a server in it.

    Args:
        server: The server.
    """

    def __init__(self, server: ServerThread | None = None) -> None:
        self._server = server

    def look(self) -> Counter[str]:
        """Return what is held now, and how many of each."""
        found = Counter({f"file {kind}": number for kind, number in files().items()})
        names = (thread.name.split("_")[0] for thread in threading.enumerate())
        # Pools keep their threads.
        found += Counter(f"thread {name}" for name in names if name not in ("avrorpc-server", "asyncio"))
        if self._server is not None:
            found += Counter(self._server.run(_tasks()))
        return found


def files() -> dict[str, int]:
    """Return how many files of each kind are open."""
    found: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - the list's own descriptor is closed by now
        with suppress(FileNotFoundError):
            found[os.readlink(f"/proc/self/fd/{name}").partition(":")[0]] += 1  # noqa: PTH115
    return dict(found)


async def _tasks() -> list[str]:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return [f"task {getattr(task.get_coro(), '__qualname__', task)}" for task in tasks]


@contextmanager
def released(held: Held) -> Iterator[None]:
    """Check that at the end no more is held than at the beginning, once what closes has closed."""
    before = held.look()
    yield
    end = time.monotonic() + PATIENCE
    while (more := held.look() - before) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.002)
    assert not more, f"held at the end, and not at the beginning: {dict(more)}"
