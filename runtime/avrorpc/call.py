"""A call and its reply, and what travels beside them: deadline and metadata.

`current_call` tells a running implementation what its caller allowed. Nothing else of the caller's context
crosses a call, whatever the placement.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from avrorpc.errors import Code, StatusError
from avrorpc.method import Method
from avrorpc.principal import Principal


class Clock(Protocol):
    """Time as an argument: seconds from an arbitrary start, and waiting."""

    def now(self) -> float:
        """Return the time in seconds; it never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class BlockingClock:
    """Real time for synchronous callers: its `sleep` never suspends the coroutine that awaits it."""

    def now(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)  # noqa: ASYNC251 - a synchronous caller has nothing else to do


class AsyncClock:
    """The time of an event loop, for asynchronous callers; by default of the running one.

    With a loop given, `now` may be asked in any thread.
    """

    __slots__ = ("_time",)

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._time: Final[Callable[[], float]] = _running_time if loop is None else loop.time

    def now(self) -> float:
        """Return the loop's time in seconds."""
        return self._time()

    async def sleep(self, seconds: float) -> None:
        """Suspend the running task."""
        await asyncio.sleep(seconds)


def _running_time() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class CallContext:
    """What a running implementation may know of its call."""

    deadline: float | None = None
    """When the caller stops waiting, on the clock of the call; None for never."""
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    """What the caller sent beside the arguments."""
    principal: Principal | None = None
    """Who the caller is; None where the placement does not prove it."""
    clock: Clock = field(default_factory=BlockingClock)
    """The clock of the call."""

    def remaining(self) -> float | None:
        """Return the seconds left until the deadline, negative when it has passed."""
        return None if self.deadline is None else self.deadline - self.clock.now()


_current: ContextVar[CallContext | None] = ContextVar("avrorpc_call", default=None)


def current_call() -> CallContext | None:
    """Return the call that this code serves, or None outside of any."""
    return _current.get()


def enter_call(context: CallContext) -> None:
    """Mark the running context as serving a call; for the runtime's own use."""
    _current.set(context)


@dataclass(slots=True)
class Call:
    """One call on its way through middleware."""

    method: Method[Any]
    arguments: tuple[Any, ...]
    """The arguments, in the order of the message's parameters; the last is an async iterator of items where
    the request is a stream.
    """
    clock: Clock
    deadline: float | None = None
    """On the clock of this call."""
    metadata: dict[str, bytes] = field(default_factory=dict)
    principal: Principal | None = None
    """On the server's side: who the caller is; None where the connection does not prove it."""
    peer: str | None = None
    """The address of the other end; None where that is this process."""

    def remaining(self) -> float | None:
        """Return the seconds left.

        Raises:
            StatusError: DEADLINE_EXCEEDED when none are.
        """
        if self.deadline is None:
            return None
        left = self.deadline - self.clock.now()
        if left <= 0:
            raise deadline_exceeded(self.method)
        return left


@dataclass(slots=True)
class Reply:
    """What a call gave."""

    value: Any
    """The result; where the response is a stream, an async iterator of items, with `aclose`."""
    metadata: Mapping[str, bytes] = field(default_factory=dict)


def deadline_exceeded(method: Method[Any]) -> StatusError:
    """Return the error of a call whose time ran out."""
    return StatusError(Code.DEADLINE_EXCEEDED, f"{method.full_name} did not answer in time")


@dataclass(slots=True, frozen=True, kw_only=True)
class Options:
    """What a client asks for in each of its calls."""

    timeout: float | None = None
    """Seconds allowed for each call."""
    metadata: Mapping[str, bytes] = field(default_factory=dict)

    def deadline(self, method: Method[Any], clock: Clock) -> float | None:
        """Return the earliest of the ambient deadline, this client's, and the contract's default."""
        return earliest_deadline(method, clock, self.timeout)


def earliest_deadline(method: Method[Any], clock: Clock, timeout: float | None) -> float | None:
    """Return the earliest of the ambient deadline, `timeout` seconds from now, and the contract's default."""
    ambient = _current.get()
    if ambient is None and timeout is None and method.timeout is None:
        return None
    now = clock.now()
    left = None if ambient is None else ambient.remaining()
    deadline = None if left is None else now + left
    for allowed in (timeout, method.timeout):
        if allowed is not None and (deadline is None or now + allowed < deadline):
            deadline = now + allowed
    return deadline
