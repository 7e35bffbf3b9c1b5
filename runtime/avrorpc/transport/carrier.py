"""What looks to a link like a socket where WebSocket messages or HTTP bodies carry the bytes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from avrorpc.principal import Principal
from avrorpc.wire.frames import CHUNK

HIGH_WATER: Final = 262_144
"""Bytes that may wait to be carried before a link is asked to hold back."""


class Carrier(asyncio.Transport):
    """An `asyncio.Transport` over two coroutines, one that reads and one that writes.

    Args:
        link: What is driven.
        peer: The other end's address.
        principal: Whom the connection proves the other end to be.
        outlives_input: Whether the end of what comes leaves the other direction open, as HTTP bodies do.
        sock: The socket below, where whether it has ended may be asked of it.
    """

    def __init__(
        self,
        link: asyncio.Protocol,
        peer: object = None,
        principal: Principal | None = None,
        *,
        outlives_input: bool,
        sock: object = None,
    ) -> None:
        super().__init__({"peername": peer, "principal": principal, "socket": sock})
        self._link = link
        self._outlives_input = outlives_input
        self._out: deque[bytes] = deque()
        self._size = 0
        self._is_choked = False
        self._is_closing = False
        self._is_complete = False
        self._may_write = asyncio.Event()
        self._closed = asyncio.Event()
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._error: Exception | None = None

    async def carry(
        self,
        read: Callable[[], Awaitable[bytes | None]],
        write: Callable[[bytes], Awaitable[None]],
        finish: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Move bytes until either end closes; errors end the connection.

        Args:
            read: Gives what has come; None at its end.
            write: Sends some bytes.
            finish: Sends the end.
        """
        self._link.connection_made(self)
        reading = asyncio.ensure_future(self._carry_in(read))
        writing = asyncio.ensure_future(self._carry_out(write, finish))
        self._tasks = [reading, writing]
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            if reading.done() and self._error is None and self._outlives_input:
                if not self._link.eof_received():
                    self.close()  # what is due is still carried
                await asyncio.wait([writing])
        finally:
            self._is_closing = True
            for task in self._tasks:
                task.cancel()
            try:
                await asyncio.wait(self._tasks)
            finally:  # aiohttp may cancel this in the same moment: what waits on the link must still end
                self._link.connection_lost(self._error)

    async def output(self) -> bytes | None:
        """Return bytes to carry, when there are any; None when no more come."""
        while not self._out:
            if self._is_closing or self._is_complete:
                return None
            self._may_write.clear()
            await self._may_write.wait()
        data = self._out.popleft()
        self._size -= len(data)
        if self._is_choked and self._size <= HIGH_WATER // 4:
            self._is_choked = False
            self._link.resume_writing()
        return data

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Take bytes to carry."""
        if self._is_closing or self._is_complete:
            return
        view = memoryview(data)
        for start in range(0, len(view), CHUNK):
            self._out.append(bytes(view[start : start + CHUNK]))
        self._size += len(view)
        self._may_write.set()
        if not self._is_choked and self._size > HIGH_WATER:
            self._is_choked = True
            self._link.pause_writing()

    def get_write_buffer_size(self) -> int:
        """Bytes that wait to be carried."""
        return self._size

    def write_eof(self) -> None:
        """Carry no more than what waits."""
        self._is_complete = True
        self._may_write.set()

    def can_write_eof(self) -> bool:
        """Whether one direction can end before the other."""
        return self._outlives_input

    def close(self) -> None:
        """Carry what waits, and then nothing."""
        self._is_closing = True
        self._closed.set()
        self._may_write.set()

    def abort(self) -> None:
        """Carry nothing more."""
        self._is_closing = True
        self._out.clear()
        self._may_write.set()
        for task in self._tasks:
            task.cancel()

    def is_closing(self) -> bool:
        """Whether nothing more is taken."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Leave what comes where it is."""
        self._may_read.clear()

    def resume_reading(self) -> None:
        """Read on."""
        self._may_read.set()

    async def _carry_in(self, read: Callable[[], Awaitable[bytes | None]]) -> None:
        try:
            while True:
                await self._may_read.wait()
                data = await read()
                if data is None:
                    return
                self._link.data_received(data)
        except Exception as error:  # noqa: BLE001 - the link is told, as by asyncio
            self._error = self._error or error

    async def _carry_out(
        self, write: Callable[[bytes], Awaitable[None]], finish: Callable[[], Awaitable[None]] | None
    ) -> None:
        try:
            while (data := await self.output()) is not None:
                await write(data)
            if finish is not None:
                await finish()
            await self._closed.wait()  # the other direction goes on
        except Exception as error:  # noqa: BLE001 - the link is told, as by asyncio
            self._error = self._error or error
