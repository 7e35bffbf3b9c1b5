"""A budget of repeated calls, so that repeating does not multiply the load on a server in trouble.

A token bucket, as Finagle's `RetryBudget`: each call pays in a share of a token, each repetition takes out
one.
"""

from __future__ import annotations

import threading
from typing import Final


class Budget:
    """How many calls may be repeated. One object may be shared by several middleware, and by all threads.

    Args:
        share: Repetitions per call in the long run; 0.2 adds a fifth to the load at most.
        per_second: Repetitions per second that are allowed on top, so that rare calls can be repeated, too.
        capacity: How many repetitions may be saved up; as many are there at the start.
    """

    def __init__(self, *, share: float = 0.2, per_second: float = 1.0, capacity: float = 10.0) -> None:
        if share < 0 or per_second < 0 or capacity < 1:
            raise ValueError("share and per_second cannot be negative, and capacity is at least 1")
        self._share: Final = share
        self._per_second: Final = per_second
        self._capacity: Final = capacity
        self._tokens = capacity
        self._at: float | None = None
        self._lock = threading.Lock()

    def deposit(self, now: float) -> None:
        """Pay in for a call that begins; `now` is its clock's."""
        with self._lock:
            self._flow(now)
            self._tokens = min(self._tokens + self._share, self._capacity)

    def withdraw(self, now: float) -> bool:
        """Take out a repetition, and return whether there was one."""
        with self._lock:
            self._flow(now)
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def _flow(self, now: float) -> None:
        if self._at is not None:
            self._tokens = min(self._tokens + max(0.0, now - self._at) * self._per_second, self._capacity)
        self._at = now
