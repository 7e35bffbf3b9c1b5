"""Avro binary to typed values, by the native accelerator where it is here, else in Python alone.

What reads is made once for each pair of writer's and reader's schema. A pair that can never work is refused
then, with the path of the field at fault. What only some values have, such as a branch or a symbol that the
reader lacks, is refused when such a value arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_not
from typing import TYPE_CHECKING, Any

from avrorpc.codec.acceleration import is_native
from avrorpc.codec.binary import Cursor
from avrorpc.codec.portable_decode import Decoder, portable_decoder, portable_row_decoder, portable_skipper
from avrorpc.codec.types import Types
from avrorpc.errors import ContractMismatch, LimitExceeded
from avrorpc.limits import Limits
from avrorpc.schema import Field, Record, Schema, final_problem

if TYPE_CHECKING or is_native:
    from avrorpc.codec import program

__all__ = ["Decoder", "compile_decoder", "compile_fields", "compile_skipper", "from_bytes"]


def compile_decoder(writer: Schema, reader: Schema, types: Types) -> Decoder:
    """Return a function that reads what `writer` wrote and gives what `reader` wants.

    Raises:
        ContractMismatch: The two can never work together.
    """
    _check(writer, reader)
    return (program.native_decoder if is_native else portable_decoder)(writer, reader, types)


def compile_fields(writer: Sequence[Field], reader: Sequence[Field], types: Types, what: str) -> Decoder:
    """Return a decoder of a message's parameters: a list, in the order of `reader`.

    Raises:
        ContractMismatch: The two can never work together.
    """
    if len(writer) != len(reader) or any(map(is_not, writer, reader)):
        _check(Record("", list(writer)), Record("", list(reader)), what)
    return (program.native_row_decoder if is_native else portable_row_decoder)(writer, reader, types)


def compile_skipper(schema: Schema) -> Decoder:
    """Return a function that reads a value which nobody here wants, or knows: no class, no logical type."""
    return (program.native_skipper if is_native else portable_skipper)(schema)


def from_bytes(decode: Decoder, limits: Limits) -> Callable[[bytes | bytearray | memoryview], Any]:
    """Return a function that gives the value of bytes which hold it and nothing else.

    It raises `LimitExceeded` where there are more of them than `max_body`, and otherwise what `decode` does.
    """
    if is_native:
        return program.from_bytes(decode, limits)

    def read(data: bytes | bytearray | memoryview) -> Any:
        data = bytes(data)
        if len(data) > limits.max_body:
            raise LimitExceeded(f"a value of {len(data)} bytes exceeds max_body={limits.max_body}")
        cursor = Cursor(data, limits)
        value = decode(cursor)
        cursor.finish()
        return value

    return read


def _check(writer: Schema, reader: Schema, what: str = "request") -> None:
    problem = final_problem(writer, reader, what)
    if problem is not None:
        path, text = problem
        raise ContractMismatch(f"{path}: {text}" if path else text)
