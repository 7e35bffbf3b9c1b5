"""Generated calls give the same value, error, details and order in every placement.

`EXAMPLES=10000 pytest tests/equivalence` is the long form.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import avrorpc
import pytest
from avrorpc import EndOfStream, Server
from avrorpc.schema import Streaming
from behaviours.placements import PLACEMENTS, Placement
from behaviours.setup import AsyncUntimedClient, UntimedClient
from equivalence.calls import Planned, passed, planned, shown
from equivalence.scripted import Script, scripted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from testcontracts.conformance import AsyncConformanceClient, ConformanceClient, ConformanceService
from testcontracts.hard import import_ as hard
from testcontracts.small import AsyncSmallClient, SmallClient, SmallService
from testcontracts.streams import AsyncStreamsClient, StreamsClient, StreamsService

EXAMPLES: Final = int(os.environ.get("EXAMPLES", "40"))
"""Calls per contract; each is made in every placement, by clients of both colours."""
NAMES: Final = [name for name in PLACEMENTS if "uvloop" not in name]

CONTRACTS: Final[dict[str, tuple[Any, Any, Any, tuple[str, ...]]]] = {
    # `hurry` ends after 150 ms of real time, whatever anybody does.
    "conformance": (ConformanceService, ConformanceClient, AsyncConformanceClient, ("hurry",)),
    "streams": (StreamsService, StreamsClient, AsyncStreamsClient, ()),
    "small": (SmallService, SmallClient, AsyncSmallClient, ()),
    "hard": (hard.HardService, hard.HardClient, hard.AsyncHardClient, ()),
}


@dataclass
class End:
    """A client in one placement."""

    name: str
    placement: Placement
    client: Any
    is_async: bool

    def can(self, call: Planned) -> bool:
        """Whether the placement has such calls; the table of exceptions says which have not."""
        streaming = call.method.streaming
        match self.placement.name:
            case "direct":
                return call.is_bare and (self.is_async or streaming is not Streaming.BOTH)
            case "plain":
                return streaming is Streaming.NONE
            case "http" | "https":
                return streaming is not Streaming.BOTH
            case _:
                return True


class World:
    """A contract's clients everywhere, of implementations that follow one script."""

    def __init__(self, contract: str, folder: Path) -> None:
        self.view, sync, asynchronous, self.left_out = CONTRACTS[contract]
        self.script = Script()
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-server")
        self._thread.start()
        self.runner = asyncio.Runner()
        self._servers: list[Server] = []
        self.ends: list[End] = []
        made = {colour: scripted(self.view, self.script, is_async=colour) for colour in (False, True)}
        urls = self._run(self._listen(made))
        for name in NAMES:
            placement = PLACEMENTS[name]
            for is_async in (False, True):
                kind = asynchronous if is_async else sync
                if name == "direct" and contract == "conformance":
                    kind = AsyncUntimedClient if is_async else UntimedClient
                if name == "direct":
                    serving: tuple[bool, ...] = (is_async,)
                else:
                    serving = (False, True) if placement.is_here else (not is_async,)
                for colour in serving:
                    client = (
                        avrorpc.connect(kind, placement.url, target=made[colour])
                        if placement.is_here
                        else avrorpc.connect(kind, urls[colour, name])
                    )
                    title = f"{name}, {'async' if is_async else 'sync'} client, async def: {colour}"
                    self.ends.append(End(title, placement, client, is_async))

    async def _listen(self, made: dict[bool, Any]) -> dict[tuple[bool, str], str]:
        urls = {}
        for colour, implementation in made.items():
            server = Server([implementation])
            self._servers.append(server)
            for name in NAMES:
                placement = PLACEMENTS[name]
                if not placement.is_here:
                    url = await server.listen(placement.listens_at(self._folder))
                    urls[colour, name] = placement.connects_to(url)
        return urls

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def close(self) -> None:
        """Close all."""

        async def close_async() -> None:
            for end in self.ends:
                if end.is_async:
                    await avrorpc.close(end.client)

        for end in self.ends:
            if not end.is_async:
                avrorpc.close(end.client)
        self.runner.run(close_async())
        self.runner.close()
        for server in self._servers:
            self._run(server.close(0.5))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    def outcome(self, end: End, call: Planned) -> tuple[Any, Any]:
        """Make a call, and return what its caller saw and what its implementation was given."""
        self.script.expect(call.outcome)
        args, kwargs = passed(type(end.client), call)
        if end.is_async:
            seen = self.runner.run(_seen_async(end.client, call, args, kwargs))
        else:
            seen = _seen(end.client, call, args, kwargs)
        if call.method.message.one_way:
            assert self.script.begun.wait(20), f"{end.name}: it never arrived"
        return shown(seen), shown(self.script.given)


def _seen(client: Any, call: Planned, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    method, seen = getattr(client, call.method.attribute), []
    try:
        match call.method.streaming:
            case Streaming.NONE:
                seen.append(method(*args, **kwargs))
            case Streaming.RESPONSE:
                seen.extend(method(*args, **kwargs))
            case Streaming.REQUEST:
                seen.append(method(*args, iter(call.items), **kwargs))
            case Streaming.BOTH:
                with method(*args, **kwargs) as talk:
                    _converse(talk, call, seen.append)
    except Exception as error:  # noqa: BLE001 - compared below
        seen.append(error)
    return seen


def _converse(talk: Any, call: Planned, keep: Callable[[Any], None]) -> None:
    try:
        for item in call.items[: call.outcome.reads]:
            talk.send(item)
            keep(talk.receive())
        if call.outcome.reads >= len(call.items):
            talk.close_send()
        keep(talk.receive())
    except EndOfStream:
        return


async def _seen_async(client: Any, call: Planned, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    method, seen = getattr(client, call.method.attribute), []

    async def items() -> Any:
        for item in call.items:
            yield item

    try:
        match call.method.streaming:
            case Streaming.NONE:
                seen.append(await method(*args, **kwargs))
            case Streaming.RESPONSE:
                async for item in method(*args, **kwargs):
                    seen.append(item)  # noqa: PERF401 - those before an error are kept
            case Streaming.REQUEST:
                seen.append(await method(*args, items(), **kwargs))
            case Streaming.BOTH:
                async with avrorpc.closing(method(*args, items(), **kwargs)) as stream:
                    async for item in stream:
                        seen.append(item)  # noqa: PERF401
    except Exception as error:  # noqa: BLE001 - compared below
        seen.append(error)
    return seen


@pytest.fixture(params=CONTRACTS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    made = World(request.param, tmp_path)
    yield made
    made.close()


def test_generated_calls_are_alike_in_every_placement(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1, "avrorpc")  # pytest keeps the text of each error that is logged
    reference = next(end for end in world.ends if end.placement.name == "local")
    made = 0

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        nonlocal made
        made += 1
        call = data.draw(planned(world.view, world.left_out))
        wanted = world.outcome(reference, call)
        for end in world.ends:
            if end is not reference and end.can(call):
                assert world.outcome(end, call) == wanted, f"{end.name} differs from {reference.name}"

    check()
    assert made >= EXAMPLES
