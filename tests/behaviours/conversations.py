"""Streams both ways: ping and pong, ends, errors and cancellation; and middleware of all streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from avrorpc import Call, EncodeError, Reply, Service, StatusError, with_options
from avrorpc.errors import EndOfStream
from behaviours.setup import Setup
from testcontracts.streams import BadPiece


async def each_item_is_answered_as_it_comes(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.shout, "> ")
    for text in ("one", "two", "three"):
        await talk.send(text)
        assert await talk.receive() == f"> {text.upper()}"
    await talk.close()


async def after_the_last_item_the_service_ends(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.shout, "> ")
    await talk.send("one")
    await talk.close_send()
    assert await talk.receive() == "> ONE"
    with pytest.raises(EndOfStream):
        await talk.receive()
    await streams.closed(0)


async def nothing_need_be_sent_both_ways(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.shout, "> ")
    await talk.close_send()
    with pytest.raises(EndOfStream):
        await talk.receive()
    await streams.closed(0)


async def many_items_go_both_ways(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.total, 10**9)
    for number in range(60):
        await talk.send(number)
        assert await talk.receive() == number * (number + 1) // 2
    await talk.close()
    await streams.closed(1)


async def conversations_at_once_do_not_mix(setup: Setup) -> None:
    streams = await setup.streams()

    async def converse(prefix: str) -> list[str]:
        talk = setup.talk(streams.client.shout, prefix)
        answers = []
        for text in "abcd":
            await talk.send(text)
            answers.append(await talk.receive())
        await talk.close_send()
        with pytest.raises(EndOfStream):
            await talk.receive()
        return answers

    assert await asyncio.gather(*map(converse, "123")) == [[n + t for t in "ABCD"] for n in "123"]
    await streams.closed(0)


async def the_service_may_end_both_ways(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.total, 5)
    await talk.send(3)
    assert await talk.receive() == 3
    await talk.send(3)
    with pytest.raises(EndOfStream):
        await talk.receive()
    await streams.closed(0)


async def an_error_ends_both_ways(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.shout, "")
    await talk.send("a")
    assert await talk.receive() == "A"
    await talk.send("")
    with pytest.raises(BadPiece) as caught:
        await talk.receive()
    assert caught.value.number == 1
    with pytest.raises(EndOfStream):
        await talk.receive()


async def closing_cancels_both_ways(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.shout, "")
    await talk.send("a")
    assert await talk.receive() == "A"
    await talk.close()
    await streams.closed(1)
    await talk.close()


async def waiting_both_ways_ends_at_the_deadline(setup: Setup) -> None:
    streams = await setup.streams()
    assert await setup.call(streams.client.open_streams) == [0, 0]
    talk = setup.talk(with_options(streams.client, timeout=0.05).shout, "")
    with pytest.raises(StatusError, match="DEADLINE_EXCEEDED"):
        await talk.receive()
    await streams.closed(1)


async def an_item_that_does_not_fit_ends_both_ways(setup: Setup) -> None:
    streams = await setup.streams()
    talk = setup.talk(streams.client.total, 100)
    await talk.send(1)
    assert await talk.receive() == 1

    async def converse() -> None:
        await talk.send("two")  # where a synchronous caller is told
        await talk.receive()  # where an asynchronous one is

    with pytest.raises(EncodeError) as caught:
        await converse()
    assert caught.value.path == "number[1]"
    await talk.close()
    await streams.closed(1)


async def a_speaker_that_is_cancelled_cancels_both_ways(setup: Setup) -> None:
    async def never() -> AsyncIterator[str]:
        yield "a"
        await asyncio.Event().wait()

    setup.cancellable()
    streams = await setup.streams()
    stream = streams.client.shout("", never())
    assert await anext(stream) == "A"
    task = setup.begin(stream.__anext__)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await streams.closed(1)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)


def _doubling(service: Service) -> Service:
    """Sends each item twice, and gives each answer as its negative."""

    async def twice(items: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for item in items:
            yield item
            yield item

    async def negative(items: Any) -> AsyncIterator[Any]:
        try:
            async for item in items:
                yield -item
        finally:
            await items.aclose()

    async def serve(call: Call) -> Reply:
        if call.method.streaming.takes_stream:
            call.arguments = (*call.arguments[:-1], twice(call.arguments[-1]))
        reply = await service(call)
        return Reply(negative(reply.value), reply.metadata) if call.method.streaming.gives_stream else reply

    return serve


async def middleware_sees_the_items_of_a_response(setup: Setup) -> None:
    for end in ("middleware", "server_middleware"):
        streams = await setup.streams(**{end: (_doubling,)})
        assert await setup.take(streams.client.count(4)) == [0, -1, -2, -3]
        assert await setup.take(streams.client.endless(pause=0.0), 2) == [1.0, 0.0]
        await streams.closed(1)


async def middleware_sees_the_items_both_ways(setup: Setup) -> None:
    for end in ("middleware", "server_middleware"):
        streams = await setup.streams(**{end: (_doubling,)})
        talk = setup.talk(streams.client.total, 100)
        await talk.send(2)
        assert [await talk.receive(), await talk.receive()] == [-2, -4]
        await talk.close_send()
        with pytest.raises(EndOfStream):
            await talk.receive()
        await streams.closed(0)
