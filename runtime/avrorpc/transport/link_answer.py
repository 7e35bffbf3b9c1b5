"""What becomes of one call that a client makes on a link: its reply, its streams, and its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from avrorpc.transport.link_call import LinkCall

if TYPE_CHECKING:
    from avrorpc.transport.client_link import ClientLink

V = TypeVar("V")


class LinkAnswer(LinkCall, Generic[V]):
    """What becomes of one call; see `Answer`."""

    pump: None = None

    def __init__(self, link: ClientLink, number: int) -> None:
        super().__init__(link, number)
        self.view: V
        self.body: bytes | None = None
        self._link: ClientLink = link
        self._error: BaseException | None = None
        self._sending: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, items: AsyncIterator[bytes] | None, deadline: float | None) -> None:
        """Start the clock, and what sends the items."""
        loop = asyncio.get_running_loop()
        if deadline is not None:
            self._timer = loop.call_at(deadline, self._expire)
        if items is not None:
            self._sending = loop.create_task(self._send(items))

    async def receive(self) -> bytes | None:
        """Return the next item; None at the end of the stream."""
        while not self._items:
            if self._error is not None:
                await self.end_pump()
                raise self._error
            if self.is_over:
                await self.end_pump()
                return None
            await self._woken()
        return self._next()

    async def wait(self) -> None:
        """Wait for the reply."""
        while not self.is_over:
            await self._woken()
        if self._error is not None:
            raise self._error

    async def cancel(self) -> None:
        """End the call where it is not ended."""
        if not self.is_over:
            self.fail(asyncio.CancelledError())
        self._discard()
        await self.end_pump()

    def abandon(self) -> None:
        """End the call from where nothing can be awaited."""
        if not self.is_over:
            self.fail(asyncio.CancelledError())
        if self._sending is not None:
            self._sending.cancel()

    async def end_pump(self) -> None:
        """Stop sending items, and wait until their iterator is closed."""
        sending, self._sending = self._sending, None
        if sending is not None:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([sending])

    # What the link tells.

    def finish(self, body: bytes) -> None:
        """The reply is there."""
        self.body = body
        self._end()

    def fail(self, error: BaseException) -> None:
        """The call failed; the server is told where it does not know."""
        if self.is_over:
            return
        self._error = error
        if self._link.lost is None:
            self._link.connection.cancel(self.number)
            self._link.flush_soon()
        self._end()

    def _end(self) -> None:
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._link.ended(self.number, is_given_up=self.body is None)
        self.writable()
        self._wake_reader()

    def _expire(self) -> None:
        self.fail(TimeoutError())

    async def _send(self, items: AsyncIterator[bytes]) -> None:
        """Send items while the server reads them."""
        multiplexer = self._link.connection.multiplexer
        assert multiplexer is not None  # a plain connection has refused the call
        try:
            async for item in items:
                if not await self._push(item):
                    return
            multiplexer.end(self.number)
            self._link.complete()
        except Exception as error:  # noqa: BLE001 - the caller's own iterator failed, or an item does not fit
            self.fail(error)
        finally:
            await _close(items)


async def _close(items: AsyncIterator[bytes]) -> None:
    close: Callable[[], Any] | None = getattr(items, "aclose", None)
    if close is not None:
        await close()
