"""The recommended order: what the reference promises of whole chains holds for unary calls and streams."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import avrorpc
import pytest
from avrorpc import Code, Middleware, StatusError, bind
from avrorpc import middleware as offered
from avrorpc.service import compose
from support.calls import Scripted, SkippingClock, a_call
from support.implementations import AsyncConformance, SyncConformance
from support.observed import TOKEN, Chain
from support.serving import ServerThread
from testcontracts.conformance import AsyncConformanceClient, ConformanceClient

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "middleware.md"
BUSY = StatusError(Code.UNAVAILABLE, "busy")


@pytest.fixture
def chain() -> Chain:
    return Chain()


def documented(side: str) -> list[str]:
    """The class names in the reference's table of a side; of alternatives joined by `or`, the first."""
    section = REFERENCE.read_text().partition(f"### {side}\n")[2].partition("\n#")[0]
    rows = re.findall(r"^\| \d+ \| (.+?) \|", section, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)\(", row.partition(", or")[0])]


@pytest.mark.parametrize(("side", "chain_of"), [("Clients", Chain.client), ("Servers", Chain.server)])
def test_the_chains_of_these_tests_are_those_of_the_reference(
    side: str, chain_of: Callable[[Chain], tuple[Middleware, ...]], chain: Chain
) -> None:
    assert [type(one).__name__ for one in chain_of(chain)] == documented(side)


def test_the_reference_names_all_that_is_offered_and_nothing_else() -> None:
    section = REFERENCE.read_text().partition("## What each does\n")[2].partition("\n#")[0]
    named = set(re.findall(r"^\| `(\w+)", section, re.MULTILINE))
    pieces = {"Detail", "Ending", "JsonFormatter", "MethodStatistics", "Watch", "correlation_id", "watched"}
    pieces |= {"TokenFile", "new_token"}
    assert named == set(offered.__all__) - pieces


def test_the_reference_states_the_bounds_as_they_are() -> None:
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| ([\d,]+) \|", REFERENCE.read_text(), re.MULTILINE)
    assert len(rows) == 4
    for module, name, shown in rows:
        value = getattr(importlib.import_module(f"avrorpc.middleware.{module}"), name)
        assert value == int(shown.replace(",", "")), name


async def test_attempts_of_a_client_are_one_call_to_all_that_observes(chain: Chain) -> None:
    service, clock = Scripted(BUSY, BUSY, "yes"), SkippingClock()
    reply = await compose(chain.client(), service)(a_call("read", clock=clock))
    assert reply.value == "yes"
    assert len(service.calls) == 3
    assert chain.seen() == (1, 1, 1)
    assert chain.asked == ["read"] * 3
    assert len({call.metadata["traceparent"] for call in service.calls}) == 1
    assert len({call.metadata["avrorpc.correlation-id"] for call in service.calls}) == 1
    assert [call.deadline for call in service.calls] == [130.0, 131.0, 133.0]
    assert chain.limit.in_flight == 0


async def test_a_hit_of_the_cache_is_seen_and_asks_for_nothing(chain: Chain) -> None:
    serve = compose(chain.client(), Scripted("yes"))
    for _ in range(3):
        await serve(a_call("read"))
    assert chain.seen() == (3, 3, 3)
    assert chain.asked == ["read"]


async def test_a_server_in_trouble_gets_only_what_its_breaker_lets_through(chain: Chain) -> None:
    service = Scripted(BUSY)
    serve, clock = compose(chain.client(), service), SkippingClock()
    for _ in range(3):
        with pytest.raises(StatusError):
            await serve(a_call("read", clock=clock))
    assert len(service.calls) < 9


async def test_a_wrong_argument_costs_nothing(chain: Chain) -> None:
    service = Scripted("yes")
    with pytest.raises(StatusError):
        await compose(chain.client(), service)(a_call("read", 7))
    assert not service.calls
    assert not chain.asked
    assert chain.seen() == (1, 1, 1)


async def test_a_stream_is_one_call_until_it_ends(chain: Chain) -> None:
    service = Scripted([BUSY], ["a", "b"])
    reply = await compose(chain.client(), service)(a_call("listen"))
    assert await anext(reply.value) == "a"
    assert chain.seen() == (0, 0, 0)
    assert chain.limit.in_flight == 1
    assert [item async for item in reply.value] == ["b"]
    assert chain.seen() == (1, 1, 1)
    assert chain.limit.in_flight == 0


async def test_a_stream_that_is_left_ends_everywhere(chain: Chain) -> None:
    service = Scripted(["a", "b"])
    reply = await compose(chain.client(), service)(a_call("listen"))
    await anext(reply.value)
    await reply.value.aclose()
    assert chain.statistics.total().codes == {"CANCELLED": 1}
    assert (service.closed, chain.limit.in_flight) == (1, 0)


async def test_what_a_server_refuses_is_seen(chain: Chain) -> None:
    service = Scripted("yes")
    serve = compose(chain.server(), service)
    with pytest.raises(StatusError):
        await serve(a_call("read"))
    assert chain.seen() == (1, 1, 1)
    assert chain.statistics.total().codes == {"UNAUTHENTICATED": 1}


async def test_too_much_is_refused_before_anybody_is_asked_who_calls(chain: Chain) -> None:
    chain.limit.max_in_flight = 0
    with pytest.raises(StatusError, match="RESOURCE_EXHAUSTED"):
        await compose(chain.server(), Scripted("yes"))(a_call("read", metadata=TOKEN))
    assert not chain.asked
    assert chain.seen() == (1, 1, 1)


async def test_who_is_not_known_learns_neither_what_would_fit_nor_what_is_kept(chain: Chain) -> None:
    serve = compose(chain.server(), Scripted("yes"))
    await serve(a_call("read", metadata=TOKEN))
    for argument in ("text", 7):
        with pytest.raises(StatusError) as caught:
            await serve(a_call("read", argument))
        assert caught.value.code is Code.UNAUTHENTICATED


@pytest.fixture(scope="module", params=[SyncConformance, AsyncConformance], ids=["def", "async def"])
def serving(request: pytest.FixtureRequest) -> Iterator[tuple[Chain, Any, ServerThread]]:
    chain = Chain()
    implementation = bind(request.param(), middleware=chain.server())
    with ServerThread(implementation) as server:
        yield chain, implementation, server


@pytest.mark.parametrize("placement", ["local", "verify", "tcp", "http"])
@pytest.mark.parametrize("asynchronous", [False, True])
async def test_both_chains_stand_in_every_placement(
    serving: tuple[Chain, Any, ServerThread], chain: Chain, placement: str, asynchronous: bool
) -> None:
    at_server, target, server = serving
    before = at_server.statistics.total().ended
    is_local = placement in ("local", "verify")
    options: dict[str, Any] = {"middleware": chain.client()}
    url = f"{placement}:" if is_local else getattr(server, placement)
    if is_local:
        options["target"] = target
    if asynchronous:
        async with avrorpc.connect(AsyncConformanceClient, url, **options) as client:
            assert [await client.add(1.0), await client.add(1.0)] == [2.0, 2.0]
            with pytest.raises(avrorpc.DeclaredError):
                await client.find("missing")
    else:
        await _in_a_thread(url, options)
    assert chain.statistics.total().codes == {"OK": 2, "UNKNOWN": 1}
    assert chain.asked == ["add", "find"]
    assert at_server.statistics.total().ended == before + 2
    client_ids = [vars(line)["call"]["correlation_id"] for line in chain.lines]
    server_ids = [vars(line)["call"]["correlation_id"] for line in at_server.lines]
    assert [client_ids[0], client_ids[2]] == server_ids[-2:]


async def _in_a_thread(url: str, options: dict[str, Any]) -> None:

    def calls() -> None:
        with avrorpc.connect(ConformanceClient, url, **options) as client:
            assert [client.add(1.0), client.add(1.0)] == [2.0, 2.0]
            with pytest.raises(avrorpc.DeclaredError):
                client.find("missing")

    await asyncio.to_thread(calls)
