"""Avro's binary encoding of primitive values, and the cursor that reads it.

Source: Avro 1.12 specification, "Binary Encoding". Knows bytes, and neither schemas nor sockets.
"""

from __future__ import annotations

import struct
from typing import Final

from avrorpc.errors import DecodeError, LimitExceeded
from avrorpc.limits import DEFAULT_LIMITS, Limits

FLOAT: Final = struct.Struct("<f")
DOUBLE: Final = struct.Struct("<d")


def write_long(out: bytearray, value: int) -> None:
    """Append a zig-zag variable-length integer of at most 64 bits."""
    value = (value << 1) ^ (value >> 63)
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)


def write_bytes(out: bytearray, value: bytes | bytearray | memoryview) -> None:
    """Append bytes with their length before them."""
    write_long(out, len(value))
    out += value


def write_string(out: bytearray, value: str) -> None:
    """Append a string as UTF-8 with its length in bytes before it.

    Raises:
        UnicodeEncodeError: The string holds a lone surrogate.
    """
    write_bytes(out, value.encode())


class Cursor:
    """A position in a body that a peer sent. Reading past the end, or a lying length, is a `DecodeError`."""

    __slots__ = ("data", "depth", "items", "limits", "position")

    def __init__(self, data: bytes, limits: Limits = DEFAULT_LIMITS, position: int = 0) -> None:
        self.data = data
        self.position = position
        self.limits = limits
        self.depth = 0
        self.items = 0

    def __repr__(self) -> str:
        return f"<Cursor at {self.position} of {len(self.data)} bytes>"

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.position

    def take(self, size: int) -> bytes:
        """Read `size` bytes."""
        end = self.position + size
        if size < 0:
            raise DecodeError(f"a length of {size} bytes")
        if end > len(self.data):
            raise DecodeError(f"{size} bytes were announced, {self.remaining} are left")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def read_long(self) -> int:
        """Read a zig-zag variable-length integer of at most 64 bits."""
        data, position = self.data, self.position
        result = shift = 0
        try:
            while True:
                byte = data[position]
                position += 1
                result |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 63:
                    raise DecodeError("an integer longer than ten bytes")
        except IndexError:
            raise DecodeError("the data ends inside an integer") from None
        if result >> 64:
            raise DecodeError("an integer of more than 64 bits")
        self.position = position
        return (result >> 1) ^ -(result & 1)

    def read_boolean(self) -> bool:
        """Read one byte that must be 0 or 1."""
        byte = self.take(1)[0]
        if byte > 1:
            raise DecodeError(f"a boolean is 0 or 1, not {byte}")
        return byte == 1

    def read_float(self) -> float:
        """Read a 32-bit float."""
        value: float = FLOAT.unpack(self.take(4))[0]
        return value

    def read_double(self) -> float:
        """Read a 64-bit float."""
        value: float = DOUBLE.unpack(self.take(8))[0]
        return value

    def read_bytes(self) -> bytes:
        """Read bytes with their length before them."""
        return self.take(self.read_long())

    def read_string(self) -> str:
        """Read UTF-8 with its length in bytes before it."""
        data = self.take(self.read_long())
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"a string that is not UTF-8 (byte {error.start} of {len(data)})") from None

    def block(self) -> int:
        """Read the item count of the next block of an array or a map; 0 ends it.

        Each item has at least one byte of its own in nearly all types, so that a body of so many bytes has
        at most so many items; for those that take none, `max_items` bounds what comes on top.
        """
        count = self.read_long()
        if count < 0:
            count = -count
            if self.read_long() < 0:
                raise DecodeError("a block of negative size")
        items = self.items + count
        if items > len(self.data) + self.limits.max_items:
            raise LimitExceeded(f"more than max_items={self.limits.max_items} items that take no bytes")
        self.items = items
        return count

    def enter(self) -> None:
        """Go one level deeper into a nested value; pair with `leave`."""
        self.depth += 1
        if self.depth > self.limits.max_depth:
            raise LimitExceeded(f"values nested deeper than max_depth={self.limits.max_depth}")

    def leave(self) -> None:
        """Come back up."""
        self.depth -= 1

    def finish(self) -> None:
        """Check that nothing is left."""
        if self.remaining:
            raise DecodeError(f"{self.remaining} bytes are left after the value")
