"""How many connections a server has at all its addresses, and whether there is room for one more."""

from __future__ import annotations

import logging
from typing import Final

from avrorpc.limits import Limits

logger = logging.getLogger("avrorpc")

QUIET_SECONDS: Final = 10.0
"""How long nothing is logged of refusals after one was."""


class Admission:
    """Counts the connections of one server; transports' shells ask it before they serve one.

    It has no clock: times are arguments, in seconds from any start.

    Args:
        limits: `max_connections`.
    """

    def __init__(self, limits: Limits) -> None:
        self._most: Final = limits.max_connections
        self._open = 0
        self._refused = 0
        self._logged: float | None = None

    def __repr__(self) -> str:
        return f"<Admission {self._open} of {self._most}>"

    @property
    def refusal(self) -> str:
        """Why one more is refused; for whoever asks for it, and for the log."""
        return f"the server has max_connections={self._most} connections"

    def enter(self, peer: str, now: float) -> bool:
        """Take note of a connection, which `leave` follows; return False where it is to be refused at once.

        The first refusal is logged, and from then on how many there were, once in `QUIET_SECONDS`.
        """
        if self._open < self._most:
            self._open += 1
            return True
        self._refused += 1
        if self._logged is None or now >= self._logged + QUIET_SECONDS:
            logger.warning("refused %d connections, the last from %s: %s", self._refused, peer, self.refusal)
            self._logged, self._refused = now, 0
        return False

    def leave(self) -> None:
        """Take note of the end of a connection that has entered."""
        self._open -= 1
