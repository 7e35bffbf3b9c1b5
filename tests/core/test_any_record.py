from __future__ import annotations

import msgspec
import pytest
from avrorpc import AnyRecord, Limits, SingleObject, pack, unpack
from avrorpc.errors import (
    ContractMismatch,
    DecodeError,
    EncodeError,
    LimitExceeded,
    NotSingleObject,
    SchemaError,
    UnknownFingerprint,
)
from avrorpc.schema import SchemaStore, parse_schema
from support.values import everything
from testcontracts.conformance import CONFORMANCE, Everything
from testcontracts.small import SMALL
from testcontracts.spl import SPL_DATA_SERVICE, DataReadRequest, DataWriteRequest

READ = DataReadRequest(topic="orders", limit=3)


def older(field: str) -> AnyRecord:
    """Return a record as a version of its type with this one field wrote it, schema included."""
    schema = f'''{{"type": "record", "name": "DataReadRequest", "namespace": "spl",
        "fields": [{{"name": "{field}", "type": "string"}}]}}'''
    codec: SingleObject[dict[str, str]] = SingleObject(parse_schema(schema))
    return AnyRecord(type="spl.DataReadRequest", schema=schema, object=codec.encode({field: "orders"}))


def test_a_record_comes_back_as_its_class() -> None:
    packed = pack(READ, SPL_DATA_SERVICE)
    assert (packed.type, packed.schema) == ("spl.DataReadRequest", "")
    assert unpack(packed, SPL_DATA_SERVICE) == READ


def test_every_type_fits() -> None:
    value = everything()
    assert isinstance(value, Everything)
    assert unpack(pack(value, CONFORMANCE), CONFORMANCE) == value


def test_records_lie_in_records() -> None:
    inner = pack(READ, SPL_DATA_SERVICE)
    write = DataWriteRequest(topic="log", primaryKey="1", data=inner)
    again = unpack(pack(write, SPL_DATA_SERVICE), SPL_DATA_SERVICE)
    assert isinstance(again, DataWriteRequest)
    assert unpack(again.data, SPL_DATA_SERVICE) == READ


def test_a_reader_without_the_class_gets_a_dict_where_the_schema_came_along() -> None:
    packed = pack(READ, SPL_DATA_SERVICE, with_schema=True)
    expected = {"topic": "orders", "primaryKey": None, "limit": 3, "offset": None}
    assert unpack(packed) == expected
    assert unpack(packed, SMALL) == expected


def test_a_reader_without_the_schema_says_which_one_it_lacks() -> None:
    with pytest.raises(UnknownFingerprint):
        unpack(pack(READ, SPL_DATA_SERVICE))


def test_a_store_of_schemas_stands_in() -> None:
    store = SchemaStore([SPL_DATA_SERVICE.schema_of(DataReadRequest)])
    value = unpack(pack(READ, SPL_DATA_SERVICE), writers=store)
    assert isinstance(value, dict)
    assert value["limit"] == 3


def test_another_version_is_resolved() -> None:
    assert unpack(older("topic"), SPL_DATA_SERVICE) == DataReadRequest(topic="orders")


def test_a_version_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ContractMismatch, match="topic"):
        unpack(older("other"), SPL_DATA_SERVICE)


def test_a_schema_that_is_not_the_writers_is_refused() -> None:
    packed = pack(READ, SPL_DATA_SERVICE, with_schema=True)
    with pytest.raises(DecodeError, match="not the one it was written with"):
        unpack(msgspec.structs.replace(packed, schema=older("topic").schema))


def test_a_schema_of_another_name_is_refused() -> None:
    packed = pack(READ, SPL_DATA_SERVICE, with_schema=True)
    with pytest.raises(DecodeError, match=r"what came as a spl\.Order is a spl\.DataReadRequest"):
        unpack(msgspec.structs.replace(packed, type="spl.Order"))


@pytest.mark.parametrize(
    ("data", "error"), [(b"", DecodeError), (b"\xc3\x01", DecodeError), (b"hello world", NotSingleObject)]
)
def test_what_is_no_record_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        unpack(AnyRecord(type="spl.DataReadRequest", object=data), SPL_DATA_SERVICE)


def test_a_schema_that_is_none_is_refused() -> None:
    packed = pack(READ, SPL_DATA_SERVICE)
    with pytest.raises(SchemaError):
        unpack(msgspec.structs.replace(packed, schema="{"))


def test_limits_hold() -> None:
    with pytest.raises(LimitExceeded):
        unpack(pack(READ, SPL_DATA_SERVICE), SPL_DATA_SERVICE, limits=Limits(max_body=8))


def test_only_classes_of_the_contract_can_be_packed() -> None:
    with pytest.raises(SchemaError, match="no type whose class is DataReadRequest"):
        pack(READ, CONFORMANCE)
    with pytest.raises(EncodeError):
        pack(DataReadRequest(topic=1), SPL_DATA_SERVICE)  # type: ignore[arg-type]
