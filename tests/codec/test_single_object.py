"""Single-object encoding: what a message looks like, and what becomes of one that is not as it should be."""

from __future__ import annotations

import io
from typing import Any

import avro.schema
import fastavro
import msgspec
import pytest
from avrorpc import SingleObject
from avrorpc.codec.single_object import MARKER, message_fingerprint
from avrorpc.errors import (
    ContractMismatch,
    DecodeError,
    EncodeError,
    LimitExceeded,
    NotSingleObject,
    UnknownFingerprint,
)
from avrorpc.limits import Limits
from avrorpc.schema import Json, SchemaStore, compact, fingerprint, parse_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import classes, plain, schemas, typed, values
from support.fingerprints import INT_HEADER
from support.values import everything
from testcontracts.conformance import CONFORMANCE, Everything, NotThere

RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

OLD = '{"type":"record","name":"a.Point","fields":[{"name":"x","type":"int"}]}'
NEW = (
    '{"type":"record","name":"a.Place","aliases":["Point"],"fields":[{"name":"x","type":"long"},'
    '{"name":"name","type":"string","default":"here"}]}'
)
OTHER = '{"type":"record","name":"a.Other","fields":[]}'


class Place(msgspec.Struct, frozen=True, kw_only=True):
    x: int
    name: str


def single(text: str, *writers: str, **options: Any) -> SingleObject[Any]:
    store = SchemaStore(parse_schema(writer) for writer in writers)
    return SingleObject(parse_schema(text), writers=store, **options)


def test_the_header_is_what_the_ruby_implementation_publishes() -> None:
    assert single('"int"').encode(1) == bytes.fromhex(INT_HEADER) + b"\x02"


@RELAXED
@given(st.data(), schemas())
def test_a_message_is_marker_fingerprint_and_body(data: st.DataObject, json: Json) -> None:
    schema = parse_schema(compact(json))
    value = data.draw(values(schema))
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(json), value)  # type: ignore[arg-type]
    form = fastavro.schema.to_parsing_canonical_form(json)  # type: ignore[arg-type]
    known = bytes.fromhex(fastavro.schema.fingerprint(form, "CRC-64-AVRO"))
    message = SingleObject[Any](schema).encode(value)
    assert message == b"\xc3\x01" + known + body.getvalue()
    assert SingleObject[Any](schema).decode(message) == value


def test_the_avro_package_has_the_same_fingerprint() -> None:
    made = avro.schema.parse(OLD).fingerprint()
    assert single(OLD).fingerprint == made
    assert repr(single(OLD)) == f"<SingleObject {made.hex()}>"


@RELAXED
@given(st.data(), schemas())
def test_classes_go_in_and_come_out(data: st.DataObject, json: Json) -> None:
    schema = parse_schema(compact(json))
    types = classes(schema)
    value = typed(schema, data.draw(values(schema)), types)
    codec = SingleObject[Any](schema, types)
    assert plain(codec.decode(codec.encode(value))) == plain(value)


def test_a_generated_record_is_named_by_its_class() -> None:
    codec = SingleObject[Everything](CONFORMANCE.schema_of(Everything), CONFORMANCE.types)
    assert codec.decode(codec.encode(everything())) == everything()


def test_a_declared_error_is_a_value_like_any_other() -> None:
    codec = SingleObject[NotThere](CONFORMANCE.schema_of(NotThere), CONFORMANCE.types)
    error = NotThere(message="no such key", key="k", code=3)
    assert plain(codec.decode(codec.encode(error))) == plain(error)


def test_what_another_version_wrote_is_resolved() -> None:
    message = single(OLD).encode({"x": 7})
    reader = single(NEW, OLD)
    assert reader.decode(message) == {"x": 7, "name": "here"}
    assert single(NEW, OLD, types={"a.Place": Place}).decode(message) == Place(x=7, name="here")


def test_a_schema_may_become_known_later() -> None:
    store = SchemaStore()
    reader = SingleObject[Any](parse_schema(NEW), writers=store)
    message = single(OLD).encode({"x": 7})
    with pytest.raises(UnknownFingerprint):
        reader.decode(message)
    store.add(parse_schema(OLD))
    assert reader.decode(message) == {"x": 7, "name": "here"}


def test_an_unknown_fingerprint_says_which() -> None:
    message = single(OLD).encode({"x": 7})
    known = fingerprint(parse_schema(OLD))
    with pytest.raises(UnknownFingerprint, match=f"not known here, of fingerprint {known.hex()}") as caught:
        single(NEW).decode(message)
    assert caught.value.fingerprint == known == message_fingerprint(message)


def test_a_schema_that_can_never_fit_is_refused() -> None:
    message = single(OTHER).encode({})
    with pytest.raises(ContractMismatch, match=r"the writer has a\.Other, the reader has a\.Place"):
        single(NEW, OTHER).decode(message)


@pytest.mark.parametrize("data", [b"\x00\x00\x00\x00\x07xyz.......", b"Obj\x01", b"\xc3\x02........", b"{"])
def test_something_else_is_no_single_object(data: bytes) -> None:
    begin = data[:2].hex(" ")
    with pytest.raises(NotSingleObject, match=f"begins with the bytes c3 01, and not with {begin}") as caught:
        single(OLD).decode(data)
    assert caught.value.beginning == data[:2]


def test_a_message_cut_off_anywhere_says_so() -> None:
    message = single(NEW).encode({"x": 300, "name": "there"})
    for size in range(len(message)):
        with pytest.raises(DecodeError) as caught:
            single(NEW).decode(message[:size])
        assert type(caught.value) is DecodeError
    with pytest.raises(DecodeError, match="ends after 9 of the 10 bytes of its header"):
        single(NEW).decode(message[:9])


def test_what_follows_a_message_is_refused() -> None:
    with pytest.raises(DecodeError, match="1 bytes are left after the value"):
        single(OLD).decode(single(OLD).encode({"x": 7}) + b"\x00")


def test_a_value_that_does_not_fit_says_where() -> None:
    with pytest.raises(EncodeError, match=r"\.name: expected string, got int 5"):
        single(NEW).encode({"x": 1, "name": 5})


def test_limits_hold() -> None:
    nulls = '{"type":"array","items":"null"}'
    bomb = MARKER + fingerprint(parse_schema(nulls)) + b"\xfe\xff\xff\xff\xff\x0f\x00"
    with pytest.raises(LimitExceeded, match="max_items"):
        single(nulls).decode(bomb)
    message = single(OLD).encode({"x": 7})
    with pytest.raises(LimitExceeded, match="a message of 11 bytes exceeds max_body=10"):
        single(OLD, limits=Limits(max_body=10)).decode(message)
    assert single(OLD, limits=Limits(max_body=11)).decode(message) == {"x": 7}
    with pytest.raises(LimitExceeded, match="max_depth=0"):
        single(OLD, limits=Limits(max_depth=0)).decode(message)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_any_buffer_is_read(wrap: Any) -> None:
    message = single(OLD).encode({"x": 7})
    assert single(OLD).decode(wrap(message)) == {"x": 7}
    assert message_fingerprint(wrap(message)) == single(OLD).fingerprint


@given(st.binary(max_size=40))
def test_hostile_bytes_end_in_a_named_error(body: bytes) -> None:
    codec = SingleObject[Everything](CONFORMANCE.schema_of(Everything), CONFORMANCE.types)
    for data in (body, MARKER + codec.fingerprint + body):
        try:
            codec.decode(data)
        except (DecodeError, LimitExceeded):
            continue
