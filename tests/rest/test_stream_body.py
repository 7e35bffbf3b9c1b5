"""The body of a response that is a stream: what leaves when, and what is held and ended with it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack
from itertools import count

import pytest
from avrorpc.server.rest import stream_body
from avrorpc.server.rest.stream_body import FULL, Form, StreamBody
from avrorpc.testing import run
from avrorpc.transport.http_writer import ClientGone
from support.waiting import until

HEARTBEAT = 15.0
LINES = Form(
    item=lambda item, number: b"%d:%b\n" % (number, item),
    ending=lambda error, number: b"end of %d: %b\n" % (number, str(error).encode()),
    beat=b"\n",
    heartbeat=HEARTBEAT,
)
OCTETS = Form(item=lambda item, _: bytes(item), ending=None, beat=b"", heartbeat=HEARTBEAT)


class Told(Exception):
    pass


def told(error: BaseException) -> Exception:
    return Told(type(error).__name__)


def body_of(
    items: AsyncIterator[bytes],
    form: Form = LINES,
    *,
    skip: int = 0,
    at_end: Callable[[], object] = lambda: None,
) -> StreamBody:
    admitted = ExitStack()
    admitted.callback(at_end)
    return StreamBody(items, told, form, skip, admitted)


async def read(body: StreamBody) -> list[bytes]:
    await body.begin()
    assert body.refusal is None
    return [part async for part in body]


def in_virtual_time(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """Let a test see its timers without waiting for them."""

    def timed() -> None:
        run(test())

    timed.__name__ = test.__name__
    return timed


def now() -> float:
    return asyncio.get_running_loop().time()


class Client:
    """Takes what is sent, and says whether it reads."""

    def __init__(self, *, reads: bool = True) -> None:
        self.came: list[tuple[float, bytes]] = []
        self.has_left = False
        self._reads = asyncio.Event()
        if reads:
            self._reads.set()

    @property
    def parts(self) -> list[bytes]:
        return [part for _, part in self.came]

    def now(self, part: bytes) -> bool:
        if self.has_left:
            raise ClientGone("it has left")
        assert part
        self.came.append((now(), part))
        return not self._reads.is_set()

    async def __call__(self, part: bytes) -> None:
        if self.has_left:
            raise ClientGone("it has left")
        assert part == b""
        await self._reads.wait()

    def read(self) -> None:
        self._reads.set()

    def stop(self) -> None:
        self._reads.clear()


async def pushed(body: StreamBody) -> list[bytes]:
    """Return what is sent to a client, as a connection does it."""
    await body.begin()
    assert body.refusal is None
    client = Client()
    try:
        await body(client)
    finally:
        await body.aclose()
    return client.parts


IN_EITHER_WAY = pytest.mark.parametrize("read", [read, pushed], ids=["asked for", "sent"])
Read = Callable[[StreamBody], Awaitable[list[bytes]]]


class Items:
    """Gives items that are ready, for ever or so many, and counts."""

    def __init__(self, most: int | None = None, item: bytes = b"item") -> None:
        self.made = 0
        self.ended_in: list[asyncio.Task[object] | None] = []
        self.tasks: set[asyncio.Task[object] | None] = set()
        self._most = most
        self._item = item

    async def __call__(self) -> AsyncGenerator[bytes, None]:
        try:
            for _ in count() if self._most is None else range(self._most):
                self.made += 1
                self.tasks.add(asyncio.current_task())
                yield self._item
        finally:
            self.ended_in.append(asyncio.current_task())


@IN_EITHER_WAY
async def test_the_first_item_leaves_alone_and_what_is_ready_after_it_together(read: Read) -> None:
    parts = await read(body_of(Items(100)()))
    assert parts[0] == b"0:item\n"
    assert len(parts) < 10
    assert b"".join(parts) == b"".join(b"%d:item\n" % n for n in range(100)) + b"end of 100: None\n"


async def test_no_more_waits_than_is_full_whatever_the_stream_has() -> None:
    items = Items(item=bytes(100))
    body = body_of(items(), OCTETS)
    await body.begin()
    for _ in range(100):
        await asyncio.sleep(0)
    most = FULL // 100 + 1
    assert items.made == most
    taken = 0
    for _ in range(50):
        part = await anext(body)
        taken += len(part) // 100
        for _ in range(5):
            await asyncio.sleep(0)
        assert len(part) < FULL + 100
        assert items.made - taken <= most
    await body.aclose()


async def test_a_large_item_waits_alone() -> None:
    items = Items(item=bytes(FULL))
    body = body_of(items(), OCTETS)
    await body.begin()
    for _ in range(10):
        await asyncio.sleep(0)
    assert items.made == 1
    await body.aclose()


async def test_a_stream_that_never_waits_lets_others_run_and_its_items_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream_body, "TURN", 0.0)  # every item takes longer
    items = Items(50)
    body = body_of(items())
    await body.begin()
    seen = [items.made async for _ in body]
    assert seen[:10] == sorted(set(seen[:10])), "each item leaves before the next but one is made"
    assert seen[9] <= 12


async def test_items_that_take_their_time_without_waiting_leave_one_by_one() -> None:
    made = 0

    async def slow() -> AsyncGenerator[bytes, None]:
        nonlocal made
        for made in range(1, 6):  # noqa: B007 - the reader reads it
            time.sleep(2 * stream_body.TURN)  # noqa: ASYNC251 - as a model does that runs on the loop
            yield b"item"

    body = body_of(slow())
    await body.begin()
    seen = [made async for _ in body]
    assert seen[0] <= 2
    assert len(seen) >= 5


@IN_EITHER_WAY
async def test_one_task_runs_a_stream_from_its_first_item_to_its_end(read: Read) -> None:
    items = Items(3)
    await read(body_of(items()))
    assert len(items.tasks) == 1
    assert set(items.ended_in) == items.tasks
    left_early = Items()
    body = body_of(left_early())
    await body.begin()
    await anext(body)
    await body.aclose()
    assert len(left_early.ended_in) == 1
    assert set(left_early.ended_in) == left_early.tasks


@in_virtual_time
async def test_a_timeout_around_all_items_ends_a_stream() -> None:
    async def timed() -> AsyncGenerator[bytes, None]:
        async with asyncio.timeout(5):
            yield b"item"
            await asyncio.Event().wait()

    assert await read(body_of(timed())) == [b"0:item\n", b"end of 1: TimeoutError\n"]
    assert now() == 5.0


@in_virtual_time
async def test_a_heartbeat_is_sent_after_each_silence() -> None:
    async def slow() -> AsyncGenerator[bytes, None]:
        yield b"item"
        await asyncio.sleep(2.5 * HEARTBEAT)
        yield b"item"
        await asyncio.sleep(HEARTBEAT - 1)
        yield b"item"

    body = body_of(slow())
    await body.begin()
    came = [(now(), part) async for part in body]
    assert came == [
        (0.0, b"0:item\n"),
        (15.0, b"\n"),
        (30.0, b"\n"),
        (37.5, b"1:item\n"),
        (51.5, b"2:item\nend of 3: None\n"),
    ]


@in_virtual_time
async def test_a_heartbeat_is_sent_to_a_client_that_reads_and_to_no_other() -> None:
    async def slow() -> AsyncGenerator[bytes, None]:
        yield b"item"
        await asyncio.sleep(3.5 * HEARTBEAT)
        yield b"item"

    body, client = body_of(slow()), Client()
    await body.begin()
    sending = asyncio.create_task(body(client))
    await asyncio.sleep(HEARTBEAT + 1)
    assert client.came == [(0.0, b"0:item\n"), (15.0, b"\n")]
    client.stop()  # which the next one shows
    await asyncio.sleep(2 * HEARTBEAT)
    client.read()
    await sending
    assert client.came[2:] == [(30.0, b"\n"), (52.5, b"1:item\nend of 2: None\n")]
    await body.aclose()


async def test_a_client_that_does_not_read_stops_the_service_and_then_gets_all() -> None:
    items = Items(10_000, item=bytes(100))
    body, client = body_of(items(), OCTETS), Client(reads=False)
    await body.begin()
    sending = asyncio.create_task(body(client))
    most = 2 * (FULL // 100 + 1)  # what choked it, and what waits
    for _ in range(20):
        for _ in range(20):
            await asyncio.sleep(0)
        assert items.made - len(b"".join(client.parts)) // 100 <= most
        client.read()
        client.stop()
    assert items.made < 10_000
    client.read()
    await sending
    assert b"".join(client.parts) == bytes(100 * 10_000)
    assert max(map(len, client.parts)) < FULL + 100


@pytest.mark.parametrize("is_ready", [True, False])
async def test_a_client_that_is_found_to_have_left_ends_the_stream(is_ready: bool) -> None:
    items, client = Items(), Client()

    async def waiting() -> AsyncGenerator[bytes, None]:
        async for item in items():
            await asyncio.sleep(0)
            yield item

    body = body_of(items() if is_ready else waiting())
    await body.begin()
    sending = asyncio.create_task(body(client))
    await until(lambda: len(client.parts) >= 3)
    client.has_left = True
    with pytest.raises(ClientGone):
        await sending
    await body.aclose()
    made = items.made
    await asyncio.sleep(0)
    assert items.made == made


@in_virtual_time
async def test_a_stream_without_a_first_item_begins_with_a_heartbeat() -> None:
    async def late() -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(HEARTBEAT + 1)
        if now() > 0:
            raise ZeroDivisionError
        yield b"item"

    body = body_of(late())
    await body.begin()
    assert now() == HEARTBEAT
    came = [(now(), part) async for part in body]
    assert came == [(15.0, b"\n"), (16.0, b"end of 0: ZeroDivisionError\n")]
    assert body.refusal is None


@in_virtual_time
async def test_nothing_is_sent_in_between_where_it_would_be_part_of_the_stream() -> None:
    async def late() -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(100)
        yield b"item"

    body = body_of(late(), OCTETS)
    await body.begin()
    assert [(now(), part) async for part in body] == [(100.0, b"item")]


@in_virtual_time
async def test_no_heartbeat_waits_for_a_client_that_does_not_read() -> None:
    body = body_of(Items(2)())
    await body.begin()
    await asyncio.sleep(10 * HEARTBEAT)
    assert [part async for part in body] == [b"0:item\n1:item\nend of 2: None\n"]


@IN_EITHER_WAY
async def test_what_a_client_has_is_not_sent_again(read: Read) -> None:
    assert b"".join(await read(body_of(Items(4)(), skip=2))) == b"2:item\n3:item\nend of 4: None\n"
    assert await read(body_of(Items(4)(), skip=9)) == [b"end of 4: None\n"]


async def test_what_fails_first_is_refused_and_later_the_end_tells_it() -> None:
    async def failing(after: int) -> AsyncGenerator[bytes, None]:
        for _ in range(after):
            yield b"item"
        raise ZeroDivisionError

    ends: list[int] = []
    refused = body_of(failing(0), at_end=lambda: ends.append(1))
    await refused.begin()
    assert str(refused.refusal) == "ZeroDivisionError"
    assert ends == [1]
    assert (await read(body_of(failing(2))))[-1].endswith(b"end of 2: ZeroDivisionError\n")
    broken = body_of(failing(2), OCTETS, at_end=lambda: ends.append(2))
    await broken.begin()
    assert await anext(broken) == b"item"
    assert await anext(broken) == b"item"
    with pytest.raises(Told, match="ZeroDivisionError"):
        await anext(broken)
    assert ends == [1, 2]
    with pytest.raises(Told, match="ZeroDivisionError"):
        await pushed(body_of(failing(2), OCTETS, at_end=lambda: ends.append(3)))
    assert ends == [1, 2, 3]


@IN_EITHER_WAY
async def test_an_item_that_cannot_be_written_ends_the_stream(read: Read) -> None:
    items = Items()
    form = Form(
        item=lambda item, number: item if number < 2 else item.missing,
        ending=LINES.ending,
        beat=b"",
        heartbeat=1,
    )
    assert b"".join(await read(body_of(items(), form))) == b"itemitemend of 3: AttributeError\n"
    assert len(items.ended_in) == 1


@pytest.mark.parametrize("when", ["before the first item", "between two", "before anything runs"])
async def test_a_client_that_leaves_ends_a_service_that_waits(when: str) -> None:
    reached, ended, call_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def waiting() -> AsyncGenerator[bytes, None]:
        try:
            if when == "between two":
                yield b"item"
            reached.set()
            await asyncio.Event().wait()
            yield b"item"
        finally:
            await asyncio.sleep(0)
            ended.set()

    body = body_of(waiting(), at_end=call_ended.set)

    async def connection() -> None:
        await body.begin()
        try:
            async for _ in body:
                pass
        finally:
            await body.aclose()

    task = asyncio.create_task(connection())
    if when == "before anything runs":
        await asyncio.sleep(0)
    else:
        await reached.wait()
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert call_ended.is_set()
    assert ended.is_set() or (when == "before anything runs" and not reached.is_set())


async def test_a_service_that_does_not_mind_being_cancelled_is_ended_all_the_same() -> None:
    ended = asyncio.Event()

    async def stubborn() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"item"
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue
        finally:
            ended.set()

    body = body_of(stubborn())
    await body.begin()
    await anext(body)
    await body.aclose()
    assert ended.is_set()


@IN_EITHER_WAY
async def test_a_service_that_cancels_itself_has_failed(read: Read) -> None:
    async def cancelled() -> AsyncGenerator[bytes, None]:
        yield b"item"
        raise asyncio.CancelledError

    assert (await read(body_of(cancelled())))[-1] == b"end of 1: CancelledError\n"


async def test_what_fails_at_the_end_of_a_client_that_has_left_is_told_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        try:
            yield b"item"
            await asyncio.Event().wait()
        finally:
            raise ZeroDivisionError

    heard: list[BaseException] = []

    def tell(error: BaseException) -> Exception:
        heard.append(error)
        return Told()

    body = StreamBody(broken(), tell, LINES, 0, ExitStack())
    await body.begin()
    await anext(body)
    with caplog.at_level(logging.ERROR):
        await body.aclose()
    assert [type(error) for error in heard] == [ZeroDivisionError]
    assert caplog.records == []
