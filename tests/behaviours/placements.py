"""The placements that the suite runs in, and what stands in each of them: a client, a server, a colour."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop
from support.certificates import CERTIFICATES

CROSSED: Final = ((False, True), (True, False))
"""Each colour of client with the other colour of implementation: (is the client async, is the other)."""
EVERY: Final = (*CROSSED, (False, False), (True, True))
EQUAL: Final = ((False, False), (True, True))


@dataclass(slots=True, frozen=True)
class Placement:
    """One way from a client to an implementation."""

    name: str
    url: str
    """What is connected to, or what a server listens at."""
    shown: str = ""
    """What the server adds to its URL."""
    trusted: str = ""
    """What the client adds to the URL that the server says."""
    colours: tuple[tuple[bool, bool], ...] = CROSSED
    """Which colours of client and implementation are run; each colour of either is in all of them."""
    loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop

    @property
    def is_here(self) -> bool:
        """Whether nothing leaves the process."""
        return self.url.endswith(":")

    @property
    def scheme(self) -> str:
        """What `describe` calls it."""
        return self.url.partition(":")[0]

    def listens_at(self, folder: Path) -> str:
        """Return where a server is to listen."""
        return self.url.format(socket=folder / f"{next(_numbers)}.sock") + self.shown

    def connects_to(self, url: str) -> str:
        """Return how a client reaches what a server says that it listens on."""
        return url + self.trusted


_numbers = itertools.count()


def _table() -> Iterator[Placement]:
    own = f"cert={CERTIFICATES.server}&key={CERTIFICATES.server_key}&ca={CERTIFICATES.ca}"
    theirs = f"ca={CERTIFICATES.ca}&cert={CERTIFICATES.client}&key={CERTIFICATES.key(CERTIFICATES.client)}"
    secure: dict[str, Any] = {"shown": f"?{own}", "trusted": f"?{theirs}"}
    here = "127.0.0.1:0"
    yield Placement("direct", "direct:", colours=EQUAL)
    yield Placement("local", "local:", colours=EVERY)
    yield Placement("verify", "verify:", colours=EVERY)
    yield Placement("unix", "unix://{socket}")
    yield Placement("tcp", f"tcp://{here}", colours=EVERY)
    yield Placement("spec", f"tcp://{here}?framing=spec")
    yield Placement("plain", f"tcp://{here}?upgrade=no")
    yield Placement("tls", f"tls://{here}", **secure)
    yield Placement("http", f"http://{here}", colours=EVERY)
    yield Placement("https", f"https://{here}", **secure)
    yield Placement("ws", f"ws://{here}")
    yield Placement("wss", f"wss://{here}", **secure)
    yield Placement("deflate", f"tcp://{here}?compression=deflate", colours=EQUAL[1:])
    yield Placement("zstd", f"tcp://{here}?compression=zstd", colours=EQUAL[:1])
    yield Placement("tcp-uvloop", f"tcp://{here}", colours=EQUAL, loop=uvloop.new_event_loop)


PLACEMENTS: Final = {placement.name: placement for placement in _table()}


@dataclass(slots=True, frozen=True)
class Case:
    """A placement with the colours of both ends."""

    placement: Placement
    is_async: bool
    """Whether the client is asynchronous."""
    serves_async: bool
    """Whether the implementation is `async def`."""

    def __str__(self) -> str:
        client = "async" if self.is_async else "sync"
        return f"{self.placement.name}-{client}-{'async def' if self.serves_async else 'def'}"

    @property
    def cannot_wait(self) -> bool:
        """Whether an `async def` implementation is driven without a loop."""
        return self.placement.is_here and not self.is_async and self.serves_async

    @property
    def shares_loop(self) -> bool:
        """Whether a `def` implementation runs on the event loop of its caller."""
        return self.placement.is_here and self.is_async and not self.serves_async


CASES: Final = [
    Case(placement, *colours) for placement in PLACEMENTS.values() for colours in placement.colours
]
