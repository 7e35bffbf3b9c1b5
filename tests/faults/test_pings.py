"""Who is asked whether he is there, who is given up, and what a busy thread delays: nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from typing import Any

import avrorpc
import pytest
from avrorpc import ConnectionLost, Limits, Server
from avrorpc.testing import BlackHole, Proxy
from support.books import Books
from support.callers import CALLERS, COLOURS, AsyncCaller, outcome
from support.cells import HELD_KINDS, urls_of
from support.serving import ServerThread
from testcontracts.ledger import AsyncLedgerClient

SOON = Limits(ping_interval=0.05, ping_timeout=0.15)
LINKS = (
    "tcp",
    "ws",
    pytest.param("unix", marks=pytest.mark.long),
    pytest.param("tls", marks=pytest.mark.long),
)
"""The transports that have pings."""


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("transport", [*LINKS, "http"])
def test_a_method_that_blocks_its_thread_delays_no_call_and_no_ping(transport: str, colour: str) -> None:
    books = Books()
    with ServerThread(books, limits=SOON) as server, Proxy(urls_of(server)[transport]) as proxy:
        with CALLERS[colour](proxy.url, limits=SOON) as caller:
            blocked = caller.start("block", "blocked")
            books.wait(books.held, "blocked")
            small, end = 0, time.monotonic() + 0.5  # several times what an answer to a ping may take
            while time.monotonic() < end or small < 10:
                assert outcome(caller.start("unary", f"small/{small}")) == 1
                small += 1
            assert not blocked.done()
            books.release("blocked")
            assert outcome(blocked) != threading.get_ident()
            if colour == "async" and transport != "http":
                assert proxy.statistics.accepted == 1, "the connection was given up"


@pytest.mark.parametrize("transport", LINKS)
def test_a_server_that_has_vanished_is_given_up_in_every_kind_of_call(transport: str) -> None:
    """Without any deadline: the client's pings find out."""
    books = Books()
    with ServerThread(books) as server, Proxy(urls_of(server)[transport]) as proxy:
        with AsyncCaller(proxy.url, limits=SOON) as caller:
            futures = {kind: caller.start(kind, kind, hold=True) for kind in HELD_KINDS}
            for kind in HELD_KINDS:
                books.wait(books.held, kind)
            proxy.to_client.add(BlackHole())
            proxy.to_server.add(BlackHole())
            for kind, future in futures.items():
                error = outcome(future)
                assert isinstance(error, ConnectionLost), (kind, error)
                assert "ping_timeout=0.15" in str(error)
            proxy.to_server.clear()  # now the server learns, too
            for kind in HELD_KINDS:
                books.wait_for_end(kind, 1)
                assert books.given_up[kind] == 1, kind


@pytest.mark.parametrize("transport", LINKS)
def test_a_client_whose_loop_is_blocked_is_given_up_and_named_in_the_log(
    transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    books = Books()
    with caplog.at_level(logging.INFO, "avrorpc"), ServerThread(books, limits=SOON) as server:
        with AsyncCaller(urls_of(server)[transport]) as caller:
            held = caller.start("unary", "held", hold=True)
            books.wait(books.held, "held")
            gate = threading.Event()
            blocked: Future[Any] = caller.submit(_block(gate))
            try:
                books.wait_for_end("held", 1)
            finally:
                gate.set()
            blocked.result(20)
            assert books.given_up["held"] == 1
            assert isinstance(outcome(held), ConnectionLost)
            assert outcome(caller.start("unary", "again")) == 1
    lines = [record.getMessage() for record in caplog.records]
    named = [line for line in lines if "answered no ping within ping_timeout=0.15 s" in line]
    assert len(named) == 1, lines
    assert named[0].startswith(("127.0.0.1:", "a process of this machine")), named


async def _block(gate: threading.Event) -> None:
    gate.wait(20)


@pytest.mark.parametrize("scheme", ["tcp", "ws"])
async def test_an_end_that_was_busy_itself_does_not_give_the_other_one_up(scheme: str) -> None:
    """Both ends are on this loop, and it is blocked for longer than a ping may take."""
    books = Books()
    async with Server([books], limits=SOON) as server:
        url = await server.listen(f"{scheme}://127.0.0.1:0")
        async with Proxy(url) as proxy, avrorpc.connect(AsyncLedgerClient, proxy.url, limits=SOON) as client:
            call = asyncio.create_task(client.book("k", hold=True))
            await asyncio.to_thread(books.wait, books.held, "k")
            for _ in range(3):
                await asyncio.sleep(0.06)  # a ping is on its way
                time.sleep(0.4)  # noqa: ASYNC251 - that is the fault
                assert not call.done()
            books.release("k")
            assert await call == 1
            assert proxy.statistics.accepted == 1
