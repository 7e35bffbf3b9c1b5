"""Types that refer to each other in a long row: their number is no depth, what lies in a value is."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder, compile_skipper
from avrorpc.codec.defaults import default_value
from avrorpc.codec.encode import Encoder, compile_encoder
from avrorpc.errors import ContractMismatch, LimitExceeded, SchemaError
from avrorpc.schema import MAX_DEFAULT_VALUES, Array, Field, Json, Map, Primitive, Record, Schema, Union
from support.chains import below

SHAPES: dict[str, Callable[[Schema], Schema]] = {
    "optional": lambda inner: Union([Primitive("null"), inner]),
    "required": lambda inner: inner,
    "array": Array,
    "array of optional": lambda inner: Array(Union([Primitive("null"), inner])),
    "map": Map,
}


def chain(shape: str, length: int, *, last: str = "int", default: Json = None) -> Record:
    record = Record(f"T{length - 1}", [Field("x", Primitive(last), default=1)])
    for index in reversed(range(length - 1)):
        type_: Schema = SHAPES[shape](record)
        field = Field("next", type_) if default is None else Field("next", type_, default=default)
        record = Record(f"T{index}", [field])
    return record


def encoded(encode: Encoder, value: object) -> bytes:
    out = bytearray()
    encode(out, value)
    return bytes(out)


def value(shape: str, depth: int) -> dict[str, Any]:
    """Return a value of so many records in each other."""
    made: dict[str, Any] = {"next": [] if "array" in shape else None}
    for _ in range(depth - 1):
        made = {"next": [made] if "array" in shape else made}
    return made


@pytest.mark.parametrize("shape", SHAPES)
def test_a_chain_of_types_is_compiled_whatever_its_length(shape: str) -> None:
    schema = chain(shape, 2_000)
    for compiled in (compile_encoder(schema, {}), compile_decoder(schema, chain(shape, 2_000), {})):
        assert callable(compiled)
    assert callable(below(100, lambda: compile_skipper(schema)))


@pytest.mark.parametrize(("shape", "depth"), [("optional", 128), ("array", 64), ("array of optional", 64)])
def test_values_are_as_deep_as_the_limit_allows_and_no_deeper(shape: str, depth: int) -> None:
    schema = chain(shape, 500)
    encode, decode = compile_encoder(schema, {}), compile_decoder(schema, schema, {})
    for sent in (value(shape, 1), value(shape, depth)):
        assert below(100, partial(decode, Cursor(below(100, partial(encoded, encode, sent))))) == sent
    with pytest.raises(LimitExceeded, match="max_depth=128"):
        decode(Cursor(encoded(encode, value(shape, depth + 1))))


def test_a_mismatch_at_the_end_of_a_chain_is_found_when_it_is_compiled() -> None:
    path = "next" + ".next" * 10 + " ... " + ".next" * 11 + ".x"
    with pytest.raises(
        ContractMismatch, match=re.escape(path) + ": the writer has string, the reader has int"
    ):
        compile_decoder(chain("optional", 500, last="string"), chain("optional", 500), {})


def test_a_default_that_contains_itself_is_an_error() -> None:
    record = Record("R")
    record.fields.append(Field("r", record, default={}))
    with pytest.raises(SchemaError, match=r"the default \{\} is nested too deeply, or contains itself"):
        default_value(record, {}, {})
    with pytest.raises(SchemaError, match=r"the default \{\} is nested too deeply"):
        default_value(chain("required", 2_000, default={}), {}, {})
    assert default_value(chain("required", 3, default={}), {}, {}) == {"next": {"next": {"x": 1}}}


def doubling(count: int) -> Record:
    """Return a record whose default implies twice as many values as that of the one inside it."""
    record = Record("R0", [Field("x", Primitive("int"), default=1)])
    for number in range(1, count):
        halves = [Field(name, record, default={}) for name in ("a", "b")]
        record = Record(f"R{number}", halves)
    return record


def test_a_default_implies_only_so_many_values() -> None:
    assert default_value(doubling(3), {}, {}) == {
        "a": {"a": {"x": 1}, "b": {"x": 1}},
        "b": {"a": {"x": 1}, "b": {"x": 1}},
    }
    with pytest.raises(
        SchemaError, match=f"implies more than MAX_DEFAULT_VALUES={MAX_DEFAULT_VALUES} values"
    ):
        default_value(doubling(60), {}, {})
