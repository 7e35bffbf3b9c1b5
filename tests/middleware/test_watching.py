"""Watching: what passes is told, and the end exactly once, however a call ends."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from avrorpc import Code, StatusError
from avrorpc.call import Reply
from avrorpc.driving import drive
from avrorpc.middleware import Ending, Watch, watched
from support.calls import Refused, Scripted, a_call, consume, items

BROKEN = StatusError(Code.UNAVAILABLE, "gone", error_id="e1")


class Noting(Watch):
    def __init__(self) -> None:
        self.told: list[str] = []
        self.endings: list[Ending] = []

    def request_item(self, item: Any) -> None:
        self.told.append(f"> {item}")

    def response_item(self, item: Any) -> None:
        self.told.append(f"< {item}")

    def ended(self, ending: Ending) -> None:
        self.told.append(ending.code)
        self.endings.append(ending)


@pytest.fixture
def watch() -> Noting:
    return Noting()


async def test_a_unary_call_ends_with_its_reply(watch: Noting) -> None:
    reply = await watched(Scripted("yes"), a_call("ask"), watch)
    assert reply.value == "yes"
    assert watch.endings == [Ending(reply=reply)]
    await watched(Scripted(None), a_call("tell"), watch)
    assert watch.told == ["OK", "OK"]


async def test_a_call_that_fails_ends_with_its_error(watch: Noting) -> None:
    with pytest.raises(StatusError):
        await watched(Scripted(BROKEN), a_call("listen"), watch)
    (ending,) = watch.endings
    assert (ending.code, ending.error_id, ending.declared) == ("UNAVAILABLE", "e1", None)


async def test_a_stream_ends_after_its_last_item_and_that_is_told_once(watch: Noting) -> None:
    reply = await watched(Scripted(["a", "b"], metadata={"k": b"v"}), a_call("listen"), watch)
    assert watch.told == []
    assert [item async for item in reply.value] == ["a", "b"]
    await reply.value.aclose()
    assert await anext(reply.value, "over") == "over"
    assert watch.told == ["< a", "< b", "OK"]
    assert reply.metadata == {"k": b"v"}


async def test_a_stream_that_fails_ends_with_the_error_and_that_is_told_once(watch: Noting) -> None:
    reply = await watched(Scripted(["a", BROKEN]), a_call("listen"), watch)
    assert await anext(reply.value) == "a"
    with pytest.raises(StatusError):
        await anext(reply.value)
    await reply.value.aclose()
    del reply
    assert watch.told == ["< a", "UNAVAILABLE"]


async def test_a_stream_that_is_closed_early_was_cancelled_and_its_source_is_closed(watch: Noting) -> None:
    service = Scripted(["a", "b"])
    reply = await watched(service, a_call("listen"), watch)
    await anext(reply.value)
    await reply.value.aclose()
    await reply.value.aclose()
    assert watch.told == ["< a", "CANCELLED"]
    assert watch.endings[0].early
    assert service.closed == 1


async def test_a_stream_that_is_dropped_was_cancelled(watch: Noting) -> None:
    reply = await watched(Scripted(["a"]), a_call("listen"), watch)
    del reply
    gc.collect()
    assert watch.told == ["CANCELLED"]


async def test_an_error_of_closing_is_raised_and_the_end_is_told(watch: Noting) -> None:
    class Stubborn:
        async def aclose(self) -> None:
            raise BROKEN

    async def service(call: Any) -> Reply:
        return Reply(Stubborn())

    reply = await watched(service, a_call("listen"), watch)
    with pytest.raises(StatusError):
        await reply.value.aclose()
    assert watch.told == ["CANCELLED"]


async def test_a_cancelled_reader_cancels_the_call(watch: Noting) -> None:
    async def forever() -> Any:
        await asyncio.Event().wait()
        yield

    async def service(call: Any) -> Reply:
        return Reply(forever())

    reply = await watched(service, a_call("listen"), watch)
    task = asyncio.create_task(anext(reply.value))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert watch.told == ["CANCELLED"]


async def test_the_items_of_a_request_stream_are_told(watch: Noting) -> None:
    reply = await watched(Scripted(consume), a_call("collect", items("a", "b")), watch)
    assert reply.value == 2
    assert watch.told == ["> a", "> b", "OK"]


async def test_both_directions_are_told(watch: Noting) -> None:
    def echo(call: Any) -> Any:
        async def answers() -> Any:
            async for item in call.arguments[-1]:
                yield item.upper()

        return answers()

    async def service(call: Any) -> Reply:
        return Reply(echo(call))

    reply = await watched(service, a_call("chat", items("a", "b")), watch)
    assert [item async for item in reply.value] == ["A", "B"]
    assert watch.told == ["> a", "< A", "> b", "< B", "OK"]


async def test_a_closed_request_stream_closes_its_source(watch: Noting) -> None:
    source = items("a", "b")

    async def service(call: Any) -> Reply:
        await anext(call.arguments[-1])
        await call.arguments[-1].aclose()
        return Reply("enough")

    await watched(service, a_call("collect", source), watch)
    assert await anext(source, "closed") == "closed"


def test_nothing_of_it_needs_an_event_loop(watch: Noting) -> None:
    reply = drive(watched(Scripted(["a"]), a_call("listen"), watch))
    assert drive(reply.value.__anext__()) == "a"
    drive(reply.value.aclose())
    assert watch.told == ["< a", "CANCELLED"]


def test_an_ending_says_the_code() -> None:
    assert Ending().code == "OK"
    assert Ending(early=True).code == "CANCELLED"
    assert Ending(asyncio.CancelledError()).code == "CANCELLED"
    assert Ending(ValueError()).code == "INTERNAL"
    refused = Ending(Refused(reason="no", token="t"))
    assert (refused.code, refused.declared, refused.error_id) == ("UNKNOWN", "Refused", None)
