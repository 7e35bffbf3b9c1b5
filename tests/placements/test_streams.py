"""One behaviour of streams in every placement and colour. A placement joins by a line in `PLACEMENTS`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import avrorpc
import pytest
from avrorpc import (
    BindError,
    Call,
    ClientStateError,
    Code,
    EncodeError,
    Reply,
    Server,
    Service,
    StatusError,
    Suspended,
    bind,
    current_call,
    with_options,
)
from avrorpc.errors import EndOfStream
from support.implementations import AsyncStreams, SyncStreams, visible
from support.memory import connect_memory
from testcontracts.streams import AsyncStreamsClient, BadPiece, Piece, StreamsClient, Summary

Opener = Callable[..., Awaitable[Any]]


def in_process(placement: str) -> Opener:
    async def open_client(client_type: Any, server: Server, target: Any, **options: Any) -> Any:
        return avrorpc.connect(client_type, f"{placement}:", target=target, **options)

    return open_client


async def in_memory(client_type: Any, server: Server, target: Any, **options: Any) -> Any:
    return connect_memory(client_type, server, asyncio.get_running_loop(), **options)


def listening(url: str) -> Opener:
    async def open_client(client_type: Any, server: Server, target: Any, **options: Any) -> Any:
        return avrorpc.connect(client_type, await server.listen(url), **options)

    return open_client


PLACEMENTS: Final[dict[str, Opener]] = {
    "local": in_process("local"),
    "verify": in_process("verify"),
    "memory": in_memory,
    "tcp": listening("tcp://127.0.0.1:0"),
    "ws": listening("ws://127.0.0.1:0"),
}


class SyncTalk:
    """A two-way stream of a synchronous client, used from the test's loop."""

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


@dataclass
class Setup:
    """A client in one placement, and the implementation behind it."""

    placement: str
    client: Any
    implementation: Any
    asynchronous: bool
    open: Callable[..., Awaitable[Any]]
    """Opens another client, of the same colour and placement, to another implementation."""

    @property
    def is_local(self) -> bool:
        return self.placement in ("local", "verify")

    @property
    def cannot_wait(self) -> bool:
        colour = isinstance(self.implementation, AsyncStreams)
        return self.is_local and not self.asynchronous and colour

    async def take(self, stream: Any, count: int = 1_000_000) -> list[Any]:
        """Return the first items of a stream, and close it."""
        if self.asynchronous:
            async with avrorpc.closing(stream):
                return [item async for item in _first(stream, count)]

        def read() -> list[Any]:
            with avrorpc.closing(stream):
                return [item for _, item in zip(range(count), stream, strict=False)]

        return await asyncio.to_thread(read)

    async def until_error(self, stream: Any) -> tuple[list[Any], BaseException]:
        """Return the items before an error, and the error."""
        items: list[Any] = []

        def read() -> None:
            for item in stream:
                items.append(item)  # noqa: PERF402 - those before the error are kept

        try:
            if self.asynchronous:
                async for item in stream:
                    items.append(item)  # noqa: PERF401
            else:
                await asyncio.to_thread(read)
        except BaseException as error:  # noqa: BLE001 - it is what is asked for
            return items, error
        raise AssertionError(f"no error after {items}")

    async def call(self, method: Callable[..., Any], /, *args: Any) -> Any:
        if self.asynchronous:
            return await method(*args)
        return await asyncio.to_thread(method, *args)

    def items(self, iterable: Iterable[Any]) -> Any:
        """Return an iterator of the client's colour."""
        return Items(iterable, asynchronous=self.asynchronous)

    def talk(self, name: str, *args: Any) -> Any:
        method = getattr(self.client, name)
        return AsyncTalk(method, *args) if self.asynchronous else SyncTalk(method(*args))

    async def closed(self, early: int, *, begun: bool = True) -> None:
        """Wait until so many streams were closed early, and none is open; with `begun`, they all began."""
        streams, wanted = self.implementation.streams, [0, early]
        for _ in range(1_000):
            if streams.counts() == wanted:
                return
            if not begun and not self.is_local and streams.counts() == [0, 0]:
                return  # it was cancelled before it began
            await asyncio.sleep(0.01)
        assert streams.counts() == wanted


class Items:
    """A caller's iterator, which knows whether it was closed."""

    def __new__(cls, iterable: Iterable[Any], *, asynchronous: bool) -> Any:
        return object.__new__(AsyncItems if asynchronous else SyncItems)

    def __init__(self, iterable: Iterable[Any], *, asynchronous: bool) -> None:
        self._iterator = iter(iterable)
        self.closed = False


class SyncItems(Items):
    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._iterator)

    def close(self) -> None:
        self.closed = True


class AsyncItems(Items):
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


async def _first(stream: Any, count: int) -> AsyncIterator[Any]:
    taken = 0
    while taken < count:
        try:
            yield await anext(stream)
        except StopAsyncIteration:
            return
        taken += 1


@pytest.fixture(params=["def", "async def"])
def implementation(request: pytest.FixtureRequest) -> Any:
    return SyncStreams() if request.param == "def" else AsyncStreams()


@pytest.fixture(params=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["client", "async client"])
async def setup(request: pytest.FixtureRequest, placement: str, implementation: Any) -> AsyncIterator[Setup]:
    asynchronous = request.param == "async client"
    client_type: Any = AsyncStreamsClient if asynchronous else StreamsClient
    async with contextlib.AsyncExitStack() as stack:

        async def open_client(target: Any, **options: Any) -> Any:
            server = await stack.enter_async_context(Server([target], threads=4, expose_cause=False))
            client = await PLACEMENTS[placement](client_type, server, target, **options)
            stack.push_async_callback(close, client)
            return client

        client = await open_client(implementation)
        yield Setup(placement, client, implementation, asynchronous, open_client)


async def close(client: Any) -> None:
    closing = avrorpc.close(client)
    if closing is not None:
        await closing


def _seventh(_: int) -> Piece:
    return Piece(number=7)


def pieces(count: int) -> list[Piece]:
    return [Piece(number=number, data=b"x" * number) for number in range(count)]


# A response that is a stream.


async def test_items_come_in_order_and_end(setup: Setup) -> None:
    assert await setup.take(setup.client.count(100)) == list(range(100))
    assert await setup.take(setup.client.count(0)) == []
    assert [piece.data for piece in await setup.take(setup.client.download(2, 3))] == [b"\0" * 3, b"\1" * 3]
    await setup.closed(0)


async def test_a_declared_error_comes_after_the_items_before_it(setup: Setup) -> None:
    items, error = await setup.until_error(setup.client.count(10, fail_at=3))
    assert items == [0, 1, 2]
    assert isinstance(error, BadPiece)
    assert (error.number, error.reason) == (3, "as asked")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("value", Code.INTERNAL),
        ("status", Code.NOT_FOUND),
        ("cancel", Code.CANCELLED),
        ("undeclared", Code.INTERNAL),
    ],
)
async def test_other_errors_come_after_the_items_and_are_redacted(
    setup: Setup, how: str, code: Code, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "avrorpc"):
        items, error = await setup.until_error(setup.client.break_off(2, how))
    assert items == [0, 1]
    assert isinstance(error, StatusError)
    assert error.code is code
    assert "hunter2" not in str(error)
    assert error.__cause__ is None
    if code is Code.INTERNAL:
        assert error.error_id is not None
        assert error.error_id in caplog.text


async def test_after_its_end_a_stream_stays_at_its_end(setup: Setup) -> None:
    for stream in (setup.client.count(1), setup.client.break_off(0, "status")):
        with contextlib.suppress(StatusError):
            await setup.take(stream)
        assert await setup.take(stream) == []


async def test_a_call_begins_when_its_first_item_is_asked_for(setup: Setup) -> None:
    stream = setup.client.endless(pause=0.0)
    assert await setup.take(stream, 0) == []
    await setup.closed(0)
    assert await setup.take(stream) == []


async def test_a_stream_that_is_closed_early_closes_the_implementation(setup: Setup) -> None:
    assert await setup.take(setup.client.endless(pause=0.0), 3) == [-1.0, 0.0, 1.0]
    await setup.closed(1)


async def test_a_stream_that_nobody_holds_any_more_is_closed(setup: Setup) -> None:
    stream = setup.client.endless(pause=0.0)
    if setup.asynchronous:
        await anext(stream)
    else:
        await asyncio.to_thread(next, stream)
    del stream
    await asyncio.to_thread(gc.collect)
    await setup.closed(1)


async def test_a_slow_reader_slows_the_implementation(setup: Setup) -> None:
    class Counting(SyncStreams):
        made = 0

        def download(self, pieces: int, size: int) -> Iterator[Piece]:
            for number in range(pieces):
                self.made += 1
                yield Piece(number=number, data=bytes(size))

    counting = Counting()
    client = await setup.open(counting)
    stream = client.download(10_000, 65_536)
    if setup.asynchronous:
        await anext(stream)
        for _ in range(100):
            await asyncio.sleep(0)
        made = counting.made
        await stream.aclose()
    else:
        await asyncio.to_thread(next, stream)
        made = counting.made
        await asyncio.to_thread(stream.close)
    assert made < 200


async def test_past_its_deadline_a_stream_fails(setup: Setup) -> None:
    assert await setup.take(setup.client.count(1)) == [0]  # connects
    client = with_options(setup.client, timeout=0.1)
    stream = client.endless(pause=0.01)
    items, error = await setup.until_error(stream)
    if setup.cannot_wait:
        assert isinstance(error, Suspended)
        return
    assert isinstance(error, StatusError)
    assert error.code is Code.DEADLINE_EXCEEDED
    assert 0 < items[0] <= 0.1
    await setup.closed(1)


async def test_nothing_of_the_callers_context_crosses(setup: Setup) -> None:
    class Seeing(SyncStreams):
        def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
            for _ in range(to):
                yield len(visible.get())

        def upload(self, name: str, piece: Iterable[Piece]) -> Summary:
            return Summary(pieces=sum(one.number for one in piece), size=len(visible.get()))

    client = await setup.open(Seeing())
    token = visible.set("yes")
    try:
        assert await setup.take(client.count(3)) == [0, 0, 0]

        def seen() -> Iterator[Piece]:
            # The caller's own items see the caller's context, and no call.
            assert current_call() is None
            yield Piece(number=len(visible.get()))

        summary = await setup.call(client.upload, "x", setup.items(seen()))
        assert (summary.pieces, summary.size) == (3, 0)
    finally:
        visible.reset(token)


async def test_an_item_of_a_response_that_does_not_fit_is_an_internal_error(setup: Setup) -> None:
    class Wrong(SyncStreams):
        def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[Any]:
            yield from (0, "one")

    client = await setup.open(Wrong())
    if setup.placement == "local":
        assert await setup.take(client.count(2)) == [0, "one"]  # it checks nothing
        return
    items, error = await setup.until_error(client.count(2))
    assert items == [0]
    assert isinstance(error, StatusError)
    assert error.code is Code.INTERNAL


# A request that is a stream.


async def test_items_are_taken_and_answered_once(setup: Setup) -> None:
    items = setup.items(pieces(50))
    assert await setup.call(setup.client.upload, "up", items) == Summary(pieces=50, size=1225)
    assert items.closed
    assert await setup.call(setup.client.upload, "up", setup.items([])) == Summary(pieces=0, size=0)


async def test_a_declared_error_ends_the_items(setup: Setup) -> None:
    items = setup.items(itertools.chain([Piece(number=0)], map(_seventh, itertools.count())))
    with pytest.raises(BadPiece) as caught:
        await setup.call(setup.client.upload, "up", items)
    assert (caught.value.number, caught.value.reason) == (7, "up: 1 comes next")
    assert items.closed


async def test_what_the_callers_items_raise_is_raised_as_it_is_and_cancels(setup: Setup) -> None:
    def failing() -> Iterator[Piece]:
        yield Piece(number=0)
        raise LookupError("my own")

    items = setup.items(failing())
    with pytest.raises(LookupError, match="my own"):
        await setup.call(setup.client.upload, "up", items)
    assert items.closed
    await setup.closed(1, begun=False)


async def test_an_item_that_does_not_fit_is_refused_with_its_path(setup: Setup) -> None:
    items = setup.items([Piece(number=0), Piece(number="one")])  # type: ignore[arg-type]
    if setup.placement == "local":
        with pytest.raises(BadPiece):  # it checks nothing
            await setup.call(setup.client.upload, "up", items)
        return
    with pytest.raises(EncodeError) as caught:
        await setup.call(setup.client.upload, "up", items)
    assert caught.value.path == "piece[1].number"
    assert items.closed
    await setup.closed(1, begun=False)


async def test_items_of_the_wrong_kind_are_refused_at_once(setup: Setup) -> None:
    with pytest.raises(EncodeError, match="iterable of items is needed, not int") as caught:
        await setup.call(setup.client.upload, "up", 5)
    assert caught.value.path == "piece"


async def test_an_implementation_need_not_read_to_the_end(setup: Setup) -> None:
    class Sated(SyncStreams):
        def upload(self, name: str, piece: Iterable[Piece]) -> Summary:
            return Summary(pieces=next(iter(piece)).number, size=-1)

    client = await setup.open(Sated())
    items = setup.items(Piece(number=number) for number in itertools.count())
    assert await setup.call(client.upload, "up", items) == Summary(pieces=0, size=-1)
    assert items.closed


async def test_items_read_in_the_wrong_colour_are_refused_by_name(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    class Wrong(AsyncStreams):
        async def upload(self, name: str, piece: Any) -> Summary:
            return Summary(pieces=len(list(piece)), size=0)

    client = await setup.open(Wrong())
    with caplog.at_level(logging.ERROR, "avrorpc"), pytest.raises(StatusError) as caught:
        await setup.call(client.upload, "up", setup.items(pieces(2)))
    assert caught.value.code is Code.INTERNAL
    assert BindError.__name__ in caplog.text
    assert "read them by `async for`" in caplog.text


# Streams both ways.


async def test_each_item_is_answered_as_it_comes(setup: Setup) -> None:
    talk = setup.talk("shout", "> ")
    for text in ("one", "two", "three"):
        await talk.send(text)
        assert await talk.receive() == f"> {text.upper()}"
    await talk.close_send()
    with pytest.raises(EndOfStream):
        await talk.receive()
    await setup.closed(0)


async def test_many_items_go_both_ways(setup: Setup) -> None:
    talk = setup.talk("total", 10**9)
    for number in range(200):
        await talk.send(number)
        assert await talk.receive() == number * (number + 1) // 2
    await talk.close()
    await setup.closed(1)


async def test_the_service_may_end_both_ways(setup: Setup) -> None:
    talk = setup.talk("total", 5)
    await talk.send(3)
    assert await talk.receive() == 3
    await talk.send(3)
    with pytest.raises(EndOfStream):
        await talk.receive()
    await setup.closed(0)


async def test_an_error_ends_both_ways(setup: Setup) -> None:
    talk = setup.talk("shout", "")
    await talk.send("a")
    assert await talk.receive() == "A"
    await talk.send("")
    with pytest.raises(BadPiece) as caught:
        await talk.receive()
    assert caught.value.number == 1
    with pytest.raises(EndOfStream):
        await talk.receive()


async def test_closing_cancels_both_ways(setup: Setup) -> None:
    talk = setup.talk("shout", "")
    await talk.send("a")
    assert await talk.receive() == "A"
    await talk.close()
    await setup.closed(1)
    await talk.close()


async def test_waiting_both_ways_ends_at_the_deadline(setup: Setup) -> None:
    setup.client = with_options(setup.client, timeout=0.05)
    talk = setup.talk("shout", "")
    with pytest.raises(StatusError) as caught:
        await talk.receive()
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    await setup.closed(1)


# Middleware.


def doubling(service: Service) -> Service:
    """Sends each item twice, and gives each answer as a pair."""

    async def twice(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in items:
            yield item
            yield item

    async def negative(items: Any) -> AsyncIterator[Any]:
        try:
            async for item in items:
                yield -item
        finally:
            await items.aclose()

    async def serve(call: Call) -> Reply:
        if call.method.streaming.takes_stream:
            call.arguments = (*call.arguments[:-1], twice(call.arguments[-1]))
        reply = await service(call)
        return Reply(negative(reply.value), reply.metadata) if call.method.streaming.gives_stream else reply

    return serve


@pytest.mark.parametrize("end", ["client", "service"])
async def test_middleware_sees_items_as_async_iterators(setup: Setup, end: str) -> None:
    if end == "client":
        client = await setup.open(setup.implementation, middleware=(doubling,))
    else:
        client = await setup.open(bind(setup.implementation, middleware=(doubling,)))
    assert await setup.take(client.count(4)) == [0, -1, -2, -3]
    assert await setup.take(client.endless(pause=0.0), 2) == [1.0, 0.0]
    setup.client = client
    talk = setup.talk("total", 100)
    await talk.send(2)
    assert [await talk.receive(), await talk.receive()] == [-2, -4]
    await talk.close_send()
    with pytest.raises(EndOfStream):
        await talk.receive()
    await setup.closed(1)


# Asynchronous callers alone.


async def test_a_reader_that_is_cancelled_cancels_the_implementation(
    placement: str, implementation: Any
) -> None:
    async with (
        Server([implementation]) as server,
        await PLACEMENTS[placement](AsyncStreamsClient, server, implementation) as client,
    ):

        async def never() -> AsyncIterator[str]:
            yield "a"
            await asyncio.Event().wait()

        stream = client.shout("", never())
        assert await anext(stream) == "A"
        task = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(implementation.streams.wait)
        assert implementation.streams.counts() == [0, 1]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_two_tasks_cannot_read_one_stream(placement: str) -> None:
    implementation = AsyncStreams()
    async with (
        Server([implementation]) as server,
        await PLACEMENTS[placement](AsyncStreamsClient, server, implementation) as client,
    ):
        stream = client.endless(pause=5.0)
        await anext(stream)
        reader = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        with pytest.raises(ClientStateError, match="another task"):
            await anext(stream)
        with pytest.raises(ClientStateError, match="another task"):
            await stream.aclose()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader


def test_a_stream_is_of_one_event_loop(placement: str) -> None:
    implementation = AsyncStreams()
    loops = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def begin() -> tuple[Any, Any, Server]:
        server = Server([implementation])
        client = await PLACEMENTS[placement](AsyncStreamsClient, server, implementation)
        stream = client.endless(pause=0.0)
        await anext(stream)
        return stream, client, server

    async def end() -> None:
        await stream.aclose()
        await avrorpc.close(client)
        await server.close()

    stream, client, server = loops[0].run_until_complete(begin())
    with pytest.raises(ClientStateError, match="another event loop"):
        loops[1].run_until_complete(anext(stream))
    loops[0].run_until_complete(end())
    assert implementation.streams.wait()
    for loop in loops:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
