"""Our own frames, spoken on a connection once both ends have agreed on them.

Each is ten bytes of head, big-endian, and a payload:

    uint32 length of the payload | uint8 kind | uint8 flags | uint32 call

Call 0 is the connection itself. A message longer than `CHUNK` travels in several frames of one kind and call,
all but the last with `MORE`, so that small messages pass between the parts of large ones.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from avrorpc.errors import LimitExceeded, RemoteProtocolError

CHUNK: Final = 65_536
"""Bytes of payload in one frame that this implementation sends."""
HEAD: Final = struct.Struct(">IBBI")
LAST_CALL: Final = 2**32 - 1
"""The highest number that a call may have."""


class Kind(IntEnum):
    """What a frame is."""

    OPEN = 1
    """Client: a call: metadata, `protocol/message`, and the parameters, in Avro's call format."""
    ITEM = 2
    """Either: one item of a stream."""
    END = 3
    """Client: the request stream is complete."""
    REPLY = 4
    """Server: the call is over: metadata, error flag, and result or error, in Avro's call format."""
    CANCEL = 5
    """Client: the call is over; nothing more is wanted of it."""
    CREDIT = 6
    """Either: so many more bytes of items may be sent; uint32."""
    PING = 7
    """Either: answer with PONG and the same eight bytes."""
    PONG = 8
    """Either: the answer to PING."""
    GOODBYE = 9
    """Either: no new calls; uint32, the last call that is served, and a reason; perhaps twice."""
    BIND = 10
    """Client: an Avro handshake request: calls of this protocol will come."""
    BOUND = 11
    """Server: the handshake response."""


class Flag:
    """What else a frame says: bits of a number, and no enum, whose each use takes a call in Python."""

    MORE: Final = 1
    """The message goes on in the next frame of this call."""
    COMPRESSED: Final = 2
    """The message is compressed, as agreed in the handshake; on its first frame."""
    ONE_WAY: Final = 4
    """OPEN: no reply is wanted."""
    STREAM: Final = 8
    """OPEN: items follow, up to END."""


_KNOWN_FLAGS: Final = Flag.MORE | Flag.COMPRESSED | Flag.ONE_WAY | Flag.STREAM
_KINDS: Final = {kind.value: kind for kind in Kind}


@dataclass(slots=True)
class Frame:
    """One frame; not frozen, which would take three times as long to make."""

    kind: Kind
    flags: int
    call: int
    payload: bytes


def encode(kind: Kind, call: int, payload: bytes | bytearray | memoryview = b"", flags: int = 0) -> bytes:
    """Return the bytes of a frame."""
    return HEAD.pack(len(payload), kind, flags, call) + payload


class FrameReader:
    """Cuts frames out of a stream of bytes.

    Args:
        max_frame: Bytes of payload that one frame may have.
    """

    def __init__(self, max_frame: int) -> None:
        self._max_frame = max_frame
        self._data = bytearray()

    @property
    def idle(self) -> bool:
        """Whether no frame is half received."""
        return not self._data

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes, and return the frames now complete.

        Raises:
            RemoteProtocolError: A kind or flag is unknown.
            LimitExceeded: A payload is above the limit.
        """
        # Most often whole frames come, and nothing is left of those before: then nothing is put together.
        source: bytes | bytearray = data
        if self._data:
            self._data += data
            source = self._data
        frames: list[Frame] = []
        position, end = 0, len(source)
        while end - position >= HEAD.size:
            length, number, flags, call = HEAD.unpack_from(source, position)
            kind = _KINDS.get(number)
            if kind is None:
                raise RemoteProtocolError(
                    f"a frame of the unknown kind {number}: is the peer speaking avrorpc?"
                )
            if flags & ~_KNOWN_FLAGS:
                raise RemoteProtocolError(f"a {kind.name} frame with unknown flags {flags:#x}")
            if length > self._max_frame:
                raise LimitExceeded(f"a frame of {length} bytes, above max_frame={self._max_frame}")
            start = position + HEAD.size
            if end - start < length:
                break
            position = start + length
            frames.append(Frame(kind, flags, call, bytes(source[start:position])))
        if self._data:
            del self._data[:position]
        else:
            self._data += data[position:]
        return frames


def next_call(call: int) -> int:
    """Return the number of the call after `call`.

    Raises:
        RemoteProtocolError: The numbers are used up: the connection has carried four thousand million calls.
    """
    if call >= LAST_CALL:
        raise RemoteProtocolError("this connection has no more numbers for calls")
    return call + 1
