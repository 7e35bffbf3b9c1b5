"""Bytes of a fuzzer read as a script, so that most of what it tries is well formed enough to go deep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from avrorpc.wire.frames import HEAD, Kind

T = TypeVar("T")

_LONG = 250
"""A length byte from here on stands for a long run of one byte."""
_RUN = 9_000


class Script:
    """Takes small decisions out of bytes; when they are used up, all decisions are zero."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def goes_on(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        if not self.goes_on:
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.byte() % len(choices)]

    def chunk(self) -> bytes:
        """Some bytes: as many as a byte says, or a long run."""
        size = self.byte()
        if size >= _LONG:
            return bytes([self.byte()]) * (_RUN * (size - _LONG + 1))
        self._at += size
        return self._data[self._at - size : self._at]

    def rest(self) -> bytes:
        rest = self._data[self._at :]
        self._at = len(self._data)
        return rest

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Cut bytes as a socket may."""
        size = (len(data), 1, 7, 100)[self.byte() % 4] or 1
        if len(data) > 2_000:
            size = len(data)
        for start in range(0, len(data), size):
            yield data[start : start + size]

    def frame(self, last: int) -> bytes:
        """One frame of ours, nearly always of a kind, flags and a call that there are."""
        number = self.byte()
        kind = number % (len(Kind) + 1) or 1
        flags = self.byte()
        flags = flags if flags >= 240 else flags & 15 if kind in (Kind.OPEN, Kind.ITEM, Kind.REPLY) else 0
        back = self.byte()
        call = last + 1 - back if back < 128 else back - 128
        payload = self.chunk()
        exact = {Kind.PING: 8, Kind.PONG: 8, Kind.CREDIT: 4, Kind.END: 0, Kind.CANCEL: 0}.get(kind)  # type: ignore[call-overload]
        if exact is not None and number < 200:
            payload = payload[:exact].rjust(exact, b"\0")
        return HEAD.pack(len(payload), kind, flags, max(call, 0)) + payload
