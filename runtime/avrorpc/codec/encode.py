"""Typed values to Avro binary, by the native accelerator where it is here, else in Python alone.

An error names the path of the value at fault. A union takes the branch of the value's exact type first, then
the first that holds it without loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from avrorpc.codec.acceleration import is_native
from avrorpc.codec.branches import compile_choice
from avrorpc.codec.portable_encode import Encoder, portable_encoder, portable_row_encoder
from avrorpc.codec.types import Types
from avrorpc.schema import Field, Schema

if TYPE_CHECKING or is_native:
    from avrorpc.codec import program

__all__ = ["Encoder", "compile_choice", "compile_encoder", "compile_row_encoder", "to_bytes"]


def compile_encoder(schema: Schema, types: Types) -> Encoder:
    """Return a function that appends a value of `schema` to a `bytearray`.

    It raises `EncodeError`, with the path of the value, where a value does not fit.
    """
    return program.native_encoder(schema, types) if is_native else portable_encoder(schema, types)


def compile_row_encoder(fields: Sequence[Field], types: Types) -> Encoder:
    """Return a function that appends the parameters of a message, given as a tuple in their order.

    It raises `EncodeError`, with a path that begins with the parameter's name, where one does not fit.
    """
    return program.native_row_encoder(fields, types) if is_native else portable_row_encoder(fields, types)


def to_bytes(encode: Encoder) -> Callable[[Any], bytes]:
    """Return a function that gives a value as bytes."""
    if is_native:
        return program.to_bytes(encode)

    def written(value: Any) -> bytes:
        out = bytearray()
        encode(out, value)
        return bytes(out)

    return written
