"""An implementation of any contract that does what it was told: gives values and items, or fails in any way.

Tests compare what its callers learn in one placement with what they learn in another, and what it was given.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from avrorpc.schema import Streaming


@dataclass
class Outcome:
    """What an implementation does with one call."""

    value: Any = None
    """What it returns."""
    items: list[Any] = field(default_factory=list)
    """What it streams; both ways, one after each item that it reads."""
    error: Exception | None = None
    """What it raises at the end."""
    reads: int = 0
    """How many items of a request it reads; more than there are means all."""


class Script:
    """What comes next, and what was given. Threads may share it."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self.given: list[Any] = []
        self.begun = threading.Event()

    def expect(self, outcome: Outcome) -> None:
        """Say what becomes of the next call."""
        self.outcome, self.given = outcome, []
        self.begun.clear()

    def begin(self, arguments: list[Any]) -> Outcome:
        """Keep what a call was given."""
        self.given.extend(arguments)
        self.begun.set()
        return self.outcome


def scripted(skeleton: Any, script: Script, *, is_async: bool) -> Any:
    """Return an implementation of a contract, each method of one colour."""
    made = {}
    for method in skeleton.__contract__.methods.values():
        kinds = _ASYNC if is_async else _SYNC
        function: Any = kinds[method.streaming](script)
        function.__name__ = method.attribute
        function.__signature__ = inspect.signature(getattr(skeleton, method.attribute))
        made[method.attribute] = function
    return type("Scripted", (skeleton,), made)()


def _end(outcome: Outcome) -> None:
    if outcome.error is not None:
        outcome.error.__context__ = None
        raise outcome.error.with_traceback(None)  # or it would grow with each placement


def _plain(script: Script) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        outcome = script.begin([*args, *kwargs.values()])
        _end(outcome)
        return outcome.value

    return method


def _giving(script: Script) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        outcome = script.begin([*args, *kwargs.values()])
        yield from outcome.items
        _end(outcome)

    return method


def _split(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Any]:
    *plain, stream = [*args, *kwargs.values()]
    return plain, stream


def _taking(script: Script) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        plain, stream = _split(args, kwargs)
        outcome = script.begin(plain)
        script.given += _read(stream, outcome.reads)
        _end(outcome)
        return outcome.value

    return method


def _read(stream: Iterable[Any], count: int) -> Iterator[Any]:
    iterator = iter(stream)
    for _ in range(count):
        try:
            yield next(iterator)
        except StopIteration:
            return


def _talking(script: Script) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        plain, stream = _split(args, kwargs)
        outcome = script.begin(plain)
        for item, answer in zip(_read(stream, outcome.reads), outcome.items, strict=False):
            script.given.append(item)
            yield answer
        _end(outcome)

    return method


def _plain_async(script: Script) -> Callable[..., Any]:
    async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        outcome = script.begin([*args, *kwargs.values()])
        _end(outcome)
        return outcome.value

    return method


def _giving_async(script: Script) -> Callable[..., Any]:
    async def method(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        outcome = script.begin([*args, *kwargs.values()])
        for item in outcome.items:
            yield item
        _end(outcome)

    return method


async def _read_async(stream: AsyncIterable[Any], count: int) -> AsyncIterator[Any]:
    iterator = aiter(stream)
    for _ in range(count):
        try:
            yield await anext(iterator)
        except StopAsyncIteration:
            return


def _taking_async(script: Script) -> Callable[..., Any]:
    async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        plain, stream = _split(args, kwargs)
        outcome = script.begin(plain)
        async for item in _read_async(stream, outcome.reads):
            script.given.append(item)
        _end(outcome)
        return outcome.value

    return method


def _talking_async(script: Script) -> Callable[..., Any]:
    async def method(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        plain, stream = _split(args, kwargs)
        outcome = script.begin(plain)
        answers = iter(outcome.items)
        async for item in _read_async(stream, outcome.reads):
            script.given.append(item)
            yield next(answers)
        _end(outcome)

    return method


_SYNC = {
    Streaming.NONE: _plain,
    Streaming.RESPONSE: _giving,
    Streaming.REQUEST: _taking,
    Streaming.BOTH: _talking,
}
_ASYNC = {
    Streaming.NONE: _plain_async,
    Streaming.RESPONSE: _giving_async,
    Streaming.REQUEST: _taking_async,
    Streaming.BOTH: _talking_async,
}
