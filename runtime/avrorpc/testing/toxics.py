"""What a proxy may do to the bytes of one direction. The word is Toxiproxy's.

Each toxic is a value; a `Course` is what a connection's direction makes of those in force. Plans only:
nothing here moves bytes or waits.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias


@dataclass(slots=True, frozen=True)
class Latency:
    """Bytes take longer; they stay in order, and as many may be under way as before."""

    seconds: float
    jitter: float = 0.0
    """Up to so many seconds more or less, drawn for each piece."""
    seed: int = 0


@dataclass(slots=True, frozen=True)
class Bandwidth:
    """No more bytes a second than this."""

    bytes_per_second: float


@dataclass(slots=True, frozen=True)
class Slicer:
    """Bytes are written in small pieces, each by itself."""

    size: int = 1
    pause: float = 0.0
    """Seconds after each piece."""


@dataclass(slots=True, frozen=True)
class BlackHole:
    """Bytes vanish, the connection stays: what a peer sees that was cut off, until its time runs out.

    An end or a reset is held back, too, until this is taken out.
    """


@dataclass(slots=True, frozen=True)
class Reset:
    """The connection is reset at both ends once so many bytes went this way."""

    after: int = 0


@dataclass(slots=True, frozen=True)
class HalfClose:
    """This direction ends once so many bytes went this way; the other goes on."""

    after: int = 0


@dataclass(slots=True, frozen=True)
class Truncate:
    """The connection is closed once so many bytes went this way."""

    after: int = 0


@dataclass(slots=True, frozen=True)
class Corrupt:
    """One byte of each connection arrives changed."""

    at: int
    """Which, counted from 0 in this direction."""
    mask: int = 0xFF
    """The bits that are turned over."""

    def __post_init__(self) -> None:
        if not 0 < self.mask <= 0xFF:
            raise ValueError(f"Corrupt: the mask {self.mask} is none of 1 to 255")


Toxic: TypeAlias = Latency | Bandwidth | Slicer | BlackHole | Reset | HalfClose | Truncate | Corrupt


class Ending(Enum):
    """How a direction ends where a toxic ends it."""

    RESET = auto()
    HALF_CLOSE = auto()
    CLOSE = auto()


@dataclass(slots=True, frozen=True)
class Piece:
    """Bytes to write, when, and what follows."""

    data: bytes
    delay: float = 0.0
    """Seconds until they may be written, counted from when they came."""
    pause: float = 0.0
    """Seconds after which the next may be."""
    ending: Ending | None = None


_ENDINGS: Final = {Reset: Ending.RESET, HalfClose: Ending.HALF_CLOSE, Truncate: Ending.CLOSE}


class Course:
    """One direction of one connection: how many bytes went that way, and what happens to the next."""

    def __init__(self, number: int) -> None:
        self.position = 0
        """Bytes that came so far."""
        self._number = number
        self._sources: dict[Latency, random.Random] = {}

    def plan(self, data: bytes, toxics: tuple[Toxic, ...]) -> Iterator[Piece]:
        """Yield what becomes of bytes that came, by the toxics in force."""
        ending: Ending | None = None
        limit = len(data)
        for toxic in toxics:
            if isinstance(toxic, Reset | HalfClose | Truncate) and toxic.after - self.position <= limit:
                limit, ending = max(toxic.after - self.position, 0), _ENDINGS[type(toxic)]
        data = self._corrupted(data, toxics)[:limit]
        self.position += len(data)
        if any(isinstance(toxic, BlackHole) for toxic in toxics):
            data = b""
        delay = sum(self._delay(toxic) for toxic in toxics if isinstance(toxic, Latency))
        slicer = next((toxic for toxic in toxics if isinstance(toxic, Slicer)), Slicer(len(data) or 1))
        rates = [toxic.bytes_per_second for toxic in toxics if isinstance(toxic, Bandwidth)]
        step = slicer.size
        if rates:
            # Short enough that bytes come evenly and not in one lump at the end of the wait.
            step = max(1, min(step, int(min(rates) / 50) or 1))
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            slow = len(piece) / min(rates) if rates else 0.0
            yield Piece(piece, delay, slicer.pause + slow)
        if ending is not None:
            yield Piece(b"", delay, ending=ending)

    def _corrupted(self, data: bytes, toxics: tuple[Toxic, ...]) -> bytes:
        for toxic in toxics:
            if isinstance(toxic, Corrupt) and self.position <= toxic.at < self.position + len(data):
                changed = bytearray(data)
                changed[toxic.at - self.position] ^= toxic.mask
                data = bytes(changed)
        return data

    def _delay(self, toxic: Latency) -> float:
        if not toxic.jitter:
            return toxic.seconds
        if toxic not in self._sources:
            seed = toxic.seed * 1_000_003 + self._number
            self._sources[toxic] = random.Random(seed)  # noqa: S311 - no secret
        return max(0.0, toxic.seconds + self._sources[toxic].uniform(-toxic.jitter, toxic.jitter))
