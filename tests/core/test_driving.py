"""Coroutines without a task: driven to their end in one go, or run step by step in a context of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from typing import Any

import pytest
from avrorpc import Suspended
from avrorpc.driving import as_coroutine, drive, needs_loop, run_in

color: ContextVar[str] = ContextVar("color", default="none")


async def give(value: int) -> int:
    return value


def test_a_coroutine_that_never_waits_gives_its_value() -> None:
    assert drive(give(3)) == 3


def test_what_it_raises_comes_out() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        drive(fail())


def test_a_coroutine_that_waits_is_closed_and_named() -> None:
    closed = []

    async def wait() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    with pytest.raises(
        Suspended, match=r"wait had to wait for something, which a synchronous local call cannot"
    ):
        drive(wait())
    assert closed == [True]


async def test_anything_that_can_be_awaited_becomes_a_coroutine() -> None:
    coroutine = give(1)
    assert as_coroutine(coroutine) is coroutine
    assert await coroutine == 1
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_result(2)
    assert await as_coroutine(future) == 2


async def test_each_step_runs_in_the_given_context() -> None:
    async def work() -> list[str]:
        seen = [color.get()]
        color.set("red")
        await asyncio.sleep(0)
        return [*seen, color.get()]

    color.set("blue")
    context = Context()
    assert await run_in(context, work()) == ["none", "red"]
    assert color.get() == "blue"
    assert context[color] == "red"


async def test_what_the_coroutine_waits_for_may_fail() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except KeyError:
            await asyncio.sleep(0)
            return "caught"
        return "missed"

    asyncio.get_running_loop().call_soon(future.set_exception, KeyError("x"))
    assert await run_in(Context(), work()) == "caught"


async def test_cancelling_reaches_the_coroutine() -> None:
    reached = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            reached.set()
            raise

    task = asyncio.ensure_future(run_in(Context(), work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reached.is_set()


def test_closing_closes_the_coroutine() -> None:
    closed = []

    async def work() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    async def outer() -> None:
        await run_in(Context(), work())

    coroutine = outer()
    coroutine.send(None)
    coroutine.close()
    assert closed == [True]


async def wait_for_an_event() -> None:
    await asyncio.Event().wait()


async def wait_for_an_item() -> None:
    await asyncio.Queue[int]().get()


async def wait_a_while() -> None:
    await asyncio.sleep(1.0)


async def wait_with_a_timeout() -> None:
    async with asyncio.timeout(1.0):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "work", [wait_for_an_event, wait_for_an_item, wait_a_while, wait_with_a_timeout], ids=lambda f: f.__name__
)
def test_what_asyncio_raises_where_there_is_no_loop_is_known(
    work: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    with pytest.raises((RuntimeError, AttributeError)) as caught:
        drive(work())
    assert needs_loop(caught.value)


def test_other_errors_of_these_kinds_need_no_loop() -> None:
    assert not needs_loop(RuntimeError("no running engine"))
    with pytest.raises(AttributeError) as caught:
        object().create_future  # type: ignore[attr-defined]  # noqa: B018
    assert not needs_loop(caught.value)
