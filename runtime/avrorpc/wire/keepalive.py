"""When a silent connection is asked whether it lives, when it is given up, and when an idle one is closed.

It has no clock: times are arguments, in seconds from any start.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from avrorpc.limits import Limits

LATE: Final = 0.1
"""The share of `ping_timeout` by which a look may be late and still count against the other end."""


class Due(Enum):
    """What is to be done now."""

    NOTHING = auto()
    PING = auto()
    """Ask the other end whether it is there."""
    GIVE_UP = auto()
    """It did not answer: the connection is lost."""
    CLOSE = auto()
    """Nobody has called for too long: say goodbye."""


class KeepAlive:
    """Watches one connection.

    Args:
        limits: `ping_interval`, `ping_timeout` and `idle_timeout`.
        now: The time.
        pings: Whether the other end answers pings.
        closes_idle: Whether this end closes idle connections, as servers do.
    """

    def __init__(self, limits: Limits, now: float, *, pings: bool = True, closes_idle: bool = False) -> None:
        self._interval: Final = limits.ping_interval if pings else 0.0
        self._timeout: Final = limits.ping_timeout
        self._idle: Final = limits.idle_timeout if closes_idle else 0.0
        self._heard = now
        self._asked: float | None = None
        self._is_asked_again = False
        self._used = now

    def heard(self, now: float) -> None:
        """Note that something came."""
        self._heard = now
        self._asked = None
        self._is_asked_again = False

    def used(self, now: float) -> None:
        """Note that a call is under way, or has just ended."""
        self._used = now

    def next(self) -> float | None:
        """Return when `due` is to be asked again, at the latest; None for never."""
        times = []
        if self._interval:
            times.append(self._heard + self._interval if self._asked is None else self._asked + self._timeout)
        if self._idle:
            times.append(self._used + self._idle)
        return min(times, default=None)

    def due(self, now: float) -> Due:
        """Return what is to be done now; a ping is taken to be sent."""
        if self._asked is not None:
            late = now - self._asked - self._timeout
            if late > self._timeout * LATE and not self._is_asked_again:
                # Whoever looks so late was busy, and has not read what came meanwhile.
                self._asked, self._is_asked_again = now, True
                return Due.PING
            if late >= 0:
                return Due.GIVE_UP
        elif self._interval and now >= self._heard + self._interval:
            self._asked = now
            return Due.PING
        if self._idle and now >= self._used + self._idle:
            return Due.CLOSE
        return Due.NOTHING
