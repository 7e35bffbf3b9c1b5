"""`direct:`: the client is the implementation, with all that follows from it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import avrorpc
import pytest
from avrorpc import BindError, bind, connect, describe, with_options
from avrorpc.service import Service
from support.implementations import (
    AsyncConformance,
    AsyncSmall,
    AsyncStreams,
    Failure,
    SyncConformance,
    SyncSmall,
    SyncStreams,
    visible,
)
from support.values import everything
from testcontracts.conformance import AsyncConformanceClient, ConformanceClient
from testcontracts.small import AsyncSmallClient, SmallClient, SmallService
from testcontracts.streams import AsyncStreamsClient, Piece, StreamsClient, Summary


def test_its_methods_are_the_implementations_own() -> None:
    implementation = SyncSmall()
    client = connect(SmallClient, "direct:", target=implementation)
    assert client.double == implementation.double
    assert client.double.__func__ is SyncSmall.double  # type: ignore[attr-defined]
    assert client.double(3, offset=1) == 7
    assert describe(client).placement == "direct"


async def test_an_asynchronous_client_takes_an_asynchronous_implementation() -> None:
    implementation = AsyncSmall()
    async with connect(AsyncSmallClient, "direct:", target=implementation) as client:
        assert client.double == implementation.double
        assert await client.double(3) == 6


@pytest.mark.parametrize(
    ("client", "implementation"), [(SmallClient, AsyncSmall), (AsyncSmallClient, SyncSmall)]
)
def test_the_other_colour_is_refused(client: Any, implementation: Any) -> None:
    with pytest.raises(BindError, match="use local:, which calls either"):
        connect(client, "direct:", target=implementation())


def test_a_policy_is_refused_and_not_ignored() -> None:
    def passing(service: Service) -> Service:
        return service

    target = SyncSmall()
    policies: list[dict[str, Any]] = [{"timeout": 1.0}, {"metadata": {"a": b"b"}}, {"middleware": (passing,)}]
    for options in policies:
        with pytest.raises(BindError, match="applies no timeout, metadata or middleware"):
            connect(SmallClient, "direct:", target=target, **options)
    with pytest.raises(BindError, match="applies no timeout"):
        connect(SmallClient, "direct:", target=bind(target, middleware=(passing,)))
    with pytest.raises(BindError, match="applies no timeout"):
        with_options(connect(SmallClient, "direct:", target=target), timeout=1.0)


def test_a_contract_with_a_timeout_is_refused() -> None:
    with pytest.raises(
        BindError, match=r"cannot keep the contract's @timeout of conformance\.Conformance/hurry"
    ):
        connect(ConformanceClient, "direct:", target=SyncConformance())


def test_other_defaults_are_refused() -> None:
    class Other(SmallService):
        def double(self, value: int, *, offset: int = 1) -> int:
            return 2 * value + offset

        def fail(self) -> None:
            raise Failure

    with pytest.raises(BindError, match=r"'offset' has the default 1, the contract has the default 0"):
        connect(SmallClient, "direct:", target=Other())


def test_a_missing_target_and_a_superfluous_one_are_refused() -> None:
    with pytest.raises(BindError, match="needs the implementation"):
        connect(SmallClient, "direct:")
    with pytest.raises(BindError, match="has no use"):
        connect(SmallClient, "tcp://127.0.0.1:9", target=SyncSmall())


class Late(SyncSmall):
    """Calls on when the time of its own call is up."""

    def __init__(self, inner: SmallClient) -> None:
        self.inner = inner
        self.results: list[int] = []

    def double(self, value: int, *, offset: int = 0) -> int:
        time.sleep(0.03)
        self.results.append(self.inner.double(value, offset=offset))
        return 0


class TestWhatABareMethodCallCannotDo:
    """The rules of placement that `direct:` does not promise, shown one by one."""

    def test_rule_3_undeclared_errors_pass_as_they_are(self) -> None:
        client = connect(SmallClient, "direct:", target=SyncSmall())
        with pytest.raises(Failure, match="as it is"):
            client.fail()

    @pytest.mark.parametrize(("url", "results"), [("direct:", [4]), ("local:", [])])
    def test_rule_4_deadlines_do_not_apply(self, url: str, results: list[int]) -> None:
        # A nested call, made when the time of the outer one is up.
        late = Late(connect(SmallClient, url, target=SyncSmall()))
        with pytest.raises(avrorpc.StatusError, match="did not answer in time"):
            connect(SmallClient, "local:", target=late, timeout=0.01).double(2)
        assert late.results == results

    async def test_rule_5_cancellation_by_the_callee_is_a_cancellation(self) -> None:
        class Cancelling(AsyncSmall):
            async def fail(self) -> None:
                raise asyncio.CancelledError

        client = connect(AsyncSmallClient, "direct:", target=Cancelling())
        with pytest.raises(asyncio.CancelledError):
            await client.fail()

    def test_rule_6_the_callers_context_is_seen(self) -> None:
        class Seeing(SyncSmall):
            def double(self, value: int, *, offset: int = 0) -> int:
                return len(visible.get())

        token = visible.set("four")
        try:
            assert connect(SmallClient, "direct:", target=Seeing()).double(0) == 4
            assert connect(SmallClient, "local:", target=Seeing()).double(0) == 0
        finally:
            visible.reset(token)

    def test_rule_9_a_closed_client_still_works(self) -> None:
        client = connect(SmallClient, "direct:", target=SyncSmall())
        avrorpc.close(client)
        assert client.double(1) == 2


async def test_verify_catches_values_that_the_wire_would_change() -> None:
    client = connect(AsyncConformanceClient, "verify:", target=AsyncConformance())
    with pytest.raises(avrorpc.ValueChanged, match=r"value\.single: 0\.1 would become 0\.10000000149"):
        await client.echo(everything(single=0.1))


async def test_verify_catches_whoever_mutates_what_was_passed() -> None:
    class Mutating(SyncConformance):
        def join(self, *, parts: list[str] | None = None, separator: str = ", ") -> str:
            assert parts is not None
            parts.append("mine")
            return ""

    client = connect(ConformanceClient, "verify:", target=Mutating())
    with pytest.raises(avrorpc.ValueChanged, match="parts was mutated during the call"):
        client.join(parts=["yours"])


def test_streams_are_the_implementations_own_methods() -> None:
    implementation = SyncStreams()
    client = avrorpc.connect(StreamsClient, "direct:", target=implementation)
    assert client.count == implementation.count
    with avrorpc.closing(client.count(5)) as stream:
        assert next(stream) == 0
    assert implementation.streams.counts() == [0, 1]
    assert client.upload("up", [Piece(number=0)]) == Summary(pieces=1, size=0)
    with pytest.raises(BindError, match=r"streams both ways.*use local: for an object with send and receive"):
        client.shout("")


async def test_streams_both_ways_are_the_own_methods_of_asynchronous_ones() -> None:
    implementation = AsyncStreams()
    client = avrorpc.connect(AsyncStreamsClient, "direct:", target=implementation)

    async def texts() -> AsyncIterator[str]:
        yield "a"

    assert [text async for text in client.shout("> ", texts())] == ["> A"]
    async with avrorpc.closing(client.count(5)) as stream:
        assert await anext(stream) == 0
    assert implementation.streams.counts() == [0, 1]
