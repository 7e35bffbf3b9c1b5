"""Notices that files have changed, by looking at them again and again.

Looking needs no package, and works where notices of the system do not arrive: in containers, over networks.
What it costs is bounded: the pause grows with the time that one look takes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

PAUSE: Final = 0.25
"""Seconds between two looks."""
_SHARE: Final = 20
"""A pause is at least so many times as long as a look."""


class Stamp(NamedTuple):
    """What differs when a file has been written or replaced."""

    modified: int
    size: int
    inode: int


Snapshot: TypeAlias = Mapping[Path, Stamp]


def snapshot(paths: Iterable[Path]) -> Snapshot:
    """Return the stamps of files; those that are not there are left out."""
    stamps: dict[Path, Stamp] = {}
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - half the price of a Path's
        except OSError:
            continue
        stamps[path] = Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
    return stamps


def await_change(
    known: Snapshot,
    look: Callable[[], Snapshot],
    *,
    wait: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Path]:
    """Return the files that have changed, come or gone since `known`, once they have come to rest.

    At rest is what looks the same twice: an editor that writes in several steps makes one change.
    """
    pause, last = PAUSE, known
    while True:
        wait(pause)
        started = clock()
        seen = look()
        pause = max(PAUSE, (clock() - started) * _SHARE)
        if seen == last and seen != known:
            return sorted(path for path in known.keys() | seen.keys() if known.get(path) != seen.get(path))
        last = seen
