"""What `avrogen serve --dev` shows: a line on the terminal for each call, and each request that is none."""

from __future__ import annotations

import datetime
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click
from avrorpc import Call, Reply, Service
from avrorpc.middleware import Ending, Watch, watched
from avrorpc.middleware.redaction import shown_arguments
from avrorpc.server.rest.face import refusals
from avrorpc.service import Middleware

INTROSPECTION: Final = "avrorpc.Introspection"
MOST: Final = 300
"""Characters of arguments, or of a problem, in one line."""


def for_services(middleware: Middleware) -> Middleware:
    """Return a middleware that leaves calls of `avrorpc.Introspection` alone."""

    def wrap(service: Service) -> Service:
        inner = middleware(service)

        async def serve(call: Call) -> Reply:
            return await (service if call.method.contract.name == INTROSPECTION else inner)(call)

        return serve

    return wrap


def _told(line: str) -> None:
    click.echo(line, err=True)


class CallLines:
    """Tells of each call when it ends: when, which, with what, how it ended, and how long it took.

    What the contract marks `@sensitive(true)` is not shown.

    Args:
        tell: Takes a line.
    """

    def __init__(self, tell: Callable[[str], None] = _told) -> None:
        self._tell = tell

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            return await watched(service, call, _Line(call, self._tell))

        return serve


class RefusalLines(logging.Handler):
    """Tells of each request over REST that is refused before it is a call: when, which, and why.

    Args:
        tell: Takes a line.
    """

    def __init__(self, tell: Callable[[str], None] = _told) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of one."""
        self._tell(f"{datetime.datetime.now():%H:%M:%S}  {_cut(record.getMessage())}")


@contextmanager
def telling_refusals(handler: logging.Handler) -> Iterator[None]:
    """Have refused requests told while the block lasts, and by nobody else."""
    level, propagates = refusals.level, refusals.propagate
    refusals.addHandler(handler)
    refusals.propagate = False
    refusals.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        refusals.removeHandler(handler)
        refusals.propagate = propagates
        refusals.setLevel(level)


class _Line(Watch):
    __slots__ = ("_call", "_counts", "_shown", "_start", "_tell")

    def __init__(self, call: Call, tell: Callable[[str], None]) -> None:
        self._call = call
        self._tell = tell
        self._start = call.clock.now()
        self._counts = [0, 0]
        self._shown = _cut(json.dumps(shown_arguments(call.method, call.arguments), ensure_ascii=False))

    def request_item(self, item: Any) -> None:
        self._counts[0] += 1

    def response_item(self, item: Any) -> None:
        self._counts[1] += 1

    def ended(self, ending: Ending) -> None:
        call, took = self._call, 1000 * (self._call.clock.now() - self._start)
        streaming = call.method.streaming
        parts = [f"{datetime.datetime.now():%H:%M:%S}", call.method.full_name, self._shown]
        if streaming.takes_stream:
            parts.append(f"{self._counts[0]} in")
        if streaming.gives_stream:
            parts.append(f"{self._counts[1]} out")
        parts += [ending.declared or ending.code, f"{took:.1f} ms"]
        if call.principal is not None:
            parts.append(f"by {call.principal.name}")
        if ending.error is not None and ending.declared is None and str(ending.error):
            parts.append(_cut(f"{type(ending.error).__name__}: {ending.error}"))
        self._tell("  ".join(parts))


def _cut(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= MOST else f"{shown[:MOST]}[{len(shown) - MOST} more]"
