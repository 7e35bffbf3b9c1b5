"""How soon a server that could not be reached is dialled again.

The first retry is immediate. After the next failure calls fail at once, without a dial, for a time that
doubles with each further failure. Time and chance are arguments.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from avrorpc.errors import ConnectError


@dataclass(slots=True, frozen=True, kw_only=True)
class Backoff:
    """A policy: how long not to dial after how many failures in a row."""

    first: float = 0.1
    """Seconds after the second failure in a row; 0 dials for every call."""
    factor: float = 2.0
    """What each further failure multiplies them by."""
    longest: float = 30.0
    """Where that ends, in seconds."""
    jitter: float = 0.5
    """The share of the time that is left to chance, so that clients do not come back all at once."""
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    """Gives a number from 0 up to 1."""

    def __post_init__(self) -> None:
        if self.first < 0 or self.longest < self.first or self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError(f"{self!r}: 0 <= first <= longest, 1 <= factor and 0 <= jitter <= 1 must hold")

    def delay(self, failures: int) -> float:
        """Return the seconds during which nobody dials, after a number of failures in a row."""
        if failures < _FREE_FAILURES:
            return 0.0
        # A float's exponent ends at 1024; long before that the longest time is reached.
        growth = self.factor ** min(failures - _FREE_FAILURES, _LARGEST_EXPONENT)
        return min(self.first * growth, self.longest) * (1 - self.jitter * self.random())


DEFAULT_BACKOFF: Final = Backoff()
_FREE_FAILURES: Final = 2
_LARGEST_EXPONENT: Final = 64


@dataclass(slots=True, frozen=True)
class Failed:
    """What the last dials came to."""

    failures: int
    until: float
    said: str


class Redialling:
    """What one client knows of its dials. Any thread may use it: its state is one value."""

    def __init__(self, policy: Backoff = DEFAULT_BACKOFF) -> None:
        self._policy = policy
        self._failed: Failed | None = None

    def check(self) -> Failed | None:
        """Check that it is time to dial; give what is returned to `failed`.

        Raises:
            ConnectError: It is not; the text says what went wrong, and when the next dial will be.
        """
        failed = self._failed
        if failed is not None:
            left = failed.until - self._policy.clock()
            if left > 0:
                times = f"failed {failed.failures} times in a row"
                raise ConnectError(f"{failed.said} ({times}; not tried again for {left:.1f} s)")
        return failed

    def failed(self, error: ConnectError, before: Failed | None) -> None:
        """Take note of a dial that failed; of several at the same time the first alone counts."""
        if self._failed is not before:
            return
        failures = 1 if before is None else before.failures + 1
        self._failed = Failed(failures, self._policy.clock() + self._policy.delay(failures), str(error))

    def succeeded(self) -> None:
        """Take note of one that did not."""
        self._failed = None
