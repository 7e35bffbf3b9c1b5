"""The items that a caller sends: read in the caller's own context, converted one by one, always closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Generator, Iterable
from contextvars import copy_context
from typing import Any, Final, Self

from avrorpc.errors import Code, EncodeError, StatusError
from avrorpc.streaming.closing import close_iterator
from avrorpc.streaming.stepping import AsyncSteps

_END: Final = object()


class SyncItems:
    """A caller's iterable as an async iterator that never suspends.

    Args:
        iterable: What the caller passed.
        name: The parameter that takes it.

    Raises:
        EncodeError: It is no iterable.
    """

    def __init__(self, iterable: Iterable[Any], name: str) -> None:
        if not isinstance(iterable, Iterable):
            raise EncodeError(f"an iterable of items is needed, not {type(iterable).__name__}", name)
        self._iterator = iter(iterable)
        self._context = copy_context()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        item = self._context.run(next, self._iterator, _END)
        if item is _END:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Close the caller's iterator, if it can be closed."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            self._context.run(close)


class AsyncItems(AsyncSteps):
    """A caller's async iterable, each step of it in the caller's context.

    Args:
        iterable: What the caller passed.
        name: The parameter that takes it.

    Raises:
        EncodeError: It is no async iterable.
    """

    def __init__(self, iterable: AsyncIterable[Any], name: str) -> None:
        if not isinstance(iterable, AsyncIterable):
            kind = type(iterable).__name__
            raise EncodeError(f"an asynchronous iterable of items is needed, not {kind}", name)
        super().__init__(aiter(iterable), copy_context())


class SentItems:
    """The items of one call on their way out: whoever reads them learns of no failure but a cancelled call.

    Args:
        source: The caller's items, with what middleware made of them.
        convert: Gives what is passed on of an item, by its number, such as its encoding.
    """

    def __init__(self, source: AsyncIterator[Any], convert: Callable[[Any, int], Any]) -> None:
        self.failed: BaseException | None = None
        """What the caller's items raised, or their conversion; the caller gets it, as it is."""
        self._source = source
        self._convert = convert
        self._count = 0
        self._is_running = False
        self._is_closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self.failed is not None:
            raise StatusError(Code.CANCELLED, "the caller's items failed")
        if self._is_closed:
            raise StopAsyncIteration
        self._is_running = True
        item: Any = None
        try:
            item = self._convert(await self._source.__anext__(), self._count)
        except (StopAsyncIteration, asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - it is the caller's own, and kept for the caller
            self.failed = error
        finally:
            self._is_running = False
            if self._is_closed:
                await close_iterator(self._source)
        if self.failed is not None:
            raise StatusError(Code.CANCELLED, "the caller's items failed")
        self._count += 1
        return item

    async def aclose(self) -> None:
        """Close the caller's iterator; at the end of its present step, where it is in one."""
        if not self._is_closed:
            self._is_closed = True
            if not self._is_running:
                await close_iterator(self._source)


class Pump:
    """What sends the items of a synchronous two-way call, whenever its driver lets it.

    Args:
        coroutine: Sends what there is to send, and suspends while there is nothing.
        sent: What it sends.
        told: Gives what the caller is told of what the coroutine raised.
    """

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, None],
        sent: SentItems,
        told: Callable[[BaseException], BaseException],
    ) -> None:
        self._coroutine = coroutine
        self._sent = sent
        self._told = told

    def __await__(self) -> Generator[Pump, None, None]:
        """Hand this to the driver of the running call, through all that awaits."""
        yield self

    def advance(self) -> object:
        """Send what there is to send, and return what the coroutine waits for.

        Raises:
            StopIteration: Nothing more is to be sent.
        """
        failed: BaseException
        try:
            return self._coroutine.send(None)
        except StopIteration:
            raise
        except BaseException as error:  # noqa: BLE001 - raised below, where nothing is being handled
            failed = self._told(error)
        raise failed if self._sent.failed is None else self._sent.failed

    def close(self) -> None:
        """Send nothing more."""
        self._coroutine.close()
