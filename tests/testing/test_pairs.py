"""Clients and servers joined in memory: the whole path, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import avrorpc
import pytest
from avrorpc import BindError, Code, ConnectError, Limits, Server, StatusError, with_options
from avrorpc.testing import connected, run
from support.implementations import AsyncConformance, AsyncSmall, SyncConformance
from support.values import everything
from testcontracts.conformance import AsyncConformanceClient, NotThere
from testcontracts.small import AsyncSmallClient, SmallClient


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize("chunks", ["whole", "bytes", "random"])
@pytest.mark.parametrize("implementation", [SyncConformance, AsyncConformance])
def test_values_and_errors_cross(framing: Any, chunks: Any, implementation: Any) -> None:
    async def main() -> None:
        async with connected(
            AsyncConformanceClient, implementation(), chunks=chunks, framing=framing
        ) as client:
            assert await client.echo(everything()) == everything()
            with pytest.raises(NotThere) as caught:
                await client.find("missing")
            assert caught.value.code == 404
            description = avrorpc.describe(client)
            assert (description.placement, description.details["framing"]) == ("memory", framing)

    run(main())


def test_deadlines_pass_in_virtual_time() -> None:
    async def main() -> None:
        implementation = AsyncConformance()
        async with connected(AsyncConformanceClient, implementation) as client:
            with pytest.raises(StatusError) as caught:
                await with_options(client, timeout=3600).wait(1e6)
            assert caught.value.code is Code.DEADLINE_EXCEEDED
            assert asyncio.get_running_loop().time() == pytest.approx(3600, abs=1)
            await implementation.cancelled.wait()

    run(main())


def test_latency_counts_in_each_direction() -> None:
    async def main() -> None:
        async with connected(AsyncSmallClient, AsyncSmall(), latency=10.0) as client:
            await client.double(1)  # and the handshake
            start = asyncio.get_running_loop().time()
            assert await client.double(4) == 8
            assert asyncio.get_running_loop().time() - start == pytest.approx(20)

    run(main())


def test_limits_middleware_and_exposed_causes_apply(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    def noting(service: avrorpc.Service) -> avrorpc.Service:
        async def serve(call: avrorpc.Call) -> avrorpc.Reply:
            seen.append(call.method.name)
            return await service(call)

        return serve

    async def main() -> None:
        async with connected(
            AsyncConformanceClient,
            SyncConformance(),
            middleware=(noting,),
            metadata={"tenant": b"blue"},
            limits=Limits(max_body=2000),
            expose_cause=True,
        ) as client:
            assert await client.metadata() == {"tenant": b"blue"}
            with pytest.raises(StatusError, match="max_body"):
                await client.find("x" * 3000)
            with caplog.at_level(logging.CRITICAL, "avrorpc"), pytest.raises(StatusError, match="hunter2"):
                await client.fail("value")

    run(main())
    assert seen == ["metadata", "find", "fail"]


async def test_it_works_in_real_time_too() -> None:
    async with connected(AsyncSmallClient, AsyncSmall()) as client:
        assert await client.double(2) == 4


def test_servers_listen_at_names_and_clients_dial_them() -> None:
    async def main() -> None:
        async with Server([AsyncSmall()]) as server:
            url = await server.listen("memory://small?chunks=bytes&latency=0.5")
            assert url == "memory://small"
            async with avrorpc.connect(AsyncSmallClient, url) as client:
                assert await client.double(2) == 4
            with pytest.raises(BindError, match="in use"):
                await server.listen("memory://small")
        async with avrorpc.connect(AsyncSmallClient, url) as client:
            with pytest.raises(ConnectError, match="memory://small: nothing listens there"):
                await client.double(2)

    run(main())


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://a/b", "a name alone"),
        ("memory://a:1", "a name alone"),
        ("memory://a?framing=x", "netty or spec"),
        ("memory://a?speed=1", "no option 'speed'"),
    ],
)
def test_wrong_addresses_are_refused_with_a_sentence(url: str, said: str) -> None:
    with pytest.raises(BindError, match=said):
        avrorpc.connect(AsyncSmallClient, url)


def test_synchronous_clients_are_refused() -> None:
    with pytest.raises(BindError, match="use the asynchronous client"):
        avrorpc.connect(SmallClient, "memory://small")
