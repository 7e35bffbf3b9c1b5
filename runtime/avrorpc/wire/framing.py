"""How messages are cut out of a stream of bytes.

`netty` is what Java's NettyTransceiver and npm's avsc speak: int32 serial, int32 count, then each buffer with
an int32 length before it. `spec` is the specification's own: buffers, each with its length, up to an empty
one; it carries no serial, so that replies come in the order of their requests. All integers are big-endian.
Which of the two is spoken is configured and never guessed.
"""

from __future__ import annotations

import struct
from typing import Final, Literal, Protocol, TypeAlias

from avrorpc.errors import LimitExceeded, RemoteProtocolError
from avrorpc.limits import Limits

Framing: TypeAlias = Literal["netty", "spec"]

_INT: Final = struct.Struct(">i")
_HEADER: Final = struct.Struct(">ii")


def frame(framing: Framing, serial: int, *buffers: bytes) -> bytes:
    """Return one message with its framing; Netty always gets at least one buffer, if an empty one."""
    if framing == "spec":
        filled = [buffer for buffer in buffers if buffer]
        return b"".join(_INT.pack(len(buffer)) + buffer for buffer in filled) + _INT.pack(0)
    # With no buffer at all, Java's decoder would wait for more.
    parts = buffers or (b"",)
    body = b"".join(_INT.pack(len(buffer)) + buffer for buffer in parts)
    return _HEADER.pack(serial, len(parts)) + body


class Deframer(Protocol):
    """Collects bytes and gives whole messages."""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes, and return the messages now complete: serial and body."""
        ...

    @property
    def idle(self) -> bool:
        """Whether no message is half received."""
        ...


def deframer(framing: Framing, limits: Limits) -> Deframer:
    """Return what cuts messages out of a stream."""
    return NettyDeframer(limits) if framing == "netty" else SpecDeframer(limits)


class NettyDeframer:
    """Netty's framing. A zero-length buffer is legal and ends nothing."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._data = bytearray()
        self._serial = 0
        self._left: int | None = None
        self._body = bytearray()

    @property
    def idle(self) -> bool:
        """Whether no message is half received."""
        return self._left is None and not self._data

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes, and return the messages now complete.

        Raises:
            RemoteProtocolError: A count or a length is negative.
            LimitExceeded: One is above its limit.
        """
        self._data += data
        messages: list[tuple[int, bytes]] = []
        position = 0
        while True:
            if self._left is None:
                if len(self._data) - position < 8:
                    break
                self._serial, count = _HEADER.unpack_from(self._data, position)
                _reject_http(self._data, position)
                if count < 0:
                    raise RemoteProtocolError(
                        f"a message of {count} buffers: is the peer speaking this framing?"
                    )
                if count > self._limits.max_buffers:
                    raise LimitExceeded(f"{count} buffers, more than max_buffers={self._limits.max_buffers}")
                position += 8
                self._left = count
            if self._left:
                end = _buffer_end(self._data, position, len(self._body), self._limits)
                if end is None:
                    break
                self._body += self._data[position + 4 : end]
                position = end
                self._left -= 1
            if not self._left:
                messages.append((self._serial, bytes(self._body)))
                self._left = None
                self._body.clear()
        del self._data[:position]
        return messages


class SpecDeframer:
    """The specification's framing; serials count up from 0."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._data = bytearray()
        self._serial = 0
        self._body = bytearray()
        self._started = False

    @property
    def idle(self) -> bool:
        """Whether no message is half received."""
        return not self._started and not self._data

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes, and return the messages now complete.

        Raises:
            RemoteProtocolError: A length is negative.
            LimitExceeded: A message is above its limit.
        """
        self._data += data
        messages: list[tuple[int, bytes]] = []
        position = 0
        while (end := _buffer_end(self._data, position, len(self._body), self._limits)) is not None:
            if end == position + 4:
                messages.append((self._serial, bytes(self._body)))
                self._serial += 1
                self._body.clear()
                self._started = False
            else:
                self._body += self._data[position + 4 : end]
                self._started = True
            position = end
        del self._data[:position]
        return messages


def _reject_http(data: bytearray, position: int) -> None:
    """Say so where the peer speaks HTTP: these four letters are lengths and serials that nobody uses."""
    if bytes(data[position : position + 4]) in (b"HTTP", b"GET ", b"POST", b"PUT ", b"HEAD"):
        raise RemoteProtocolError("the peer speaks HTTP here, and not Avro over TCP")


def _buffer_end(data: bytearray, position: int, so_far: int, limits: Limits) -> int | None:
    """Return where the buffer at `position` ends, None where it is not all there; check its length."""
    if len(data) - position < 4:
        return None
    _reject_http(data, position)
    length: int = _INT.unpack_from(data, position)[0]
    if length < 0:
        raise RemoteProtocolError(f"a buffer of {length} bytes: is the peer speaking this framing?")
    if so_far + length > limits.max_body:
        raise LimitExceeded(f"a message of {so_far + length} bytes or more, above max_body={limits.max_body}")
    end = position + 4 + length
    return end if len(data) >= end else None
