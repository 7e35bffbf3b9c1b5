"""Asynchronous clients that were closed leave no socket open, though TLS ends with a goodbye."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import avrorpc
import pytest
from avrorpc import Server, StatusError
from support.certificates import CERTIFICATES
from support.implementations import AsyncConformance, AsyncStreams
from testcontracts.conformance import AsyncConformanceClient
from testcontracts.streams import AsyncStreamsClient, Piece

SHOWN = f"?cert={CERTIFICATES.server}&key={CERTIFICATES.server_key}"


async def past_a_deadline(url: str) -> None:
    async with avrorpc.connect(AsyncConformanceClient, url, timeout=0.2) as client:
        assert await client.add(1.0) == 2.0
        with pytest.raises(StatusError):
            await client.wait(5.0)


async def after_an_answer(url: str) -> None:
    async with avrorpc.connect(AsyncConformanceClient, url) as client:
        assert await client.add(1.0) == 2.0


async def after_a_stream(url: str) -> None:
    async with avrorpc.connect(AsyncStreamsClient, url) as client:
        assert [number async for number in client.count(3)] == [0, 1, 2]


async def after_items_that_failed(url: str) -> None:
    async def failing() -> AsyncIterator[Piece]:
        raise LookupError("my own")
        yield

    async with avrorpc.connect(AsyncStreamsClient, url) as client:
        with pytest.raises(LookupError):
            await client.upload("up", failing())


@pytest.mark.parametrize("use", [past_a_deadline, after_an_answer, after_a_stream, after_items_that_failed])
@pytest.mark.parametrize("scheme", ["http", "https", "ws", "wss"])
def test_a_closed_client_leaves_no_socket_open(scheme: str, use: object, tmp_path: Path) -> None:
    is_secure = scheme in ("https", "wss")

    async def run() -> None:
        async with Server([AsyncConformance(), AsyncStreams()]) as server:
            url = await server.listen(f"{scheme}://127.0.0.1:0{SHOWN if is_secure else ''}")
            await use(f"{url}?ca={CERTIFICATES.ca}" if is_secure else url)  # type: ignore[operator]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(run())
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []
