"""Connections of aiohttp that are ending: over TLS that takes a goodbye, which aiohttp does not wait for.

A loop that is closed before leaves their sockets open.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio.trsock import TransportSocket
from contextlib import suppress
from typing import Final

PATIENCE: Final = 1.0
"""Seconds that a server has to answer the goodbye."""
_LOOK_SECONDS: Final = 0.001


class Goodbyes:
    """The sockets of one client that are to be closed before the client is."""

    def __init__(self) -> None:
        self._sockets: list[TransportSocket] = []

    def add(self, sock: object) -> None:
        """Take note of a connection's socket; other loops than asyncio's close theirs by themselves."""
        self._sockets = [known for known in self._sockets if known.fileno() >= 0]
        if isinstance(sock, TransportSocket):
            self._sockets.append(sock)

    async def said(self) -> None:
        """Wait until the sockets are closed; those of servers that stay silent are cut off."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while any(sock.fileno() >= 0 for sock in self._sockets):
            if loop.time() > end:
                for sock in self._sockets:
                    with suppress(OSError):  # it has just been closed
                        sock.shutdown(socket.SHUT_RDWR)
                end += PATIENCE
            await asyncio.sleep(_LOOK_SECONDS)
        self._sockets.clear()
