"""What a peer may ask of this process: each limit with a name, a default and a reason.

An error that a limit causes names the limit, so that whoever meets it knows what to raise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True, kw_only=True)
class Limits:
    """Bounds on what is accepted from the other end of a connection."""

    max_body: int = 64 * 1024 * 1024
    """Bytes in one request or response, framing excluded, or in one single object."""
    max_buffers: int = 16_384
    """Buffers in which one request or response may arrive."""
    max_items: int = 65_536
    """Items of arrays in one body that take no bytes there, such as nulls and empty records."""
    max_depth: int = 128
    """How deeply records, arrays and maps may be nested in a value."""
    max_metadata: int = 64 * 1024
    """Bytes of metadata in one call, keys and values together."""
    max_protocol: int = 1_048_576
    """Bytes of the protocol that the other end shows in a handshake."""
    max_calls: int = 1_024
    """Calls under way at once on one connection; what comes on top waits, and is read later."""


DEFAULT_LIMITS = Limits()
