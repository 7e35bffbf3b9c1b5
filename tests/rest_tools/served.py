"""Serves every service there is over HTTP until its input ends, and says where.

    python served.py [MODE [TOKEN]]

It is a process of its own, so that what a tool does to it is done as if from elsewhere. Messages whose
contract is to fail, or never to end, do neither here: other tests look at that, and to a tool it would be a
fault. With a token, none is let in who does not show it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, cast

import avrorpc_services
from avrorpc import Server
from avrorpc.middleware import Authentication, TokenFile
from avrorpc_services.llm.checkpoint import SHIPPED
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

    async def fail(self, how: str) -> str:
        return how


class BriefStreams(AsyncStreams):
    """Streams of few items."""

    async def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> AsyncIterator[int]:
        async for number in super().count(min(to, MOST), fail_at=fail_at):
            yield number

    async def download(self, pieces: int, size: int) -> AsyncIterator[Piece]:
        async for piece in super().download(min(pieces, MOST), max(0, min(size, 1_000))):
            yield piece

    async def break_off(self, after: int, how: str) -> AsyncIterator[int]:
        for number in range(min(after, MOST)):
            yield number

    async def endless(self, *, pause: float = 0.01) -> AsyncIterator[float]:
        for number in range(MOST):
            yield float(number)


class BriefConformance(AsyncConformance):
    """Waits for moments alone."""

    async def wait(self, seconds: float) -> float:
        return await super().wait(BRIEFLY)

    async def hurry(self, seconds: float) -> float:
        return await super().hurry(BRIEFLY)

    async def fail(self, how: str) -> None:
        pass


class WrappingSmall(AsyncSmall):
    """Counts as 32 bits do: its contract has no error for what is beyond them."""

    async def double(self, value: int, *, offset: int = 0) -> int:
        wide = 2 * value + offset
        return (wide + 2**31) % 2**32 - 2**31

    async def fail(self) -> None:
        pass


def guards(token: str, folder: str) -> tuple[Authentication, ...]:
    """Return what lets in those alone who show a token; nothing where it is empty."""
    if not token:
        return ()
    path = Path(folder, "tokens")
    path.write_text(f"tool sha256:{hashlib.sha256(token.encode()).hexdigest()}\n")
    file = TokenFile(path)
    return (Authentication(file.authenticate, authorize=file.authorize, schemes=["bearer"]),)


async def serve(mode: Literal["research", "production"] = "production", token: str = "") -> None:
    """Serve until the input ends."""
    os.environ["AVRORPC_CHECKPOINTS"] = str(SHIPPED.parent)
    services = [
        avrorpc_services.byte_tokenizer(),
        avrorpc_services.model(device="cpu"),
        BriefShelf(),
        BriefConformance(),
        WrappingSmall(),
        BriefStreams(),
    ]
    with tempfile.TemporaryDirectory() as folder:
        async with Server(services, mode=mode, middleware=guards(token, folder)) as server:
            print(await server.listen("http://127.0.0.1:0"), flush=True)
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(*cast("list[Literal['research', 'production']]", sys.argv[1:])))
