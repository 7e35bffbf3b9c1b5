"""What is held does not grow: streams are bounded whatever their length, and calls leave nothing behind.

The long form, with millions and with processes apart, is in `benchmarks/streams.py` and `benchmarks/soak.py`.
"""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Callable

import avrorpc
import pytest
from avrorpc import DEFAULT_LIMITS, Limits, Server
from avrorpc.transport.address import Address, parse_address
from avrorpc.wire.client import ClientConnection, Connected, Identity
from avrorpc.wire.envelope import request_head
from avrorpc.wire.multiplex import ITEM_COST, Answered
from avrorpc.wire.settings import Wishes
from support.implementations import AsyncSmall, AsyncStreams
from testcontracts.small import SMALL, AsyncSmallClient
from testcontracts.streams import AsyncStreamsClient, Piece

ITEMS = 50_000
SIZE = 100
WINDOW = 16 * 1024
SMALL_WINDOW = Limits(stream_window=WINDOW)
AHEAD = WINDOW // (SIZE + ITEM_COST) + 2
"""How many items fit the window, by the rule of `stream_window`, the last of them going below."""


class Counting(AsyncStreams):
    """Says how far its streams have come."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0
        self.taken = 0

    async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
        for number in range(pieces):
            self.made += 1
            yield Piece(number=number, data=bytes(size))


def held() -> int:
    """Return the bytes of Python's memory that are in use, once the garbage is gone."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.fixture
def traced() -> AsyncIterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()
