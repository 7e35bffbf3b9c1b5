"""Asking a server in this process: what is left early is ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from avrorpc import Server
from avrorpc.dual.carriers import InProcess, Refused
from avrorpc.dual.requests import Question
from support.tapes import ScriptedTapes
from testcontracts.tapes import Mark


async def endless() -> AsyncGenerator[Mark, None]:
    yield Mark(at=0)
    await asyncio.Event().wait()


@pytest.fixture
def tapes() -> ScriptedTapes:
    return ScriptedTapes()


@pytest.fixture
async def server(tapes: ScriptedTapes) -> AsyncIterator[Server]:
    async with Server([tapes], mode="production") as running:
        yield running


def question(target: str) -> Question:
    return Question("GET", target, {"accept": "application/x-ndjson"}, b"")


async def test_a_stream_comes_whole_or_part_by_part(server: Server) -> None:
    carrier = InProcess(server)
    status, body = await carrier.send(question("/marks"))
    assert (status, body.count(b"\n")) == (200, 4)
    assert b"".join([part async for part in carrier.stream(question("/marks"))]) == body
    with pytest.raises(Refused):
        await anext(carrier.stream(question("/nowhere")))
    await carrier.close()


@pytest.mark.parametrize("turns", range(16))
async def test_who_waits_no_more_leaves_no_stream_open(
    server: Server, tapes: ScriptedTapes, turns: int
) -> None:
    tapes.marks_given = endless
    carrier = InProcess(server)
    asking = asyncio.create_task(carrier.send(question("/marks")))
    for _ in range(turns):  # of the loop: from before the question to the midst of the stream
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert tapes.open == 0
    assert server.activity.calls == []
    await carrier.close()
