"""A call between the contract's side and the bytes' side: what transports are given, and what they give back.

A transport moves encoded parameters, items and replies, and knows nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, TypeVar

from avrorpc.errors import ConnectError
from avrorpc.transport.address import Address
from avrorpc.wire.server import Request

V_co = TypeVar("V_co", covariant=True)


class NotBegun(ConnectError):
    """The server takes no new calls on this connection, and has not begun this one: it may be made anew."""


@dataclass(slots=True, kw_only=True)
class Outgoing:
    """A call on its way to a server; not frozen, which would take four times as long to make."""

    protocol: str
    """The protocol's full name."""
    message: str
    """The message's name in it; empty for a ping."""
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    parameters: bytes = b""
    """The encoded parameters, without the one that is the item of a stream."""
    one_way: bool = False
    timeout: float | None = None
    """Seconds until the caller gives up: on the reply, or on the end of the streams."""
    items: AsyncIterator[bytes] | None = None
    """The encoded items of a request stream."""
    streams: bool = False
    """Whether the response is a stream."""


class Answer(Protocol[V_co]):
    """What became of a call."""

    @property
    def view(self) -> V_co:
        """What the transport's `accept` made of the server's identity."""
        ...

    @property
    def body(self) -> bytes | None:
        """The reply, from metadata to payload; None for one-way calls, and before a response stream's end."""
        ...

    @property
    def pump(self) -> Coroutine[Any, Any, None] | None:
        """What sends the items of a two-way call, to be driven by its caller; only in blocking transports."""
        ...

    async def receive(self) -> bytes | None:
        """Return the next item of a response stream; None at its end, when `body` is there.

        Raises:
            TimeoutError: The call's time ran out.
            TransportError: The connection failed.
        """
        ...

    async def cancel(self) -> None:
        """End the call where it is not ended, and release all that it holds; it may be called again."""
        ...


class Transport(Protocol[V_co]):
    """What moves calls and replies; blocking ones never suspend."""

    address: Address

    async def exchange(self, call: Outgoing) -> Answer[V_co]:
        """Send a call. Return when the reply is there; at once for one-way calls and response streams.

        A response stream must be read to its end, or cancelled.

        Raises:
            TimeoutError: The call's time ran out.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, where the server cannot do streams.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Streams(Protocol):
    """The two directions of a call on the server's side, on connections that carry streams."""

    @property
    def items(self) -> AsyncIterator[bytes]:
        """What the client sends: the encoded items of the request stream."""
        ...

    async def send(self, item: bytes) -> None:
        """Send an item of the response stream; wait while the client does not read."""
        ...


Answerer: TypeAlias = Callable[[Request[Any], Streams | None], Awaitable[bytes | None]]
"""Gives a request's reply, handshake response and all; None for a one-way call.

Without streams, the connection cannot carry any. A client that cancels, or is gone, cancels the task that
awaits it.
"""
