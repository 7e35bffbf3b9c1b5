"""A large body on its way through a narrow connection lets small calls pass."""

from __future__ import annotations

import itertools
from concurrent.futures import Future
from typing import Any

import pytest
from avrorpc.testing import Bandwidth, Proxy
from support.books import Books
from support.callers import AsyncCaller, outcome
from support.cells import urls_of
from support.serving import ServerThread

LARGE = 20_000_000
SMALL = 10


@pytest.mark.parametrize("way", ["request", "reply"])
@pytest.mark.parametrize("transport", ["tcp", "unix", "tls", "ws"])
def test_small_calls_end_before_a_large_one_that_began_earlier(transport: str, way: str) -> None:
    order: list[str] = []
    with ServerThread(Books()) as server, Proxy(urls_of(server)[transport]) as proxy:
        with AsyncCaller(proxy.url) as caller:
            assert outcome(caller.start("unary", "warm")) == 1
            narrow = proxy.to_server if way == "request" else proxy.to_client
            before = narrow.received
            with narrow.having(Bandwidth(LARGE)):
                large: Future[Any] = caller.submit(
                    _ordered(
                        caller.client.size(bytes(LARGE)) if way == "request" else caller.client.blob(LARGE),
                        "large",
                        order,
                    )
                )
                while narrow.received == before:  # until the large one is on its way
                    continue
                small = [
                    caller.submit(_ordered(caller.client.book(f"{number}"), "small", order))
                    for number in range(SMALL)
                ]
                assert [future.result(20) for future in small] == [1] * SMALL
                assert not large.done()
            narrow.clear()
            found = large.result(20)
            assert found == LARGE or len(found) == LARGE
            assert proxy.statistics.accepted == 1
    assert [name for name, _ in itertools.groupby(order)] == ["small", "large"]


async def _ordered(call: Any, name: str, order: list[str]) -> Any:
    result = await call
    order.append(name)
    return result
