"""What a check is given: a message, calls to try it with, and what became of them at first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from avrorpc.call import Call, Reply
from avrorpc.client.connecting import transport_for
from avrorpc.codec.binary import Cursor
from avrorpc.codec.json import to_json
from avrorpc.codec.message import RequestEncoder
from avrorpc.errors import Code, RpcError
from avrorpc.examples import Case
from avrorpc.limits import DEFAULT_LIMITS
from avrorpc.method import Contract, Method
from avrorpc.schema import Json
from avrorpc.service import Service
from avrorpc.testing.conformance.caller import GRACE, PROBE, Arguments, Caller, Outcome
from avrorpc.transport.address import parse_address
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.exchange import Outgoing
from avrorpc.wire.client import Connected, Identity
from avrorpc.wire.envelope import read_code, read_reply_head

AT_ONCE: Final = 0.02
"""Seconds below which a call takes no time that could be cut short."""


class Failed(Exception):
    """A check found something."""

    def __init__(self, detail: str, placement: str | None, arguments: Json) -> None:
        super().__init__(detail)
        self.detail = detail
        self.placement = placement
        self.arguments = arguments


class Skipped(Exception):
    """A check has nothing to look at."""


class Gauge:
    """A middleware that knows how many calls and streams are under way in an implementation."""

    def __init__(self) -> None:
        self.running = 0

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            self.running += 1
            try:
                reply = await service(call)
                if call.method.streaming.gives_stream:
                    self.running += 1
                    reply.value = self._counted(reply.value)
                return reply
            finally:
                self.running -= 1

        return serve

    async def _counted(self, items: Any) -> AsyncIterator[Any]:
        try:
            async for item in items:
                yield item
        finally:
            try:
                await items.aclose()
            finally:
                self.running -= 1

    async def starts(self, before: int, seconds: float) -> bool:
        """Wait until more is under way than before, and say whether that came about in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.running <= before:  # noqa: ASYNC110 - calls count, and tell nobody
                    await asyncio.sleep(0.002)
        return self.running > before

    async def settles(self, before: int) -> bool:
        """Wait until no more is under way than before, and say whether that came about."""
        try:
            async with asyncio.timeout(GRACE):
                while self.running > before:  # noqa: ASYNC110 - calls count, and tell nobody
                    await asyncio.sleep(0.005)
        except TimeoutError:
            return False
        return True


@dataclass(slots=True)
class Trial:
    """One message, ready to be checked."""

    caller: Caller
    method: Method[Any]
    gauge: Gauge | None
    """What runs in the implementation; None where the service is a black box."""
    tried: list[tuple[Arguments, Outcome]] = field(default_factory=list)
    """Calls that ended in time, and how."""
    slow: list[Arguments] = field(default_factory=list)
    """Calls that did not."""
    drawn: Sequence[Arguments] = ()
    """All arguments that were drawn or given."""
    called: Sequence[Arguments] = ()
    """Those that the service may be called with."""
    stated: list[tuple[Case, Arguments]] = field(default_factory=list)
    """The contract's examples, and their arguments."""
    unfit: list[str] = field(default_factory=list)
    """What is wrong with examples that do not fit the message."""
    placements: tuple[str, ...] = ()
    """Where the message can be called."""
    first: str = PROBE
    """Where the calls were tried."""

    @property
    def contract(self) -> Contract:
        """The contract."""
        return self.method.contract

    @property
    def is_repeatable(self) -> bool:
        """Whether the contract says that calling again changes nothing."""
        return is_repeatable(self.method)

    def fail(self, detail: str, arguments: Arguments | None = None, placement: str | None = None) -> NoReturn:
        """End the check: the service breaks the rule.

        Raises:
            Failed: Always.
        """
        raise Failed(detail, placement, None if arguments is None else self.shown(arguments))

    def shown(self, arguments: Arguments) -> Json:
        """Return arguments as JSON, as `avrogen call` takes them."""
        fields, types = self.method.message.request, self.contract.types
        shown: dict[str, Json] = {}
        for place, (parameter, value) in enumerate(zip(fields, arguments, strict=True)):
            is_stream = self.method.streaming.takes_stream and place == len(fields) - 1
            shown[parameter.name] = (
                [to_json(parameter.type, item, types) for item in value]
                if is_stream
                else to_json(parameter.type, value, types)
            )
        return shown

    async def call(self, placement: str, arguments: Arguments, **options: Any) -> Outcome:
        """Make a call. See `Caller.call`."""
        return await self.caller.call(placement, self.method, arguments, **options)

    def calls(self) -> list[tuple[Arguments, Outcome]]:
        """Return the calls that ended in time, the shortest arguments first.

        Raises:
            Skipped: There is none.
        """
        if not self.tried:
            raise Skipped("no call ended in time")
        return self.tried

    async def slowest(self) -> tuple[Arguments, float]:
        """Return the arguments of the call that takes longest, and how long.

        It is made once more: what the machine paused for once is not the call's own time.

        Raises:
            Skipped: All end at once.
        """
        if self.slow:
            return self.slow[0], 60.0
        arguments, outcome = max(self.calls(), key=lambda pair: pair[1].seconds)
        if outcome.has_more:
            return arguments, 60.0
        seconds = outcome.seconds
        if seconds >= AT_ONCE:
            seconds = min(seconds, (await self.call(self.first, arguments)).seconds)
        if seconds < AT_ONCE:
            raise Skipped("every call ended at once; give it cases that take time")
        return arguments, seconds


def is_repeatable(method: Method[Any]) -> bool:
    """Whether the contract says that calling a method again changes nothing."""
    props = method.message.props
    return props.get("readonly") is True or props.get("idempotent") is True


def encoded(method: Method[Any], arguments: Arguments) -> bytes:
    """Return a message's parameters as bytes."""
    out = bytearray()
    RequestEncoder(method.message, method.contract.types)(out, arguments)
    return bytes(out)


async def raw_call(url: str, contract: Contract, message: str, parameters: bytes) -> Code | None:
    """Send parameters that no client would send, and return the code of the error, or None for a result.

    Raises:
        RpcError: There was no answer.
        TimeoutError: Nor in time.
    """
    known: list[Connected] = []
    transport: Any = transport_for(
        Dialler(parse_address(url)),
        Identity(contract.hash, contract.text, contract.name),
        DEFAULT_LIMITS,
        known.append,
        asynchronous=True,
    )
    call = Outgoing(protocol=contract.name, message=message, parameters=parameters, timeout=5.0)
    try:
        answer = await transport.exchange(call)
    finally:
        await transport.close()
    if answer.body is None:
        raise RpcError(f"{url} gave no answer")
    metadata, is_error = read_reply_head(Cursor(answer.body))
    return read_code(metadata) if is_error else None


@dataclass(slots=True, frozen=True)
class Check:
    """One rule."""

    name: str
    sentence: str
    run: Callable[[Trial], Awaitable[None]]
    calls: bool = True
    """Whether it makes calls that a service could mind."""
    applies: Callable[[Method[Any]], bool] = lambda _: True


Cases = Mapping[str, Sequence[Mapping[str, Json]]]
"""Arguments by name, as JSON, for messages by name."""
