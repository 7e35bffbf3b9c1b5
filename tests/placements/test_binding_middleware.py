"""A binding's own middleware sees what an implementation raised; its own failures are told as a server's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import avrorpc
import pytest
from avrorpc import Call, Code, Middleware, Reply, Server, Service, StatusError, ValueChanged, bind
from support.implementations import AsyncConformance, SyncConformance
from testcontracts.conformance import AsyncConformanceClient, NotThere

PLACEMENTS = ["local", "verify", "tcp", "http"]


@pytest.fixture(params=PLACEMENTS)
def placement(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[SyncConformance, AsyncConformance])
async def open_client(placement: str, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    opened: list[Any] = []

    async def open_(middleware: Middleware) -> Any:
        target = bind(request.param(), middleware=(middleware,))
        if placement in ("local", "verify"):
            client = avrorpc.connect(AsyncConformanceClient, f"{placement}:", target=target)
        else:
            server = Server([target])
            opened.append(server)
            client = avrorpc.connect(
                AsyncConformanceClient, await server.listen(f"{placement}://127.0.0.1:0")
            )
        opened.append(client)
        return client

    yield open_
    for thing in reversed(opened):
        await (thing.close() if isinstance(thing, Server) else avrorpc.close(thing))


async def test_what_it_raises_is_redacted(open_client: Any) -> None:
    def broken(_: Service) -> Service:
        async def service(call: Call) -> Reply:
            raise ValueError("the password is hunter2")

        return service

    client = await open_client(broken)
    with pytest.raises(StatusError) as failed:
        await client.add(1.0)
    assert failed.value.code is Code.INTERNAL
    assert "hunter2" not in str(failed.value)
    assert failed.value.error_id


async def test_it_sees_what_the_implementation_raised(open_client: Any) -> None:
    seen: list[BaseException] = []

    def watching(inner: Service) -> Service:
        async def service(call: Call) -> Reply:
            try:
                return await inner(call)
            except Exception as error:
                seen.append(error)
                raise

        return service

    client = await open_client(watching)
    with pytest.raises(StatusError):
        await client.fail("value")
    with pytest.raises(NotThere):
        await client.find("missing")
    assert [type(error) for error in seen] == [ValueError, NotThere]
    assert "hunter2" in str(seen[0])


async def test_it_may_answer_in_the_implementations_place(open_client: Any) -> None:
    def kind(inner: Service) -> Service:
        async def service(call: Call) -> Reply:
            try:
                return await inner(call)
            except NotThere as error:
                return Reply(f"no {error.key}")

        return service

    client = await open_client(kind)
    assert await client.find("missing") == "no missing"


async def test_verify_tells_through_it_of_values_that_were_changed() -> None:
    class Mutating(SyncConformance):
        def join(self, *, parts: list[str] | None = None, separator: str = ", ") -> str:
            assert parts is not None
            parts.append("more")
            return separator.join(parts)

    target = bind(Mutating(), middleware=(lambda inner: inner,))
    client = avrorpc.connect(AsyncConformanceClient, "verify:", target=target)
    with pytest.raises(ValueChanged, match="the argument parts was mutated"):
        await client.join(parts=["a"])
