"""Which addresses each event loop of this process serves.

A synchronous call that blocks the very loop which should answer it would wait for ever; knowing this lets
such a call be refused with a sentence instead.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final
from weakref import WeakKeyDictionary

from avrorpc.transport.address import Address

_served: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, set[int | str]]] = WeakKeyDictionary()
_OURSELVES: Final = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "::", "")  # noqa: S104 - what it is called by


def serving(loop: asyncio.AbstractEventLoop, address: Address) -> None:
    """Note that a loop listens on an address."""
    _served.setdefault(loop, set()).add(_place(address))


def stopped(loop: asyncio.AbstractEventLoop, address: Address) -> None:
    """Note that it does so no more."""
    _served.get(loop, set()).discard(_place(address))


def serves(loop: asyncio.AbstractEventLoop, address: Address) -> bool:
    """Whether calls to an address come to a loop."""
    is_here = address.scheme == "unix" or address.host in _OURSELVES
    return is_here and _place(address) in _served.get(loop, set())


def _place(address: Address) -> int | str:
    return os.path.realpath(address.path) if address.scheme == "unix" else address.port
