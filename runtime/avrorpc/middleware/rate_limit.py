"""So many calls in so much time, for each caller: what comes on top is refused with the time to wait.

The generic cell rate algorithm (ITU-T I.371): one number per caller, no counting window, bursts up to the
limit. Replies say what is left in the metadata `ratelimit` and `ratelimit-policy`, which REST has as the
header fields of the IETF's draft "RateLimit header fields for HTTP".
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from avrorpc.call import Call, Reply
from avrorpc.contracts import RetryInfo
from avrorpc.errors import Code, StatusError
from avrorpc.service import Service

LIMIT: Final = "ratelimit"
"""The metadata that says what is left."""
POLICY: Final = "ratelimit-policy"
"""The metadata that says what the limit is."""
MOST_CALLERS: Final = 100_000
"""Callers that are remembered; those who called longest ago are forgotten first."""


def by_caller(call: Call) -> str:
    """Return who is limited: who the caller proved to be, else the host that the call came from."""
    if call.principal is not None:
        return f"principal:{call.principal.name}"
    return "" if call.peer is None else call.peer.rpartition(":")[0]


class RateLimit:
    """Lets a number of calls through in a time, for each caller.

    Beyond it calls end with RESOURCE_EXHAUSTED and a `RetryInfo`; over REST, 429 with `Retry-After`.

    Args:
        calls: How many.
        seconds: In which time.
        key: Gives who is limited; by default `by_caller`.
        messages: The messages that count, as `protocol/message`; None for all.
    """

    def __init__(
        self,
        calls: int,
        seconds: float,
        *,
        key: Callable[[Call], str] = by_caller,
        messages: frozenset[str] | None = None,
    ) -> None:
        if calls < 1 or seconds <= 0:
            raise ValueError("a rate limit is at least one call in more than no time")
        self._calls: Final = calls
        self._seconds: Final = seconds
        self._key: Final = key
        self._messages: Final = messages
        self._due: OrderedDict[str, float] = OrderedDict()
        """When each caller would have used up nothing."""
        self._lock: Final = threading.Lock()

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            if self._messages is not None and call.method.full_name not in self._messages:
                return await service(call)
            told = self._take(self._key(call), call.clock.now())
            reply = await service(call)
            return replace(reply, metadata={**reply.metadata, **told})

        return serve

    def _take(self, caller: str, now: float) -> Mapping[str, bytes]:
        """Count a call, and return what a reply says of it.

        Raises:
            StatusError: RESOURCE_EXHAUSTED, it is one too many.
        """
        each = self._seconds / self._calls
        with self._lock:
            due = max(self._due.get(caller, now), now)
            wait = due + each - now - self._seconds
            if wait <= 1e-9:
                self._due[caller] = due + each
                self._due.move_to_end(caller)
                if len(self._due) > MOST_CALLERS:
                    self._due.popitem(last=False)
        if wait > 1e-9:
            raise StatusError(
                Code.RESOURCE_EXHAUSTED,
                f"more than {self._calls} calls in {self._seconds:g} s",
                details=[RetryInfo(seconds=wait)],
            )
        used = due + each - now
        left, reset = int((self._seconds - used + 1e-9) / each), math.ceil(used)
        policy = f'"default";q={self._calls};w={math.ceil(self._seconds)}'
        return {LIMIT: f'"default";r={left};t={reset}'.encode(), POLICY: policy.encode()}
