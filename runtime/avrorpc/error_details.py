"""Details of a `StatusError`: records that tell programs more than a code and a message do.

In a process they are the records themselves. On the wire they are an Avro array of `AnyRecord` in the reply's
metadata, so that a record of any contract may go, and a reader that does not know it gets it unopened.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from avrorpc import contracts
from avrorpc.any_record import pack, unpack
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import Decoder, compile_decoder
from avrorpc.codec.encode import Encoder, compile_encoder
from avrorpc.contracts import ERROR_DETAILS, AnyRecord
from avrorpc.errors import DecodeError, LimitExceeded, RpcError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.schema import Array, short_name

_RESERVED: Final = 1024
"""Bytes of a reply's metadata that are left for the code and the error id."""


def _classes() -> dict[str, type]:
    return {named.name: getattr(contracts, short_name(named.name)) for named in ERROR_DETAILS.protocol.types}


# Its messages reach no types, as there are none: these are the classes of all that it declares.
WELL_KNOWN: Final = Contract(ERROR_DETAILS.name, ERROR_DETAILS.text, types=_classes)
"""The contract of the details that everybody may send."""


def pack_details(
    details: Iterable[object], contract: Contract, limits: Limits = DEFAULT_LIMITS
) -> tuple[bytes, list[str]]:
    """Return details as bytes for the wire, and why some are left out.

    A detail is a record of `avrorpc.contracts`, one of the contract's own types, or an `AnyRecord`. Anything
    else, and what would make the metadata larger than `max_metadata`, is left out: an error that cannot be
    told whole is still told.
    """
    taken: list[AnyRecord] = []
    out, problems = b"", []
    for detail in details:
        try:
            packed = _pack(detail, contract)
            longer = _encode([*taken, packed])
        except Exception as problem:  # noqa: BLE001 - whatever a detail is, the error itself goes on its way
            problems.append(f"{type(detail).__name__}: {problem}")
            continue
        if len(longer) > limits.max_metadata - _RESERVED:
            problems.append(f"{type(detail).__name__}: above max_metadata={limits.max_metadata} bytes")
            continue
        taken.append(packed)
        out = longer
    return out, problems


def unpack_details(data: bytes, contract: Contract, limits: Limits = DEFAULT_LIMITS) -> tuple[object, ...]:
    """Return the details that a peer sent.

    A record that neither `avrorpc.contracts` nor the contract has stays an `AnyRecord`, for `avrorpc.unpack`,
    and so does one that cannot be read. Bytes that are no details at all give none: the error that they came
    with is what counts.
    """
    try:
        cursor = Cursor(data, limits)
        records: list[AnyRecord] = _codec()[1](cursor)
        cursor.finish()
    except (DecodeError, LimitExceeded):
        return ()
    return tuple(_unpack(record, contract, limits) for record in records)


def settled(
    details: Sequence[object], contract: Contract, limits: Limits = DEFAULT_LIMITS
) -> tuple[tuple[object, ...], list[str]]:
    """Return details as a remote caller would get them, and why some are left out."""
    if not details:
        return (), []
    data, problems = pack_details(details, contract, limits)
    return unpack_details(data, contract, limits) if data else (), problems


def _pack(detail: object, contract: Contract) -> AnyRecord:
    if isinstance(detail, AnyRecord):
        return detail
    for known in (WELL_KNOWN, contract):
        if type(detail) in known.types.values():
            return pack(detail, known, with_schema=True)
    raise TypeError(f"it is of no type of {contract.name} or of avrorpc.contracts; pack it into an AnyRecord")


def _unpack(record: AnyRecord, contract: Contract, limits: Limits) -> object:
    for known in (WELL_KNOWN, contract):
        if record.type in known.types:
            try:
                return unpack(record, known, limits=limits)
            except RpcError:
                return record
    return record


@cache
def _codec() -> tuple[Encoder, Decoder]:
    schema = Array(WELL_KNOWN.schema_of(AnyRecord))
    return compile_encoder(schema, WELL_KNOWN.types), compile_decoder(schema, schema, WELL_KNOWN.types)


def _encode(records: list[AnyRecord]) -> bytes:
    out = bytearray()
    _codec()[0](out, records)
    return bytes(out)
