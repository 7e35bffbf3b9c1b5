"""Whatever bytes come, decoding gives a value, a `DecodeError` or a `LimitExceeded`, within bounds."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder, compile_skipper
from avrorpc.codec.encode import compile_encoder
from avrorpc.contracts import BufferHandle, DType
from avrorpc.errors import DecodeError, LimitExceeded
from avrorpc.limits import Limits
from avrorpc.schema import Json, Schema, compact, parse_schema
from avrorpc.tensor import Tensor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import classes, schemas, values

RELAXED = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

TREE = (
    '{"type":"record","name":"Tree","fields":[{"name":"label","type":"string"},'
    '{"name":"children","type":{"type":"array","items":"Tree"}}]}'
)
CHAIN = '{"type":"record","name":"Chain","fields":[{"name":"next","type":["null","Chain"]}]}'
TENSOR = (
    '{"type":"record","name":"Tensor","namespace":"avrorpc","fields":[{"name":"dtype","type":{"type":"enum",'
    '"name":"DType","symbols":[' + ",".join(f'"{d.value}"' for d in DType) + "]}},"
    '{"name":"shape","type":{"type":"array","items":"long"}},{"name":"data","type":["bytes",'
    '{"type":"record","name":"BufferHandle","fields":[{"name":"kind","type":"string"},'
    '{"name":"id","type":"long"},{"name":"offset","type":"long"},{"name":"length","type":"long"}]}]}]}'
)
TENSOR_TYPES = {"avrorpc.Tensor": Tensor, "avrorpc.DType": DType, "avrorpc.BufferHandle": BufferHandle}


def attempt(schema: Schema, data: bytes, types: dict[str, type] | None = None) -> Any:
    """Decode, and let through no error but those that callers are promised."""
    cursor = Cursor(data)
    try:
        value = compile_decoder(schema, schema, types or {})(cursor)
        cursor.finish()
    except (DecodeError, LimitExceeded) as error:
        return error
    return value


def decode(schema: str, data: bytes, limits: Limits | None = None) -> Any:
    parsed = parse_schema(schema)
    return compile_decoder(parsed, parsed, {})(Cursor(data, limits or Limits()))


@RELAXED
@given(schemas(), st.binary(max_size=60))
def test_random_bytes_are_a_value_or_an_error(json: Json, data: bytes) -> None:
    schema = parse_schema(compact(json))
    attempt(schema, data)
    attempt(schema, data, classes(schema))


@RELAXED
@given(st.data(), schemas())
def test_damaged_bytes_are_a_value_or_an_error(data: st.DataObject, json: Json) -> None:
    schema = parse_schema(compact(json))
    out = bytearray()
    compile_encoder(schema, {})(out, data.draw(values(schema)))
    cut = data.draw(st.integers(0, len(out)))
    attempt(schema, bytes(out[:cut]))
    if out:
        out[data.draw(st.integers(0, len(out) - 1))] = data.draw(st.integers(0, 255))
        attempt(schema, bytes(out))


@RELAXED
@given(st.binary(max_size=40))
def test_random_bytes_are_a_tensor_or_an_error(data: bytes) -> None:
    attempt(parse_schema(TENSOR), data, TENSOR_TYPES)


def test_a_tensor_whose_data_has_another_size_is_refused() -> None:
    # INT8 of shape [3], but two bytes of data.
    data = bytes([list(DType).index(DType.INT8) * 2, 2, 6, 0, 0, 4, 1, 2])
    error = attempt(parse_schema(TENSOR), data, TENSOR_TYPES)
    assert isinstance(error, DecodeError)
    assert "shape [3] has 3 bytes, the data has 2" in str(error)


def test_a_buffer_handle_without_agreement_is_refused() -> None:
    data = bytes([list(DType).index(DType.INT8) * 2, 0, 2, 2, 109, 0, 0, 2])
    error = attempt(parse_schema(TENSOR), data, TENSOR_TYPES)
    assert isinstance(error, DecodeError)
    assert "'m'" in str(error)


@pytest.mark.parametrize("items", ['"null"', '{"type":"record","name":"E","fields":[]}'])
def test_a_few_bytes_cannot_announce_many_items(items: str) -> None:
    billion = bytes.fromhex("80a8d6b907") + b"\0"
    with pytest.raises(LimitExceeded, match="max_items"):
        decode(f'{{"type":"array","items":{items}}}', billion)


@pytest.mark.parametrize(
    "count", ["ffffffffffffffffff0100", "feffffffffffffffff01", "feffffffffffffffff0100"]
)
def test_no_count_is_too_large_to_be_refused(count: str) -> None:
    for schema in ('{"type":"array","items":"null"}', '{"type":"map","values":"int"}'):
        with pytest.raises(LimitExceeded, match="max_items"):
            decode(schema, bytes.fromhex(count))


def test_many_arrays_share_one_bound_on_items_without_bytes() -> None:
    nested = '{"type":"array","items":{"type":"array","items":"null"}}'
    # A hundred inner arrays of 5,000 nulls each.
    data = bytes.fromhex("c801") + bytes.fromhex("904e00") * 100 + b"\0"
    with pytest.raises(LimitExceeded, match="max_items"):
        decode(nested, data, Limits(max_items=100_000))
    assert len(decode(nested, data, Limits(max_items=500_000))) == 100


def test_memory_stays_near_the_size_of_the_body() -> None:
    schemas = [
        '{"type":"array","items":"null"}',
        '{"type":"array","items":{"type":"array","items":{"type":"record","name":"E","fields":[]}}}',
        '{"type":"map","values":"null"}',
        '"bytes"',
        '"string"',
    ]
    lies = [
        bytes.fromhex("fe" + "ff" * 8 + "01"),
        bytes.fromhex("80a8d6b907"),
        b"\x02" * 50,
        b"\xfe\xff\x03" * 9,
    ]
    tracemalloc.start()
    try:
        for schema in schemas:
            for lie in lies:
                attempt(parse_schema(schema), lie + b"\0" * 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


@pytest.mark.parametrize("schema", [TREE, CHAIN])
def test_a_bottomless_value_is_refused(schema: str) -> None:
    data = b"\x02" * 10_000 if schema == CHAIN else b"\x00\x02" * 10_000
    with pytest.raises(LimitExceeded, match="values nested deeper than max_depth=128"):
        decode(schema, data)


def test_the_deepest_value_that_is_allowed_can_be_read() -> None:
    value = decode(CHAIN, b"\x02" * 127 + b"\0")
    depth = 0
    while value is not None:
        value, depth = value["next"], depth + 1
    assert depth == 128


def test_a_peers_schema_cannot_make_reading_recurse_too_deeply() -> None:
    wide = '{"type":"array","items":' * 30 + '["null","R"]' + "}" * 30
    schema = f'{{"type":"record","name":"R","fields":[{{"name":"f","type":{wide}}}]}}'
    with pytest.raises(LimitExceeded, match="max_depth"):
        decode(schema, b"\x02" * 5_000)


def test_a_skipped_value_is_read_without_its_logical_type() -> None:
    schema = parse_schema('{"type":"bytes","logicalType":"decimal","precision":99999}')
    assert compile_skipper(schema)(Cursor(b"\x04\x7f\xff")) == b"\x7f\xff"


def test_an_error_names_the_path_of_the_value() -> None:
    schema = (
        '{"type":"record","name":"R","fields":[{"name":"rows","type":{"type":"array","items":'
        '{"type":"map","values":"string"}}}]}'
    )
    with pytest.raises(DecodeError) as caught:
        decode(schema, b"\x04\x00\x02\x02k\x02\xff\x00\x00")
    assert caught.value.path == ".rows[1]['k']"
    assert str(caught.value).startswith(".rows[1]['k']: a string that is not UTF-8")


def test_an_int_of_more_than_32_bits_is_refused() -> None:
    with pytest.raises(DecodeError, match="2147483648 does not fit the 32 bits of an int"):
        decode('"int"', bytes.fromhex("8080808010"))


@pytest.mark.parametrize("index", [b"\x01", b"\x04", b"\xfe\xff\xff\xff\x0f"])
def test_a_branch_or_symbol_that_is_not_there_is_refused(index: bytes) -> None:
    with pytest.raises(DecodeError, match="of a union of 2"):
        decode('["null","int"]', index + b"\0")
    with pytest.raises(DecodeError, match=r"of 2 in a\.E"):
        decode('{"type":"enum","name":"a.E","symbols":["A","B"]}', index)
