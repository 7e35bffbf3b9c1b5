"""Waiting on an event loop, for no longer than a call may take."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

from avrorpc.call import Call, deadline_exceeded


async def wait_until(call: Call, future: asyncio.Future[Any]) -> None:
    """Wait for a future, without taking what it gives.

    Raises:
        StatusError: DEADLINE_EXCEEDED, where the call's deadline comes first.
    """
    if not await wait_for_any(call, [future], call.remaining()):
        raise deadline_exceeded(call.method)


async def wait_for_any(
    call: Call, futures: Collection[asyncio.Future[Any]], seconds: float | None
) -> set[asyncio.Future[Any]]:
    """Return those of some futures that are done, once one is, or after a time on the call's clock."""
    timer = None if seconds is None else asyncio.create_task(_sleep(call, seconds))
    try:
        waiting = [*futures] if timer is None else [*futures, timer]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        if timer is not None:
            timer.cancel()
    return {future for future in futures if future.done()}


async def _sleep(call: Call, seconds: float) -> None:
    await call.clock.sleep(seconds)
