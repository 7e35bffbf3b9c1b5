"""Avro's JSON encoding, in the specification's examples, both ways, and against fastavro."""

from __future__ import annotations

import datetime
import io
import json
from decimal import Decimal
from typing import Any

import fastavro
import pytest
from avrorpc.codec.avro_json import from_avro_json, to_avro_json
from avrorpc.errors import EncodeError
from avrorpc.schema import Json, parse_schema

UNION = '["null","string",{"type":"array","items":"int"},{"type":"map","values":"int"},"bytes"]'
FOO = '{"type":"record","name":"n.Foo","fields":[{"name":"a","type":["null","int"]}]}'
PRICE = '{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}'
DATE = '{"type":"int","logicalType":"date"}'


@pytest.mark.parametrize(
    ("schema", "value", "encoded"),
    [
        (UNION, None, None),
        (UNION, "a", {"string": "a"}),
        (UNION, [1], {"array": [1]}),
        (UNION, {"k": 1}, {"map": {"k": 1}}),
        (UNION, b"\x00\xff", {"bytes": "\u0000\u00ff"}),
        (f'["null",{FOO}]', {"a": 3}, {"n.Foo": {"a": {"int": 3}}}),
        ('{"type":"fixed","name":"W","size":2}', b"\xfea", "\u00fea"),
        ('"double"', 1.5, 1.5),
        ('"double"', float("inf"), "Infinity"),
        (PRICE, Decimal("1.20"), "x"),
        (f'["null",{PRICE}]', Decimal("1.20"), {"bytes": "x"}),
        (DATE, datetime.date(1970, 1, 3), 2),
    ],
)
def test_the_encoding_goes_both_ways(schema: str, value: Any, encoded: Json) -> None:
    parsed = parse_schema(schema)
    assert to_avro_json(parsed, value, {}) == encoded
    made = from_avro_json(parsed, encoded, {})
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize("value", [{"a": None}, {"a": 5}])
def test_fastavro_writes_the_same(value: dict[str, Any]) -> None:
    out = io.StringIO()
    fastavro.json_writer(out, json.loads(FOO), [value])
    assert json.loads(out.getvalue()) == to_avro_json(parse_schema(FOO), value, {})


@pytest.mark.parametrize(
    ("schema", "encoded", "problem"),
    [
        (UNION, "a", 'expected null or {"string": ...}'),
        (FOO, {}, "n.Foo lacks field 'a'"),
        (FOO, {"a": None, "b": 1}, "n.Foo has no field 'b'"),
        (FOO, {"a": {"int": "x"}}, "a: expected int"),
        ('"bytes"', "\u0100", "above U+00FF"),
        ('"bytes"', 7, "expected bytes"),
        ('"int"', 2**31, "32 bits"),
    ],
)
def test_what_does_not_fit_is_refused(schema: str, encoded: Json, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        from_avro_json(parse_schema(schema), encoded, {})
    assert problem in str(caught.value)
