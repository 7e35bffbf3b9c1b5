"""All calls at once: each kind, over each transport, in each colour, held at one server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from support.callers import CALLERS, COLOURS, KINDS, AsyncCaller, SyncCaller
from support.serving import ServerThread

TRANSPORTS: Final = ("tcp", "unix", "tls", "http", "ws")
HELD_KINDS: Final = tuple(kind for kind in KINDS if kind != "one-way")
"""The kinds that wait for something."""
CELLS: Final = tuple(
    (transport, colour, kind)
    for transport, colour, kind in itertools.product(TRANSPORTS, COLOURS, HELD_KINDS)
    if (transport, kind) != ("http", "both")  # which HTTP refuses
)


def urls_of(server: ServerThread) -> dict[str, str]:
    """Return a server's address by transport."""
    urls = {transport: getattr(server, transport) for transport in TRANSPORTS if transport != "ws"}
    return urls | {"ws": server.http.replace("http:", "ws:", 1)}


def key_of(cell: tuple[str, str, str]) -> str:
    return "/".join(cell)


class Everybody:
    """A client of each colour for each transport."""

    def __init__(self, callers: dict[tuple[str, str], SyncCaller | AsyncCaller]) -> None:
        self.callers = callers

    def start(self, mark: str = "", *, hold: bool) -> dict[tuple[str, str, str], Future[Any]]:
        """Start a call in each cell, under the cell's key and a mark."""
        return {cell: self.callers[cell[:2]].start(cell[2], key_of(cell) + mark, hold=hold) for cell in CELLS}


@contextmanager
def everybody(urls: dict[str, str], **options: Any) -> Iterator[Everybody]:
    with ExitStack() as stack:
        yield Everybody(
            {
                (transport, colour): stack.enter_context(CALLERS[colour](urls[transport], **options))
                for transport, colour in itertools.product(TRANSPORTS, COLOURS)
            }
        )
