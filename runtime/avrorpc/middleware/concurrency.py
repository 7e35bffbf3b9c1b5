"""A bound on the calls under way at once, with a bounded queue before it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING

from avrorpc.call import Call, Reply
from avrorpc.errors import Code, StatusError
from avrorpc.middleware.waiting import wait_until
from avrorpc.middleware.watching import Ending, Watch, watched
from avrorpc.service import Service

if TYPE_CHECKING:
    from asyncio import Future


class ConcurrencyLimit:
    """Lets so many calls through at once, lets some more wait, and refuses the rest with RESOURCE_EXHAUSTED.

    A call that gives a stream counts until the stream has ended. Who waits is served in order, for as long as
    its deadline allows. One object is one limit, in however many chains it stands.

    Args:
        max_in_flight: How many calls may be under way.
        max_waiting: How many may wait for one of them to end. Waiting needs an event loop: synchronous
            clients take 0.
    """

    def __init__(self, max_in_flight: int, *, max_waiting: int = 0) -> None:
        if max_in_flight < 1 or max_waiting < 0:
            raise ValueError("max_in_flight is at least 1, and max_waiting at least 0")
        self.max_in_flight = max_in_flight
        """How many calls may be under way."""
        self.max_waiting = max_waiting
        """How many may wait."""
        self._in_flight = 0
        self._waiting: deque[Future[None]] = deque()
        # Reentrant: a stream that is collected as garbage gives its place back, whatever this thread does.
        self._lock = threading.RLock()

    @property
    def needs_loop(self) -> bool:
        """Whether it may wait, which synchronous clients cannot."""
        return self.max_waiting > 0

    @property
    def in_flight(self) -> int:
        """How many calls are under way now."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """How many calls wait now."""
        return len(self._waiting)

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            place = self._enter(call)
            if place is not None:
                await self._wait(call, place)
            return await watched(service, call, _Place(self))

        return serve

    def _enter(self, call: Call) -> Future[None] | None:
        """Take a place, or return what to wait for."""
        with self._lock:
            if self._in_flight < self.max_in_flight:
                self._in_flight += 1
                return None
            if len(self._waiting) < self.max_waiting:
                place = asyncio.get_running_loop().create_future()
                self._waiting.append(place)
                return place
        queue = f", and max_waiting={self.max_waiting} wait" if self.max_waiting else ""
        raise StatusError(
            Code.RESOURCE_EXHAUSTED,
            f"{call.method.full_name}: max_in_flight={self.max_in_flight} calls are under way{queue}",
        )

    async def _wait(self, call: Call, place: Future[None]) -> None:
        try:
            await wait_until(call, place)
        except BaseException:
            self._give_up(place)
            raise

    def _give_up(self, place: Future[None]) -> None:
        with self._lock:
            if place in self._waiting:
                self._waiting.remove(place)
                return
        self._leave()  # it had been given a place in the meantime

    def _leave(self) -> None:
        """Give a place back: to who waits longest, where somebody does."""
        with self._lock:
            if not self._waiting:
                self._in_flight -= 1
                return
            place = self._waiting.popleft()
        # Garbage is collected in any thread, and a future belongs to its loop's.
        place.get_loop().call_soon_threadsafe(_grant, place)


class _Place(Watch):
    __slots__ = ("_limit",)

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self._limit = limit

    def ended(self, ending: Ending) -> None:
        self._limit._leave()


def _grant(place: Future[None]) -> None:
    if not place.done():
        place.set_result(None)
