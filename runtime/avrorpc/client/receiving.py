"""The response stream of a remote call: items decoded one by one, and the final reply at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeAlias, TypeVar

from avrorpc.client.owner import Owner
from avrorpc.driving import as_coroutine, drive
from avrorpc.streaming import SentItems
from avrorpc.transport.exchange import Answer, NotBegun

V = TypeVar("V")
Received: TypeAlias = tuple[Answer[V], Callable[[bytes], Any], Callable[[bytes], None]]
"""An answer, what gives an item of its bytes, and what is given the final reply."""

_cancelling: Final[set[asyncio.Task[None]]] = set()
"""Holds the tasks that cancel what was dropped: a loop alone would not."""


class RemoteStream(Generic[V]):
    """The items of one answer.

    It is no generator on purpose: one that nobody has begun to read must end its call, too.

    Args:
        answer: What the transport gave.
        decode: Gives an item of its bytes.
        finish: Given the final reply; raises the error in it.
        translate: Gives what the caller is told instead of what a transport raised.
        sent: The items that the caller sends.
        owner: Who may use the connections.
        again: Makes the call once more, where a server has not begun it; None where it cannot be made again.
    """

    def __init__(
        self,
        answer: Answer[V],
        decode: Callable[[bytes], Any],
        finish: Callable[[bytes], None],
        translate: Callable[[BaseException], BaseException],
        sent: SentItems | None,
        owner: Owner,
        again: Callable[[], Awaitable[Received[V]]] | None = None,
    ) -> None:
        self._answer = answer
        self._decode = decode
        self._finish = finish
        self._translate = translate
        self._sent = sent
        self._owner = owner
        self._again = again
        self._is_done = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._is_done:
            raise StopAsyncIteration
        failed: BaseException = StopAsyncIteration()
        try:
            data = await self._receive()
            if self._sent is None or self._sent.failed is None:
                if data is not None:
                    return self._decode(data)
                assert self._answer.body is not None
                self._finish(self._answer.body)
        except BaseException as error:  # noqa: BLE001 - raised below, after the call has ended
            failed = self._translate(error)
        await self.aclose()
        if self._sent is not None and self._sent.failed is not None:
            failed = self._sent.failed
        try:
            raise failed
        finally:
            del failed

    async def _receive(self) -> bytes | None:
        again, self._again = self._again, None
        try:
            return await self._answer.receive()
        except NotBegun:
            if again is None:
                raise
        self._answer, self._decode, self._finish = await again()
        return await self._answer.receive()

    async def aclose(self) -> None:
        """End the call, and what the caller sends."""
        if self._is_done:
            return
        self._is_done = True
        if not self._owner.is_here:
            return  # it is the parent's call, and goes on there
        try:
            await self._answer.cancel()
        finally:
            if self._sent is not None:
                await self._sent.aclose()

    def __del__(self) -> None:
        if self._is_done or not self._owner.is_here:
            return
        self._is_done = True
        loop = self._owner.loop
        if loop is None:
            drive(as_coroutine(self._answer.cancel()))
        elif not loop.is_closed():
            with suppress(RuntimeError):  # it was closed in this moment, and its connections with it
                loop.call_soon_threadsafe(_cancel_later, loop, self._answer, self._sent)


def _cancel_later(loop: asyncio.AbstractEventLoop, answer: Answer[Any], sent: SentItems | None) -> None:
    task = loop.create_task(_cancel(answer, sent))
    _cancelling.add(task)
    task.add_done_callback(_cancelling.discard)


async def _cancel(answer: Answer[Any], sent: SentItems | None) -> None:
    await answer.cancel()
    if sent is not None:
        await sent.aclose()
