"""A circuit breaker: a server that fails call after call is left alone for a while."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import Final

from avrorpc.call import Call, Reply
from avrorpc.contracts import RetryInfo
from avrorpc.errors import Code, StatusError
from avrorpc.middleware.watching import Ending, Watch, watched
from avrorpc.service import Service

COUNTED: Final = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL, Code.UNKNOWN})
"""The codes that count as failures unless others are named; a lost connection is UNAVAILABLE."""


class CircuitBreaker:
    """Refuses calls with UNAVAILABLE after so many failures in a row, but for one trial from time to time.

    A declared error is an answer, and ends the row as a result does. One object is for one server.

    Args:
        failures: How many calls must fail in a row.
        pause: Seconds until a call is let through as a trial; if it works, all are again.
        codes: What counts as a failure.
    """

    def __init__(self, failures: int = 5, *, pause: float = 5.0, codes: Collection[Code] = COUNTED) -> None:
        if failures < 1 or pause <= 0:
            raise ValueError("a breaker waits for 1 failure at least, and pauses for more than 0 seconds")
        self._failures = failures
        self._pause = pause
        self._codes = frozenset(code.value for code in codes)
        self._row = 0
        self._retry_at: float | None = None
        self._lock = threading.RLock()

    @property
    def is_open(self) -> bool:
        """Whether calls are refused now."""
        return self._retry_at is not None

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            self._enter(call)
            return await watched(service, call, _Watch(self, call))

        return serve

    def _enter(self, call: Call) -> None:
        with self._lock:
            if self._retry_at is None:
                return
            now = call.clock.now()
            if now >= self._retry_at:
                self._retry_at = now + self._pause  # this call is the trial; the others go on waiting
                return
            left = self._retry_at - now
        raise StatusError(
            Code.UNAVAILABLE,
            f"{call.method.full_name} is not tried: failures={self._failures} calls in a row have failed",
            details=[RetryInfo(seconds=left)],
        )

    def _ended(self, call: Call, ending: Ending) -> None:
        with self._lock:
            if ending.code == Code.CANCELLED.value:
                return  # which says nothing of the server
            if ending.declared is not None or ending.code not in self._codes:
                self._row, self._retry_at = 0, None
                return
            self._row += 1
            if self._row >= self._failures:
                self._retry_at = call.clock.now() + self._pause


class _Watch(Watch):
    __slots__ = ("_breaker", "_call")

    def __init__(self, breaker: CircuitBreaker, call: Call) -> None:
        self._breaker = breaker
        self._call = call

    def ended(self, ending: Ending) -> None:
        self._breaker._ended(self._call, ending)
