"""Timeouts: the earliest deadline counts, and each attempt of a retry has its own."""

from __future__ import annotations

import avrorpc
import pytest
from avrorpc import Code, StatusError
from avrorpc.middleware import Retry, Timeout
from support.calls import Scripted, SkippingClock, a_call, around
from support.implementations import AsyncConformance
from testcontracts.conformance import AsyncConformanceClient


@pytest.mark.parametrize(
    ("had", "seconds", "wanted"),
    [(None, 5.0, 105.0), (103.0, 5.0, 103.0), (109.0, 5.0, 105.0), (104.0, None, 104.0)],
)
async def test_the_earliest_deadline_counts(had: float | None, seconds: float | None, wanted: float) -> None:
    service = Scripted("yes")
    call = a_call("ask", deadline=had)
    await Timeout(seconds)(service)(call)
    assert service.calls[0].deadline == wanted
    assert call.deadline == had  # whoever is further out keeps what it had


@pytest.mark.parametrize(("name", "wanted"), [("n.Shop/ask", 101.0), ("write", 102.0), ("read", 109.0)])
async def test_messages_have_timeouts_of_their_own(name: str, wanted: float) -> None:
    service = Scripted("yes")
    timeout = Timeout(9.0, messages={"n.Shop/ask": 1.0, "ask": 5.0, "write": 2.0})
    await timeout(service)(a_call(name.rpartition("/")[2]))
    assert service.calls[0].deadline == wanted


async def test_a_message_may_be_without() -> None:
    service = Scripted("yes")
    await Timeout(9.0, messages={"ask": None})(service)(a_call("ask"))
    assert service.calls[0].deadline is None


async def test_inside_of_a_retry_each_attempt_has_its_own() -> None:
    service, clock = Scripted(StatusError(Code.UNAVAILABLE, "busy"), "yes"), SkippingClock()
    retry = Retry(initial=2.0, choose=lambda: 1.0)
    await around(service, retry, Timeout(1.0))(a_call("ask", clock=clock, deadline=200.0))
    assert [call.deadline for call in service.calls] == [101.0, 103.0]


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_time_at_all_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Timeout(seconds)
    with pytest.raises(ValueError, match="above 0"):
        Timeout(None, messages={"ask": seconds})


async def test_a_client_and_a_binding_keep_it() -> None:
    implementation = AsyncConformance()
    client = avrorpc.connect(
        AsyncConformanceClient, "local:", target=implementation, middleware=(Timeout(30.0),)
    )
    assert 0 < await client.wait(0.0) <= 30
    short = avrorpc.bind(implementation, middleware=(Timeout(0.001),))
    async with (
        avrorpc.Server([short]) as server,
        avrorpc.connect(AsyncConformanceClient, await server.listen("tcp://127.0.0.1:0")) as client,
    ):
        with pytest.raises(StatusError) as caught:
            await client.wait(30.0)
    assert caught.value.code is Code.DEADLINE_EXCEEDED
