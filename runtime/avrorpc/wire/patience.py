"""How long a server waits for a client that has connected and does not get on with it.

Without this, connections that say nothing, or a byte now and then, would be held for ever. It has no clock:
times are arguments, in seconds from any start.
"""

from __future__ import annotations

from typing import Final

from avrorpc.limits import Limits


class Patience:
    """Watches one connection: until the handshake is done, and while a message is half received.

    Args:
        limits: `handshake_timeout` and `receive_timeout`.
        now: When the connection came about.
        first: What is waited for at first.
    """

    def __init__(self, limits: Limits, now: float, first: str = "handshake") -> None:
        self._first: Final = first
        self._handshake: Final = limits.handshake_timeout
        self._receive: Final = limits.receive_timeout
        self._opened: float | None = now
        self._begun: float | None = None
        self._whole = 0

    def moved(self, now: float, *, is_bound: bool, is_half: bool, whole: int) -> None:
        """Take note of where the connection is.

        Args:
            now: The time.
            is_bound: Whether the handshake is done.
            is_half: Whether a message has begun to come, and is not whole.
            whole: How many messages have come whole, ever.
        """
        if is_bound:
            self._opened = None
        if not is_half:
            self._begun = None
        elif self._begun is None or whole != self._whole:
            self._begun = now
        self._whole = whole

    def paused(self, now: float) -> None:
        """Take note that it was this end that did not read: what has begun to come begins anew."""
        if self._begun is not None:
            self._begun = now

    def next(self) -> float | None:
        """Return when `overdue` is to be asked again, at the latest; None while nothing is waited for."""
        times = []
        if self._opened is not None and self._handshake:
            times.append(self._opened + self._handshake)
        if self._begun is not None and self._receive:
            times.append(self._begun + self._receive)
        return min(times, default=None)

    def overdue(self, now: float) -> str:
        """Return what did not come in time; empty where all is well."""
        if self._opened is not None and self._handshake and now >= self._opened + self._handshake:
            return f"no {self._first} within handshake_timeout={self._handshake} s"
        if self._begun is not None and self._receive and now >= self._begun + self._receive:
            return f"half a message, and not the rest within receive_timeout={self._receive} s"
        return ""
