"""A stream's response ends while its request does: whichever the loop hears of first, the caller learns."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import avrorpc
import pytest
from avrorpc import ConnectionLost
from avrorpc.testing import Proxy
from avrorpc.transport.http import HttpTransport
from support.books import PATIENCE, Books
from support.serving import ServerThread
from testcontracts.ledger import AsyncLedgerClient

TURNS = 16
"""Turns of the loop from the end of the items to the end of the request, and some more."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(Books()) as served:
        yield served


@pytest.mark.parametrize("turns", range(TURNS))
async def test_the_end_of_a_response_is_heard_whenever_it_comes(
    turns: int, server: ServerThread, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()

    def end_after(turns: int) -> None:
        if turns:
            loop.call_soon(end_after, turns - 1)
        else:  # the loop stands still until the end of the response has come
            proxy.half_close(proxy.to_client)

    async def items() -> AsyncIterator[int]:
        before = proxy.to_client.sent
        yield 1
        while proxy.to_client.sent == before:  # noqa: ASYNC110 - until the response has begun
            await asyncio.sleep(0.001)
        end_after(turns)

    with Proxy(server.http) as proxy:
        async with avrorpc.connect(AsyncLedgerClient, proxy.url) as client:
            with pytest.raises(ConnectionLost, match="broke"), caplog.at_level(logging.ERROR):
                async with asyncio.timeout(PATIENCE):
                    await client.total(f"{turns} turns", True, items())
    assert not caplog.records


class Watched(asyncio.Transport):
    """A transport of a socket, which notes that it was aborted."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_stream_that_is_closed_early_leaves_no_connection_that_still_says_goodbye(
    is_answered: bool,
) -> None:
    """A closed TLS transport waits for the goodbye of its peer: half a minute, where that reads no more."""
    here, there = socket.socketpair()
    with here, there:
        transport = Watched(here)
        response: Any = SimpleNamespace(connection=SimpleNamespace(transport=transport), close=lambda: None)
        link: Any = SimpleNamespace(is_answered=is_answered)
        ending: Any = SimpleNamespace(_goodbyes=set())
        HttpTransport._end(ending, response, link)
        assert transport.is_aborted is not is_answered
        assert ending._goodbyes == {here}
