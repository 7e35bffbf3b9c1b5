"""How messages are cut out of a stream of bytes.

`netty` is what Java's NettyTransceiver and npm's avsc speak: int32 serial, int32 count, then each buffer with
an int32 length before it. `spec` is the specification's own: buffers, each with its length, up to an empty
one; it carries no serial, so that replies come in the order of their requests. All integers are big-endian.
Which of the two is spoken is configured and never guessed.
"""

from __future__ import annotations

import struct
from typing import Final, Literal, Protocol, TypeAlias

from avrorpc.errors import LimitExceeded, LocalProtocolError, RemoteProtocolError
from avrorpc.limits import Limits

Framing: TypeAlias = Literal["netty", "spec"]

_LONGEST: Final = 2**31 - 1
_INT: Final = struct.Struct(">i")
_HEADER: Final = struct.Struct(">ii")
_NEWEST_TLS: Final = 4


def frame(framing: Framing, serial: int, *buffers: bytes) -> bytes:
    """Return one message with its framing; Netty always gets at least one buffer, if an empty one.

    Raises:
        LocalProtocolError: A buffer is longer than 31 bits can say.
    """
    if any(len(buffer) > _LONGEST for buffer in buffers):
        raise LocalProtocolError("a message of 2 GiB or more: no framing of Avro can carry it")
    if framing == "spec":
        filled = [buffer for buffer in buffers if buffer]
        return b"".join(_INT.pack(len(buffer)) + buffer for buffer in filled) + _INT.pack(0)
    # With no buffer at all, Java's decoder would wait for more.
    parts = buffers or (b"",)
    body = b"".join(_INT.pack(len(buffer)) + buffer for buffer in parts)
    return _HEADER.pack(serial, len(parts)) + body


HEAD: Final = 1_024
"""How much of a message above the limit is kept, beside its metadata: enough to see what it was."""


class Excess(LimitExceeded):
    """A message above `max_body`, of which only the beginning was kept."""

    def __init__(self, problem: str, head: bytearray) -> None:
        super().__init__(problem)
        self.head = head


class Deframer(Protocol):
    """Collects bytes and gives whole messages."""

    skips_excess: bool
    """Whether a message above `max_body` is read past, and given as its error, instead of raised at once."""

    def feed(self, data: bytes) -> list[tuple[int, bytes | Excess]]:
        """Take bytes, and return the messages now complete: serial and body."""
        ...

    def add(self, data: bytes) -> None:
        """Take bytes, for `next`."""
        ...

    def next(self) -> tuple[int, bytes | Excess] | None:
        """Return one message, or None where none is complete."""
        ...

    def rest(self) -> bytes:
        """Return the bytes that are of no message yet, and forget them."""
        ...

    @property
    def idle(self) -> bool:
        """Whether no message is half received."""
        ...


def deframer(framing: Framing, limits: Limits) -> Deframer:
    """Return what cuts messages out of a stream."""
    return NettyDeframer(limits) if framing == "netty" else SpecDeframer(limits)


class _Deframer:
    """What both framings share: the buffers of one message are put together, or dropped above the limit."""

    def __init__(self, limits: Limits) -> None:
        self.skips_excess = False
        self._limits = limits
        self._data = bytearray()
        self._position = 0
        self._serial = 0
        self._body = bytearray()
        self._excess: Excess | None = None
        self._kept = limits.max_metadata + HEAD
        self._length = 0
        self._skip: int | None = None
        self._is_new = True

    def feed(self, data: bytes) -> list[tuple[int, bytes | Excess]]:
        """Take bytes, and return the messages now complete.

        Raises:
            RemoteProtocolError: A count or a length is negative.
            LimitExceeded: One is above its limit.
        """
        self._data += data
        messages: list[tuple[int, bytes | Excess]] = []
        while (message := self._take()) is not None:
            messages.append(message)
        self._forget()
        return messages

    def add(self, data: bytes) -> None:
        """Take bytes, for `next`."""
        self._data += data

    def next(self) -> tuple[int, bytes | Excess] | None:
        """Return one message, or None where none is complete.

        Raises:
            RemoteProtocolError: As `feed`.
        """
        message = self._take()
        self._forget()
        return message

    def rest(self) -> bytes:
        """Return the bytes that are of no message yet, and forget them."""
        rest = bytes(self._data)
        self._data.clear()
        return rest

    def _take(self) -> tuple[int, bytes | Excess] | None:
        if not self._message():
            return None
        self._is_new = False
        message = self._serial, self._excess or bytes(self._body)
        self._excess = None
        self._body.clear()
        return message

    def _forget(self) -> None:
        del self._data[: self._position]
        self._position = 0

    def _message(self) -> bool:
        """Read on; return whether a message has come to its end."""
        raise NotImplementedError

    def _buffer(self) -> bool:
        """Read on in one buffer; return whether it has come to its end. `_length` is how long it is."""
        left = self._skip
        if left is None:
            if len(self._data) - self._position < 4:
                return False
            self._reject_others()
            length: int = _INT.unpack_from(self._data, self._position)[0]
            self._length = length
            self._check_length()
            if self._excess is None:
                end = self._position + 4 + self._length
                if len(self._data) < end:
                    return False
                self._body += self._data[self._position + 4 : end]
                self._position = end
                return True
            self._position += 4
            left = self._length
        dropped = min(left, len(self._data) - self._position)
        room = self._kept - len(self._excess.head) if self._excess is not None else 0
        if self._excess is not None and room > 0:
            self._excess.head += self._data[self._position : self._position + min(dropped, room)]
        self._position += dropped
        self._skip = (left - dropped) or None
        return self._skip is None

    def _reject_others(self) -> None:
        """Say so where the peer speaks another protocol; later on these may be serials and lengths."""
        if not self._is_new:
            return
        start = bytes(self._data[self._position : self._position + 4])
        if start in (b"HTTP", b"GET ", b"POST", b"PUT ", b"HEAD"):
            raise RemoteProtocolError("the peer speaks HTTP here, and not Avro over TCP")
        if start[:2] in (b"\x15\x03", b"\x16\x03") and start[2] <= _NEWEST_TLS:
            raise RemoteProtocolError("the peer speaks TLS here, and this end does not")

    def _check_length(self) -> None:
        if self._length < 0:
            raise RemoteProtocolError(f"a buffer of {self._length} bytes: is the peer speaking this framing?")
        size = len(self._body) + self._length
        if self._excess is None and size > self._limits.max_body:
            problem = f"a message of {size} bytes or more, above max_body={self._limits.max_body}"
            self._excess = Excess(problem, self._body[: self._kept])
            if not self.skips_excess:
                raise self._excess
            self._body.clear()


class NettyDeframer(_Deframer):
    """Netty's framing. A zero-length buffer is legal and ends nothing."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._left: int | None = None

    @property
    def idle(self) -> bool:
        """Whether no message is half received."""
        return self._left is None and not self._data

    def _message(self) -> bool:
        if self._left is None:
            if len(self._data) - self._position < _HEADER.size:
                return False
            self._serial, count = _HEADER.unpack_from(self._data, self._position)
            self._reject_others()
            if count < 0:
                raise RemoteProtocolError(f"a message of {count} buffers: is the peer speaking this framing?")
            if count > self._limits.max_buffers:
                raise LimitExceeded(f"{count} buffers, more than max_buffers={self._limits.max_buffers}")
            self._position += _HEADER.size
            self._left = count
        while self._left:
            if not self._buffer():
                return False
            self._left -= 1
        self._left = None
        return True


class SpecDeframer(_Deframer):
    """The specification's framing; serials count up from 0."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._serial = -1
        self._is_started = False

    @property
    def idle(self) -> bool:
        """Whether no message is half received."""
        return not self._is_started and self._skip is None and not self._data

    def _message(self) -> bool:
        while self._buffer():
            self._is_started = self._length > 0
            if not self._is_started:
                self._serial += 1
                return True
        return False
