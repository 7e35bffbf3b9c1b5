"""Rows of token ids kept for a time under ids that nobody can guess.

The store is bounded twice: by time, and by size, where the oldest make room for the newest.
"""

from __future__ import annotations

import secrets
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

STORED_SECONDS: Final = 600.0
"""How long rows are kept, by default."""
STORED_TOKENS: Final = 1_000_000
"""How many token ids are kept altogether by default; a result and each of its rows count as one more."""
MAX_STORED_SECONDS: Final = 7 * 24 * 3600.0
"""How long rows may be kept at most."""
MAX_STORED_TOKENS: Final = 100_000_000
"""How many token ids may be kept at most."""


class StoreTooSmall(Exception):
    """Rows that would not fit an empty store.

    Args:
        tokens: How many ids they have, one more for each row and one for the whole.
        most: How many the store holds.
    """

    def __init__(self, tokens: int, most: int) -> None:
        super().__init__(f"{tokens} tokens, rows counted too, are more than stored_tokens, {most}")
        self.tokens: Final = tokens
        self.most: Final = most


@dataclass(frozen=True, slots=True)
class _Kept:
    rows: tuple[array[int], ...]
    size: int
    stored_at: float


class StoredRows:
    """A store that threads may share.

    Args:
        clock: Gives seconds that only ever grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._kept: Final[dict[str, _Kept]] = {}  # the oldest first
        self._size = 0
        self._seconds = STORED_SECONDS
        self._most = STORED_TOKENS

    def __len__(self) -> int:
        """How many results are kept."""
        with self._lock:
            self._drop(0)
            return len(self._kept)

    @property
    def seconds(self) -> float:
        """How long rows are kept."""
        return self._seconds

    @property
    def most(self) -> int:
        """How many token ids are kept altogether; a result and each of its rows count as one more."""
        return self._most

    def set(self, *, seconds: float, most: int) -> None:
        """Bound the store anew, by both or neither; what does not fit any more goes.

        Raises:
            ValueError: A bound is out of its range.
        """
        if not 0 < seconds <= MAX_STORED_SECONDS:
            raise ValueError(
                f"stored_seconds is above 0 and up to MAX_STORED_SECONDS, {MAX_STORED_SECONDS:g},"
                f" not {seconds:g}"
            )
        if not 0 <= most <= MAX_STORED_TOKENS:
            raise ValueError(f"stored_tokens is from 0 to MAX_STORED_TOKENS, {MAX_STORED_TOKENS}, not {most}")
        with self._lock:
            self._seconds, self._most = float(seconds), most
            self._drop(0)

    def put(self, rows: Sequence[Sequence[int]]) -> tuple[str, float]:
        """Keep rows, and return their id and for how many seconds they stay at most.

        Raises:
            StoreTooSmall: They would not fit an empty store.
        """
        size = 1 + sum(len(row) + 1 for row in rows)
        kept = tuple(array("i", row) for row in rows)
        key = secrets.token_urlsafe(16)
        with self._lock:
            if size > self._most:
                raise StoreTooSmall(size, self._most)
            self._drop(size)
            self._kept[key] = _Kept(kept, size, self._clock())
            self._size += size
            return key, self._seconds

    def get(self, key: str) -> list[list[int]] | None:
        """Return the rows that an id stands for, or None where they are gone or never were."""
        with self._lock:
            self._drop(0)
            found = self._kept.get(key)
        return None if found is None else [row.tolist() for row in found.rows]

    def _drop(self, needed: int) -> None:
        """Drop what is too old, and as many of the oldest as leave room for `needed` tokens."""
        now = self._clock()
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if now - oldest.stored_at < self._seconds and self._size + needed <= self._most:
                return
            del self._kept[key]
            self._size -= oldest.size
