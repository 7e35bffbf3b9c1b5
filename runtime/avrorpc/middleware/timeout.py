"""A deadline for each call that passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from avrorpc.call import Call, Reply
from avrorpc.service import Service


class Timeout:
    """Gives each call a deadline; an earlier one that it has already stays.

    Inside of `Retry` it bounds each attempt, outside of it all of them together. The ends keep the deadline:
    a server cancels the work, and a client stops waiting.

    Args:
        seconds: How long a call may take, streams included; None for no bound.
        messages: Other bounds for single messages, by `protocol/message` or by the message's name alone.
    """

    def __init__(self, seconds: float | None, *, messages: Mapping[str, float | None] | None = None) -> None:
        self._seconds = seconds
        self._messages = dict(messages or {})
        for value in (seconds, *self._messages.values()):
            if value is not None and value <= 0:
                raise ValueError(f"a timeout is above 0 seconds, not {value}")

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            method = call.method
            seconds = self._messages.get(method.full_name, self._messages.get(method.name, self._seconds))
            if seconds is not None:
                deadline = call.clock.now() + seconds
                if call.deadline is None or deadline < call.deadline:
                    call = replace(call, deadline=deadline)
            return await service(call)

        return serve
