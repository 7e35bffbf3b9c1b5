"""Avro's handshake: each end names its protocol by a hash, and shows the text where the other lacks it.

Source: Avro 1.12 specification, "Handshake".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from avrorpc.codec.binary import Cursor, write_bytes, write_long, write_string
from avrorpc.errors import DecodeError, LimitExceeded


class Match(Enum):
    """The server's verdict on what the client knows; values are indices on the wire."""

    BOTH = 0
    """Each knows the other's protocol."""
    CLIENT = 1
    """The server knows the client's; it sends its own."""
    NONE = 2
    """The server does not know the client's protocol: nothing was done, send it again with the text."""


@dataclass(slots=True, frozen=True)
class HandshakeRequest:
    """What a client opens with."""

    client_hash: bytes
    client_text: str | None
    server_hash: bytes
    """What the client takes the server's protocol to be."""
    meta: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class HandshakeResponse:
    """What a server answers."""

    match: Match
    server_text: str | None = None
    server_hash: bytes | None = None
    meta: Mapping[str, bytes] = field(default_factory=dict)


def write_map(out: bytearray, values: Mapping[str, bytes]) -> None:
    """Append a map of bytes."""
    if values:
        write_long(out, len(values))
        for key, value in values.items():
            write_string(out, key)
            write_bytes(out, value)
    out.append(0)


def read_map(cursor: Cursor) -> dict[str, bytes]:
    """Read a map of bytes, within the limit on metadata.

    Raises:
        DecodeError: It is malformed.
        LimitExceeded: It is too long.
    """
    start = cursor.position
    values: dict[str, bytes] = {}
    while count := cursor.block():
        for _ in range(count):
            key = cursor.read_string()
            values[key] = cursor.read_bytes()
            if cursor.position - start > cursor.limits.max_metadata:
                raise LimitExceeded(f"metadata above max_metadata={cursor.limits.max_metadata} bytes")
    return values


def encode_request(request: HandshakeRequest) -> bytes:
    """Return the bytes of a handshake request."""
    out = bytearray(request.client_hash)
    _write_optional_text(out, request.client_text)
    out += request.server_hash
    _write_optional_meta(out, request.meta)
    return bytes(out)


def decode_request(cursor: Cursor) -> HandshakeRequest:
    """Read a handshake request.

    Raises:
        DecodeError: It is malformed.
    """
    client_hash = cursor.take(16)
    client_text = _read_text(cursor) if _is_present(cursor) else None
    server_hash = cursor.take(16)
    meta = read_map(cursor) if _is_present(cursor) else {}
    return HandshakeRequest(client_hash, client_text, server_hash, meta)


def encode_response(response: HandshakeResponse) -> bytes:
    """Return the bytes of a handshake response."""
    out = bytearray()
    write_long(out, response.match.value)
    _write_optional_text(out, response.server_text)
    if response.server_hash is None:
        out.append(0)
    else:
        out.append(2)
        out += response.server_hash
    _write_optional_meta(out, response.meta)
    return bytes(out)


def decode_response(cursor: Cursor) -> HandshakeResponse:
    """Read a handshake response.

    Raises:
        DecodeError: It is malformed.
    """
    index = cursor.read_long()
    if not 0 <= index <= 2:
        raise DecodeError(f"handshake match {index}")
    text = _read_text(cursor) if _is_present(cursor) else None
    server_hash = cursor.take(16) if _is_present(cursor) else None
    meta = read_map(cursor) if _is_present(cursor) else {}
    return HandshakeResponse(Match(index), text, server_hash, meta)


def _is_present(cursor: Cursor) -> bool:
    branch = cursor.read_long()
    if branch not in (0, 1):
        raise DecodeError(f"branch {branch} of an optional value")
    return branch == 1


def _read_text(cursor: Cursor) -> str:
    start = cursor.position
    text = cursor.read_string()
    if cursor.position - start > cursor.limits.max_protocol:
        raise LimitExceeded(f"a protocol above max_protocol={cursor.limits.max_protocol} bytes")
    return text


def _write_optional_text(out: bytearray, text: str | None) -> None:
    if text is None:
        out.append(0)
    else:
        out.append(2)
        write_string(out, text)


def _write_optional_meta(out: bytearray, meta: Mapping[str, bytes]) -> None:
    if meta:
        out.append(2)
        write_map(out, meta)
    else:
        out.append(0)
