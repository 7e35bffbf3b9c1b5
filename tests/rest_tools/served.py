"""Serves every service there is over HTTP until its input ends, and says where: `python served.py [MODE]`.

A process of its own, so that what a tool does to it is done as if from elsewhere.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Literal, cast

import avrorpc_services
from avrorpc import Server
from support.implementations import AsyncConformance, AsyncSmall, AsyncStreams
from support.shelf import MemoryShelf
from testcontracts.shelf import Book
from testcontracts.streams import Piece

MOST = 50
"""Items of a stream, however many are asked for: tools read all of them."""
BRIEFLY = 0.01
"""Seconds that a call waits, however many are asked for."""


class BriefShelf(MemoryShelf):
    """A shelf of few changes."""

    async def changes(self, *, count: int = 3, fail_after: int = 0) -> AsyncIterator[Book]:
        async for book in super().changes(count=min(count, MOST), fail_after=fail_after):
            yield book


class BriefStreams(AsyncStreams):
    """Streams of few items."""

    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        async for number in super().count(min(to, MOST), fail_at=fail_at):
            yield number

    async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
        async for piece in super().download(min(pieces, MOST), max(0, min(size, 1_000))):
            yield piece


class BriefConformance(AsyncConformance):
    """Waits for moments alone."""

    async def wait(self, seconds: float) -> float:
        return await super().wait(BRIEFLY)

    async def hurry(self, seconds: float) -> float:
        return await super().hurry(BRIEFLY)


class WrappingSmall(AsyncSmall):
    """Counts as 32 bits do: its contract has no error for what is beyond them."""

    async def double(self, value: int, *, offset: int = 0) -> int:
        wide = 2 * value + offset
        return (wide + 2**31) % 2**32 - 2**31


async def serve(mode: Literal["research", "production"]) -> None:
    """Serve until the input ends."""
    services = [
        avrorpc_services.byte_tokenizer(),
        avrorpc_services.model(device="cpu"),
        BriefShelf(),
        BriefConformance(),
        WrappingSmall(),
        BriefStreams(),
    ]
    async with Server(services, mode=mode) as server:
        print(await server.listen("http://127.0.0.1:0"), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(cast("Literal['research', 'production']", (*sys.argv[1:], "production")[0])))
