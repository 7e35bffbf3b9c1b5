"""What two ends agree on when they upgrade from plain Avro to our own frames.

It travels in the `meta` of Avro's handshake, where a plain peer ignores it: the client offers, and the server
repeats a version where it agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from avrorpc.errors import RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.wire.compression import DEFAULT_THRESHOLD, Compression, choose, compression

VERSION: Final = "1"
UPGRADE: Final = "avrorpc.upgrade"
WINDOW: Final = "avrorpc.window"
MAX_CALLS: Final = "avrorpc.max-calls"
MAX_BODY: Final = "avrorpc.max-body"
COMPRESSION: Final = "avrorpc.compression"
PASSIVE: Final = "avrorpc.passive"
_LARGEST: Final = 2**31 - 1


@dataclass(slots=True, frozen=True, kw_only=True)
class Settings:
    """What holds on one connection."""

    window: int | None = None
    """Bytes of items that the other end buffers for each stream; None where the transport holds back."""
    max_calls: int = _LARGEST
    """Calls under way at once that the other end allows."""
    max_body: int = _LARGEST
    """Bytes of one message that the other end takes."""
    compression: Compression | None = None
    threshold: int = DEFAULT_THRESHOLD
    """Bytes from which on a message is compressed."""
    is_passive: bool = False
    """Whether the other end answers no pings, since it only listens while it calls."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Wishes:
    """What a client asks for."""

    compressions: tuple[str, ...] = ()
    """By preference; none for no compression."""
    is_passive: bool = False
    """Whether this client answers no pings."""
    has_window: bool = True
    """Whether streams are held back by credit; not where one connection carries one stream."""
    is_eager: bool = False
    """Whether calls are sent without waiting for the server's answer; it is shown the protocol at once."""


def offer(wishes: Wishes, limits: Limits) -> dict[str, bytes]:
    """Return the meta of a client's handshake request."""
    meta = {UPGRADE: VERSION.encode(), MAX_BODY: _digits(limits.max_body)}
    if wishes.has_window:
        meta[WINDOW] = _digits(limits.stream_window)
    if wishes.compressions:
        meta[COMPRESSION] = ",".join(wishes.compressions).encode()
    if wishes.is_passive:
        meta[PASSIVE] = b"1"
    return meta


def accept(meta: Mapping[str, bytes], limits: Limits) -> tuple[Settings, dict[str, bytes]] | None:
    """Return what a server makes of an offer, and the meta of its answer; None where there is none.

    Raises:
        RemoteProtocolError: The offer is malformed.
    """
    if VERSION not in _names(meta, UPGRADE):
        return None
    chosen = choose(_names(meta, COMPRESSION))
    answer = {
        UPGRADE: VERSION.encode(),
        MAX_CALLS: _digits(limits.max_calls),
        MAX_BODY: _digits(limits.max_body),
    }
    window = _number(meta, WINDOW) if WINDOW in meta else None
    if window is not None:
        answer[WINDOW] = _digits(limits.stream_window)
    if chosen is not None:
        answer[COMPRESSION] = chosen.name.encode()
    return Settings(
        window=window,
        max_body=_number(meta, MAX_BODY),
        compression=chosen,
        is_passive=PASSIVE in meta,
    ), answer


def agreed(meta: Mapping[str, bytes], wishes: Wishes) -> Settings | None:
    """Return what a client makes of a server's answer; None where the server stays with plain Avro.

    Raises:
        RemoteProtocolError: The answer is malformed, or something that was not offered.
    """
    if UPGRADE not in meta:
        return None
    if _names(meta, UPGRADE) != [VERSION]:
        raise RemoteProtocolError(f"the server upgrades to the unknown version {meta[UPGRADE][:40]!r}")
    chosen = None
    if COMPRESSION in meta:
        name = _text(meta, COMPRESSION)
        chosen = compression(name) if name in wishes.compressions else None
        if chosen is None:
            raise RemoteProtocolError(
                f"the server chose the compression {name[:40]!r}, which was not offered"
            )
    return Settings(
        window=_number(meta, WINDOW) if wishes.has_window else None,
        max_calls=_number(meta, MAX_CALLS),
        max_body=_number(meta, MAX_BODY),
        compression=chosen,
    )


def _digits(number: int) -> bytes:
    return str(min(number, _LARGEST)).encode()


def _number(meta: Mapping[str, bytes], key: str) -> int:
    value = meta.get(key, b"")
    if not value.isdigit() or len(value) > 10 or not 1 <= int(value) <= _LARGEST:
        raise RemoteProtocolError(f"{key} must be a number from 1 to {_LARGEST}, and not {value[:20]!r}")
    return int(value)


def _text(meta: Mapping[str, bytes], key: str) -> str:
    return meta.get(key, b"").decode("ascii", errors="replace")


def _names(meta: Mapping[str, bytes], key: str) -> list[str]:
    return [name.strip() for name in _text(meta, key).split(",") if name.strip()]
