"""`local:`: one frame around the implementation, in this process.

It applies what a remote call would: the deadline, an empty context with only what crosses a call, and the
error mapping. It copies and checks nothing; `verify:` does.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from inspect import isawaitable
from typing import Any, TypeVar

from avrorpc.binding import Binding, Target, targets
from avrorpc.call import (
    AsyncClock,
    BlockingClock,
    Call,
    CallContext,
    Options,
    Reply,
    deadline_exceeded,
    enter_call,
)
from avrorpc.client.description import Description
from avrorpc.client.verify import Verifier
from avrorpc.driving import as_coroutine, drive, run_in, suspended
from avrorpc.errors import BindError, Suspended
from avrorpc.failure import outcome
from avrorpc.method import Method
from avrorpc.service import Middleware, Service, compose
from avrorpc.stub import AsyncClient, Client

R = TypeVar("R")


class _Local:
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
        if middleware or binding.middleware:
            self._chain = compose((*middleware, *binding.middleware), self._terminal)

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
            },
        )

    async def _terminal(self, call: Call) -> Reply:
        raise NotImplementedError

    def _call(self, method: Method[Any], arguments: tuple[Any, ...], clock: Any) -> Call:
        deadline = self.options.deadline(method, clock.now())
        return Call(method, arguments, clock, deadline, dict(self.options.metadata))

    def _send(self, call: Call) -> tuple[Any, ...]:
        verifier = self._verifier
        return call.arguments if verifier is None else verifier.send(call.method, call.arguments)

    def _error(self, method: Method[Any], error: BaseException) -> Exception:
        return outcome(method, error, expose_cause=self._expose_cause)

    def _finish(
        self, call: Call, arguments: tuple[Any, ...], value: Any, failed: BaseException | None
    ) -> Any:
        """Return the result or raise the error, as a caller sees them; arguments as they were passed on."""
        method, verifier = call.method, self._verifier
        if verifier is not None:
            verifier.unchanged(method, call.arguments, arguments)
        if method.message.one_way:
            if failed is not None:
                # Logged, as a server would: the caller of a one-way message does not wait to hear.
                self._error(method, failed)
            return None
        call.remaining()
        if failed is None:
            return value if verifier is None else verifier.receive(method, value)
        # Raised out here, where no exception is being handled, so that no trace of what was redacted remains.
        if isinstance(failed, Suspended):
            raise failed
        error = self._error(method, failed)
        raise error if verifier is None else verifier.receive_error(method, error)


class LocalChannel(_Local):
    """For synchronous callers."""

    asynchronous = False

    def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Call the implementation."""
        call = self._call(method, arguments, BlockingClock())
        value: R
        if self._chain is not None:
            value = drive(_value(self._chain, call))
            return value
        value = self._run(call)
        return value

    def close(self) -> None:
        """Do nothing: the implementation is not this client's."""

    async def _terminal(self, call: Call) -> Reply:
        return Reply(self._run(call))

    def _run(self, call: Call) -> Any:
        arguments = self._send(call)
        context = Context()
        failed: BaseException | None = None
        value: Any = None
        call.remaining()
        try:
            value = context.run(_enter, self._targets[call.method.name], arguments, call)
            if isawaitable(value):
                value = context.run(drive, as_coroutine(value))
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001 - the boundary of the implementation
            failed = error
        if isinstance(failed, RuntimeError) and str(failed) == "no running event loop":
            # What asyncio says to a coroutine that wants to wait and is driven by hand.
            failed = suspended(call.method.full_name)
        return self._finish(call, arguments, value, failed)


class AsyncLocalChannel(_Local):
    """For asynchronous callers."""

    asynchronous = True

    async def __call__(self, method: Method[R], /, *arguments: Any) -> R:
        """Call the implementation."""
        call = self._call(method, arguments, AsyncClock())
        value: R
        if self._chain is not None:
            value = await _value(self._chain, call)
        else:
            value = await self._run(call)
        return value

    async def close(self) -> None:
        """Do nothing: the implementation is not this client's."""

    async def _terminal(self, call: Call) -> Reply:
        return Reply(await self._run(call))

    async def _run(self, call: Call) -> Any:
        arguments = self._send(call)
        failed: BaseException | None = None
        value: Any = None
        timer = None if call.deadline is None else asyncio.timeout(call.remaining())
        try:
            if timer is None:
                value = await self._work(call, arguments)
            else:
                async with timer:
                    value = await self._work(call, arguments)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            failed = error
        except Exception as error:  # noqa: BLE001 - the boundary of the implementation
            failed = deadline_exceeded(call.method) if timer is not None and timer.expired() else error
        return self._finish(call, arguments, value, failed)

    async def _work(self, call: Call, arguments: tuple[Any, ...]) -> Any:
        context = Context()
        value = context.run(_enter, self._targets[call.method.name], arguments, call)
        return await run_in(context, as_coroutine(value)) if isawaitable(value) else value


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


def _enter(target: Target, arguments: tuple[Any, ...], call: Call) -> Any:
    enter_call(CallContext(call.deadline, call.metadata, call.principal))
    return target(arguments)


async def _value(chain: Service, call: Call) -> Any:
    return (await chain(call)).value
