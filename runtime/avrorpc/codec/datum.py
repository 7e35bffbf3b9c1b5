"""The values of one schema as bare Avro binary: no header, no schema, only the bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from avrorpc.codec.decode import compile_decoder, from_bytes
from avrorpc.codec.encode import compile_encoder, to_bytes
from avrorpc.codec.types import Types
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.schema import Schema

Buffer: TypeAlias = bytes | bytearray | memoryview
T = TypeVar("T")


class Datum(Generic[T]):
    """Writes and reads values of one schema; the type parameter is what they are in Python.

    Whoever reads must know which schema wrote; a `SingleObject` says so in each message. It is made once and
    used often.
    """

    __slots__ = ("decode", "encode")

    encode: Callable[[T], bytes]
    """Returns a value's bytes; raises `EncodeError`, with the path, where it does not fit."""
    decode: Callable[[Buffer], T]
    """Returns the value of bytes.

    It raises `DecodeError` where they do not fit the schema, `LimitExceeded` where they exceed a limit.
    """

    def __init__(
        self,
        schema: Schema,
        types: Types | None = None,
        *,
        writer: Schema | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Compile for a schema.

        Args:
            schema: What is written, and what reading gives.
            types: Python classes by the full names of Avro types; a record without one is a `dict`, an enum
                a `str`.
            writer: The schema that wrote what is read; None for the same one.
            limits: Bounds on what is read.

        Raises:
            ContractMismatch: What the writer wrote can never be a value of the schema.
            SchemaError: A class does not match its type.
        """
        types = types or {}
        self.encode = to_bytes(compile_encoder(schema, types))
        decode = compile_decoder(schema if writer is None else writer, schema, types)
        self.decode = from_bytes(decode, limits)
