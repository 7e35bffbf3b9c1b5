"""Avro's call format: metadata, message name and parameters one way; metadata, error flag and payload back.

The names of our metadata stand here. Source: Avro 1.12 specification, "Call Format".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from avrorpc.codec.binary import Cursor, write_string
from avrorpc.errors import Code, DecodeError
from avrorpc.wire.handshake import read_map, write_map

TIMEOUT: Final = "avrorpc.timeout-us"
"""In requests: the microseconds that remain to the caller, in decimal digits."""
CODE: Final = "avrorpc.code"
"""In replies with an undeclared error: its canonical code."""
ERROR_ID: Final = "avrorpc.error-id"
"""In replies with an undeclared error: the id under which the server logged it."""
DETAILS: Final = "avrorpc.details"
"""In replies with an undeclared error: an Avro array of `avrorpc.AnyRecord`."""


def request_head(metadata: Mapping[str, bytes], message: str) -> bytearray:
    """Return the start of a request; the parameters follow."""
    out = bytearray()
    write_map(out, metadata)
    write_string(out, message)
    return out


def read_request_head(cursor: Cursor) -> tuple[dict[str, bytes], str]:
    """Read the start of a request: metadata and message name.

    Raises:
        DecodeError: It is malformed.
    """
    return read_map(cursor), cursor.read_string()


def reply_head(metadata: Mapping[str, bytes], *, is_error: bool) -> bytearray:
    """Return the start of a reply; the result or the error follows."""
    out = bytearray()
    write_map(out, metadata)
    out.append(is_error)
    return out


def system_error(code: Code, text: str, error_id: str | None = None, details: bytes = b"") -> bytes:
    """Return a whole reply with an undeclared error: branch 0 of the effective union, a string."""
    metadata = {CODE: code.value.encode()}
    if error_id:
        metadata[ERROR_ID] = error_id.encode()
    if details:
        metadata[DETAILS] = details
    out = reply_head(metadata, is_error=True)
    out.append(0)
    write_string(out, text.encode(errors="replace").decode())
    return bytes(out)


def read_reply_head(cursor: Cursor) -> tuple[dict[str, bytes], bool]:
    """Read the start of a reply: metadata, and whether an error follows.

    Raises:
        DecodeError: It is malformed.
    """
    return read_map(cursor), cursor.read_boolean()


def write_timeout(seconds: float) -> bytes:
    """Return the value of `TIMEOUT`."""
    return str(max(0, math.ceil(seconds * 1_000_000))).encode()


def read_timeout(metadata: Mapping[str, bytes]) -> float | None:
    """Return the seconds that the caller has left, or None where it set no deadline.

    Raises:
        DecodeError: The value is no number.
    """
    value = metadata.get(TIMEOUT)
    if value is None:
        return None
    if not value.isdigit() or len(value) > 18:
        raise DecodeError(f"{TIMEOUT} must be a number of microseconds")
    return int(value) / 1_000_000


def read_code(metadata: Mapping[str, bytes]) -> Code:
    """Return the code of an undeclared error; UNKNOWN from peers that send none."""
    try:
        return Code(metadata.get(CODE, b"UNKNOWN").decode("ascii"))
    except ValueError:
        return Code.UNKNOWN
