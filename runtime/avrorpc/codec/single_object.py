"""Single-object encoding: one value with the fingerprint of its schema before it, for storing and queueing.

A message is the marker C3 01, the CRC-64-AVRO fingerprint of the writer's schema, little-endian, and the
value in Avro's binary encoding. Source: Avro 1.12 specification, "Single-object encoding". Knows no registry
of schemas beyond the store that it is given.
"""

from __future__ import annotations

from typing import Final, Generic, TypeAlias, TypeVar

from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import Decoder, compile_decoder
from avrorpc.codec.encode import compile_encoder, to_bytes
from avrorpc.codec.types import Types
from avrorpc.errors import DecodeError, LimitExceeded, NotSingleObject, UnknownFingerprint
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.schema import Schema, SchemaStore, fingerprint

MARKER: Final = b"\xc3\x01"
"""What every message begins with."""

_HEADER_SIZE: Final = len(MARKER) + 8

Buffer: TypeAlias = bytes | bytearray | memoryview
T = TypeVar("T")


class SingleObject(Generic[T]):
    """The messages of one schema; the type parameter is what its values are in Python.

    It writes with its own schema, and reads what was written with that one or with any in the store, resolved
    to its own. Made once and used often: what it knows of a schema is compiled at its first message.
    """

    def __init__(
        self,
        schema: Schema,
        types: Types | None = None,
        *,
        writers: SchemaStore | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Make it for a schema.

        Args:
            schema: What is written, and what reading gives.
            types: Python classes by the full names of Avro types; a record without one is a `dict`, an enum
                a `str`.
            writers: Schemas that messages may have been written with; more may be added later.
            limits: Bounds on what is accepted in a message.
        """
        self._schema = schema
        self._types = types or {}
        self._writers = SchemaStore() if writers is None else writers
        self._limits = limits
        self._encode = to_bytes(compile_encoder(schema, self._types))
        self._header = MARKER + fingerprint(schema)
        self._decoders: dict[bytes, Decoder] = {}

    def __repr__(self) -> str:
        return f"<SingleObject {self.fingerprint.hex()}>"

    @property
    def fingerprint(self) -> bytes:
        """The fingerprint that its own messages carry."""
        return self._header[len(MARKER) :]

    def encode(self, value: T) -> bytes:
        """Return a value as a message.

        Raises:
            EncodeError: It does not fit the schema; the error says where.
        """
        return self._header + self._encode(value)

    def decode(self, data: Buffer) -> T:
        """Return the value of a message.

        Raises:
            NotSingleObject: It is something else.
            UnknownFingerprint: Its schema is not in the store.
            ContractMismatch: Its schema is known, and can never give a value of this one.
            DecodeError: It is cut off, or does not fit its schema.
            LimitExceeded: It is larger, or nested deeper, than the limits allow.
        """
        data = bytes(data)
        if len(data) > self._limits.max_body:
            raise LimitExceeded(f"a message of {len(data)} bytes exceeds max_body={self._limits.max_body}")
        written_with = message_fingerprint(data)
        decode = self._decoders.get(written_with)
        if decode is None:
            decode = self._decoders[written_with] = self._compile(written_with)
        cursor = Cursor(data, self._limits, _HEADER_SIZE)
        value: T = decode(cursor)
        cursor.finish()
        return value

    def _compile(self, written_with: bytes) -> Decoder:
        own = written_with == self.fingerprint
        writer = self._schema if own else self._writers.find(written_with)
        if writer is None:
            raise UnknownFingerprint(written_with)
        return compile_decoder(writer, self._schema, self._types)


def message_fingerprint(data: Buffer) -> bytes:
    """Return the fingerprint of the schema that a message was written with, 8 bytes.

    Raises:
        NotSingleObject: It is no such message.
        DecodeError: It ends before the fingerprint does.
    """
    header = bytes(data)[:_HEADER_SIZE]
    if header[: len(MARKER)] != MARKER[: len(header)]:
        raise NotSingleObject(header[: len(MARKER)])
    if len(header) < _HEADER_SIZE:
        raise DecodeError(f"the data ends after {len(header)} of the {_HEADER_SIZE} bytes of its header")
    return header[len(MARKER) :]
