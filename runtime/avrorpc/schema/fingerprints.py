"""Schemas as a few bytes: the fingerprints of their canonical forms.

Source: Avro 1.12 specification, "Schema Fingerprints". A fingerprint stands for all schemas that are the same
to a reader of data; what stands for one text of a protocol, its docs included, is its handshake hash.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal, TypeAlias

from avrorpc.schema.canonical import canonical_form
from avrorpc.schema.model import Schema

Algorithm: TypeAlias = Literal["crc64", "md5", "sha256"]
"""How a fingerprint is made: CRC-64-AVRO gives 8 bytes, MD5 16, SHA-256 32."""

ALGORITHMS: Final[tuple[Algorithm, ...]] = ("crc64", "md5", "sha256")
"""All of them, the shortest first."""

_EMPTY: Final = 0xC15D213AA4D7A795


def _table() -> tuple[int, ...]:
    entries = list(range(256))
    for _ in range(8):
        entries = [(entry >> 1) ^ (_EMPTY if entry & 1 else 0) for entry in entries]
    return tuple(entries)


_TABLE: Final = _table()


def fingerprint(schema: Schema, algorithm: Algorithm = "crc64") -> bytes:
    """Return the fingerprint of a schema's canonical form.

    The bytes of CRC-64-AVRO are little-endian, as in the single-object encoding and as other libraries show
    them; `int.from_bytes(..., "little", signed=True)` is the number that Java gives.

    Raises:
        ValueError: There is no such algorithm.
    """
    data = canonical_form(schema).encode()
    match algorithm:
        case "crc64":
            return crc64(data).to_bytes(8, "little")
        case "md5":
            return hashlib.md5(data, usedforsecurity=False).digest()
        case "sha256":
            return hashlib.sha256(data).digest()
    raise ValueError(f"{algorithm!r} is none of {', '.join(ALGORITHMS)}")


def crc64(data: bytes) -> int:
    """Return the CRC-64-AVRO of bytes, which the specification calls a Rabin fingerprint."""
    table, crc = _TABLE, _EMPTY
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc
