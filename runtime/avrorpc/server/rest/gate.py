"""Who asks, before anything of a request is looked at: nobody unknown is told what would fit.

The service's own middleware checks each call again; this is the same check, earlier.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from avrorpc.call import AsyncClock, Call, Reply
from avrorpc.failure import outcome
from avrorpc.limits import Limits
from avrorpc.method import Method
from avrorpc.middleware.authentication import Authentication
from avrorpc.middleware.statistics import Statistics
from avrorpc.server.rest.asking import Problem
from avrorpc.server.rest.operation import metadata_of
from avrorpc.server.rest.problems import problem_of
from avrorpc.transport.http_message import HttpRequest


class Gate:
    """Lets those requests through that may make a call.

    Args:
        guards: The server's checks, the outermost first.
        statistics: Counts who is refused here.
        limits: Bounds on metadata.
        expose_cause: Whether callers learn the text of what a check raises.
    """

    def __init__(
        self, guards: Sequence[Authentication], statistics: Statistics, limits: Limits, *, expose_cause: bool
    ) -> None:
        self._guards: Final = tuple(guards)
        self._count: Final = statistics
        self._limits: Final = limits
        self._expose_cause: Final = expose_cause

    @property
    def is_open(self) -> bool:
        """Whether there is nothing to check."""
        return not self._guards

    async def __call__(self, request: HttpRequest, method: Method[Any]) -> None:
        """Check that whoever sent a request may call a message.

        Raises:
            Problem: 401 or 403, they may not.
        """
        clock = AsyncClock(asyncio.get_running_loop())
        metadata = metadata_of(request, self._limits)
        # Nothing of the request is read; but what watches a stream of requests takes one to be there.
        arguments = (_nothing(),) if method.streaming.takes_stream else ()
        call = Call(
            method, arguments, clock, None, metadata, request.principal, request.accepted.peer or None
        )
        try:
            for guard in self._guards:
                await guard.admit(call)
        except Exception as error:  # noqa: BLE001 - a check that fails lets nobody through
            told = outcome(method, error, expose_cause=self._expose_cause)

            async def refuse(_: Call) -> Reply:
                raise told

            try:
                await self._count(refuse)(call)
            except Exception as refused:  # noqa: BLE001 - what was told
                raise Problem(*problem_of(refused, method.contract)) from None


async def _nothing() -> AsyncIterator[object]:
    """Yield no items."""
    return
    yield
