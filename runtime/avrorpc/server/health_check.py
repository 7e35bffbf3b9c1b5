"""What an implementation says of itself: its own `health()`, run when somebody asks how the server fares."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextvars import Context
from typing import Final, TypeAlias

from avrorpc.contracts import ServingStatus
from avrorpc.errors import StatusError
from avrorpc.server.served import Served

logger = logging.getLogger("avrorpc")

CHECK_SECONDS: Final = 5.0
"""How long a check may take; one that takes longer counts as not serving."""

Answer: TypeAlias = bool | ServingStatus | tuple[bool | ServingStatus, str]
"""What a check returns: whether calls may be sent, and why, for people."""


class HealthCheck:
    """Asks one implementation; whoever asks while it is being asked shares the answer.

    Args:
        function: The implementation's `health`, `def` or `async def`.
        executor: Where a `def` runs; None for the event loop.
        seconds: How long it may take.
    """

    def __init__(
        self, function: Callable[[], object], executor: Executor | None, seconds: float = CHECK_SECONDS
    ) -> None:
        self._function = function
        self._executor = None if inspect.iscoroutinefunction(function) else executor
        self._seconds = seconds
        self._running: asyncio.Task[tuple[ServingStatus, str]] | None = None

    async def run(self) -> tuple[ServingStatus, str]:
        """Return what the implementation says, and why; whatever goes wrong, it is not serving."""
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().create_task(self._ask(), context=Context())
        running = self._running
        await asyncio.wait({running}, timeout=self._seconds)
        if running.done() and not running.cancelled():
            return running.result()
        if self._executor is None:  # a thread cannot be cancelled, and the next who asks waits for it, too
            running.cancel()
        return ServingStatus.NOT_SERVING, f"its health() has not returned within {self._seconds:g} s"

    def close(self) -> None:
        """End a check that is under way."""
        if self._running is not None:
            self._running.cancel()

    async def _ask(self) -> tuple[ServingStatus, str]:
        try:
            if self._executor is None:
                answer = self._function()
            else:
                answer = await asyncio.get_running_loop().run_in_executor(self._executor, self._function)
            if inspect.isawaitable(answer):
                answer = await answer
        except StatusError as error:
            return ServingStatus.NOT_SERVING, error.message
        except Exception:
            # Its text is not meant for callers.
            logger.exception("%s failed", getattr(self._function, "__qualname__", "health()"))
            return ServingStatus.NOT_SERVING, "its health() failed; the server's log says how"
        return _read(answer)


def health_checks(services: Iterable[Served], executor: Executor) -> dict[str, HealthCheck]:
    """Return what asks the implementations how they are: each once, whatever number of contracts it has."""
    checks: dict[int, HealthCheck] = {}
    found: dict[str, HealthCheck] = {}
    for served in services:
        binding = served.binding
        function = binding.health_check()
        if function is not None:
            where = None if binding.inline else binding.executor or executor
            found[served.name] = checks.setdefault(id(binding), HealthCheck(function, where))
    return found


def _read(answer: object) -> tuple[ServingStatus, str]:
    status, text = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, "")
    if isinstance(status, bool):
        status = ServingStatus.SERVING if status else ServingStatus.NOT_SERVING
    if not isinstance(status, ServingStatus) or not isinstance(text, str):
        told = "its health() must return a bool, a ServingStatus, or one of them with a text"
        return ServingStatus.NOT_SERVING, f"{told}; it returned {type(answer).__name__}"
    return status, text
