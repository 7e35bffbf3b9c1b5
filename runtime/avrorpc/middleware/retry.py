"""Trying again what failed in passing, and only what may be done twice.

Exponential back-off with full jitter, as Amazon's Builders' Library describes it; the budget is Finagle's,
the push-back gRPC's (A6).
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from avrorpc.call import Call, Reply
from avrorpc.contracts import RetryInfo
from avrorpc.errors import Code, ConnectError, StatusError, TransportError
from avrorpc.method import Method
from avrorpc.middleware.budget import Budget
from avrorpc.middleware.effects import is_idempotent
from avrorpc.service import Service

RETRIED: Final = frozenset({Code.UNAVAILABLE})
"""The codes that are tried again unless others are named."""


class Retry:
    """Tries calls again, where that is safe and promising.

    A call of any message is tried again after `ConnectError`, since nothing of it was sent; after a lost
    connection or one of the codes only where the message is `@idempotent` or `@readonly`. A stream of
    responses is tried again before its first item only, a call with a stream of requests never. A server that
    says when to come back (`RetryInfo`) is obeyed. No wait goes beyond the call's deadline.

    Args:
        attempts: How often a call is made at most, the first time included.
        codes: Status codes after which an idempotent call is tried again.
        initial: The longest wait before the second attempt, in seconds; it doubles with each. The wait is
            chosen between zero and this.
        longest: What no wait exceeds, in seconds, unless the server asks for it.
        budget: How many calls may be repeated among all; its own unless given.
        choose: Gives a number from 0 to 1 for each wait.
    """

    def __init__(
        self,
        attempts: int = 3,
        *,
        codes: Collection[Code] = RETRIED,
        initial: float = 0.05,
        longest: float = 5.0,
        budget: Budget | None = None,
        choose: Callable[[], float] = random.random,
    ) -> None:
        if attempts < 1:
            raise ValueError(f"a call is attempted at least once, not {attempts} times")
        if initial < 0 or longest < initial:
            raise ValueError(f"waits from 0 to {initial} and up to {longest} seconds make no sense")
        self._attempts = attempts
        self._codes = frozenset(codes)
        self._initial = initial
        self._longest = longest
        self._budget = budget or Budget()
        self._choose = choose

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            streaming = call.method.streaming
            if streaming.takes_stream:
                return await service(call)
            self._budget.deposit(call.clock.now())
            if streaming.gives_stream:
                stream = _Stream(self, service, call)
                await stream.open()
                return Reply(stream, _Metadata(stream))
            attempt = 1
            while True:
                try:
                    return await service(_fresh(call))
                except (StatusError, TransportError) as error:
                    await self.again(call, error, attempt)
                attempt += 1

        return serve

    async def again(self, call: Call, error: StatusError | TransportError, attempt: int) -> None:
        """Wait until a failed call may be tried again; raise its error where it may not."""
        if not self._is_passing(call.method, error):
            raise error
        if attempt >= self._attempts:
            error.add_note(f"given up after attempts={attempt}")
            raise error
        pause = retry_after(error)
        if pause is None:
            pause = self._choose() * min(self._initial * 2.0 ** (attempt - 1), self._longest)
        elif pause < 0:
            error.add_note("the server asks not to be tried again")
            raise error
        now = call.clock.now()
        if call.deadline is not None and now + pause >= call.deadline:
            error.add_note("not tried again: the deadline comes first")
            raise error
        if not self._budget.withdraw(now):
            error.add_note("not tried again: the budget of repeated calls is used up")
            raise error
        if pause:
            await call.clock.sleep(pause)

    def _is_passing(self, method: Method[Any], error: StatusError | TransportError) -> bool:
        if isinstance(error, ConnectError):
            return True
        if isinstance(error, StatusError) and error.code not in self._codes:
            return False
        return is_idempotent(method)


def retry_after(error: BaseException) -> float | None:
    """Return the seconds after which a server asks to be called again: the `RetryInfo` of an error.

    Below zero it asks not to be; None says nothing.
    """
    details = error.details if isinstance(error, StatusError) else ()
    return next((detail.seconds for detail in details if isinstance(detail, RetryInfo)), None)


def _fresh(call: Call) -> Call:
    """Return the call as it is, whatever one attempt does to it."""
    return replace(call, metadata=dict(call.metadata))


class _Stream:
    """A stream of responses that begins anew until its first item came."""

    def __init__(self, retry: Retry, service: Service, call: Call) -> None:
        self._retry = retry
        self._service = service
        self._call = call
        self._attempt = 0
        self._has_begun = False
        self.reply = Reply(None)

    async def open(self) -> None:
        """Make the call, as often as it takes."""
        while True:
            self._attempt += 1
            try:
                self.reply = await self._service(_fresh(self._call))
            except (StatusError, TransportError) as error:
                await self._retry.again(self._call, error, self._attempt)
            else:
                return

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        while True:
            try:
                item = await anext(self.reply.value)
            except (StatusError, TransportError) as error:
                if self._has_begun:
                    raise
                await self.reply.value.aclose()
                await self._retry.again(self._call, error, self._attempt)
                await self.open()
            else:
                self._has_begun = True
                return item

    async def aclose(self) -> None:
        """Close the stream."""
        await self.reply.value.aclose()


class _Metadata(Mapping[str, bytes]):
    """The metadata of the attempt that succeeds, which only the end of the stream tells."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream

    def __getitem__(self, key: str) -> bytes:
        return self._stream.reply.metadata[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream.reply.metadata)

    def __len__(self) -> int:
        return len(self._stream.reply.metadata)
