"""One server for all hostile clients; after each it has released everything, and serves the others."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import avrorpc
import pytest
from avrorpc import Limits
from support.implementations import AsyncSmall, AsyncStreams, SyncConformance
from support.serving import ServerThread
from testcontracts.small import SmallClient

LIMITS = Limits(
    max_body=100_000,
    max_frame=70_000,
    max_metadata=1_000,
    max_protocol=50_000,
    max_items=1_000,
    max_depth=20,
    max_calls=8,
    max_unfinished=300_000,
    max_expansion=100,
    stream_window=10_000,
)


@dataclass(frozen=True)
class Held:
    """What a server has in hand."""

    connections: int
    calls: int
    tasks: int


async def _held(server: avrorpc.Server) -> Held:
    connections = 0
    for listener in server._listeners:
        connections += len(listener._connections)  # type: ignore[attr-defined]
        links = getattr(listener, "_links", None)
        connections += 0 if links is None else len(links._links)
    return Held(connections, server._calls.number, len(asyncio.all_tasks()))


def held(served: ServerThread) -> Held:
    """Return what the server has in hand now."""
    return served.run(_held(served.server))


@pytest.fixture(scope="package")
def server() -> Iterator[ServerThread]:
    with ServerThread(AsyncStreams(), AsyncSmall(), SyncConformance(), limits=LIMITS) as served:
        yield served


@pytest.fixture
def unharmed(server: ServerThread, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A client that was there before is served after it, so is a new one, and nothing is left behind."""
    with caplog.at_level(logging.INFO), avrorpc.connect(SmallClient, server.tcp, timeout=10) as before:
        assert before.double(1) == 2
        start = held(server)
        yield
        assert before.double(2) == 4
        for url in (server.tcp, server.http):
            with avrorpc.connect(SmallClient, url, timeout=10) as after:
                assert after.double(3) == 6
        end = time.monotonic() + 10
        while held(server) != start and time.monotonic() < end:
            time.sleep(0.005)
        assert held(server) == start
    for record in caplog.records:
        assert record.exc_info is None, record.exc_text
        assert len(record.getMessage()) < 700
        assert "\n" not in record.getMessage()
