"""Calls made by hand, for middleware: a contract with every kind of message, a clock, and services."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from avrorpc.call import Call, Clock, Reply
from avrorpc.errors import DeclaredError
from avrorpc.method import Contract
from avrorpc.service import Service


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A card with a secret."""

    holder: str
    number: str
    tags: list[str] = []


@dataclass(eq=False, kw_only=True)
class Refused(DeclaredError):
    """An error with a secret."""

    reason: str
    token: str


CARD = {
    "type": "record",
    "name": "Card",
    "fields": [
        {"name": "holder", "type": "string"},
        {"name": "number", "type": "string", "sensitive": True},
        {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    ],
}
REFUSED = {
    "type": "error",
    "name": "Refused",
    "fields": [
        {"name": "reason", "type": "string"},
        {"name": "token", "type": "string", "sensitive": True},
    ],
}
TEXT = [{"name": "text", "type": "string"}]
PAY = [
    {"name": "card", "type": "Card"},
    {"name": "others", "type": {"type": "array", "items": "Card"}, "default": []},
    {"name": "named", "type": {"type": "map", "values": ["null", "Card"]}, "default": {}},
    {"name": "pin", "type": "string", "sensitive": True, "default": ""},
]
MESSAGES: dict[str, Any] = {
    "ask": {"request": TEXT, "response": "string", "idempotent": True, "errors": ["Refused"]},
    "read": {"request": TEXT, "response": "string", "readonly": True},
    "find": {"request": TEXT, "response": ["null", "Card"], "readonly": True},
    "write": {"request": TEXT, "response": "string"},
    "pay": {"request": PAY, "response": "Card", "errors": ["Refused"]},
    "tell": {"request": TEXT, "response": "null", "one-way": True},
    "listen": {"request": TEXT, "response": "string", "stream": "response", "readonly": True},
    "follow": {"request": TEXT, "response": "string", "stream": "response"},
    "collect": {"request": TEXT, "response": "string", "stream": "request", "idempotent": True},
    "chat": {"request": TEXT, "response": "string", "stream": "both", "idempotent": True},
}
PROTOCOL = {"protocol": "Shop", "namespace": "n", "types": [CARD, REFUSED], "messages": MESSAGES}
CONTRACT = Contract("n.Shop", json.dumps(PROTOCOL), types=lambda: {"n.Card": Card, "n.Refused": Refused})
for _name in MESSAGES:
    CONTRACT.method(_name)


class SkippingClock:
    """A clock whose sleeps take no time, and move it on; it never suspends."""

    def __init__(self) -> None:
        self.time = 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


class ManualClock:
    """A clock that stands still until `advance`; whoever sleeps past the new time goes on."""

    def __init__(self) -> None:
        self.time = 100.0
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self.time + seconds, id(future), future))
        await future

    async def advance(self, seconds: float) -> None:
        await settle()
        self.time += seconds
        while self._sleeping and self._sleeping[0][0] <= self.time:
            future = heapq.heappop(self._sleeping)[2]
            if not future.done():
                future.set_result(None)
        await settle()


async def settle() -> None:
    """Let every task that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


def a_call(
    name: str,
    *arguments: Any,
    clock: Clock | None = None,
    deadline: float | None = None,
    metadata: dict[str, bytes] | None = None,
) -> Call:
    """A call of one of the messages; without arguments, with `text`."""
    given = arguments or ("text",)
    return Call(CONTRACT.methods[name], given, clock or SkippingClock(), deadline, dict(metadata or {}))


class Scripted:
    """A service that answers with what it is told, in turn, the last again and again; it notes its calls.

    An exception is raised, a function is called with the call, a list becomes a stream in which an exception
    is raised in its turn, and anything else is the result.
    """

    def __init__(self, *answers: Any, metadata: dict[str, bytes] | None = None) -> None:
        self.answers = list(answers)
        self.calls: list[Call] = []
        self.closed = 0
        self._metadata = metadata or {}

    async def __call__(self, call: Call) -> Reply:
        answer = self.answers[min(len(self.calls), len(self.answers) - 1)]
        self.calls.append(call)
        if isinstance(answer, BaseException):
            raise answer
        if callable(answer):
            answer = answer(call)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if call.method.streaming.gives_stream:
            answer = self._stream(call, answer)
        return Reply(answer, self._metadata)

    async def _stream(self, call: Call, answer: Iterable[Any]) -> AsyncIterator[Any]:
        try:
            for item in answer:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            self.closed += 1


async def items(*values: Any) -> AsyncIterator[Any]:
    """A request stream."""
    for value in values:
        yield value


async def consume(call: Call) -> int:
    """Read the request stream of a call, and return how many items came."""
    return len([item async for item in call.arguments[-1]])


def around(service: Service, *middleware: Callable[[Service], Service]) -> Service:
    """Wrap a service; the first runs outermost."""
    for wrap in reversed(middleware):
        service = wrap(service)
    return service
