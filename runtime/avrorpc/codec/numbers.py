"""Arrays of numbers from buffers and into them, with no Python object for each number."""

from __future__ import annotations

import array
import struct
import sys
from typing import Any, Final

from avrorpc.codec.binary import Cursor, write_long

_FORMATS: Final = {"d": "df", "f": "f", "q": "qlihI", "i": "ih"}
"""By type code: the formats of buffers whose numbers an array of that type holds without loss."""
_SIZES: Final = {"d": 8, "f": 4}


def numbers_in(value: Any, code: str) -> memoryview | None:
    """Return a view of the numbers in a buffer of one dimension; None where it has none that fit the type.

    Bytes are no numbers here, nor is text.
    """
    if isinstance(value, list | tuple | str | bytes | bytearray):
        return None
    try:
        view = memoryview(value)
    except (TypeError, ValueError, BufferError):
        return None
    kind = view.format.removeprefix("@")
    return view if view.ndim == 1 and len(kind) == 1 and kind in _FORMATS[code] else None


def write_numbers(out: bytearray, view: memoryview, code: str) -> None:
    """Append the numbers of a view, as the items of an Avro array of that type."""
    count = len(view)
    if count:
        write_long(out, count)
        if code in "qi":
            for number in view.tolist():
                write_long(out, number)
        elif view.format[-1] == code and sys.byteorder == "little":
            out += view.tobytes()
        else:
            out += struct.pack(f"<{count}{code}", *view.tolist())
    out.append(0)


def read_block(cursor: Cursor, count: int, numbers: array.array[Any]) -> bool:
    """Append a block of floating-point numbers to an array of their type, if they are all there."""
    size = _SIZES[numbers.typecode] * count
    if size > cursor.remaining:
        return False
    block = array.array(numbers.typecode, cursor.take(size))
    if sys.byteorder == "big":
        block.byteswap()
    numbers += block
    return True
