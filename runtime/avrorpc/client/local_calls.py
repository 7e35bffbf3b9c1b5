"""What `local:` and `verify:` clients of both colours share: one frame around the implementation.

It applies what a remote call would: the deadline, an empty context with only what crosses a call, and the
error mapping. It copies and checks nothing; `verify:` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from avrorpc.binding import Binding, Target, targets
from avrorpc.call import (
    Call,
    CallContext,
    Options,
    Reply,
    enter_call,
)
from avrorpc.client.description import Description
from avrorpc.client.local_stream import LocalStream, is_cancelled
from avrorpc.client.verify import Verifier
from avrorpc.codec import acceleration
from avrorpc.driving import needs_loop, suspended
from avrorpc.errors import StatusError, Suspended, ValueChanged
from avrorpc.failure import outcome
from avrorpc.method import Method
from avrorpc.service import Middleware, Service, compose
from avrorpc.streaming import (
    CallStream,
    DrivenIncoming,
    Incoming,
    SentItems,
    Steps,
)
from avrorpc.stub import AsyncClient, Client


class CallersOwn(Exception):
    """An error of the caller's own making, on its way through a binding's middleware."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


class LocalCalls:
    """What the channels of both colours share."""

    asynchronous: bool

    def __init__(
        self,
        client_type: type[Client] | type[AsyncClient],
        binding: Binding,
        options: Options,
        middleware: tuple[Middleware, ...],
        *,
        verify: bool,
        expose_cause: bool,
    ) -> None:
        self.contract = client_type.__contract__
        self.binding = binding
        self.options = options
        self._client_type = client_type
        self._middleware = middleware
        self._verify = verify
        self._expose_cause = expose_cause
        self._targets = targets(client_type, binding.implementation)
        self._verifier = Verifier(self.contract) if verify else None
        self._chain: Service | None = None
        self._inner: Service = compose(binding.middleware, self._terminal)
        if binding.middleware:
            self._chain = compose(middleware, self._edge)
        elif middleware:
            self._chain = compose(middleware, self._terminal)

    def __repr__(self) -> str:
        return "verify:" if self._verify else "local:"

    def with_options(self, options: Options) -> Any:
        """Return a channel to the same implementation with other options."""
        return type(self)(
            self._client_type,
            self.binding,
            options,
            self._middleware,
            verify=self._verify,
            expose_cause=self._expose_cause,
        )

    def describe(self) -> Description:
        """Return what this channel is."""
        placement = "verify" if self._verify else "local"
        is_async = {target.is_async for target in self._targets.values()}
        kinds = " and ".join(word for word, flag in (("def", False), ("async def", True)) if flag in is_async)
        return Description(
            placement=placement,
            url=f"{placement}:",
            contract=self.contract.name,
            hash=self.contract.hash.hex(),
            asynchronous=self.asynchronous,
            details={
                "implementation": f"{type(self.binding.implementation).__qualname__} ({kinds})",
                "calls": "through the full Avro encoding, compared"
                if self._verify
                else "in this process, uncopied",
                **({"codec": acceleration.description} if self._verify else {}),
            },
        )

    async def _terminal(self, call: Call) -> Reply:
        """Answer a call, at the end of all middleware."""
        if call.method.streaming.gives_stream:
            return Reply(await self._give(call))
        if call.method.streaming.takes_stream:
            return Reply(await self._take(call))
        return Reply(await self._once(call))

    async def _edge(self, call: Call) -> Reply:
        """Answer a call through the binding's own middleware, which sees what the implementation raised.

        What comes out of that is told to the caller as a server would.
        """
        try:
            return await self._inner(call)
        except ValueChanged:
            raise  # `verify:` says so to both sides
        except CallersOwn as own:
            failed: BaseException = own.error
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            failed = self._told(call.method, error)
        except Exception as error:  # noqa: BLE001 - the boundary of the implementation
            failed = self._told(call.method, error)
        raise failed

    async def _once(self, call: Call) -> Any:
        raise NotImplementedError

    async def _take(self, call: Call) -> Any:
        raise NotImplementedError

    async def _give(self, call: Call) -> LocalStream:
        raise NotImplementedError

    async def _begin(self, call: Call) -> Any:
        return (await (self._chain or self._terminal)(call)).value

    def _call(self, method: Method[Any], arguments: tuple[Any, ...], clock: Any) -> Call:
        deadline = self.options.deadline(method, clock)
        return Call(method, arguments, clock, deadline, dict(self.options.metadata))

    def _send(self, call: Call) -> tuple[Any, ...]:
        """Return the arguments as they are passed on, without one that is a stream."""
        plain, verifier = _plain(call), self._verifier
        try:
            return plain if verifier is None else verifier.send(call.method, plain)
        except StatusError as error:
            raise self._own(error) from None

    def _own(self, error: BaseException) -> BaseException:
        """Return an error of the caller's own making, as it passes through the binding's middleware."""
        return CallersOwn(error) if self.binding.middleware else error

    def _sent(self, call: Call) -> SentItems:
        """Return the items of a request stream as they are passed on."""
        verifier = self._verifier
        convert = _as_it_is if verifier is None else partial(verifier.send_item, call.method)
        return SentItems(call.arguments[-1], convert)

    def _stream(
        self,
        call: Call,
        arguments: tuple[Any, ...],
        begin: Callable[[], Awaitable[Steps]],
        sent: SentItems | None,
        *parts: Incoming | DrivenIncoming | SentItems,
        timed: bool,
    ) -> LocalStream:
        method, verifier = call.method, self._verifier

        def receive(item: Any, number: int) -> Any:
            return item if verifier is None else verifier.receive(method, item, f"the item [{number}]")

        def ended() -> None:
            if verifier is not None:
                verifier.unchanged(method, _plain(call), arguments)

        stream = CallStream(call, begin, *parts, timed=timed)
        return LocalStream(stream, sent, receive=receive, failed=partial(self._told, method), ended=ended)

    def _error(self, method: Method[Any], error: BaseException) -> Exception:
        return outcome(method, error, expose_cause=self._expose_cause)

    def _finish(
        self, call: Call, arguments: tuple[Any, ...], value: Any, failed: BaseException | None
    ) -> Any:
        """Return the result or raise the error, as a caller sees them; arguments as they were passed on."""
        method, verifier = call.method, self._verifier
        if verifier is not None:
            verifier.unchanged(method, _plain(call), arguments)
        if method.message.one_way:
            if failed is not None:
                # Logged, as a server would: the caller of a one-way message does not wait to hear.
                self._error(method, failed)
            return None
        call.remaining()
        if failed is None:
            return value if verifier is None else verifier.receive(method, value)
        # Raised out here, where no exception is being handled, so that no trace of what was redacted remains.
        raise failed if self.binding.middleware else self._told(method, failed)

    def _told(self, method: Method[Any], failed: BaseException) -> Exception:
        """Return what the caller is told of what an implementation raised."""
        if needs_loop(failed):
            return suspended(method.full_name)
        if isinstance(failed, Suspended):
            return failed
        error = self._error(method, failed)
        return error if self._verifier is None else self._verifier.receive_error(method, error)


def enter(target: Target, call: Call, arguments: tuple[Any, ...]) -> Any:
    """Call an implementation, in a context that knows of this call."""
    enter_call(CallContext(call.deadline, call.metadata, call.principal, call.clock))
    return target(arguments)


def _plain(call: Call) -> tuple[Any, ...]:
    return call.arguments[:-1] if call.method.streaming.takes_stream else call.arguments


def _as_it_is(item: Any, _: int) -> Any:
    return item
