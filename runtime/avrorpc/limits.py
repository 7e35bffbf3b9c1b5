"""What a peer may ask of this process: each limit with a name, a default and a reason.

An error that a limit causes names the limit, so that whoever meets it knows what to raise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True, kw_only=True)
class Limits:
    """Bounds on what is accepted from the other ends of connections."""

    max_body: int = 64 * 1024 * 1024
    """Bytes in one request or response, framing excluded, in one single object, datum or line of NDJSON."""
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
    max_connections: int = 65_536
    """Connections of one server, at all its addresses together; what comes on top is refused at once."""

    max_head: int = 32 * 1024
    """Bytes of an HTTP request's head, or of what a client puts around and after the parts of its body."""
    max_headers: int = 100
    """Headers of one HTTP request."""

    max_frame: int = 1_048_576
    """Bytes of one frame between our own ends; larger messages come in several."""
    max_unfinished: int = 256 * 1024 * 1024
    """Bytes of all half-received messages on one connection between our own ends."""
    max_expansion: int = 4_096
    """How many times larger a compressed message may become."""
    stream_window: int = 256 * 1024
    """Bytes of items that one stream may send ahead of its reader; an item counts 32 more than it has."""
    ping_interval: float = 30.0
    """Seconds of silence after which the other end is asked whether it is there; 0 for never."""
    ping_timeout: float = 20.0
    """Seconds that the other end has to answer; then the connection is given up."""
    idle_timeout: float = 600.0
    """Seconds without any call after which a server closes a connection; 0 for never."""
    handshake_timeout: float = 10.0
    """Seconds that either end waits for the other's part of the handshake; 0 for ever."""
    receive_timeout: float = 120.0
    """Seconds that a plain message may take from its first byte to its last at a server, and that an HTTP
    client may go without reading a byte of its reply; 0 for any."""


DEFAULT_LIMITS = Limits()
