"""What a behaviour is given: clients in one placement, used alike whatever the colours of both ends are."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import avrorpc
from avrorpc import Binding, Code, Server, StatusError, Suspended
from avrorpc.errors import EndOfStream
from avrorpc.method import Contract
from behaviours.placements import Case
from support.implementations import AsyncConformance, AsyncStreams, SyncConformance, SyncStreams
from testcontracts.conformance import (
    CONFORMANCE,
    AsyncConformanceClient,
    ConformanceClient,
    ConformanceService,
)
from testcontracts.hard import import_ as hard
from testcontracts.streams import AsyncStreamsClient, StreamsClient, StreamsService

T = TypeVar("T")

UNTIMED: Final = Contract(
    CONFORMANCE.name, CONFORMANCE.text.replace('"timeout":"150ms",', ""), types=lambda: CONFORMANCE.types
)
"""The contract without its `@timeout`, which `direct:` refuses."""
for _method in CONFORMANCE.methods.values():
    UNTIMED.method(_method.name, attribute=_method.attribute)


class UntimedClient(ConformanceClient):
    __contract__ = UNTIMED


class AsyncUntimedClient(AsyncConformanceClient):
    __contract__ = UNTIMED


_CLIENTS: Final[tuple[tuple[type, Any, Any], ...]] = (
    (ConformanceService, ConformanceClient, AsyncConformanceClient),
    (StreamsService, StreamsClient, AsyncStreamsClient),
    (hard.HardService, hard.HardClient, hard.AsyncHardClient),
)


class Impossible(Exception):
    """What a colour of client or implementation has no word for."""


class Log(logging.Handler):
    """What the runtime logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


class Setup:
    """Opens clients in one placement; all is closed at the end of the `async with` block."""

    def __init__(self, case: Case, folder: Path) -> None:
        self.case = case
        self.log = Log()
        self._folder = folder
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        logger = logging.getLogger("avrorpc")
        logger.addHandler(self.log)
        self._stack.callback(logger.removeHandler, self.log)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def colour(self, sync: T, asynchronous: T) -> T:
        """Return which of two is of the implementation's colour."""
        return asynchronous if self.case.serves_async else sync

    async def conformance(self, **options: Any) -> Any:
        """Return a client of the usual implementation."""
        return await self.open(self.colour(SyncConformance, AsyncConformance)(), **options)

    async def streams(self, **options: Any) -> Streaming:
        """Return a client of the usual streams, with their implementation."""
        implementation = self.colour(SyncStreams, AsyncStreams)()
        return Streaming(self, await self.open(implementation, **options), implementation)

    async def open(
        self,
        target: Any,
        *,
        timed: bool = False,
        expose_cause: bool = False,
        server_middleware: tuple[Any, ...] = (),
        **options: Any,
    ) -> Any:
        """Return a client of an implementation; options are those of `connect`.

        Args:
            target: The implementation, or its binding.
            timed: Whether the contract keeps its own deadline even in `direct:`.
            expose_cause: Whether callers learn the text of undeclared errors.
            server_middleware: What the service has.
            options: What `connect` is given.
        """
        placement = self.case.placement
        implementation = target.implementation if isinstance(target, Binding) else target
        kind: Any = next(
            pair[self.case.is_async] for base, *pair in _CLIENTS if isinstance(implementation, base)
        )
        if placement.name == "direct" and isinstance(implementation, ConformanceService) and not timed:
            kind = AsyncUntimedClient if self.case.is_async else UntimedClient
        if server_middleware:
            target = avrorpc.bind(target, middleware=server_middleware)
        if placement.is_here:
            client = avrorpc.connect(kind, placement.url, target=target, expose_cause=expose_cause, **options)
        else:
            server = Server([target], threads=8, expose_cause=expose_cause)
            self._stack.push_async_callback(server.close, 0.2)
            url = placement.connects_to(await server.listen(placement.listens_at(self._folder)))
            client = avrorpc.connect(kind, url, **options)
        self._stack.push_async_callback(self.close, client)
        return client

    async def close(self, client: Any) -> None:
        """Close a client."""
        closing = avrorpc.close(client)
        if closing is not None:
            await closing

    async def call(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Make a call, and return what it gives."""
        if self.case.is_async:
            return await method(*args, **kwargs)
        return await asyncio.to_thread(method, *args, **kwargs)

    def begin(self, method: Callable[..., Awaitable[T]], /, *args: Any) -> asyncio.Task[T]:
        """Return a task that makes a call.

        Raises:
            Impossible: A synchronous caller has none.
        """
        self.cancellable()

        async def made() -> T:
            return await method(*args)

        return asyncio.ensure_future(made())

    def cancellable(self) -> None:
        """Mark a behaviour as one of callers that can be cancelled.

        Raises:
            Impossible: A synchronous one cannot.
        """
        if not self.case.is_async:
            raise Impossible("a synchronous caller cannot be cancelled: it waits in a frame, not in a task")

    def interruptible(self) -> None:
        """Mark a behaviour as one of implementations that can be interrupted.

        Raises:
            Impossible: A `def` cannot.
        """
        if not self.case.serves_async:
            raise Impossible("running Python code of a `def` cannot be interrupted")

    def items(self, iterable: Iterable[Any]) -> Any:
        """Return an iterator of the client's colour, which knows whether it was closed."""
        return (AsyncItems if self.case.is_async else SyncItems)(iterable)

    async def take(self, stream: Any, count: int = 1_000_000) -> list[Any]:
        """Return the first items of a stream, and close it."""
        if self.case.is_async:
            taken: list[Any] = []
            async with avrorpc.closing(stream):
                while len(taken) < count:
                    try:
                        taken.append(await anext(stream))
                    except StopAsyncIteration:
                        break
            return taken

        def read() -> list[Any]:
            with avrorpc.closing(stream):
                return [item for _, item in zip(range(count), stream, strict=False)]

        return await asyncio.to_thread(read)

    async def next(self, stream: Any) -> Any:
        """Return the next item of a stream."""
        return await (anext(stream) if self.case.is_async else asyncio.to_thread(next, stream))

    async def until_error(self, stream: Any) -> tuple[list[Any], BaseException]:
        """Return the items before an error, and the error; what the placement cannot do at all is raised."""
        items: list[Any] = []

        def read() -> None:
            for item in stream:
                items.append(item)  # noqa: PERF402 - those before the error are kept

        try:
            if self.case.is_async:
                async for item in stream:
                    items.append(item)  # noqa: PERF401
            else:
                await asyncio.to_thread(read)
        except BaseException as error:
            if isinstance(error, Suspended):
                raise
            if isinstance(error, StatusError) and error.code is Code.UNIMPLEMENTED and not error.from_peer:
                raise
            return items, error
        raise AssertionError(f"no error after {items}")

    def talk(self, method: Callable[..., Any], *args: Any) -> Any:
        """Return a stream both ways, spoken to alike whatever the client's colour."""
        return AsyncTalk(method, *args) if self.case.is_async else SyncTalk(method(*args))


class Streaming:
    """A client of streams, and the implementation behind it."""

    def __init__(self, setup: Setup, client: Any, implementation: Any) -> None:
        self.client = client
        self.implementation = implementation
        self._is_here = setup.case.placement.is_here

    async def begun(self, task: asyncio.Task[Any]) -> None:
        """Wait until the implementation is at a stream, or the task that calls it has ended."""
        for _ in range(10_000):
            if self.implementation.streams.counts()[0] or task.done():
                return
            await asyncio.sleep(0.001)

    async def closed(self, early: int, *, begun: bool = True) -> None:
        """Wait until so many streams were closed early and none is open; with `begun`, they all began."""
        streams, wanted = self.implementation.streams, [0, early]
        for _ in range(10_000):
            if streams.counts() == wanted:
                return
            if not begun and not self._is_here and streams.counts() == [0, 0]:
                return  # it was cancelled before it began
            await asyncio.sleep(0.001)
        assert streams.counts() == wanted


class SyncItems:
    """A caller's iterator, which knows whether it was closed."""

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterator = iter(iterable)
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._iterator)

    def close(self) -> None:
        self.closed = True


class AsyncItems:
    """The same for asynchronous callers."""

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterator = iter(iterable)
        self.closed = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        try:
            return next(self._iterator)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self.closed = True


class SyncTalk:
    """A two-way stream of a synchronous client, used from an event loop."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def send(self, item: Any) -> None:
        await asyncio.to_thread(self._stream.send, item)

    async def receive(self) -> Any:
        return await asyncio.to_thread(self._stream.receive)

    async def close_send(self) -> None:
        await asyncio.to_thread(self._stream.close_send)

    async def close(self) -> None:
        await asyncio.to_thread(self._stream.close)


class AsyncTalk:
    """The same of an asynchronous client, whose items wait in a queue."""

    def __init__(self, method: Callable[..., Any], *args: Any) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._stream = method(*args, self._items())

    async def _items(self) -> AsyncIterator[Any]:
        while (item := await self._queue.get()) is not None:
            yield item

    async def send(self, item: Any) -> None:
        self._queue.put_nowait(item)

    async def receive(self) -> Any:
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            raise EndOfStream from None

    async def close_send(self) -> None:
        self._queue.put_nowait(None)

    async def close(self) -> None:
        await self._stream.aclose()
