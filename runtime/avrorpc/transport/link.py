"""What both ends of a connection on asyncio share: the bytes that leave, and how much may wait to be read.

A link is an `asyncio.Protocol`: TCP, TLS and unix sockets drive it as they are, WebSocket and HTTP by an
adapter.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Generic, TypeVar, cast

from avrorpc.limits import Limits
from avrorpc.wire.client import ClientConnection
from avrorpc.wire.server import ServerConnection

C = TypeVar("C", bound=ClientConnection | ServerConnection[Any])

PING: Final = bytes(8)
"""What a ping carries: there is only ever one on its way."""
TOGETHER: Final = 16
"""Calls or items that may wait for others to leave with them; with more, the other end would stand idle."""


class Link(asyncio.Protocol, Generic[C]):
    """Writes what a connection's state has to say, and reads on while there is room.

    Args:
        connection: The state of the connection.
        limits: Bounds on what the other end may send, and when it is taken to be gone.
    """

    def __init__(self, connection: C, limits: Limits) -> None:
        self.connection = connection
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._is_choked = False
        self._unchoked: asyncio.Future[None] | None = None
        self._buffered = 0
        self._is_reading = True
        self._is_flushing = False
        self._due = 0

    def buffer(self, size: int) -> None:
        """Take note of bytes that wait for their reader, or less than none that were read.

        Where no credit holds the other end back, not reading does.
        """
        self._buffered += size
        self._choose_reading()

    async def unchoked(self) -> None:
        """Wait while the socket takes no more."""
        while self._is_choked:
            if self._unchoked is None:
                self._unchoked = self._loop.create_future()
            await asyncio.shield(self._unchoked)

    def flush_soon(self) -> None:
        """Write what is due before the loop waits again, together with some of what comes up until then."""
        self._due += 1
        if self._due == TOGETHER:
            self.flush()
        if not self._is_flushing:
            self._is_flushing = True
            self._loop.call_soon(self._flush_now)

    def flush(self) -> None:
        """Write what is due, as far as the socket takes it."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._due = 0
        while not self._is_choked and self.connection.has_output:
            transport.write(self.connection.data_to_send())

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102
        # uvloop's transports have the methods and not the base class.
        self._transport = cast("asyncio.Transport", transport)

    def pause_writing(self) -> None:  # noqa: D102
        self._is_choked = True
        self._choose_reading()

    def resume_writing(self) -> None:  # noqa: D102
        self._release_writers()
        self.flush()
        self._choose_reading()

    # For both ends.

    def _release_writers(self) -> None:
        self._is_choked = False
        if self._unchoked is not None:
            self._unchoked.set_result(None)
            self._unchoked = None

    @property
    def _is_flooded(self) -> bool:
        """Whether more waits to be read than may, where no credit sees to that."""
        if self._buffered < self._limits.stream_window:
            return False
        multiplexer = self.connection.multiplexer
        return multiplexer is not None and multiplexer.settings.window is None

    def _may_read(self) -> bool:
        """Whether what comes may be read now."""
        return not self._is_flooded

    def _choose_reading(self) -> None:
        """Read on, or leave what comes where it is."""
        may_read = self._may_read()
        if may_read is self._is_reading or self._transport is None or self._transport.is_closing():
            return
        self._is_reading = may_read
        if may_read:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _flush_now(self) -> None:
        self._is_flushing = False
        self.flush()
