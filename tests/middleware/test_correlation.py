"""Correlation ids: one for all the calls that a call causes."""

from __future__ import annotations

import avrorpc
import pytest
from avrorpc.middleware import CorrelationIds, correlation_id
from avrorpc.middleware.correlation import CORRELATION_ID
from support.calls import Scripted, a_call
from support.implementations import SyncSmall
from testcontracts.small import SmallClient


async def test_a_call_without_an_id_is_given_one() -> None:
    service = Scripted("yes")
    ids = iter(["one", "two"])
    serve = CorrelationIds(lambda: next(ids))(service)
    call = a_call("ask", metadata={"tenant": b"blue"})
    await serve(call)
    await serve(a_call("ask"))
    assert [correlation_id(made) for made in service.calls] == ["one", "two"]
    assert service.calls[0].metadata == {"tenant": b"blue", CORRELATION_ID: b"one"}
    assert call.metadata == {"tenant": b"blue"}


async def test_ids_are_random_by_default() -> None:
    service = Scripted("yes")
    for _ in range(2):
        await CorrelationIds()(service)(a_call("ask"))
    first, second = (correlation_id(call) for call in service.calls)
    assert first != second
    assert first is not None
    assert len(first) == 32


async def test_an_id_that_is_there_stays() -> None:
    service = Scripted("yes")
    await CorrelationIds()(service)(a_call("ask", metadata={CORRELATION_ID: b"abc"}))
    assert correlation_id(service.calls[0]) == "abc"


@pytest.mark.parametrize("value", [b"", b"x" * 129, b"a\nb", b"\xff", "\N{SNOWMAN}".encode()])
async def test_what_cannot_be_an_id_is_replaced(value: bytes) -> None:
    service = Scripted("yes")
    call = a_call("ask", metadata={CORRELATION_ID: value})
    assert correlation_id(call) is None
    await CorrelationIds(lambda: "new")(service)(call)
    assert correlation_id(service.calls[0]) == "new"


def test_outside_of_any_call_there_is_none() -> None:
    assert correlation_id() is None


def test_a_nested_call_carries_the_id_of_the_call_being_served() -> None:
    seen: list[str | None] = []

    class Inner(SyncSmall):
        def double(self, value: int, *, offset: int = 0) -> int:
            seen.append(correlation_id())
            return 2 * value + offset

    ids = (CorrelationIds(),)
    inner = avrorpc.connect(SmallClient, "local:", target=Inner(), middleware=ids)

    class Outer(SyncSmall):
        def double(self, value: int, *, offset: int = 0) -> int:
            seen.append(correlation_id())
            return inner.double(inner.double(value))

    outer = avrorpc.connect(SmallClient, "local:", target=Outer(), middleware=ids)
    assert outer.double(1) == 4
    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert seen[0] is not None
    outer.double(1)
    assert len(set(seen)) == 2
