"""A stream belongs to the event loop in which it began, wherever it comes from."""

from __future__ import annotations

import asyncio
from typing import Any

import avrorpc
import pytest
from avrorpc import ClientStateError, Server
from support.implementations import AsyncStreams
from support.memory import connect_memory
from testcontracts.streams import AsyncStreamsClient


@pytest.mark.parametrize("placement", ["local", "verify", "memory", "tcp", "ws", "http"])
def test_a_stream_is_of_one_event_loop(placement: str) -> None:
    implementation = AsyncStreams()
    loops = asyncio.new_event_loop(), asyncio.new_event_loop()

    async def connect(server: Server) -> Any:
        if placement == "memory":
            return connect_memory(AsyncStreamsClient, server, asyncio.get_running_loop())
        if placement in ("local", "verify"):
            return avrorpc.connect(AsyncStreamsClient, f"{placement}:", target=implementation)
        return avrorpc.connect(AsyncStreamsClient, await server.listen(f"{placement}://127.0.0.1:0"))

    async def begin() -> tuple[Any, Any, Server]:
        server = Server([implementation])
        client = await connect(server)
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
