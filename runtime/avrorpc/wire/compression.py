"""Compression of whole messages, agreed on per connection by its name.

What comes out is bounded while it comes out: a small message that would become a large one is refused early.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from types import ModuleType
from typing import Final, Protocol

from avrorpc.errors import DecodeError, LimitExceeded
from avrorpc.limits import Limits

DEFAULT_THRESHOLD: Final = 1_024
"""Bytes from which on a message is worth compressing."""


class Compression(Protocol):
    """One way of compressing."""

    name: str

    def compress(self, data: bytes) -> bytes:
        """Return the data compressed."""
        ...

    def decompress(self, data: bytes, limits: Limits) -> bytes:
        """Return what was compressed.

        Raises:
            DecodeError: It is not of this compression.
            LimitExceeded: It becomes too large.
        """
        ...


class Deflate:
    """zlib's format (RFC 1950), from the standard library."""

    name = "deflate"

    def compress(self, data: bytes) -> bytes:
        """Return the data compressed."""
        return zlib.compress(data, 6)

    def decompress(self, data: bytes, limits: Limits) -> bytes:
        """Return what was compressed.

        Raises:
            DecodeError: It is no zlib data.
            LimitExceeded: It becomes too large.
        """
        most = _most(data, limits)
        decompressor = zlib.decompressobj()
        try:
            out = decompressor.decompress(data, most + 1)
        except zlib.error as error:
            raise DecodeError(f"a message that is not compressed as agreed: {error}") from error
        _check(len(out), data, limits)
        if not decompressor.eof or decompressor.unused_data:
            raise DecodeError("a compressed message that does not end where it should")
        return out


class Zstandard:
    """Zstandard (RFC 8878), where Python or a package has it."""

    name = "zstd"

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def compress(self, data: bytes) -> bytes:
        """Return the data compressed."""
        out: bytes = self._module.compress(data, 3)
        return out

    def decompress(self, data: bytes, limits: Limits) -> bytes:
        """Return what was compressed.

        Raises:
            DecodeError: It is no Zstandard data.
            LimitExceeded: It becomes too large.
        """
        decompressor = self._module.ZstdDecompressor()
        try:
            out: bytes = decompressor.decompress(data, _most(data, limits) + 1)
        except self._module.ZstdError as error:
            raise DecodeError(f"a message that is not compressed as agreed: {error}") from error
        _check(len(out), data, limits)
        if not decompressor.eof or decompressor.unused_data:
            raise DecodeError("a compressed message that does not end where it should")
        return out


ZSTANDARD: Final = ("compression.zstd", "backports.zstd")
"""The modules that have it: Python's own from 3.14 on, and the same for older ones."""


@cache
def _zstandard() -> Zstandard | None:
    for name in ZSTANDARD:
        try:
            return Zstandard(importlib.import_module(name))
        except ImportError:
            continue
    return None


_MAKERS: Final[dict[str, Callable[[], Compression | None]]] = {"zstd": _zstandard, "deflate": Deflate}
NAMES: Final = tuple(_MAKERS)
"""All compressions known, the better first; not each is there on every machine."""


def compression(name: str) -> Compression | None:
    """Return the compression of a name, or None where there is none here."""
    maker = _MAKERS.get(name)
    return None if maker is None else maker()


def choose(offered: Iterable[str]) -> Compression | None:
    """Return the first compression offered that is there, or None."""
    return next((found for name in offered if (found := compression(name)) is not None), None)


def _most(data: bytes, limits: Limits) -> int:
    return min(limits.max_body, len(data) * limits.max_expansion)


def _check(size: int, data: bytes, limits: Limits) -> None:
    if size > limits.max_body:
        raise LimitExceeded(f"a compressed message of more than max_body={limits.max_body} bytes")
    if size > len(data) * limits.max_expansion:
        raise LimitExceeded(
            f"{len(data)} compressed bytes grow more than max_expansion={limits.max_expansion} times"
        )
