"""Clients among threads, loops, restarts and ends: each is told by name, none waits for ever."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import avrorpc
import pytest
from avrorpc import ClientStateError, ConnectError, ConnectionLost, Limits, Server, StatusError
from avrorpc.testing import Proxy
from avrorpc.transport.backoff import Backoff
from support.books import Books
from support.callers import AT_ONCE, CALLERS, COLOURS, RESULTS, AsyncCaller, SyncCaller, outcome
from support.cells import HELD_KINDS, TRANSPORTS, urls_of
from support.release import Held, released
from support.serving import ServerThread
from testcontracts.ledger import AsyncLedgerClient, LedgerClient

EACH_TRANSPORT = pytest.mark.parametrize("transport", TRANSPORTS)
EACH_COLOUR = pytest.mark.parametrize("colour", COLOURS)


@pytest.fixture(scope="module")
def books() -> Books:
    return Books()


@pytest.fixture(scope="module")
def server(books: Books) -> Iterator[ServerThread]:
    with ServerThread(books) as served:
        yield served


def kinds_of(transport: str) -> list[str]:
    return [kind for kind in HELD_KINDS if (transport, kind) != ("http", "both")]


@EACH_TRANSPORT
def test_fifty_threads_share_one_client(transport: str, server: ServerThread, books: Books) -> None:
    kinds = kinds_of(transport)
    with released(Held(server)), SyncCaller(urls_of(server)[transport]) as caller:
        futures = {
            (kind, n): caller.start(kind, f"fifty/{transport}/{kind}/{n}")
            for kind in kinds
            for n in range(50 // len(kinds) + 1)
        }
        for (kind, n), future in futures.items():
            assert outcome(future) == RESULTS[kind]
            assert books.begun[f"fifty/{transport}/{kind}/{n}"] == 1


@EACH_TRANSPORT
@EACH_COLOUR
def test_many_callers_of_a_server_that_restarts_all_succeed_or_are_told(transport: str, colour: str) -> None:
    books = Books()
    with ServerThread(books) as first, Proxy(urls_of(first)[transport]) as proxy:
        with CALLERS[colour](proxy.url) as caller, ThreadPoolExecutor(20) as threads:
            keys = [f"{n}" for n in range(200)]
            for index, (key, found) in enumerate(
                zip(keys, threads.map(lambda key: outcome(caller.start("unary", key)), keys), strict=True)
            ):
                if index in (40, 120):
                    proxy.reset()
                if isinstance(found, ConnectError):
                    assert not books.begun[key], "nothing of the call was sent"
                elif isinstance(found, ConnectionLost):
                    assert books.begun[key] <= 1, key
                else:
                    assert found == 1
                    assert books.begun[key] == 1, key
            if colour == "async" and transport != "http":
                # One dial at a time: each reset costs one connection, and not one for each caller.
                assert proxy.statistics.accepted <= 3


@EACH_COLOUR
def test_who_waits_for_one_dial_does_not_dial_himself(colour: str) -> None:
    """While nothing listens, the back-off is respected: callers fail at once, and dials are few."""
    with ServerThread(Books()) as server, Proxy(server.tcp) as proxy:
        proxy.refuse()
        with CALLERS[colour](proxy.url, backoff=Backoff(first=60.0, jitter=0.0, longest=60.0)) as caller:
            found = [outcome(caller.start("unary", f"{n}")) for n in range(12)]
            assert all(isinstance(error, ConnectError) for error in found)
            assert [("not tried again" in str(error)) for error in found] == [False, False, *[True] * 10]


@EACH_TRANSPORT
def test_a_synchronous_client_may_be_closed_while_others_call(
    transport: str, server: ServerThread, books: Books
) -> None:
    kinds = kinds_of(transport)
    with released(Held(server)), SyncCaller(urls_of(server)[transport]) as caller:
        keys = {kind: f"closed/{transport}/{kind}" for kind in kinds}
        futures = {kind: caller.start(kind, key, hold=True) for kind, key in keys.items()}
        for key in keys.values():
            books.wait(books.held, key)
        avrorpc.close(caller.client)
        with pytest.raises(ClientStateError, match="this client is closed"):
            caller.client.book("after")
        for kind, key in keys.items():
            books.release(key)
            found = outcome(futures[kind])
            # What runs ends; streams are told when they ask for one more item.
            if kind == "response" or found != RESULTS[kind]:
                assert kind in ("response", "both")
                assert isinstance(found, ClientStateError), found


@EACH_TRANSPORT
def test_an_asynchronous_client_that_is_closed_ends_its_calls(
    transport: str, server: ServerThread, books: Books
) -> None:
    with released(Held(server)), AsyncCaller(urls_of(server)[transport]) as caller:
        keys = {kind: f"async closed/{transport}/{kind}" for kind in kinds_of(transport)}
        futures = {kind: caller.start(kind, key, hold=True) for kind, key in keys.items()}
        for key in keys.values():
            books.wait(books.held, key)

        async def close() -> None:
            await avrorpc.close(caller.client)

        caller.submit(close()).result(20)
        for kind, key in keys.items():
            found = outcome(futures[kind])
            assert isinstance(found, ConnectionLost | ClientStateError), (kind, found)
            books.wait_for_end(key, 1)
            assert books.given_up[key] == 1, kind


@EACH_TRANSPORT
def test_a_client_of_another_loop_is_told_in_every_use(transport: str, server: ServerThread) -> None:
    with AsyncCaller(urls_of(server)[transport]) as caller:
        assert outcome(caller.start("unary", f"loop/{transport}")) == 1

        async def elsewhere() -> None:
            with pytest.raises(ClientStateError, match="belongs to another event loop"):
                await caller.client.book("elsewhere")
            with pytest.raises(ClientStateError, match="belongs to another event loop"):
                async for _ in caller.client.count("elsewhere", 1):
                    pass
            with pytest.raises(ClientStateError, match="belongs to another event loop"):
                await avrorpc.close(caller.client)

        asyncio.run(elsewhere())
        assert outcome(caller.start("unary", f"loop/{transport} again")) == 1


async def test_a_synchronous_client_on_the_serving_loop_is_refused_for_every_kind() -> None:
    async with Server([Books()]) as server:
        url = await server.listen("tcp://127.0.0.1:0")
        with avrorpc.connect(LedgerClient, url) as client:
            for use in (
                lambda: client.book("k"),
                lambda: client.note("k"),
                lambda: next(iter(client.count("k", 1))),
                lambda: client.total("k", False, []),
                lambda: client.echo("k", False).receive(),
            ):
                with pytest.raises(ClientStateError, match="would block the event loop that serves"):
                    use()


@EACH_TRANSPORT
def test_a_stream_that_is_dropped_by_the_garbage_collector_harms_no_other_call(
    transport: str, server: ServerThread, books: Books
) -> None:
    """In a synchronous client a dropped stream ends its call wherever garbage is collected, in any thread."""
    key = f"dropped/{transport}"
    with released(Held(server)), avrorpc.connect(LedgerClient, urls_of(server)[transport]) as client:

        def drop(number: int) -> None:
            stream: Any = client.count(f"{key}/{number}", 1_000, hold=True)
            assert next(stream) == 0
            loop = [stream]
            loop.append(loop)  # so that the collector finds it, at some allocation

        before = gc.get_threshold()
        gc.set_threshold(5)
        try:
            with ThreadPoolExecutor(8) as threads:
                dropping = threads.map(drop, range(20))
                assert [client.book(f"{key}/{n}/small") for n in range(100)] == [1] * 100
                assert list(dropping) == [None] * 20
        finally:
            gc.set_threshold(*before)
        gc.collect()
        for number in range(20):
            books.wait_for_end(f"{key}/{number}", 1)
            assert books.given_up[f"{key}/{number}"] == 1


@pytest.mark.parametrize("transport", ["tcp", "tls", "http", "ws"])
async def test_a_client_closes_though_nobody_reads_what_it_sent(transport: str, server: ServerThread) -> None:
    with Proxy(urls_of(server)[transport]) as proxy:
        client = avrorpc.connect(AsyncLedgerClient, proxy.url, backoff=AT_ONCE)
        assert await client.size(b"") == 0
        proxy.pause()
        call = asyncio.create_task(client.size(bytes(30_000_000)))
        await asyncio.sleep(0.05)
        assert not call.done()
        await avrorpc.close(client)
        with pytest.raises((ConnectionLost, ClientStateError)):
            await call
        proxy.resume()


async def test_a_place_among_the_calls_is_not_lost_with_who_waited_for_it() -> None:
    """A caller whose time runs out when its turn has come hands the turn on."""
    books = Books()
    async with Server([books], limits=Limits(max_calls=1)) as server:
        url = await server.listen("tcp://127.0.0.1:0")
        async with avrorpc.connect(AsyncLedgerClient, url) as client:
            first = asyncio.create_task(client.book("first", hold=True))
            await asyncio.to_thread(books.wait, books.held, "first")
            second = asyncio.create_task(client.book("second"))
            third = asyncio.create_task(client.book("third"))
            await asyncio.sleep(0)
            link = client.__avrorpc__._remote.transport._link  # type: ignore[attr-defined]
            while len(link._vacancy) < 2:
                await asyncio.sleep(0)
            books.release("first")
            while len(link._vacancy) == 2:  # until it is the second's turn
                await asyncio.sleep(0)
            second.cancel()
            assert await first == 1
            assert await asyncio.wait_for(third, 20) == 1
            with pytest.raises(asyncio.CancelledError):
                await second
    assert books.begun["second"] == 0


async def test_each_caller_gets_an_error_of_its_own() -> None:
    """Notes and tracebacks of one caller are not the others'."""
    books = Books()
    async with Server([books]) as server, Proxy(await server.listen("tcp://127.0.0.1:0")) as proxy:
        async with avrorpc.connect(AsyncLedgerClient, proxy.url) as client:
            calls = [asyncio.create_task(client.book("same", hold=True)) for _ in range(3)]
            await asyncio.to_thread(books.wait, books.held, "same", 3)
            proxy.reset()
            errors = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(error, ConnectionLost) for error in errors)
            assert len(set(map(id, errors))) == 3
            assert len(set(map(str, errors))) == 1
            assert not any(isinstance(error, StatusError) for error in errors)
