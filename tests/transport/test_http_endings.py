"""A stream's response ends while its request does: whichever the loop hears of first, the caller learns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator

import avrorpc
import pytest
from avrorpc import ConnectionLost
from avrorpc.testing import Proxy
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
