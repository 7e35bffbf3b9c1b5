"""What both HTTP clients read from a response before its body counts."""

from __future__ import annotations

import json
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from avrorpc.errors import Code, LimitExceeded, RemoteProtocolError, StatusError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.wire.client import Identity
from avrorpc.wire.exchange import CONTENT_TYPE

PROBLEM: Final = "application/problem+json"
MOST_SAID: Final = 2_000
"""Bytes of a failing answer that are read."""
MOST_TOLD: Final = 200
"""Characters of what a server says that are shown."""


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
    said = told(content_type, body)
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


def told(content_type: str, body: bytes) -> str:
    """Return what the body of a failing response says: a problem's detail, else the text as it begins."""
    if content_type.partition(";")[0].strip().lower() == PROBLEM:
        with suppress(ValueError, RecursionError):  # then it is shown as it is
            document = json.loads(body)
            if isinstance(document, dict) and isinstance(document.get("detail"), str):
                return " ".join(document["detail"].split())[:MOST_TOLD]
    return body[:MOST_TOLD].decode(errors="replace").strip()


def not_http(address: Address, problem: object) -> RemoteProtocolError:
    """Return the error for what no HTTP library can read; theirs quote it at length."""
    said = " ".join(str(problem).split())
    return RemoteProtocolError(f"{address} does not speak HTTP: {said:.100}")


def not_now(address: Address) -> StatusError:
    """Return the error for a WebSocket that is refused by 503."""
    text = f"{address} answered 503 and opens no WebSocket now"
    return StatusError(Code.UNAVAILABLE, text, from_peer=True)
