"""Each fault in each kind of call, over each transport, in each colour: what callers learn, what was done.

A row of `FAULTS` says what a fault means; where a transport or a kind differs, the row says so.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from avrorpc import Code, ConnectionLost, StatusError
from avrorpc.testing import Bandwidth, BlackHole, Latency, Proxy, Slicer, Toxic, Truncate
from support.books import PATIENCE, Books
from support.callers import CALLERS, COLOURS, KINDS, RESULTS, outcome
from support.release import Held, released
from support.serving import ServerThread

TRANSPORTS: Final = ("tcp", "unix", "tls", "http", "ws")
DEADLINE: Final = 0.15
LATER: Final = 0.4
"""A deadline before which a call must have begun, on a busy machine too."""


def works(found: Any, kind: str) -> None:
    """The caller gets what it asked for."""
    if isinstance(found, BaseException):
        raise found
    assert found == RESULTS[kind]


def lost(found: Any, kind: str) -> None:
    """The caller learns that the connection is lost."""
    assert isinstance(found, ConnectionLost), repr(found)


def expires(found: Any, kind: str) -> None:
    """The caller learns that its time is over."""
    assert isinstance(found, StatusError), repr(found)
    assert found.code is Code.DEADLINE_EXCEEDED, repr(found)


def refused(found: Any, kind: str) -> None:
    """The caller learns that the transport cannot do it."""
    assert isinstance(found, StatusError), repr(found)
    assert found.code is Code.UNIMPLEMENTED, repr(found)


Verdict = Callable[[Any, str], None]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what must come of it."""

    inject: Callable[[Proxy], None]
    verdict: Verdict
    """What the caller learns."""
    begins: int = 1
    """How often the implementation runs."""
    in_mid_call: bool = False
    """Whether it goes wrong while the implementation runs, and not from the start."""
    gives_up: Callable[[str, str], bool] = lambda transport, kind: False
    """Whether the implementation is cancelled, by transport and kind."""
    timeout: float | None = None
    where: tuple[tuple[tuple[str, str], Verdict], ...] = ()
    """What the caller learns instead over some transports, in some kinds."""

    def verdict_for(self, transport: str, kind: str) -> Verdict:
        return dict(self.where).get((transport, kind), self.verdict)


def always(transport: str, kind: str) -> bool:
    return True


def not_in_plain_http(transport: str, kind: str) -> bool:
    """Where a client that leaves in good order and one that only sends no more look alike."""
    return transport != "http" or kind in ("response", "request")


def both_ways(toxic: Toxic) -> Callable[[Proxy], None]:
    def inject(proxy: Proxy) -> None:
        proxy.to_server.add(toxic)
        proxy.to_client.add(toxic)

    return inject


swallow: Final = both_ways(BlackHole())


def cut_off(proxy: Proxy) -> None:
    """Reset all connections, and wait until that is done."""
    proxy.reset()
    end = time.monotonic() + PATIENCE
    while proxy.statistics.open and time.monotonic() < end:
        proxy.resume()
    proxy.resume()
    assert not proxy.statistics.open


def lose_the_reply(proxy: Proxy) -> None:
    proxy.to_client.add(Truncate())


def cut_the_reply(proxy: Proxy) -> None:
    if proxy.statistics.accepted == 1:
        proxy.to_client.add(Truncate(proxy.to_client.received + 3))
    else:  # HTTP has asked before whether the server knows streams, on another connection
        lose_the_reply(proxy)


FAULTS: Final[dict[str, Fault]] = {
    "nothing": Fault(lambda proxy: None, works),
    "latency": Fault(both_ways(Latency(0.004)), works),
    "one-byte-writes": Fault(both_ways(Slicer(1)), works),
    "bandwidth-cap": Fault(lambda proxy: proxy.to_server.add(Bandwidth(200_000.0)), works),
    "black-hole-before": Fault(swallow, expires, begins=0, timeout=DEADLINE),
    "black-hole-in-mid-call": Fault(swallow, expires, in_mid_call=True, gives_up=always, timeout=LATER),
    "reset": Fault(Proxy.reset, lost, in_mid_call=True, gives_up=always),
    "closed": Fault(Proxy.disconnect, lost, in_mid_call=True, gives_up=not_in_plain_http),
    "half-close-to-client": Fault(
        lambda proxy: proxy.half_close(proxy.to_client), lost, in_mid_call=True, gives_up=always
    ),
    "half-close-to-server": Fault(
        lambda proxy: proxy.half_close(proxy.to_server),
        lost,
        in_mid_call=True,
        gives_up=not_in_plain_http,
        # Who speaks our frames has left when he sends no more; who posts plain Avro may wait for the reply.
        where=((("http", "unary"), works), (("http", "idempotent"), works)),
    ),
    "reply-lost": Fault(lose_the_reply, lost, in_mid_call=True),
    "reply-cut-short": Fault(cut_the_reply, lost, in_mid_call=True),
}
CELLS: Final = tuple(itertools.product(FAULTS, TRANSPORTS, COLOURS, KINDS))
_seen: set[tuple[str, ...]] = set()


def marks(cell: tuple[str, str, str, str]) -> tuple[pytest.MarkDecorator, ...]:
    """Run of each six cells one: each fault, transport and colour, and in turn each kind."""
    name, transport, colour, kind = cell
    turn = list(FAULTS).index(name) + TRANSPORTS.index(transport) + COLOURS.index(colour)
    return () if turn % len(KINDS) == KINDS.index(kind) else (pytest.mark.long,)


@pytest.fixture(scope="module")
def books() -> Books:
    return Books()


@pytest.fixture(scope="module")
def server(books: Books) -> Iterator[ServerThread]:
    with ServerThread(books) as served:
        yield served


def url_of(server: ServerThread, transport: str) -> str:
    if transport == "ws":
        return server.http.replace("http:", "ws:", 1)
    url: str = getattr(server, transport)
    return url


@pytest.mark.parametrize(
    ("name", "transport", "colour", "kind"), [pytest.param(*cell, marks=marks(cell)) for cell in CELLS]
)
def test_a_fault(
    name: str, transport: str, colour: str, kind: str, server: ServerThread, books: Books
) -> None:
    fault, key = FAULTS[name], f"{name}/{transport}/{colour}/{kind}"
    is_refused = transport == "http" and kind == "both"
    # A one-way call is over when it is sent: nothing can happen to it in its middle. HTTP answers it, though.
    is_over = is_refused or (kind == "one-way" and fault.in_mid_call)
    verdict = refused if is_refused else works if is_over else fault.verdict_for(transport, kind)
    begins = 0 if is_refused else fault.begins
    gives_up = fault.gives_up(transport, kind) and not is_over
    with released(Held(server)), Proxy(url_of(server, transport)) as proxy:
        with CALLERS[colour](proxy.url, timeout=fault.timeout) as caller:
            try:
                if not fault.in_mid_call:
                    fault.inject(proxy)
                future = caller.start(kind, key, hold=fault.in_mid_call)
                if fault.in_mid_call and not is_refused:
                    books.wait(books.begun if is_over else books.held, key)
                    if is_over:
                        outcome(future)
                    fault.inject(proxy)
                    if not gives_up:
                        books.release(key)
                verdict(outcome(future), kind)
                books.wait_for_end(key, begins)
                assert books.given_up[key] == gives_up
                proxy.to_server.clear()
                proxy.to_client.clear()
                if fault.in_mid_call or fault.begins == 0:
                    cut_off(proxy)
                works(outcome(caller.start("unary", f"{key} again")), "unary")
                books.wait_for_end(f"{key} again", 1)
            finally:
                books.release(key)
    assert books.begun[key] == begins, "a call was made again after its end"
    _seen.add((name, transport, colour, kind))


def test_no_cell_was_left_out(request: pytest.FixtureRequest) -> None:
    """Whatever was asked for ran to its end; a selection by hand aside, that is every sixth cell, or all."""
    asked = {item.name for item in request.session.items if item.name.startswith("test_a_fault[")}
    short = {cell for cell in CELLS if not marks(cell)}
    assert len(short) == len(CELLS) // len(KINDS)
    for values in (FAULTS, TRANSPORTS, COLOURS, KINDS):
        assert all(any(value in cell for cell in short) for value in values)
    if len(asked) == len(CELLS):
        assert _seen == set(CELLS)
    elif len(asked) == len(short):
        assert _seen == short
