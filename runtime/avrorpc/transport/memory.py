"""Bytes through memory: asyncio transports joined in pairs, without sockets, on one event loop.

Rules of this file:
- Bytes arrive in order and no earlier than in the loop's next step, cut as the address asks: whole, one by
  one, or at random. Whatever is joined here must not care.
- A sender is told to pause as soon as more waits than `HIGH_WATER`: there is no system buffer behind.
- Closing sends what is due and then the end; aborting loses it, and the other end sees a reset.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count, repeat
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast
from weakref import WeakKeyDictionary

P = TypeVar("P", bound=asyncio.BaseProtocol)
Q = TypeVar("Q", bound=asyncio.BaseProtocol)

Chunks: TypeAlias = Literal["whole", "bytes", "random"]
"""How bytes are cut on their way: as much as there is, one by one, or into pieces of random size."""

CHUNKS: Final = ("whole", "bytes", "random")
HIGH_WATER: Final = 65_536
"""Bytes under way above which a sender is told to pause."""
LOW_WATER: Final = 16_384
_LARGEST_PIECE: Final = 4_096


@dataclass(slots=True, frozen=True, kw_only=True)
class Line:
    """What lies between two ends."""

    chunks: Chunks = "whole"
    """How bytes are cut."""
    latency: float = 0.0
    """Seconds from one end to the other, on the loop's clock."""
    seed: int = 0
    """Decides the random sizes."""

    def sizes(self, direction: int) -> Iterator[int]:
        """Return the sizes of the pieces in one direction; endless."""
        match self.chunks:
            case "whole":
                return repeat(1 << 62)
            case "bytes":
                return repeat(1)
            case "random":
                return _random_sizes(random.Random(2 * self.seed + direction))  # noqa: S311 - no secret


DEFAULT_LINE: Final = Line()


def parse_line(options: Mapping[str, str]) -> Line:
    """Return what the options of a `memory://` URL say: `chunks`, `latency` in seconds, and `seed`.

    Raises:
        ValueError: One is unknown, or has a value that it cannot have.
    """
    unknown = sorted(options.keys() - {"chunks", "latency", "seed"})
    if unknown:
        raise ValueError(f"there is no option {unknown[0]!r}; there are chunks, framing, latency and seed")
    chunks = options.get("chunks", "whole")
    if chunks not in CHUNKS:
        raise ValueError(f"chunks is one of {', '.join(CHUNKS)}")
    try:
        latency, seed = float(options.get("latency", "0")), int(options.get("seed", "0"))
    except ValueError:
        raise ValueError("latency is a number of seconds, and seed is an integer") from None
    if not 0 <= latency < math.inf:
        raise ValueError("latency cannot be negative or without end")
    return Line(chunks=cast("Chunks", chunks), latency=latency, seed=seed)


def _random_sizes(source: random.Random) -> Iterator[int]:
    """Small and large pieces alike often, as an exponent is drawn and not a size."""
    while True:
        yield source.randint(1, 2 ** source.randint(0, _LARGEST_PIECE.bit_length() - 1))


class MemoryTransport(asyncio.Transport):
    """One of two joined ends."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, protocol: asyncio.BaseProtocol, name: str, peer_name: str
    ) -> None:
        super().__init__({"sockname": name, "peername": peer_name})
        self.name = name
        self._loop = loop
        self._protocol = protocol
        self._out: _Pipe
        self._in: _Pipe
        self._is_reading = True
        self._is_closing = False
        self._is_choked = False
        self._has_ended = False
        self._high, self._low = HIGH_WATER, LOW_WATER

    def __repr__(self) -> str:
        state = "closed" if self._has_ended else "closing" if self._is_closing else "open"
        return f"<MemoryTransport {self.name} {state} sending={self._out.size}>"

    # What a protocol may ask of a transport.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; they are copied."""
        if self._out.has_end:
            if not self._is_closing:
                raise RuntimeError("write() after write_eof()")
            return
        if data:
            self._out.push(bytes(data))
            self._mind_water()

    def write_eof(self) -> None:
        """Send the end; the other direction stays open."""
        self._out.end()

    def can_write_eof(self) -> bool:
        """Whether one direction can be closed alone: it can."""
        return True

    def close(self) -> None:
        """Send what is due and the end, and take nothing more."""
        if not self._is_closing:
            self._is_closing = True
            self._in.drop()
            self._out.end()
            if self._out.is_done:
                self._finish(None)

    def abort(self) -> None:
        """Close at once: what is due is lost, and the other end sees a reset."""
        if not self._has_ended:
            self._break(None)

    def is_closing(self) -> bool:
        """Whether it is closed, or about to be."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Let nothing arrive until `resume_reading`."""
        self._is_reading = False

    def resume_reading(self) -> None:
        """Let bytes arrive again."""
        if not self._is_reading and not self._is_closing:
            self._is_reading = True
            self._in.wake()

    def is_reading(self) -> bool:
        """Whether bytes may arrive."""
        return self._is_reading and not self._is_closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set how many bytes under way pause the sender, and how many let it go on."""
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        low = high // 4 if low is None else low
        if not high >= low >= 0:
            raise ValueError(f"high ({high}) must be at least low ({low}), and low at least 0")
        self._high, self._low = high, low
        self._mind_water()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the limits, the lower first."""
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        """Return how many bytes are under way to the other end."""
        return self._out.size

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol that is fed."""
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Feed another protocol from now on."""
        self._protocol = protocol

    # What the two pipes tell their ends.

    def _arrive(self, data: bytes) -> None:
        try:
            if isinstance(self._protocol, asyncio.BufferedProtocol):
                _fill(self._protocol, data)
            elif isinstance(self._protocol, asyncio.Protocol):
                self._protocol.data_received(data)
        except Exception as error:  # noqa: BLE001 - as the loop's own transports do
            self._fatal(error)

    def _arrive_end(self) -> None:
        keep_open: bool | None = False
        try:
            if isinstance(self._protocol, asyncio.Protocol | asyncio.BufferedProtocol):
                keep_open = self._protocol.eof_received()
        except Exception as error:  # noqa: BLE001 - as the loop's own transports do
            self._fatal(error)
        if not keep_open:
            self.close()

    def _sent(self) -> None:
        """Take note that bytes have left for the other end."""
        self._mind_water()
        if self._is_closing and self._out.is_done:
            self._finish(None)

    def _mind_water(self) -> None:
        if not self._is_choked and self._out.size > self._high:
            self._is_choked = True
            self._protocol.pause_writing()
        elif self._is_choked and self._out.size <= self._low:
            self._is_choked = False
            self._protocol.resume_writing()

    def _fatal(self, error: Exception) -> None:
        self._loop.call_exception_handler(
            {
                "message": "the protocol at the end of a memory line failed",
                "exception": error,
                "transport": self,
                "protocol": self._protocol,
            }
        )
        self._break(error)

    def _break(self, error: Exception | None) -> None:
        self._out.cut()
        self._in.cut()
        self._finish(error)
        self._out.sink._finish(ConnectionResetError("the other end of the memory line aborted"))

    def _finish(self, error: Exception | None) -> None:
        self._is_closing = True
        if not self._has_ended:
            self._has_ended = True
            self._in.drop()
            self._loop.call_soon(self._protocol.connection_lost, error)


class _Pipe:
    """One direction: bytes from `source` to `sink`."""

    def __init__(self, source: MemoryTransport, sink: MemoryTransport, line: Line, direction: int) -> None:
        self.size = 0
        self.has_end = False
        """Whether the source sends nothing more."""
        self.is_done = False
        """Whether all has arrived, the end too."""
        self._loop = source._loop
        self._source = source
        self.sink = sink
        self._sizes = line.sizes(direction)
        self._latency = line.latency
        self._late: deque[tuple[float, bytes | None]] = deque()
        self._due = bytearray()
        self._end_is_due = False
        self._timer: asyncio.Handle | None = None

    def push(self, data: bytes) -> None:
        self.size += len(data)
        self._late.append((self._loop.time() + self._latency, data))
        self.wake()

    def end(self) -> None:
        if not self.has_end:
            self.has_end = True
            self._late.append((self._loop.time() + self._latency, None))
            self.wake()

    def drop(self) -> None:
        """Let nothing more arrive; what is sent is taken and thrown away."""
        self.sink._is_reading = True
        self.wake()

    def cut(self) -> None:
        """Lose what is under way; nothing more arrives."""
        self.has_end = self.is_done = True
        self._end_is_due = False
        self._late.clear()
        self._due.clear()
        self.size = 0

    def wake(self) -> None:
        """See to it that what is due arrives in the loop's next step, or when it is due."""
        if self._timer is not None or self.is_done:
            return
        if self._due or self._end_is_due:
            self._timer = self._loop.call_soon(self._step)
        elif self._late:
            due = self._late[0][0]
            soon = due <= self._loop.time()
            self._timer = self._loop.call_soon(self._step) if soon else self._loop.call_at(due, self._step)

    def _step(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._late and self._late[0][0] <= now:
            data = self._late.popleft()[1]
            if data is None:
                self._end_is_due = True
            else:
                self._due += data
        if self.sink._has_ended and self._due:
            self.cut()
            self._source._finish(ConnectionResetError("the other end of the memory line is closed"))
            return
        if self.sink._is_closing:
            self.size -= len(self._due)
            self._due.clear()
        elif not self.sink._is_reading:
            return
        if self._due:
            taken = bytes(self._due[: next(self._sizes)])
            del self._due[: len(taken)]
            self.size -= len(taken)
            self.sink._arrive(taken)
        elif self._end_is_due:
            self._end_is_due = False
            self.is_done = True
            if not self.sink._is_closing:
                self.sink._arrive_end()
        self._source._sent()
        self.wake()


def _fill(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    view = memoryview(data)
    while view:
        buffer: Any = memoryview(protocol.get_buffer(len(view))).cast("B")
        size = min(len(buffer), len(view))
        if not size:
            raise RuntimeError("get_buffer() returned an empty buffer")
        buffer[:size] = view[:size]
        protocol.buffer_updated(size)
        view = view[size:]


def join(first: P, second: Q, line: Line = DEFAULT_LINE, *, name: str = "memory") -> tuple[P, Q]:
    """Join two protocols on the running loop; both see `connection_made` in its next step.

    Args:
        first: The end that dialled.
        second: The end that listened.
        line: What lies between them.
        name: The address that both report.
    """
    loop = asyncio.get_running_loop()
    near = MemoryTransport(loop, first, f"{name}#client", name)
    far = MemoryTransport(loop, second, name, f"{name}#client")
    near._out = far._in = _Pipe(near, far, line, 0)
    far._out = near._in = _Pipe(far, near, line, 1)
    loop.call_soon(second.connection_made, far)
    loop.call_soon(first.connection_made, near)
    return first, second


class MemoryListener:
    """A name under which protocols are joined to those who dial it.

    Args:
        factory: Makes the protocol of each connection.
        line: What lies between the ends.
        name: The name; empty for one that nobody has.

    Raises:
        OSError: The running loop has a listener of that name.
    """

    def __init__(
        self, factory: Callable[[], asyncio.BaseProtocol], line: Line = DEFAULT_LINE, *, name: str = ""
    ) -> None:
        self._listeners = _listeners.setdefault(asyncio.get_running_loop(), {})
        self.name = name or next(f"m{n}" for n in count(1) if f"m{n}" not in self._listeners)
        if self.name in self._listeners:
            raise OSError(f"memory://{self.name} is in use on this event loop")
        self._factory = factory
        self._line = line
        self._listeners[self.name] = self

    def accept(self, protocol: asyncio.BaseProtocol) -> None:
        """Join a protocol that dialled."""
        join(protocol, self._factory(), self._line, name=f"memory://{self.name}")

    def close(self) -> None:
        """Accept nothing more; what is joined stays."""
        if self._listeners.get(self.name) is self:
            del self._listeners[self.name]


_listeners: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, MemoryListener]]] = (
    WeakKeyDictionary()
)


async def dial(factory: Callable[[], P], name: str) -> P:
    """Return a protocol joined to the listener of a name on the running loop.

    Raises:
        ConnectionRefusedError: There is none.
    """
    listener = _listeners.get(asyncio.get_running_loop(), {}).get(name)
    if listener is None:
        raise ConnectionRefusedError(f"nothing listens at memory://{name} on this event loop")
    protocol = factory()
    listener.accept(protocol)
    return protocol
