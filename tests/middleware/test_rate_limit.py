"""So many calls in so much time."""

from __future__ import annotations

import asyncio

import pytest
from avrorpc import Server, StatusError
from avrorpc.call import Call, Reply
from avrorpc.contracts import RetryInfo
from avrorpc.middleware.rate_limit import RateLimit
from avrorpc.principal import Principal
from rest.conftest import Desk
from support.shelf import MemoryShelf
from testcontracts.shelf import SHELF


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


async def answer(call: Call) -> Reply:
    return Reply("done")


def ask(limit: RateLimit, clock: Clock, name: str = "ada", message: str = "fail") -> Reply:
    call = Call(SHELF.methods[message], (), clock, principal=Principal(name, "token"))
    return asyncio.run(_awaited(limit, call))


async def _awaited(limit: RateLimit, call: Call) -> Reply:
    return await limit(answer)(call)


def test_calls_beyond_the_limit_are_told_when_to_come_again() -> None:
    limit, clock = RateLimit(2, 10), Clock()
    assert ask(limit, clock).metadata["ratelimit"] == b'"default";r=1;t=5'
    assert ask(limit, clock).metadata["ratelimit"] == b'"default";r=0;t=10'
    with pytest.raises(StatusError, match="more than 2 calls in 10 s") as refused:
        ask(limit, clock)
    (detail,) = refused.value.details
    assert isinstance(detail, RetryInfo)
    clock.time += detail.seconds
    ask(limit, clock)
    with pytest.raises(StatusError):
        ask(limit, clock)


def test_callers_are_counted_apart_and_other_messages_not_at_all() -> None:
    limit, clock = RateLimit(1, 10, messages=frozenset({"shelf.Shelf/fail"})), Clock()
    ask(limit, clock, "ada")
    ask(limit, clock, "bob")
    for _ in range(3):
        ask(limit, clock, "ada", "count_books")


@pytest.mark.parametrize(("calls", "seconds"), [(0, 1), (1, 0)])
def test_a_limit_is_some_calls_in_some_time(calls: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="at least one call"):
        RateLimit(calls, seconds)


async def test_rest_says_so_in_header_fields() -> None:
    limit = RateLimit(1, 60)
    async with Server([MemoryShelf()], middleware=(limit,)) as server:
        desk = Desk(server)
        got = await desk("GET", "/shelf/count_books")
        assert got.headers["ratelimit"] == '"default";r=0;t=60'
        assert got.headers["ratelimit-policy"] == '"default";q=1;w=60'
        late = await desk("GET", "/shelf/count_books")
        assert (late.status, late.headers["retry-after"]) == (429, "60")
