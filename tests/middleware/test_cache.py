"""The response cache: what it keeps, for whom, for how long, and that equal calls at once are one."""

from __future__ import annotations

import asyncio
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, StatusError
from avrorpc.call import Reply
from avrorpc.driving import drive
from avrorpc.middleware import ResponseCache
from avrorpc.principal import Principal
from support.calls import Card, ManualClock, Scripted, SkippingClock, a_call, settle
from support.implementations import SyncConformance
from testcontracts.conformance import ConformanceClient


async def value(
    cache: ResponseCache, service: Any, *arguments: Any, name: str = "read", **options: Any
) -> Any:
    return (await cache(service)(a_call(name, *arguments, **options))).value


def numbered() -> Scripted:
    """A service that answers "1", "2" and so on."""
    return Scripted(*(str(number) for number in range(1, 20)))


async def test_a_result_is_good_for_its_time() -> None:
    cache, service, clock = ResponseCache(10.0), numbered(), SkippingClock()
    assert [await value(cache, service, clock=clock) for _ in range(2)] == ["1", "1"]
    clock.time += 9.9
    assert await value(cache, service, clock=clock) == "1"
    clock.time += 0.1
    assert await value(cache, service, clock=clock) == "2"
    assert (cache.hits, cache.misses) == (2, 2)


async def test_calls_differ_by_message_arguments_metadata_and_principal() -> None:
    cache, service = ResponseCache(10.0), numbered()
    blue = {"tenant": b"blue"}
    ada = a_call("read")
    ada.principal = Principal("ada", "token")
    seen = [
        await value(cache, service, "a"),
        await value(cache, service, "b"),
        await value(cache, service, "a", metadata=blue),
        (await cache(service)(ada)).value,
    ]
    assert seen == ["1", "2", "3", "4"]
    traced = {"traceparent": b"1", "tracestate": b"2", "avrorpc.correlation-id": b"3"}
    assert await value(cache, service, "a", metadata=traced) == "1"
    assert await value(cache, service, "a", metadata={**blue, **traced}) == "3"
    assert (await cache(service)(ada)).value == "4"


@pytest.mark.parametrize("name", ["ask", "write", "listen", "tell"])
async def test_what_is_not_readonly_and_streams_are_not_kept(name: str) -> None:
    cache, service = ResponseCache(10.0), Scripted(["a"] if name == "listen" else "a")
    for _ in range(2):
        await value(cache, service, name=name)
    assert len(service.calls) == 2
    assert len(cache) == 0


async def test_errors_are_not_kept() -> None:
    cache, service = ResponseCache(10.0), Scripted(StatusError(Code.NOT_FOUND, "no"), "yes")
    with pytest.raises(StatusError):
        await value(cache, service)
    assert await value(cache, service) == "yes"


async def test_each_caller_has_a_value_of_its_own() -> None:
    card = Card(holder="Ada", number="1", tags=["a"])
    cache, service = ResponseCache(10.0), Scripted(card, metadata={"k": b"v"})
    await value(cache, service, name="find")
    card.tags.append("changed by the first caller")
    first = await cache(service)(a_call("find"))
    assert first.metadata == {"k": b"v"}
    assert first.value == Card(holder="Ada", number="1", tags=["a"])
    first.value.tags.append("changed by the second")
    assert (await value(cache, service, name="find")).tags == ["a"]
    assert len(service.calls) == 1


async def test_the_least_recently_used_go_first_and_too_large_ones_do_not_come() -> None:
    cache, service = ResponseCache(10.0, max_bytes=1000), Scripted(lambda call: call.arguments[0] * 100)
    for text in "aba":
        await value(cache, service, text)
    assert len(cache) == 2
    await value(cache, service, "c")
    assert len(cache) == 2
    assert cache.size <= 1000
    before = len(service.calls)
    await value(cache, service, "a")
    assert len(service.calls) == before
    await value(cache, service, "b")
    assert len(service.calls) == before + 1
    await value(cache, service, "long" * 100)
    assert len(cache) == 2


async def test_invalidation_is_by_message_or_of_all() -> None:
    cache, service = ResponseCache(10.0), Scripted("1", Card(holder="a", number="b"), "2")
    await value(cache, service)
    await value(cache, service, name="find")
    cache.invalidate("n.Shop/read")
    assert len(cache) == 1
    await value(cache, service, name="find")
    assert await value(cache, service) == "2"
    cache.invalidate()
    assert (len(cache), cache.size) == (0, 0)


async def test_a_result_that_was_under_way_at_an_invalidation_is_not_kept() -> None:
    cache = ResponseCache(10.0)

    def stale(call: Any) -> str:
        cache.invalidate()
        return "stale"

    service = Scripted(stale, "fresh")
    assert await value(cache, service) == "stale"
    assert await value(cache, service) == "fresh"


async def test_messages_have_times_of_their_own() -> None:
    cache, service = ResponseCache(10.0, messages={"n.Shop/read": 0.0}), numbered()
    assert [await value(cache, service) for _ in range(2)] == ["1", "2"]
    assert cache.misses == 0


@pytest.mark.parametrize(("argument", "result"), [(7, "yes"), ("text", 7)])
async def test_what_does_not_fit_the_contract_passes_and_is_not_kept(argument: Any, result: Any) -> None:
    cache, service = ResponseCache(10.0), Scripted(result)
    assert await value(cache, service, argument) == result
    assert len(cache) == 0


class Slow:
    """A service whose answers the test gives."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[Any]] = []

    async def __call__(self, call: Any) -> Reply:
        self.answers.append(asyncio.get_running_loop().create_future())
        return Reply(await self.answers[-1])


async def test_equal_calls_at_once_are_one() -> None:
    cache, service = ResponseCache(10.0), Slow()
    tasks = [asyncio.create_task(value(cache, service, text)) for text in "aaab"]
    await settle()
    assert len(service.answers) == 2
    service.answers[0].set_result("one")
    service.answers[1].set_result("two")
    assert await asyncio.gather(*tasks) == ["one", "one", "one", "two"]
    assert (cache.hits, cache.misses) == (2, 2)


async def test_who_waits_for_a_call_that_fails_calls_for_itself() -> None:
    cache, service = ResponseCache(10.0), Slow()
    first, second = (asyncio.create_task(value(cache, service)) for _ in range(2))
    await settle()
    service.answers[0].set_exception(StatusError(Code.UNAVAILABLE, "gone"))
    await settle()
    service.answers[1].set_result("yes")
    assert await second == "yes"
    with pytest.raises(StatusError):
        await first


async def test_who_waits_for_a_call_that_is_cancelled_calls_for_itself() -> None:
    cache, service = ResponseCache(10.0), Slow()
    first, second = (asyncio.create_task(value(cache, service)) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    service.answers[1].set_result("yes")
    assert await second == "yes"


async def test_waiting_for_another_call_ends_with_ones_own_deadline() -> None:
    cache, service, clock = ResponseCache(10.0), Slow(), ManualClock()
    first = asyncio.create_task(value(cache, service, clock=clock))
    second = asyncio.create_task(value(cache, service, clock=clock, deadline=101.0))
    await clock.advance(1.0)
    with pytest.raises(StatusError) as caught:
        await second
    assert caught.value.code is Code.DEADLINE_EXCEEDED
    service.answers[0].set_result("yes")
    assert await first == "yes"


def test_without_a_loop_each_calls_for_itself() -> None:
    cache, service = ResponseCache(10.0), numbered()
    assert [drive(value(cache, service)) for _ in range(2)] == ["1", "1"]


def test_a_synchronous_client_takes_it() -> None:
    calls: list[float] = []

    class Counting(SyncConformance):
        def add(self, a: float, *, b: float = 1.0) -> float:
            calls.append(a)
            return a + b

    cache = ResponseCache(60.0)
    client = avrorpc.connect(ConformanceClient, "local:", target=Counting(), middleware=(cache,))
    assert [client.add(1.0), client.add(1.0), client.add(2.0)] == [2.0, 2.0, 3.0]
    assert calls == [1.0, 2.0]


@pytest.mark.parametrize("wrong", [(-1.0, 0), (1.0, -1)])
def test_options_that_make_no_sense_are_refused(wrong: tuple[float, int]) -> None:
    with pytest.raises(ValueError, match="negative"):
        ResponseCache(wrong[0], max_bytes=wrong[1])
