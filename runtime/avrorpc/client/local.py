"""`local:` and `verify:` for synchronous callers, and what makes clients of both colours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextvars import Context
from functools import partial
from inspect import isawaitable
from typing import Any, TypeVar

from avrorpc.binding import Binding
from avrorpc.call import (
    BlockingClock,
    Call,
    Options,
)
from avrorpc.client.conversation import Conversation, Outbox
from avrorpc.client.local_async import AsyncLocalChannel
from avrorpc.client.local_calls import LocalCalls, enter
from avrorpc.client.local_stream import LocalStream
from avrorpc.client.streams import SyncStream
from avrorpc.driving import as_coroutine, drive
from avrorpc.errors import BindError
from avrorpc.method import Method
from avrorpc.service import Middleware
from avrorpc.streaming import (
    DrivenIncoming,
    Pump,
    SentItems,
    Steps,
    SyncItems,
    ThreadedSteps,
    steps_of,
)
from avrorpc.stub import AsyncClient, Client

R = TypeVar("R")


class LocalChannel(LocalCalls):
    """For synchronous callers."""

    asynchronous = False

    def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Call the implementation."""
        value: R
        if method.item is not None:
            arguments = (*arguments[:-1], SyncItems(arguments[-1], method.item))
        elif self._chain is None:
            value = self._run(self._call(method, arguments, BlockingClock()))
            return value
        value = drive(self._begin(self._call(method, arguments, BlockingClock())))
        return value

    def iterate(self, method: Method[R], /, *arguments: Any) -> Iterator[R]:
        """Return the items of a response stream, whose call begins when the first is asked for."""
        return SyncStream(lambda: self._begin(self._call(method, arguments, BlockingClock())), _anywhere)

    def converse(self, method: Method[R], /, *arguments: Any) -> Conversation[Any, R]:
        """Return a two-way stream, whose call begins when it is first used."""

        def begin(outbox: Outbox[Any]) -> Coroutine[Any, Any, AsyncIterator[R]]:
            return self._begin(self._call(method, (*arguments, outbox), BlockingClock()))

        return Conversation(begin, _anywhere)

    def close(self) -> None:
        """Do nothing: the implementation is not this client's."""

    async def _once(self, call: Call) -> Any:
        return self._run(call)

    async def _take(self, call: Call) -> Any:
        sent, target = self._sent(call), self._targets[call.method.name]
        incoming = DrivenIncoming(sent, call.method.full_name, is_async=target.is_async)
        try:
            return self._run(call, incoming, sent)
        finally:
            await incoming.aclose()
            await sent.aclose()

    async def _give(self, call: Call) -> LocalStream:
        arguments, context, target = self._send(call), Context(), self._targets[call.method.name]
        function = partial(enter, target, call)
        if not call.method.streaming.takes_stream:

            async def begin() -> Steps:
                value = context.run(function, arguments)
                return steps_of(await value if isawaitable(value) else value, context)

            return self._stream(call, arguments, begin, None, timed=False)
        sent = self._sent(call)
        what = call.method.full_name
        steps = ThreadedSteps(
            function, arguments, context, what, is_async=target.is_async, left=call.remaining
        )

        async def begun() -> Steps:
            return steps

        await Pump(steps.feed(sent), sent, partial(self._told, call.method))
        return self._stream(call, arguments, begun, sent, sent, timed=False)

    def _run(self, call: Call, incoming: DrivenIncoming | None = None, sent: SentItems | None = None) -> Any:
        arguments = self._send(call)
        context = Context()
        failed: BaseException | None = None
        value: Any = None
        call.remaining()
        given = arguments if incoming is None else (*arguments, incoming)
        try:
            value = context.run(enter, self._targets[call.method.name], call, given)
            if isawaitable(value):
                value = context.run(drive, as_coroutine(value))
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001 - the boundary of the implementation
            failed = error
        if sent is not None and sent.failed is not None:
            raise self._own(sent.failed)
        return self._finish(call, arguments, value, failed)


def connect_local(
    client_type: type[Client] | type[AsyncClient],
    binding: Binding,
    options: Options,
    middleware: tuple[Middleware, ...],
    *,
    verify: bool,
    expose_cause: bool,
) -> Client | AsyncClient:
    """Return a client of an implementation in this process.

    Raises:
        BindError: The implementation does not fit.
    """
    if issubclass(client_type, AsyncClient):
        channel = AsyncLocalChannel(
            client_type, binding, options, middleware, verify=verify, expose_cause=expose_cause
        )
        return client_type(channel)
    if not issubclass(client_type, Client):
        raise BindError(f"{client_type!r} is no generated client")
    return client_type(
        LocalChannel(client_type, binding, options, middleware, verify=verify, expose_cause=expose_cause)
    )


def _anywhere() -> None:
    """Check nothing: a synchronous caller may use an implementation in this process wherever it is."""
