"""Statistics: each call counts once, under its message, and shares of latencies come from fixed buckets."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
from itertools import pairwise
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, StatusError
from avrorpc.call import Reply
from avrorpc.middleware import MethodStatistics, Statistics
from hypothesis import given
from hypothesis import strategies as st
from support.calls import Refused, Scripted, SkippingClock, a_call, consume, items
from support.implementations import SyncSmall
from testcontracts.small import SmallClient


def taking(*seconds: float) -> Any:
    """A service whose calls take the given times."""
    left = list(seconds)

    async def service(call: Any) -> Reply:
        await call.clock.sleep(left.pop(0))
        return Reply("done")

    return service


async def test_calls_count_by_message_and_code() -> None:
    statistics = Statistics()
    answers = ["yes", StatusError(Code.NOT_FOUND, "no"), Refused(reason="no", token="t"), ConnectionError()]
    serve = statistics(Scripted(*answers))
    await serve(a_call("ask"))
    for _ in answers[1:]:
        with pytest.raises(BaseException):  # noqa: B017, PT011 - each of them
            await serve(a_call("ask"))
    asked = statistics.snapshot()["n.Shop/ask"]
    assert asked.codes == {"OK": 1, "NOT_FOUND": 1, "UNKNOWN": 1, "INTERNAL": 1}
    assert asked.declared == {"Refused": 1}
    assert (asked.started, asked.in_flight, asked.ended, asked.failed) == (4, 0, 4, 2)


async def test_a_call_is_in_flight_until_its_stream_ends() -> None:
    statistics = Statistics()
    serve = statistics(Scripted(["a", "b"]))
    replies = [await serve(a_call("listen")) for _ in range(3)]
    assert statistics.total().in_flight == 3
    assert [item async for item in replies.pop().value] == ["a", "b"]
    await replies.pop().value.aclose()
    assert statistics.total().in_flight == 1
    replies.clear()
    gc.collect()
    total = statistics.total()
    assert (total.in_flight, total.codes) == (0, {"OK": 1, "CANCELLED": 2})
    assert total.response_items == 2


async def test_items_of_request_streams_count() -> None:
    statistics = Statistics()
    await statistics(Scripted(consume))(a_call("collect", items("a", "b", "c")))
    assert statistics.total().request_items == 3


async def test_a_snapshot_does_not_change_and_totals_are_by_protocol() -> None:
    statistics = Statistics()
    serve = statistics(Scripted("yes"))
    await serve(a_call("ask"))
    before = statistics.snapshot()
    await serve(a_call("ask"))
    await serve(a_call("write"))
    assert before["n.Shop/ask"].started == 1
    assert statistics.total("n.Shop").started == 3
    assert statistics.total("other.Protocol") == MethodStatistics(buckets=(0,) * 20)


async def test_latencies_are_of_the_calls_own_clock() -> None:
    statistics, clock = Statistics(bounds=(1.0, 2.0, 4.0)), SkippingClock()
    serve = statistics(taking(0.5, 1.5, 3.0, 9.0))
    for _ in range(4):
        await serve(a_call("ask", clock=clock))
    total = statistics.total()
    assert total.buckets == (1, 1, 1, 1)
    assert (total.seconds, total.longest) == (14.0, 9.0)
    assert [total.percentile(share) for share in (0.25, 0.5, 1.0)] == [1.0, 2.0, 9.0]


@given(st.lists(st.floats(0, 400), min_size=1, max_size=50), st.floats(0, 1))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(times: list[float], share: float) -> None:
    statistics = Statistics()

    async def run() -> None:
        serve = statistics(taking(*times))
        for _ in times:
            await serve(a_call("ask"))

    asyncio.run(run())
    total = statistics.total()
    found = total.percentile(share)
    took = sorted((100.0 + seconds) - 100.0 for seconds in times)  # as the clock, which starts there, sees it
    true = took[max(0, math.ceil(share * len(times)) - 1)]
    edges = (0.0, *total.bounds, math.inf)
    low, high = next((a, b) for a, b in pairwise(edges) if true <= b)
    assert found is not None
    assert low - 1e-9 <= found <= high + 1e-9


def test_without_calls_there_is_no_percentile_and_shares_are_checked() -> None:
    total = Statistics().total()
    assert total.percentile(0.5) is None
    with pytest.raises(ValueError, match="from 0 to 1"):
        total.percentile(50)


@pytest.mark.parametrize("bounds", [(), (2.0, 1.0), (1.0, 1.0)])
def test_bounds_that_do_not_ascend_are_refused(bounds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        Statistics(bounds=bounds)


async def test_reset_forgets_all_but_the_calls_under_way() -> None:
    statistics = Statistics()
    serve = statistics(Scripted(["a"]))
    open_stream = (await serve(a_call("listen"))).value
    [item async for item in (await serve(a_call("listen"))).value]
    statistics.reset()
    assert (statistics.total().started, statistics.total().codes) == (1, {})
    await open_stream.aclose()
    assert statistics.total().codes == {"CANCELLED": 1}
    assert statistics.total().in_flight == 0


def test_threads_count_together() -> None:
    statistics = Statistics()
    client = avrorpc.connect(SmallClient, "local:", target=SyncSmall(), middleware=(statistics,))
    threads = [threading.Thread(target=lambda: [client.double(n) for n in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statistics.snapshot()["small.Small/double"].codes == {"OK": 800}
