"""A second attempt beside the first, where that takes long: the tail of latencies, for a little more load.

The way of "The Tail at Scale" (Dean and Barroso, 2013).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from avrorpc.call import Call, Reply
from avrorpc.errors import Code, StatusError, TransportError
from avrorpc.middleware.budget import Budget
from avrorpc.middleware.effects import is_idempotent
from avrorpc.middleware.retry import RETRIED
from avrorpc.middleware.waiting import wait_for_any
from avrorpc.schema import Streaming
from avrorpc.service import Service


class Hedging:
    """Makes a call again while it is still under way, and takes the first answer; the losers are cancelled.

    Only unary calls of messages that are `@idempotent` or `@readonly`; all others pass as they are. A
    declared error is an answer. So is a status, unless its code is one of `codes` or the connection failed:
    then the next attempt begins at once, and only where none is left is the first failure the answer.

    Args:
        delay: How long to wait for an answer before the next attempt, in seconds; about the 95th percentile.
        attempts: How many attempts may be made, the first included.
        codes: Status codes that are no answer.
        budget: How many calls may be repeated among all; its own unless given.
    """

    needs_loop: Final = True
    """Synchronous clients refuse it: it takes an event loop to do two things at once."""

    def __init__(
        self,
        delay: float,
        *,
        attempts: int = 2,
        codes: Collection[Code] = RETRIED,
        budget: Budget | None = None,
    ) -> None:
        if delay < 0 or attempts < 2:
            raise ValueError("a hedge waits 0 seconds or more, and makes 2 attempts or more")
        self._delay = delay
        self._attempts = attempts
        self._codes = frozenset(codes)
        self._budget = budget or Budget()

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            if call.method.streaming is not Streaming.NONE or not is_idempotent(call.method):
                return await service(call)
            self._budget.deposit(call.clock.now())
            return await self._race(service, call)

        return serve

    async def _race(self, service: Service, call: Call) -> Reply:
        tasks: list[asyncio.Task[Reply]] = []
        running: set[asyncio.Task[Reply]] = set()
        left = self._attempts
        try:
            while True:
                if left and (not tasks or self._budget.withdraw(call.clock.now())):
                    left -= 1
                    tasks.append(asyncio.create_task(_attempt(service, call)))
                    running.add(tasks[-1])
                else:
                    left = 0
                if not running:
                    return tasks[0].result()  # which raises the first failure
                await wait_for_any(call, running, self._delay if left else None)
                for task in [task for task in tasks if task in running and task.done()]:
                    if self._is_answer(task):
                        return task.result()
                    running.remove(task)
        finally:
            for task in running:
                task.cancel()
            if running:
                await asyncio.wait(running)
            for task in tasks:
                if not task.cancelled():
                    task.exception()  # seen, so that asyncio does not report it as forgotten

    def _is_answer(self, task: asyncio.Task[Reply]) -> bool:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StatusError):
            return error.code not in self._codes
        return not isinstance(error, TransportError)


async def _attempt(service: Service, call: Call) -> Reply:
    return await service(replace(call, metadata=dict(call.metadata)))
