"""What a caller sends: its own context, its own errors, and always closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextvars import Context, ContextVar
from typing import Any

import pytest
from avrorpc import Code, EncodeError, StatusError
from avrorpc.driving import drive
from avrorpc.streaming import AsyncItems, Pump, SentItems, SyncItems

color: ContextVar[str] = ContextVar("color", default="none")


def as_it_is(item: Any, _: int) -> Any:
    return item


def all_of(items: Any) -> list[Any]:
    found = []
    while True:
        try:
            found.append(drive(items.__anext__()))
        except StopAsyncIteration:
            return found


def test_items_are_read_in_the_context_of_their_maker() -> None:
    def seen() -> Iterator[str]:
        yield color.get()

    token = color.set("red")
    items = SyncItems(seen(), "item")
    color.reset(token)
    assert Context().run(all_of, items) == ["red"]


async def test_so_are_those_of_an_async_iterable() -> None:
    async def seen() -> AsyncIterator[str]:
        yield color.get()

    token = color.set("red")
    items = AsyncItems(seen(), "item")
    color.reset(token)
    assert [item async for item in items] == ["red"]
    assert color.get() == "none"


@pytest.mark.parametrize(("kind", "value"), [(SyncItems, 5), (AsyncItems, [5])])
def test_what_is_no_iterable_of_the_colour_is_refused(kind: Any, value: Any) -> None:
    with pytest.raises(EncodeError, match=r"iterable of items is needed, not (int|list)") as caught:
        kind(value, "item")
    assert caught.value.path == "item"


def test_closing_closes_the_callers_generator() -> None:
    closed = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    sent = SentItems(SyncItems(endless(), "item"), as_it_is)
    assert drive(sent.__anext__()) == 1
    drive(sent.aclose())
    drive(sent.aclose())
    assert closed == [True]
    with pytest.raises(StopAsyncIteration):
        drive(sent.__anext__())


def test_a_failure_is_kept_for_the_caller_and_told_as_cancelled() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise LookupError("mine")

    sent = SentItems(SyncItems(failing(), "item"), as_it_is)
    assert drive(sent.__anext__()) == 1
    for _ in range(2):
        with pytest.raises(StatusError) as caught:
            drive(sent.__anext__())
        assert caught.value.code is Code.CANCELLED
        assert "mine" not in str(caught.value)
    assert isinstance(sent.failed, LookupError)


def test_items_are_converted_with_their_numbers() -> None:
    sent = SentItems(SyncItems("ab", "item"), lambda item, number: (item, number))
    assert all_of(sent) == [("a", 0), ("b", 1)]


def test_a_pump_that_never_ran_can_be_closed_and_one_that_fails_says_whose_fault_it_was() -> None:
    async def broken() -> None:
        raise TimeoutError

    sent = SentItems(SyncItems([], "item"), as_it_is)
    Pump(broken(), sent, lambda error: error).close()
    with pytest.raises(KeyError):
        Pump(broken(), sent, lambda error: KeyError(str(error))).advance()
    sent.failed = LookupError("mine")
    with pytest.raises(LookupError, match="mine"):
        Pump(broken(), sent, lambda error: error).advance()
