"""One call that a server has under way, with the items that wait to be read."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from avrorpc.errors import Code, StatusError
from avrorpc.transport.link import Link
from avrorpc.transport.link_call import LinkCall
from avrorpc.wire.server import Request


class ServerCall(LinkCall):
    """What serves a call, and its streams; see `Streams`.

    Args:
        link: What carries it.
        request: What the client asks for.
    """

    def __init__(self, link: Link[Any], request: Request[Any]) -> None:
        super().__init__(link, request.serial)
        self.request = request
        self.task: asyncio.Task[None] | None = None
        """What serves it."""
        self.has_begun = False
        """Whether the task runs."""
        self._is_ended = not request.takes_stream

    @property
    def items(self) -> Self:
        """What the client sends."""
        return self

    def end(self) -> None:
        """The request stream is complete."""
        self._is_ended = True
        self._wake_reader()

    def close(self) -> None:
        """Let whoever still reads or writes know that the call is over."""
        self.is_over = True
        self._discard()
        self._wake_reader()
        self.writable()

    def cancel(self) -> None:
        """End the work."""
        self.close()
        if self.task is not None:
            self.task.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._items:
            if self.is_over:
                raise StatusError(Code.CANCELLED, "the call is over")
            if self._is_ended:
                raise StopAsyncIteration
            await self._woken()
        return self._next()

    async def send(self, item: bytes) -> None:
        """Send an item of the response stream; wait while the client does not read.

        Raises:
            StatusError: CANCELLED, where the call is over.
        """
        if not await self._push(item):
            raise StatusError(Code.CANCELLED, "the call is over")
