"""The circuit breaker: open after failures in a row, one trial at a time, closed by an answer."""

from __future__ import annotations

from typing import Any

import pytest
from avrorpc import Code, ConnectionLost, StatusError
from avrorpc.middleware import CircuitBreaker
from avrorpc.middleware.retry import retry_after
from support.calls import Refused, Scripted, SkippingClock, a_call

BUSY = StatusError(Code.UNAVAILABLE, "busy")


async def tried(breaker: CircuitBreaker, clock: SkippingClock, *answers: Any) -> list[str]:
    """Make a call for each answer, and return what became of them."""
    found = []
    for answer in answers:
        try:
            reply = await breaker(Scripted(answer))(a_call("ask", clock=clock))
        except Exception as error:  # noqa: BLE001 - each is a result of this test
            found.append("refused" if "is not tried" in str(error) else type(error).__name__)
        else:
            found.append(reply.value)
    return found


async def test_failures_in_a_row_open_it_and_a_trial_that_works_closes_it() -> None:
    breaker, clock = CircuitBreaker(2, pause=10.0), SkippingClock()
    assert await tried(breaker, clock, BUSY, ConnectionLost("gone"), "yes") == [
        "StatusError",
        "ConnectionLost",
        "refused",
    ]
    assert breaker.is_open
    clock.time += 10.0
    assert await tried(breaker, clock, BUSY, "yes") == ["StatusError", "refused"]
    clock.time += 10.0
    assert await tried(breaker, clock, "yes", BUSY, "yes") == ["yes", "StatusError", "yes"]
    assert not breaker.is_open


async def test_one_trial_is_made_at_a_time() -> None:
    breaker, clock = CircuitBreaker(1, pause=10.0), SkippingClock()
    await tried(breaker, clock, BUSY)
    clock.time += 10.0

    async def service(call: Any) -> Any:
        assert await tried(breaker, clock, "yes") == ["refused"]
        return await Scripted("trial")(call)

    assert (await breaker(service)(a_call("ask", clock=clock))).value == "trial"


@pytest.mark.parametrize(
    "answer", ["yes", Refused(reason="no", token="t"), StatusError(Code.NOT_FOUND, "no")]
)
async def test_answers_end_the_row(answer: Any) -> None:
    breaker, clock = CircuitBreaker(2), SkippingClock()
    await tried(breaker, clock, BUSY, answer, BUSY)
    assert not breaker.is_open


async def test_the_refusal_says_why_and_when_to_come_back() -> None:
    breaker, clock = CircuitBreaker(1, pause=10.0), SkippingClock()
    await tried(breaker, clock, BUSY)
    clock.time += 4.0
    with pytest.raises(StatusError, match="failures=1 calls in a row have failed") as caught:
        await breaker(Scripted("yes"))(a_call("ask", clock=clock))
    assert (caught.value.code, retry_after(caught.value)) == (Code.UNAVAILABLE, 6.0)


async def test_a_stream_counts_when_it_ends_and_one_left_early_does_not() -> None:
    breaker = CircuitBreaker(1)
    serve = breaker(Scripted(["a", BUSY]))
    reply = await serve(a_call("listen"))
    await anext(reply.value)
    await reply.value.aclose()
    assert not breaker.is_open
    reply = await serve(a_call("listen"))
    with pytest.raises(StatusError):
        [item async for item in reply.value]
    assert breaker.is_open


@pytest.mark.parametrize("wrong", [(0, 1.0), (1, 0.0)])
def test_options_that_make_no_sense_are_refused(wrong: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="1 failure at least"):
        CircuitBreaker(wrong[0], pause=wrong[1])
