"""`closing`: one function for streams of every placement and colour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import avrorpc
import pytest

closed: list[str] = []


def numbers() -> Iterator[int]:
    try:
        yield 1
    finally:
        closed.append("sync")


async def async_numbers() -> AsyncIterator[int]:
    try:
        yield 1
    finally:
        closed.append("async")


async def test_it_closes_generators_of_both_colours() -> None:
    closed.clear()
    with avrorpc.closing(numbers()) as stream:
        assert next(stream) == 1
    async with avrorpc.closing(numbers()) as stream:
        assert next(stream) == 1
    async with avrorpc.closing(async_numbers()) as other:
        assert await anext(other) == 1
    assert closed == ["sync", "sync", "async"]


def test_what_has_nothing_to_close_is_fine() -> None:
    with avrorpc.closing(iter([1])) as stream:
        assert list(stream) == [1]


def test_an_asynchronous_stream_needs_async_with() -> None:
    with pytest.raises(TypeError, match="write `async with closing"), avrorpc.closing(async_numbers()):
        pytest.fail("it must not be entered")
