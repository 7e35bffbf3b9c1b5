"""After hundreds of faults nothing is held that was not held before, memory included."""

from __future__ import annotations

import gc
import time
import tracemalloc

import pytest
from avrorpc.testing import Proxy
from support.books import Books
from support.callers import CALLERS, COLOURS, outcome
from support.cells import HELD_KINDS, TRANSPORTS, urls_of
from support.release import Held, released
from support.serving import ServerThread

REPETITIONS = 40
"""Of five kinds each."""
MOST = 100_000
"""Bytes that 200 calls may leave behind: one that was kept would hold some kilobytes, and so would each."""


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_memory_is_flat_over_calls_that_are_cut_off(transport: str, colour: str) -> None:
    kinds = [kind for kind in HELD_KINDS if (transport, kind) != ("http", "both")]
    books = Books()
    with ServerThread(books) as server, released(Held(server)), Proxy(urls_of(server)[transport]) as proxy:
        with CALLERS[colour](proxy.url) as caller:

            def once() -> None:
                futures = [caller.start(kind, kind, hold=True) for kind in kinds]
                for kind in kinds:
                    books.wait(books.held, kind)
                proxy.reset()
                for kind, future in zip(kinds, futures, strict=True):
                    assert isinstance(outcome(future), Exception)
                    books.wait_for_end(kind, 1)
                    books.forget(kind)

            for _ in range(10):
                once()
            gc.collect()
            tracemalloc.start()
            try:
                once()
                gc.collect()
                before = tracemalloc.get_traced_memory()[0]
                for _ in range(REPETITIONS):
                    once()
                for _ in range(100):  # until what has been cut off is gone
                    gc.collect()
                    grown = tracemalloc.get_traced_memory()[0] - before
                    if grown < MOST:
                        break
                    time.sleep(0.01)
            finally:
                tracemalloc.stop()
    assert grown < MOST, f"{grown} bytes more after {REPETITIONS * len(kinds)} calls that were cut off"
