"""Rapid resets of `def` methods: calls that are cancelled while all threads are busy leave nothing behind."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import avrorpc
import pytest
from avrorpc import Limits, bind
from support.implementations import SyncSmall, SyncStreams
from support.serving import ServerThread
from support.waiting import until
from testcontracts.small import SmallClient
from testcontracts.streams import Piece, Summary

from hostile.peers import Flag, Kind, Peer, Way, encode, opened, string

LIMITS = Limits(max_calls=8)
THREADS = 2
ROUNDS = 400
WAYS = pytest.mark.parametrize("way", ["tcp", "spec", "ws"])


class Blocked(SyncStreams):
    """Holds every thread that it gets."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.begun = threading.Semaphore(0)
        self.ran = 0

    def hold(self) -> None:
        self.ran += 1
        self.begun.release()
        self.gate.wait(20)

    def count(self, to: int, *, pause: float = 0.0, fail_at: int | None = None) -> Iterator[int]:
        self.hold()
        yield 0

    def upload(self, name: str, piece: Iterable[Piece]) -> Summary:
        self.hold()
        return super().upload(name, piece)

    def open_streams(self) -> list[int]:
        self.hold()
        return []


SHAPES = {
    "a unary call": opened(0, "open_streams"),
    "a response stream": opened(0, "count", b"\2" + struct.pack("<d", 0.0) + b"\0"),
    "a request stream": opened(0, "upload", string("x"), Flag.STREAM),
}


def numbered(data: bytes, number: int) -> bytes:
    """Return an OPEN as that of another call."""
    return data[:6] + struct.pack(">I", number) + data[10:]


@pytest.fixture
def blocked() -> Iterator[Blocked]:
    held = Blocked()
    yield held
    held.gate.set()


@pytest.mark.parametrize("own", [False, True], ids=["the server's threads", "an executor of the user's"])
@pytest.mark.parametrize("shape", SHAPES)
@WAYS
def test_cancelled_calls_do_not_fill_the_queue_of_the_threads(
    blocked: Blocked, way: Way, shape: str, own: bool
) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        service = bind(blocked, executor=pool) if own else blocked
        with ServerThread(service, SyncSmall(), limits=LIMITS, threads=THREADS) as server:
            streams = next(each for each in server.server.services if each.name == "streams.Streams")
            lane = streams._executor
            inner = pool if own else lane._inner  # type: ignore[attr-defined]
            with Peer(server, way) as peer:
                peer.shake()
                for number in range(1, ROUNDS):
                    peer.send(numbered(SHAPES[shape], number))
                    if number <= THREADS:
                        assert blocked.begun.acquire(timeout=10)
                    peer.send(encode(Kind.CANCEL, number) + encode(Kind.PING, 0, bytes(8)))
                    while peer.next().kind is not Kind.PONG:
                        continue
                server.run(until(lambda: lane.waiting == 0))  # type: ignore[attr-defined]
                assert getattr(inner, "_work_queue").qsize() == 0  # noqa: B009 - no Executor promises it
                assert server.run(_calls(server)) <= THREADS
                assert blocked.ran == THREADS
                blocked.gate.set()
            with avrorpc.connect(SmallClient, server.tcp, timeout=10) as other:
                assert other.double(2) == 4
            assert blocked.ran == THREADS


async def _calls(server: ServerThread) -> int:
    return server.server._calls.number
