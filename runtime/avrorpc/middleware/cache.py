"""Results of read-only messages, kept for a while.

What is kept is a result's encoding, so that every caller gets a value of its own, and the size is known.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from avrorpc.call import BlockingClock, Call, Reply
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.message import RequestEncoder
from avrorpc.errors import EncodeError
from avrorpc.method import Method
from avrorpc.middleware.correlation import CORRELATION_ID
from avrorpc.middleware.effects import is_readonly
from avrorpc.middleware.tracing import TRACE_METADATA
from avrorpc.middleware.waiting import wait_until
from avrorpc.schema import Streaming
from avrorpc.service import Service

DEFAULT_MAX_BYTES: Final = 16 * 1024 * 1024
IGNORED_METADATA: Final = frozenset({CORRELATION_ID, *TRACE_METADATA})
"""Metadata that differs from call to call and changes no result."""
_OVERHEAD: Final = 256
"""About what an entry takes beside its bytes."""

_Key: TypeAlias = "tuple[str, bytes, bytes, tuple[tuple[str, bytes], ...], tuple[str, str] | None]"


@dataclass(slots=True, frozen=True)
class _Entry:
    result: bytes
    metadata: Mapping[str, bytes]
    until: float
    size: int


class ResponseCache:
    """Answers calls of `@readonly` messages from earlier results; streams, errors and all others pass.

    Two calls are the same where message, contract version, arguments, metadata (but for trace context and
    correlation id) and principal are. While the first is under way, others of an asynchronous client or a
    server wait for its result. One object is for one server: it does not know whom it stands before.

    Args:
        seconds: How long a result is good.
        max_bytes: How many bytes of results are kept; the least recently used go first.
        messages: Other times for single messages, by `protocol/message`; 0 for not at all.
    """

    def __init__(
        self,
        seconds: float,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        messages: Mapping[str, float] | None = None,
    ) -> None:
        if seconds < 0 or max_bytes < 0:
            raise ValueError("seconds and max_bytes cannot be negative")
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._messages = dict(messages or {})
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._size = 0
        self._generation = 0
        self._flights: dict[_Key, asyncio.Future[None]] = {}
        self._codecs: dict[Method[Any], _Codecs] = {}
        self._lock = threading.Lock()
        self.hits = 0
        """Calls that were answered from here."""
        self.misses = 0
        """Calls that were not, though they might have been."""

    @property
    def size(self) -> int:
        """How many bytes are kept, with an allowance for each entry."""
        return self._size

    def __len__(self) -> int:
        return len(self._entries)

    def __call__(self, service: Service) -> Service:
        """Wrap a service."""

        async def serve(call: Call) -> Reply:
            seconds = self._messages.get(call.method.full_name, self._seconds)
            if not seconds or call.method.streaming is not Streaming.NONE or not is_readonly(call.method):
                return await service(call)
            key = self._key(call)
            if key is None:
                return await service(call)
            found = self._find(call, key)
            if found is None and (flight := self._flight(call, key)) is not None:
                await wait_until(call, flight)
                found = self._find(call, key)
            with self._lock:
                self.hits += found is not None
                self.misses += found is None
            return found or await self._lead(service, call, key, seconds)

        return serve

    def invalidate(self, message: str | None = None) -> None:
        """Forget the results of a message, by `protocol/message`, or all; none that is under way is kept."""
        with self._lock:
            self._generation += 1
            for key in [key for key in self._entries if message in (None, key[0])]:
                self._size -= self._entries.pop(key).size

    async def _lead(self, service: Service, call: Call, key: _Key, seconds: float) -> Reply:
        generation, flight = self._generation, None
        if _can_wait(call) and key not in self._flights:
            flight = self._flights[key] = asyncio.get_running_loop().create_future()
        try:
            reply = await service(call)
            self._keep(call, key, reply, seconds, generation)
            return reply
        finally:
            if flight is not None:
                del self._flights[key]
                if not flight.done():
                    flight.set_result(None)

    def _flight(self, call: Call, key: _Key) -> asyncio.Future[None] | None:
        """Return what ends when another call has the result, where one is under way on this loop."""
        flight = self._flights.get(key)
        if flight is None or not _can_wait(call) or flight.get_loop() is not asyncio.get_running_loop():
            return None
        return flight

    def _key(self, call: Call) -> _Key | None:
        arguments = bytearray()
        try:
            self._codec(call.method).arguments(arguments, call.arguments)
        except EncodeError:
            return None  # whoever calls will be told, or, in `local:`, is free to pass what it likes
        metadata = tuple(sorted(item for item in call.metadata.items() if item[0] not in IGNORED_METADATA))
        who = None if call.principal is None else (call.principal.kind, call.principal.name)
        return call.method.full_name, call.method.contract.hash, bytes(arguments), metadata, who

    def _find(self, call: Call, key: _Key) -> Reply | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.until <= call.clock.now():
                self._size -= self._entries.pop(key).size
                return None
            self._entries.move_to_end(key)
        return Reply(self._codec(call.method).read(Cursor(entry.result)), dict(entry.metadata))

    def _keep(self, call: Call, key: _Key, reply: Reply, seconds: float, generation: int) -> None:
        result = bytearray()
        try:
            self._codec(call.method).result(result, reply.value)
        except EncodeError:
            return  # a wire could not carry it either; that is not for a cache to judge
        size = len(result) + len(key[2]) + _OVERHEAD
        if size > self._max_bytes:
            return
        entry = _Entry(bytes(result), dict(reply.metadata), call.clock.now() + seconds, size)
        with self._lock:
            if generation != self._generation:
                return
            if key in self._entries:
                self._size -= self._entries.pop(key).size
            self._entries[key] = entry
            self._size += size
            while self._size > self._max_bytes:
                self._size -= self._entries.popitem(last=False)[1].size

    def _codec(self, method: Method[Any]) -> _Codecs:
        if method not in self._codecs:
            self._codecs[method] = _Codecs(method)
        return self._codecs[method]


class _Codecs:
    """What writes and reads the values of one message."""

    def __init__(self, method: Method[Any]) -> None:
        message, types = method.message, method.contract.types
        self.arguments = RequestEncoder(message, types)
        self.result = compile_encoder(message.response, types)
        self.read = compile_decoder(message.response, message.response, types)


def _can_wait(call: Call) -> bool:
    """Whether a call is made by a task, which can wait, and not driven by hand."""
    if isinstance(call.clock, BlockingClock):
        return False
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False
