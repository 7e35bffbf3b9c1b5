"""A response stream of an implementation in this process, with the errors that a remote caller would see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from avrorpc.streaming import CallStream, SentItems


class LocalStream:
    """The items of one local call.

    Args:
        stream: What the implementation gives.
        sent: What the caller sends.
        receive: Gives what the caller gets of an item, by its number.
        failed: Gives what the caller is told of what the implementation raised.
        ended: Called at the end, where nothing failed.
    """

    def __init__(
        self,
        stream: CallStream,
        sent: SentItems | None,
        *,
        receive: Callable[[Any, int], Any],
        failed: Callable[[BaseException], Exception],
        ended: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._sent = sent
        self._receive = receive
        self._told = failed
        self._ended = ended
        self._count = 0
        self._is_done = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._is_done:
            raise StopAsyncIteration
        failed: BaseException | None = None
        item = None
        try:
            item = await self._stream.__anext__()
        except asyncio.CancelledError as error:
            if is_cancelled():
                self._is_done = True
                raise
            failed = error
        except Exception as error:  # noqa: BLE001 - the boundary of the implementation
            failed = error
        # Raised out here, where no exception is being handled, so that no trace of what was redacted remains.
        own = None if self._sent is None else self._sent.failed
        if own is not None:
            await self.aclose()
            raise own
        if failed is None:
            try:
                item = self._receive(item, self._count)
            except BaseException:
                await self.aclose()
                raise
            self._count += 1
            return item
        self._is_done = True
        if isinstance(failed, StopAsyncIteration):
            self._ended()
            raise StopAsyncIteration
        raise self._told(failed)

    async def aclose(self) -> None:
        """Cancel what the implementation still does; where that fails, it is logged as a server would."""
        self._is_done = True
        try:
            await self._stream.aclose()
        except Exception as error:  # noqa: BLE001 - the boundary of the implementation
            self._told(error)


def is_cancelled() -> bool:
    """Whether the running task is being cancelled, and not the implementation by its own doing."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return False
    return task is not None and task.cancelling() > 0
