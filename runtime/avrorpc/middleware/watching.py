"""Watching a call from its start to its end, whatever its shape: the core of all that observes calls.

A unary call ends with its reply; one that gives a stream ends with the stream: read to the end, failed,
closed early, or dropped and collected as garbage. However it ends, that is told exactly once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from avrorpc.call import Call, Reply
from avrorpc.errors import Code, DeclaredError, error_info
from avrorpc.service import Service

T = TypeVar("T")

OK: Final = "OK"
"""The code of a call that did not fail."""
_CANCELLED: Final = Code.CANCELLED.value


@dataclass(slots=True)
class Ending:
    """How a call ended; not frozen, which would take four times as long to make."""

    error: BaseException | None = None
    """What it raised, if anything."""
    reply: Reply | None = None
    """Its reply; None where it failed before there was one."""
    early: bool = False
    """Whether its reader closed or dropped the stream before the end."""

    @property
    def code(self) -> str:
        """`OK`, or the canonical code's name; a stream left early was CANCELLED, like a cancelled call."""
        if self.error is None:
            return _CANCELLED if self.early else OK
        if not isinstance(self.error, Exception):  # cancelled, closed, interrupted
            return _CANCELLED
        return error_info(self.error).code.value

    @property
    def error_id(self) -> str | None:
        """The id under which the server logged the cause."""
        return None if self.error is None else error_info(self.error).error_id

    @property
    def declared(self) -> str | None:
        """The class name of the declared error, which is an answer of the contract and no failure."""
        return type(self.error).__name__ if isinstance(self.error, DeclaredError) else None


class Watch:
    """What is told of one call; subclasses override what they want to know.

    It may be told from any thread, and from within the collection of garbage: it must not wait.
    """

    __slots__ = ()

    def request_item(self, item: Any) -> None:
        """Take note of an item of the request stream."""

    def response_item(self, item: Any) -> None:
        """Take note of an item of the response stream."""

    def ended(self, ending: Ending) -> None:
        """Take note of the end; nothing more is told afterwards but late items of the request stream."""


async def watched(service: Service, call: Call, watch: Watch) -> Reply:
    """Make a call, and tell of its items and of its end."""
    streaming = call.method.streaming
    if streaming.takes_stream:
        items = _Items(call.arguments[-1], watch.request_item)
        call = replace(call, arguments=(*call.arguments[:-1], items))
    try:
        reply = await service(call)
    except BaseException as error:
        watch.ended(Ending(error))
        raise
    if streaming.gives_stream:
        return replace(reply, value=WatchedStream(reply, watch))
    watch.ended(Ending(reply=reply))
    return reply


class WatchedStream(Generic[T]):
    """The stream of a reply, whose items and end are told."""

    __slots__ = ("__weakref__", "_has_ended", "_reply", "_source", "_watch")

    def __init__(self, reply: Reply, watch: Watch) -> None:
        self._has_ended = False
        self._reply = reply
        self._source: Any = reply.value
        self._watch = watch

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        try:
            item: T = await self._source.__anext__()
        except StopAsyncIteration:
            self._end(Ending(reply=self._reply))
            raise
        except BaseException as error:
            self._end(Ending(error, self._reply))
            raise
        self._watch.response_item(item)
        return item

    async def aclose(self) -> None:
        """Close the stream; before its end, this ends the call."""
        try:
            await self._source.aclose()
        finally:
            self._end(Ending(reply=self._reply, early=True))

    def __del__(self) -> None:
        self._end(Ending(reply=self._reply, early=True))

    def _end(self, ending: Ending) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._watch.ended(ending)


class _Items(Generic[T]):
    """The items of a request stream, each told as it passes."""

    __slots__ = ("_source", "_tell")

    def __init__(self, source: AsyncIterator[T], tell: Callable[[T], None]) -> None:
        self._source = source
        self._tell = tell

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        item = await anext(self._source)
        self._tell(item)
        return item

    async def aclose(self) -> None:
        """Close the source, where it can be closed."""
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()
