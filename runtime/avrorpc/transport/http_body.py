"""The body of an HTTP request, which may still be coming while it is read."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from avrorpc.errors import LimitExceeded

HIGH_WATER: Final = 65_536
"""Bytes of a body that wait for their reader before no more are taken from the socket."""


class BodyWatcher(Protocol):
    """What a body comes from."""

    def body_is_wanted(self) -> None:
        """Take note that somebody waits for more of it."""
        ...

    def body_is_read(self) -> None:
        """Take note that what had come was read."""
        ...


class Body:
    """A body, read once, by one reader.

    Args:
        length: Bytes in all, where that is known beforehand.
        watcher: Where it comes from; none where it is there already.
        data: All of it, where it is.
    """

    __slots__ = ("_chunks", "_problem", "_waiter", "_watcher", "is_complete", "is_unwanted", "length", "size")

    def __init__(
        self, length: int | None, watcher: BodyWatcher | None = None, data: bytes | None = None
    ) -> None:
        self.length = length
        self.size = len(data) if data else 0
        """Bytes that have come, and wait to be read."""
        self.is_complete = data is not None
        """Whether all of it has come."""
        self.is_unwanted = False
        """Whether what still comes is dropped."""
        self._chunks: list[bytes] = [data] if data else []
        self._watcher = watcher
        self._problem: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, data: bytes) -> None:
        """Take what has come."""
        if not self.is_unwanted:
            self._chunks.append(data)
            self.size += len(data)
            self._wake()

    def end(self) -> None:
        """Take note that all of it has come."""
        self.is_complete = True
        self._wake()

    def fail(self, problem: Exception) -> None:
        """Let whoever reads it know that the rest will not come."""
        self._problem = problem
        self._wake()

    def drop(self) -> None:
        """Forget what waits, and whatever still comes."""
        self.is_unwanted = True
        self._chunks.clear()
        self.size = 0

    async def read(self, limit: int, slack: int = 0) -> bytes:
        """Return all of it; see `HttpRequest.read`."""
        most = limit + slack
        if self.length is not None and self.length > most:
            raise LimitExceeded(f"the body is above max_body={limit} bytes")
        parts: list[bytes] = []
        total = 0
        while (part := await self.chunk()) is not None:
            total += len(part)
            if total > most:
                raise LimitExceeded(f"the body is above max_body={limit} bytes")
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def take(self, limit: int) -> bytes | None:
        """Return all of it where it has come in one piece, as a small one does; None where `read` must."""
        if not self.is_complete or len(self._chunks) != 1 or self.size > limit:
            return None
        self.size = 0
        if self._watcher is not None:
            self._watcher.body_is_read()
        return self._chunks.pop()

    async def chunk(self) -> bytes | None:
        """Return what has come since the last time, at least one byte; None at the end."""
        while not self._chunks:
            if self._problem is not None:
                raise self._problem
            if self.is_complete:
                return None
            if self._watcher is not None:
                self._watcher.body_is_wanted()
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        self.size = 0
        if self._watcher is not None:
            self._watcher.body_is_read()
        return data

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
