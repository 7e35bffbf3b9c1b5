"""What a proxy keeps account of: what happens to each direction, and the two ends of each connection."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from avrorpc.testing.toxics import BlackHole, Toxic

_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""What makes the system reset a connection that is closed."""


class Direction:
    """What happens to the bytes that go one way."""

    def __init__(self, name: str) -> None:
        self.name: Final = name
        self.received = 0
        """Bytes that came from the sender."""
        self.sent = 0
        """Bytes that were passed on."""
        self._toxics: tuple[Toxic, ...] = ()
        self._watchers: set[Callable[[], object]] = set()

    def __repr__(self) -> str:
        return f"<{self.name} received={self.received} sent={self.sent} toxics={list(self._toxics)}>"

    @property
    def toxics(self) -> tuple[Toxic, ...]:
        """What is in force."""
        return self._toxics

    @property
    def swallows(self) -> bool:
        """Whether nothing arrives that goes this way."""
        return any(isinstance(toxic, BlackHole) for toxic in self._toxics)

    def add(self, *toxics: Toxic) -> None:
        """Put toxics in force, after those that are."""
        self._put((*self._toxics, *toxics))

    def remove(self, toxic: Toxic) -> None:
        """Take one out.

        Raises:
            ValueError: It is not in force.
        """
        rest = list(self._toxics)
        rest.remove(toxic)
        self._put(tuple(rest))

    def clear(self) -> None:
        """Take all out."""
        self._put(())

    @contextmanager
    def having(self, *toxics: Toxic) -> Iterator[None]:
        """Put toxics in force for a while."""
        self.add(*toxics)
        try:
            yield
        finally:
            for toxic in toxics:
                with suppress(ValueError):  # cleared meanwhile
                    self.remove(toxic)

    @contextmanager
    def watched(self, tell: Callable[[], object]) -> Iterator[None]:
        """Call `tell` when other toxics are in force, in the thread that put them there."""
        self._watchers.add(tell)
        try:
            yield
        finally:
            self._watchers.discard(tell)

    def _put(self, toxics: tuple[Toxic, ...]) -> None:
        self._toxics = toxics
        for tell in tuple(self._watchers):
            tell()


@dataclass(slots=True, eq=False)
class Link:
    """One client's connection and the one to the server behind."""

    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ended: set[str] = field(default_factory=set)
    """The directions that have been ended; what still comes that way vanishes."""
    is_cut: bool = False
    """Whether it was closed or reset."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def writers(self) -> tuple[asyncio.StreamWriter, asyncio.StreamWriter]:
        """What writes to the client, and to the server."""
        return self.client[1], self.server[1]

    async def held(self, direction: Direction) -> None:
        """Wait while a black hole lets nobody that way learn of an end."""
        tell = partial(asyncio.get_running_loop().call_soon_threadsafe, self._changed.set)
        with direction.watched(tell):
            while direction.swallows and not self.is_cut:
                self._changed.clear()
                await self._changed.wait()

    def reset(self) -> None:
        """Reset both connections."""
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.family != socket.AF_UNIX and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()
        self._cut()

    def close(self) -> None:
        """Close both in good order."""
        for writer in self.writers:
            writer.close()
        self._cut()

    def end(self, direction: Direction, writer: asyncio.StreamWriter) -> None:
        """End one direction; the second closes both connections."""
        if direction.name not in self.ended:
            self.ended.add(direction.name)
            if not writer.is_closing():
                try:
                    writer.write_eof()
                except OSError as error:
                    if error.errno != errno.ENOTCONN:  # reset by its peer, which its own reader will tell
                        raise
        if len(self.ended) == 2:
            self.close()

    def _cut(self) -> None:
        self.is_cut = True
        self._changed.set()
