"""Calls to plain Avro peers: a request is one body, a reply is another, and streams there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from avrorpc.errors import Code, StatusError
from avrorpc.transport.address import Address
from avrorpc.transport.exchange import Outgoing
from avrorpc.wire.envelope import request_head

V_co = TypeVar("V_co", covariant=True)


@dataclass(slots=True, frozen=True)
class PlainAnswer(Generic[V_co]):
    """An `Answer` that is whole."""

    view: V_co
    """What the transport's `accept` made of the server's identity."""
    body: bytes | None
    """The reply, from metadata to payload; None for one-way calls."""

    @property
    def pump(self) -> None:
        """Nothing: there are no items to send."""
        return

    async def receive(self) -> None:
        """Return None: there are no items to receive."""
        return

    async def cancel(self) -> None:
        """Do nothing: the call has ended."""


def plain_request(call: Outgoing, address: Address) -> bytes:
    """Return a call's request body, from metadata to parameters.

    Raises:
        StatusError: UNIMPLEMENTED, where the call has a stream.
    """
    if call.items is not None or call.streams:
        raise StatusError(
            Code.UNIMPLEMENTED,
            f"{call.protocol}/{call.message} is a stream, and {address} is a plain Avro peer,"
            " which has no streams",
        )
    body = request_head(call.metadata, call.message)
    body += call.parameters
    return bytes(body)
