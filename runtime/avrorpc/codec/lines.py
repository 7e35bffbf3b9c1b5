"""Bytes that come in parts, as the lines that they make: NDJSON on either side of a connection.

Each byte is copied once, in however many parts a line comes.
"""

from __future__ import annotations

from avrorpc.errors import LimitExceeded
from avrorpc.limits import DEFAULT_LIMITS, Limits


class Lines:
    """Puts lines together, without their ends.

    Args:
        limits: `max_body` bounds a line, as any other message.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._most = limits.max_body
        self._parts: list[bytes] = []
        self.pending = 0
        """Bytes of the line that has begun."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what came, and return the lines that it ends.

        Raises:
            LimitExceeded: A line is longer than `max_body`.
        """
        first, *others = data.split(b"\n")
        self._parts.append(first)
        self.pending += len(first)
        if max(self.pending, *map(len, others), 0) > self._most:
            raise LimitExceeded(f"a line is above max_body={self._most} bytes")
        if not others:
            return []
        *whole, last = others
        whole.insert(0, b"".join(self._parts))
        self._parts, self.pending = [last], len(last)
        return whole

    def rest(self) -> bytes:
        """Return the line that has begun, where no end of it comes."""
        return b"".join(self._parts)
