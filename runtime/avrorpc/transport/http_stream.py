"""What both HTTP clients must know of streams: our frames in the bodies of one request and its response."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from avrorpc.errors import Code, RemoteProtocolError, StatusError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.http_status import told
from avrorpc.wire.client import ClientConnection, Identity
from avrorpc.wire.exchange import CONTENT_TYPE
from avrorpc.wire.settings import Wishes

STREAM_TYPE: Final = "application/avrorpc"
_NO_STREAMS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.INTERNAL_SERVER_ERROR,  # Jetty, under Java's servlet
    HTTPStatus.NOT_IMPLEMENTED,
)
"""What servers answer that take our frames for plain Avro, or know nothing of their type."""


def is_stream(call: Outgoing) -> bool:
    """Whether a call has a stream.

    Raises:
        StatusError: UNIMPLEMENTED, where it has two.
    """
    if call.items is not None and call.streams:
        raise StatusError(
            Code.UNIMPLEMENTED,
            f"{call.protocol}/{call.message} streams both ways, which HTTP cannot; use tcp:, unix: or ws:",
        )
    return call.items is not None or call.streams


def stream_connection(identity: Identity, limits: Limits) -> ClientConnection:
    """Return the state of a connection for one call."""
    return ClientConnection(identity, None, "frames", limits, Wishes(has_window=False, is_eager=True))


def check_stream_response(address: Address, status: int, content_type: str, body: bytes) -> None:
    """Check that a response is a stream of ours; `body` is the beginning of what it is else.

    Raises:
        StatusError: UNAVAILABLE or UNIMPLEMENTED, where the server says so.
        RemoteProtocolError: The response is anything else.
    """
    if status == HTTPStatus.OK and content_type.partition(";")[0].strip() == STREAM_TYPE:
        return
    said = told(content_type, body)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise StatusError(Code.UNAVAILABLE, said or "the server is not available", from_peer=True)
    if status in _NO_STREAMS or (
        status == HTTPStatus.OK and content_type.partition(";")[0].strip() == CONTENT_TYPE
    ):
        text = (
            f"the server at {address} takes no streams: it speaks plain Avro, or none, and answered {status}"
        )
        raise StatusError(Code.UNIMPLEMENTED, text)
    raise RemoteProtocolError(
        f"{address} answered {status} ({content_type or 'no type'}): {said or 'nothing more'}"
    )
