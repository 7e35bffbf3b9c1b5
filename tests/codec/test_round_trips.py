"""Any value of any schema: our bytes are fastavro's, each reads the other's, and nothing is lost."""

from __future__ import annotations

import io
from typing import Any

import fastavro
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.json import from_json, to_json
from avrorpc.schema import Json, compact, parse_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import classes, plain, schemas, typed, values

RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def encode(schema: Any, value: Any, types: dict[str, type] | None = None) -> bytes:
    out = bytearray()
    compile_encoder(schema, types or {})(out, value)
    return bytes(out)


def decode(schema: Any, data: bytes, types: dict[str, type] | None = None) -> Any:
    cursor = Cursor(data)
    value = compile_decoder(schema, schema, types or {})(cursor)
    cursor.finish()
    return value


@RELAXED
@given(st.data(), schemas())
def test_our_bytes_are_fastavros(data: st.DataObject, json: Json) -> None:
    schema, theirs = parse_schema(compact(json)), fastavro.parse_schema(json)  # type: ignore[arg-type]
    value = data.draw(values(schema))
    written = io.BytesIO()
    fastavro.schemaless_writer(written, theirs, value)
    ours = encode(schema, value)
    assert ours == written.getvalue()
    assert fastavro.schemaless_reader(io.BytesIO(ours), theirs, None) == value
    assert decode(schema, ours) == value


@RELAXED
@given(st.data(), schemas())
def test_classes_and_plain_values_have_the_same_bytes(data: st.DataObject, json: Json) -> None:
    schema = parse_schema(compact(json))
    types = classes(schema)
    generic = data.draw(values(schema))
    value = typed(schema, generic, types)
    encoded = encode(schema, value, types)
    assert encoded == encode(schema, generic)
    assert plain(decode(schema, encoded, types)) == plain(value)


@RELAXED
@given(st.data(), schemas())
def test_json_gives_back_what_it_was_made_of(data: st.DataObject, json: Json) -> None:
    schema = parse_schema(compact(json))
    types = classes(schema)
    generic = data.draw(values(schema))
    assert from_json(schema, to_json(schema, generic, {}), {}) == generic
    value = typed(schema, generic, types)
    assert plain(from_json(schema, to_json(schema, value, types), types)) == plain(value)
    assert to_json(schema, value, types) == to_json(schema, generic, {})


def test_blocks_of_any_size_are_read() -> None:
    schema = parse_schema('{"type":"array","items":"int"}')
    # Two items, then one in a block that states its size, then the end.
    assert decode(schema, bytes.fromhex("04 02 04 01 02 06 00")) == [1, 2, 3]
    mapping = parse_schema('{"type":"map","values":"int"}')
    assert decode(mapping, bytes.fromhex("02 02 61 02 01 06 02 62 04 00")) == {
        "a": 1,
        "b": 2,
    }
