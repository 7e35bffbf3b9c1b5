"""Which form an answer takes, and in which forms a body may come: RFC 9110, sections 8 and 12."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from typing import Final

from avrorpc.errors import DecodeError, LimitExceeded
from avrorpc.limits import Limits
from avrorpc.schema import Primitive, Schema, logical_name
from avrorpc.server.rest.problems import Refusal
from avrorpc.wire.compression import compression

JSON: Final = "application/json"
AVRO: Final = "avro/binary"
AVRO_JSON: Final = "avro/json"
EVENTS: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"
OCTETS: Final = "application/octet-stream"

THRESHOLD: Final = 1_024
"""Bytes from which on an answer is compressed, where the client takes that."""


def is_octets(schema: Schema) -> bool:
    """Whether values of a type may stand as they are in a body: plain bytes, of no logical type."""
    return isinstance(schema, Primitive) and schema.name == "bytes" and logical_name(schema) is None


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that a client likes best; of equals, the one offered first.

    Raises:
        Refusal: 406, none that is offered is acceptable.
    """
    if accept is None or accept == "*/*":
        return offered[0]
    ranges = _weights(accept)
    best, best_weight = None, 0.0
    for media in offered:
        weight = _weight(media, ranges)
        if weight > best_weight:
            best, best_weight = media, weight
    if best is None:
        raise Refusal(406, f"there is {', '.join(offered)} here, and nothing of {accept[:200]!r}")
    return best


def coding(accept: str | None) -> str | None:
    """Return the content coding that a client takes, the better first; None for none."""
    if accept is None:
        return None
    weights = _weights(accept)
    for name in ("zstd", "gzip"):
        if weights.get(name, weights.get("*", 0.0)) > 0 and (
            name == "gzip" or compression("zstd") is not None
        ):
            return name
    return None


def encode(name: str, body: bytes) -> bytes:
    """Return a body in a content coding; equal bodies have equal codings."""
    if name == "gzip":
        return gzip.compress(body, 6, mtime=0)
    found = compression(name)
    assert found is not None
    return found.compress(body)


def decode(name: str | None, body: bytes, limits: Limits) -> bytes:
    """Return a body out of its content coding.

    Raises:
        Refusal: 415, there is no such coding here; 400, the body is not of it; 413, it becomes too large.
    """
    match (name or "identity").strip().lower():
        case "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzip(body, limits)
        case "zstd" | "deflate" as known if (found := compression(known)) is not None:
            try:
                return found.decompress(body, limits)
            except LimitExceeded as error:
                raise Refusal(413, str(error)) from None
            except DecodeError:
                raise Refusal(400, f"the body is not {known}, as Content-Encoding says") from None
        case other:
            raise Refusal(
                415,
                f"there is no content coding {other[:60]!r} here",
                headers={"Accept-Encoding": "gzip, zstd, deflate"},
            )


def _gunzip(body: bytes, limits: Limits) -> bytes:
    most = min(limits.max_body, len(body) * limits.max_expansion)
    decompressor = zlib.decompressobj(wbits=31)
    try:
        out = decompressor.decompress(body, most + 1)
    except zlib.error:
        raise Refusal(400, "the body is not gzip, as Content-Encoding says") from None
    if len(out) > most:
        raise Refusal(
            413,
            f"the body becomes larger than max_body={limits.max_body} bytes, or than"
            f" max_expansion={limits.max_expansion} times what came",
        )
    if not decompressor.eof or decompressor.unused_data:
        raise Refusal(400, "the gzip body does not end where it should")
    return out


def _weights(header: str) -> dict[str, float]:
    """Return the weight of each element of a header such as `Accept`."""
    weights: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                try:
                    weight = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    weight = 0.0
        weights[name.lower()] = weight
    return weights


def _weight(media: str, ranges: dict[str, float]) -> float:
    kind = media.partition("/")[0]
    for name in (media, f"{kind}/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0
