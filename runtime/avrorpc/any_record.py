"""`pack` and `unpack`: records of any type in an `AnyRecord`, for contracts that do not know them by name.

Knows contracts and schemas, and nothing of calls. What an unknown record becomes in Python is a `dict`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from avrorpc.codec.single_object import SingleObject, message_fingerprint
from avrorpc.contracts import AnyRecord
from avrorpc.errors import DecodeError, UnknownFingerprint
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.schema import (
    Named,
    Schema,
    SchemaStore,
    compact,
    describe,
    fingerprint,
    parse_schema,
    schema_to_json,
)

_KEPT: Final = 1024
"""How many types have their codec kept."""


def pack(value: object, contract: Contract, *, with_schema: bool = False) -> AnyRecord:
    """Put a record into an `AnyRecord`.

    Args:
        value: A record, or another value of a named type of the contract.
        contract: The contract that the value's class was made from.
        with_schema: Whether the schema travels, too, for readers that may not have it.

    Raises:
        SchemaError: The class was not made from this contract.
        EncodeError: The value does not fit its schema.
    """
    schema = contract.schema_of(type(value))
    text = compact(schema_to_json(schema)) if with_schema else ""
    return AnyRecord(type=schema.name, schema=text, object=_codec(contract, schema.name).encode(value))


def unpack(
    record: AnyRecord,
    contract: Contract | None = None,
    *,
    writers: SchemaStore | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> object:
    """Return the record that an `AnyRecord` holds.

    It becomes an instance of the contract's class of that name, read by Avro's resolution where the writer's
    version differs; without such a class, a `dict`.

    Args:
        record: What `pack` made, here or at a peer.
        contract: Where the record's class is looked up.
        writers: Schemas that records without one may have been written with, beside the contract's own.
        limits: Bounds on what is accepted.

    Raises:
        UnknownFingerprint: The record comes without its schema, and nobody here has it.
        ContractMismatch: The writer's schema can never give a value of the contract's type.
        SchemaError: The schema that came with it is none.
        DecodeError: The schema that came with it is another one, or the bytes do not fit.
        NotSingleObject: The bytes are something else.
        LimitExceeded: It is larger, or nested deeper, than the limits allow.
    """
    written_with = message_fingerprint(record.object)
    own = None if contract is None else _named(contract, record.type)
    codec = None if contract is None or own is None else _codec(contract, own.name, limits)
    if codec is None or codec.fingerprint != written_with:
        writer = _writer(record, written_with, writers)
        types = contract.types if contract is not None and own is not None else None
        codec = SingleObject(own or writer, types, writers=SchemaStore([writer]), limits=limits)
    value: object = codec.decode(record.object)
    return value


def _writer(record: AnyRecord, written_with: bytes, writers: SchemaStore | None) -> Schema:
    if record.schema:
        schema = parse_schema(record.schema)
        if fingerprint(schema) != written_with:
            raise DecodeError(f"the schema that came with a {record.type} is not the one it was written with")
        if describe(schema) != record.type:
            raise DecodeError(f"what came as a {record.type} is a {describe(schema)}")
        return schema
    known = writers.find(written_with) if writers is not None else None
    if known is None:
        raise UnknownFingerprint(written_with)
    return known


def _named(contract: Contract, name: str) -> Named | None:
    return next((named for named in contract.protocol.types if named.name == name), None)


@lru_cache(_KEPT)
def _codec(contract: Contract, name: str, limits: Limits = DEFAULT_LIMITS) -> SingleObject[Any]:
    schema = _named(contract, name)
    assert schema is not None
    return SingleObject(schema, contract.types, limits=limits)
