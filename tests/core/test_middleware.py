"""Middleware: the first runs outermost, at either end, at any distance, in both colours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import avrorpc
import pytest
from avrorpc import Call, Code, Middleware, Reply, Service, StatusError, Suspended, bind
from avrorpc.service import compose
from support.implementations import AsyncSmall, SyncConformance, SyncSmall
from support.serving import ServerThread
from testcontracts.conformance import AsyncConformanceClient, ConformanceClient
from testcontracts.small import AsyncSmallClient, SmallClient

log: list[str] = []


def noting(name: str) -> Middleware:
    def middleware(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            log.append(f"{name} before {call.method.name}{call.arguments}")
            try:
                return await service(call)
            finally:
                log.append(f"{name} after")

        return serve

    return middleware


def retrying(service: Service) -> Service:
    async def serve(call: Call) -> Reply:
        for pause in (0.0, 0.001):
            try:
                return await service(call)
            except StatusError:
                await call.clock.sleep(pause)
        return await service(call)

    return serve


CLIENT, SERVER = (noting("a"), noting("b")), (noting("c"), noting("d"))


@pytest.fixture(scope="module", params=[SyncSmall, AsyncSmall], ids=["def", "async def"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerThread]:
    with ServerThread(bind(request.param(), middleware=SERVER), SyncConformance()) as served:
        yield served


@pytest.fixture(autouse=True)
def empty_log() -> None:
    log.clear()


async def result(call: Callable[..., Any], *args: Any) -> Any:
    value = await asyncio.to_thread(call, *args)
    return await value if asyncio.iscoroutine(value) else value


ORDER = [
    "a before double(3, 0)",
    "b before double(3, 0)",
    "c before double(3, 0)",
    "d before double(3, 0)",
    "d after",
    "c after",
    "b after",
    "a after",
]


@pytest.mark.parametrize("client", [SmallClient, AsyncSmallClient])
@pytest.mark.parametrize("placement", ["local", "verify", "tcp", "spec", "http"])
async def test_the_first_runs_outermost_and_the_clients_before_the_servers(
    server: ServerThread, placement: str, client: Any
) -> None:
    if placement in ("local", "verify"):
        implementation = SyncSmall() if client is SmallClient else AsyncSmall()
        target = bind(implementation, middleware=SERVER)
        made = avrorpc.connect(client, f"{placement}:", target=target, middleware=CLIENT)
    else:
        made = avrorpc.connect(client, getattr(server, placement), middleware=CLIENT)
    assert await result(made.double, 3) == 6
    assert log == ORDER
    closing = avrorpc.close(made)
    if closing is not None:
        await closing


@pytest.mark.parametrize("client", [ConformanceClient, AsyncConformanceClient])
@pytest.mark.parametrize("placement", ["local", "tcp"])
async def test_middleware_may_change_answer_and_repeat_calls(
    server: ServerThread, placement: str, client: Any
) -> None:
    def changing(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            if call.arguments == ("stop",):
                return Reply("stopped")
            call.metadata["tenant"] = b"blue"
            return await service(call)

        return serve

    def failing(service: Service) -> Service:
        left = [2]

        async def serve(call: Call) -> Reply:
            left[0] -= 1
            if left[0] >= 0:
                raise StatusError(Code.UNAVAILABLE, "try again")
            return await service(call)

        return serve

    options: dict[str, Any] = {"middleware": (changing, retrying, failing)}
    if placement == "local":
        made = avrorpc.connect(client, "local:", target=SyncConformance(), **options)
    else:
        made = avrorpc.connect(client, server.tcp, **options)
    assert await result(made.find, "stop") == "stopped"
    assert await result(made.metadata) == {"tenant": b"blue"}
    closing = avrorpc.close(made)
    if closing is not None:
        await closing


@pytest.mark.parametrize("placement", ["local", "tcp"])
def test_middleware_that_waits_for_a_loop_is_refused_where_there_is_none(
    server: ServerThread, placement: str
) -> None:
    def waiting(service: Service) -> Service:
        async def serve(call: Call) -> Reply:
            await asyncio.sleep(0)
            return await service(call)

        return serve

    if placement == "local":
        client = avrorpc.connect(SmallClient, "local:", target=SyncSmall(), middleware=(waiting,))
    else:
        client = avrorpc.connect(SmallClient, server.tcp, middleware=(waiting,))
    with client, pytest.raises(Suspended):
        client.double(1)


async def test_no_middleware_is_the_service_itself() -> None:
    async def service(call: Call) -> Reply:
        return Reply(call.arguments)

    assert compose([], service) is service
