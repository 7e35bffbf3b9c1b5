"""Running coroutines without a task: to their end in one go, or step by step in a context of their own."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any, TypeVar

from avrorpc.errors import Suspended

T = TypeVar("T")


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait, without an event loop.

    Raises:
        Suspended: It had to wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    coroutine.close()
    raise suspended(getattr(coroutine, "__qualname__", "the implementation"))


def suspended(what: str) -> Suspended:
    """Return the error for a coroutine that needs an event loop where there is none."""
    return Suspended(
        f"{what} had to wait for something, which a synchronous local call cannot; call it"
        " through an asynchronous client, or over tcp:// or http://"
    )


def needs_loop(error: BaseException) -> bool:
    """Return whether an error is what asyncio raises in a coroutine that would wait, and is driven by hand.

    `asyncio.sleep` and timeouts ask for the running loop; events, locks and queues use one that is None.
    """
    if isinstance(error, AttributeError):
        return error.obj is None and error.name == "create_future"
    return isinstance(error, RuntimeError) and str(error) == "no running event loop"


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the running event loop; None where a coroutine is driven without one."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def as_coroutine(awaitable: Any) -> Coroutine[Any, Any, Any]:
    """Return a coroutine that awaits, which a coroutine already is."""
    return awaitable if asyncio.iscoroutine(awaitable) else _await(awaitable)


async def _await(awaitable: Any) -> Any:
    return await awaitable


@types.coroutine
def run_in(context: Context, coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await a coroutine with each of its steps run in `context`, without a task of its own."""
    step, argument = coroutine.send, None
    while True:
        try:
            waiting = context.run(step, argument)
        except StopIteration as stop:
            value: T = stop.value
            return value
        try:
            argument = yield waiting
            step = coroutine.send
        except GeneratorExit:
            coroutine.close()
            raise
        except BaseException as error:  # noqa: BLE001 - the coroutine decides
            step, argument = coroutine.throw, error
