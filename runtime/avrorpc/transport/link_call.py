"""The streams of one call at one end of a link: items that came, and credit for those that go."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from avrorpc.transport.link import Link
from avrorpc.wire.multiplex import ITEM_COST

TURN: Final = 64
"""Items that a stream may send in one turn of the loop."""


class LinkCall:
    """One call of a link.

    Args:
        link: What carries it.
        number: Its number there.
    """

    def __init__(self, link: Link[Any], number: int) -> None:
        self.number = number
        self.is_over = False
        """Whether nothing more is sent for it."""
        self._link = link
        self._items: deque[bytes] = deque()
        self._sent = 0
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    # What the link tells.

    def put(self, item: bytes) -> None:
        """An item is there."""
        self._items.append(item)
        self._link.buffer(len(item) + ITEM_COST)
        self._wake_reader()

    def writable(self) -> None:
        """Items may be sent again."""
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    # For both ends.

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def _woken(self) -> None:
        """Wait for an item, or the end."""
        self._reader = asyncio.get_running_loop().create_future()
        await self._reader

    def _next(self) -> bytes:
        """Return the first of the items, and let the other end send as much again."""
        item = self._items.popleft()
        self._link.buffer(-len(item) - ITEM_COST)
        multiplexer = self._link.connection.multiplexer
        multiplexer.consumed(self.number, len(item))
        if multiplexer.has_output:
            self._link.flush_soon()
        return item

    def _discard(self) -> None:
        """Forget the items that nobody will read."""
        if self._items:
            self._link.buffer(-sum(len(item) + ITEM_COST for item in self._items))
            self._items.clear()

    async def _push(self, item: bytes) -> bool:
        """Send an item once there is credit and room for it; return False where the call is over."""
        multiplexer = self._link.connection.multiplexer
        while not self.is_over and not multiplexer.can_send(self.number):
            self._writer = asyncio.get_running_loop().create_future()
            await self._writer
        await self._link.unchoked()
        if self.is_over:
            return False
        multiplexer.send_item(self.number, item)
        self._link.flush_soon()
        self._sent += 1
        if self._sent % TURN == 0:  # others have their turn, and what is due is written
            await asyncio.sleep(0)
        return True
