"""Avro's binary encoding of primitive values, and the cursor that reads it.

By the native accelerator where it is here, else in Python alone; `portable_binary` says what each does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from avrorpc.codec.acceleration import is_native
from avrorpc.codec.portable_binary import DOUBLE, FLOAT

if TYPE_CHECKING or not is_native:
    from avrorpc.codec.portable_binary import Cursor, write_bytes, write_long, write_string
else:
    from avrorpc.codec._native import Cursor, write_bytes, write_long, write_string

__all__ = ["DOUBLE", "FLOAT", "Cursor", "write_bytes", "write_long", "write_string"]
