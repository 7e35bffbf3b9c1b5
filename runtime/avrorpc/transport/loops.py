"""Which addresses each event loop of this process serves.

A synchronous call that blocks the very loop which should answer it would wait for ever; knowing this lets
such a call be refused with a sentence instead.
"""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

_served: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, set[int]]] = WeakKeyDictionary()


def serving(loop: asyncio.AbstractEventLoop, port: int) -> None:
    """Note that a loop listens on a port."""
    _served.setdefault(loop, set()).add(port)


def stopped(loop: asyncio.AbstractEventLoop, port: int) -> None:
    """Note that it does so no more."""
    _served.get(loop, set()).discard(port)


def serves(loop: asyncio.AbstractEventLoop, port: int) -> bool:
    """Whether a loop listens on a port."""
    return port in _served.get(loop, set())
