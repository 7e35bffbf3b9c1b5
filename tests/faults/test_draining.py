"""Servers that go while calls of every kind are under way: what runs ends, what is new goes elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from avrorpc import RpcError
from avrorpc.middleware import Retry
from avrorpc.testing import Proxy
from support.books import Books
from support.callers import CALLERS, COLOURS, RESULTS, AsyncCaller, SyncCaller, outcome
from support.cells import HELD_KINDS, TRANSPORTS, urls_of
from support.serving import ServerThread


class TwoServers:
    """Two servers behind one address: the proxy reaches the second one once it is told to."""

    def __init__(self, transport: str) -> None:
        self.old, self.new = Books(), Books()
        self.transport = transport

    def __enter__(self) -> TwoServers:
        self.first = ServerThread(self.old).__enter__()
        self.second = ServerThread(self.new).__enter__()
        self.proxy = Proxy(urls_of(self.first)[self.transport]).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__(None, None, None)
        self.second.__exit__(None, None, None)
        self.first.__exit__(None, None, None)

    def leave(self) -> Future[None]:
        """Let new connections reach the second server, and drain the first."""
        self.proxy.redirect(urls_of(self.second)[self.transport])
        return asyncio.run_coroutine_threadsafe(self.first.server.close(20), self.first.loop)


@pytest.fixture(params=TRANSPORTS)
def servers(request: pytest.FixtureRequest) -> Iterator[TwoServers]:
    with TwoServers(request.param) as both:
        yield both


def calls_until_moved(caller: SyncCaller | AsyncCaller, servers: TwoServers) -> list[Any]:
    """Make calls until one has come to the second server; return what all came to."""
    found = []
    for number in range(200):
        found.append(outcome(caller.start("unary", f"new/{number}")))
        if servers.new.begun:
            return found
    raise AssertionError(f"no call came to the second server: {found[-3:]}")


@pytest.mark.parametrize("colour", COLOURS)
def test_running_calls_end_and_new_ones_go_to_another_server(servers: TwoServers, colour: str) -> None:
    kinds = [kind for kind in HELD_KINDS if (servers.transport, kind) != ("http", "both")]
    with CALLERS[colour](servers.proxy.url) as caller:
        running = {kind: caller.start(kind, kind, hold=True) for kind in kinds}
        for kind in kinds:
            servers.old.wait(servers.old.held, kind)
        drained = servers.leave()
        found = calls_until_moved(caller, servers)
        assert not drained.done()
        for kind, future in running.items():
            servers.old.release(kind)
            assert outcome(future) == RESULTS[kind], kind
            assert servers.old.begun[kind] == 1
            assert not servers.new.begun[kind]
        drained.result(20)
    assert found == [1] * len(found), "HTTP has no goodbye, but serves each connection's last call"
    booked = servers.old.begun.total() - len(kinds) + servers.new.begun.total()
    assert booked == len(found), "a call was made twice"


@pytest.mark.parametrize("colour", COLOURS)
def test_no_call_is_lost_or_made_twice_while_the_server_changes(servers: TwoServers, colour: str) -> None:
    """Many callers while the first server drains; a retry is for what crosses an HTTP connection's end."""
    number, retry = 120, Retry(attempts=10, initial=0.001)
    with CALLERS[colour](servers.proxy.url, middleware=(retry,)) as caller:
        drained: Future[None] | None = None
        found = []
        with ThreadPoolExecutor(8) as threads:
            for index, result in enumerate(
                threads.map(lambda n: outcome(caller.start("idempotent", f"{n}")), range(number))
            ):
                found.append(result)
                if index == number // 4:
                    drained = servers.leave()
        assert found == [1] * number
        assert drained is not None
        drained.result(20)
    for n in range(number):
        assert servers.old.ended[f"{n}"] + servers.new.ended[f"{n}"] == 1, "nothing failed in its middle"


@pytest.mark.parametrize("colour", COLOURS)
def test_bookings_are_exact_while_the_server_changes(servers: TwoServers, colour: str) -> None:
    """What was booked is what callers were told; over HTTP alone, which has no goodbye, a call may fail."""
    number = 120
    with CALLERS[colour](servers.proxy.url) as caller, ThreadPoolExecutor(8) as threads:
        drained: Future[None] | None = None
        found: dict[str, Any] = {}
        keys = [f"{n}" for n in range(number)]
        for index, (key, result) in enumerate(
            zip(keys, threads.map(lambda key: outcome(caller.start("unary", key)), keys), strict=True)
        ):
            found[key] = result
            if index == number // 4:
                drained = servers.leave()
        assert drained is not None
        drained.result(20)
    for key, result in found.items():
        booked = servers.old.begun[key] + servers.new.begun[key]
        if result == 1:
            assert booked == 1, key
        else:
            assert isinstance(result, RpcError), result
            assert booked <= 1, key
            assert servers.transport == "http", f"a {servers.transport} call was refused: {result!r}"
