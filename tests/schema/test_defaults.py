"""Which JSON values are defaults of which types, and in which Python form."""

from __future__ import annotations

import datetime
import decimal
import math
import uuid

import pytest
from avrorpc.codec.defaults import default_value
from avrorpc.errors import SchemaError
from avrorpc.schema import Json, default_problem, parse_schema

POINT = (
    '{"type":"record","name":"a.Point","fields":[{"name":"x","type":"double"},'
    '{"name":"y","type":"double","default":0.5}]}'
)
ENUM = '{"type":"enum","name":"E","symbols":["A","B"]}'
FIXED = '{"type":"fixed","name":"F","size":2}'

GOOD: list[tuple[str, Json, object]] = [
    ('"null"', None, None),
    ('"boolean"', True, True),
    ('"int"', -(2**31), -(2**31)),
    ('"int"', 2**31 - 1, 2**31 - 1),
    ('"long"', -(2**63), -(2**63)),
    ('"long"', 2**63 - 1, 2**63 - 1),
    ('"float"', 1, 1.0),
    ('"double"', 1.5, 1.5),
    ('"double"', "Infinity", math.inf),
    ('"double"', "-Infinity", -math.inf),
    ('"bytes"', "\u00ff\u0000a", b"\xff\x00a"),
    ('"string"', "ä", "ä"),
    (FIXED, "\u00ff\u0001", b"\xff\x01"),
    (ENUM, "B", "B"),
    ('{"type":"array","items":"int"}', [1, 2], [1, 2]),
    ('{"type":"array","items":"int"}', [], []),
    ('{"type":"map","values":"int"}', {"a": 1}, {"a": 1}),
    (POINT, {"x": 1}, {"x": 1.0, "y": 0.5}),
    (POINT, {"x": 1, "y": 2}, {"x": 1.0, "y": 2.0}),
    ('["null","int"]', None, None),
    ('["null","int"]', 3, 3),
    ('["int","null"]', None, None),
    ('{"type":"int","logicalType":"date"}', 1, datetime.date(1970, 1, 2)),
    (
        '{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}',
        "\u0001\u0000",
        decimal.Decimal("2.56"),
    ),
    ('{"type":"string","logicalType":"uuid"}', "0" * 32, uuid.UUID(int=0)),
]

BAD: list[tuple[str, Json, str]] = [
    ('"null"', 0, "0 is no value of type null"),
    ('"boolean"', 1, "1 is no value of type boolean"),
    ('"int"', True, "true is no value of type int"),
    ('"int"', 2**31, "is no value of type int"),
    ('"int"', 1.0, "1.0 is no value of type int"),
    ('"long"', 2**63, "is no value of type long"),
    ('"double"', "1.0", '"1.0" is no value of type double'),
    ('"double"', 10**309, "is no value of type double"),
    ('"float"', 10**39, "is no value of type float"),
    ('"float"', 1e300, "is no value of type float"),
    ('"bytes"', "\u0100", "is no value of type bytes"),
    ('"string"', None, "null is no value of type string"),
    (FIXED, "abc", "is no value of type F"),
    (ENUM, "C", '"C" is no value of type E'),
    (ENUM, ["A"], '["A"] is no value of type E'),
    ('{"type":"array","items":"int"}', 1, "1 is no value of type array<int>"),
    ('{"type":"array","items":"int"}', [1, "x"], '[1]: "x" is no value of type int'),
    ('{"type":"map","values":"int"}', {"k": "x"}, 'k: "x" is no value of type int'),
    (POINT, {}, "the default lacks the field 'x' of a.Point"),
    (POINT, {"x": 1, "z": 1}, "a.Point has no field 'z'"),
    (POINT, {"x": "1"}, 'x: "1" is no value of type double'),
    (POINT, 7, "7 is no value of type a.Point"),
    ('["null","int"]', "x", '"x" is no value of type union { null, int }'),
]


@pytest.mark.parametrize(("schema", "json", "value"), GOOD)
def test_a_fitting_default_gives_its_value(schema: str, json: Json, value: object) -> None:
    parsed = parse_schema(schema)
    assert default_problem(parsed, json) is None
    made = default_value(parsed, json, {})
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(("schema", "json", "problem"), BAD)
def test_a_default_that_does_not_fit_says_what_and_where(schema: str, json: Json, problem: str) -> None:
    parsed = parse_schema(schema)
    assert problem in str(default_problem(parsed, json))
    with pytest.raises(SchemaError):
        default_value(parsed, json, {})


def test_nan_is_a_default_of_a_double() -> None:
    parsed = parse_schema('"double"')
    assert default_problem(parsed, "NaN") is None
    assert math.isnan(default_value(parsed, "NaN", {}))


def test_a_default_is_made_anew_each_time() -> None:
    schema = parse_schema('{"type":"array","items":{"type":"map","values":"int"}}')
    first, second = (default_value(schema, [{"a": 1}], {}) for _ in range(2))
    assert first == second
    assert first is not second
    assert first[0] is not second[0]


def test_a_logical_default_that_means_nothing_is_a_schema_error() -> None:
    for schema, default in (
        ('{"type":"int","logicalType":"time-millis"}', 86_400_000),
        ('{"type":"string","logicalType":"uuid"}', "no uuid"),
        ('{"type":"bytes","logicalType":"decimal","precision":1}', "\u00ff\u0000"),
    ):
        with pytest.raises(SchemaError):
            default_value(parse_schema(schema), default, {})


def test_where_a_problem_lies_in_a_nested_default_is_said() -> None:
    schema = parse_schema('{"type":"map","values":{"type":"array","items":"int"}}')
    assert default_problem(schema, {"k": [0, "x"]}) == 'k[1]: "x" is no value of type int'
