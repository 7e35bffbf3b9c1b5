"""What both HTTP clients read from a response before its body counts."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from avrorpc.errors import Code, LimitExceeded, RemoteProtocolError, StatusError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.wire.client import Identity
from avrorpc.wire.exchange import CONTENT_TYPE


def request_path(address: Address, identity: Identity) -> str:
    """Return where calls are posted: the URL's own path, or ours for the protocol where it has none."""
    return quote(address.path or f"/avro/{identity.name}", safe="/%:@!$&'()*+,;=~")


def check_response(address: Address, status: int, content_type: str, body: bytes, limits: Limits) -> bytes:
    """Return the body of a response that is Avro.

    Raises:
        StatusError: UNAVAILABLE or RESOURCE_EXHAUSTED, where the server says so.
        LimitExceeded: The body is above the limit.
        RemoteProtocolError: The response is anything else.
    """
    if len(body) > limits.max_body:
        raise LimitExceeded(f"{address} answered with more than max_body={limits.max_body} bytes")
    said = body[:200].decode(errors="replace").strip()
    match status:
        case HTTPStatus.OK if content_type.partition(";")[0].strip() == CONTENT_TYPE:
            return body
        case HTTPStatus.OK:
            raise RemoteProtocolError(
                f"{address} answered with {content_type or 'no type'}, not {CONTENT_TYPE}"
            )
        case HTTPStatus.SERVICE_UNAVAILABLE:
            raise StatusError(Code.UNAVAILABLE, said or "the server is not available", from_peer=True)
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            text = said or "the request is too large for the server"
            raise StatusError(Code.RESOURCE_EXHAUSTED, text, from_peer=True)
        case _:
            raise RemoteProtocolError(f"{address} answered {status}: {said or 'nothing more'}")


def not_http(address: Address, problem: object) -> RemoteProtocolError:
    """Return the error for what no HTTP library can read; theirs quote it at length."""
    said = " ".join(str(problem).split())
    return RemoteProtocolError(f"{address} does not speak HTTP: {said:.100}")


def not_now(address: Address) -> StatusError:
    """Return the error for a WebSocket that is refused by 503."""
    text = f"{address} answered 503 and opens no WebSocket now"
    return StatusError(Code.UNAVAILABLE, text, from_peer=True)
