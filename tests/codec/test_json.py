"""Values as JSON and back: the mapping, what is ambiguous in a union, and where an error says it is."""

from __future__ import annotations

import datetime
import enum
import math
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from avrorpc import DeclaredError, Duration
from avrorpc.codec.json import fields_from_json, from_json, to_json
from avrorpc.errors import EncodeError
from avrorpc.schema import Json, Record, compact, parse_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import schemas


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A record with an attribute of another name."""

    x: float
    class_: int = 7


class Vector(msgspec.Struct, frozen=True, kw_only=True):
    """Another record with the same fields."""

    x: float
    class_: int


@dataclass(slots=True, eq=False, kw_only=True)
class NotThere(DeclaredError):
    """An error."""

    key: str


class Colour(enum.Enum):
    """An enum."""

    RED = "RED"


TYPES: dict[str, type] = {"a.Point": Point, "a.Vector": Vector, "a.NotThere": NotThere, "a.Colour": Colour}
POINT = (
    '{"type":"record","name":"a.Point","fields":[{"name":"x","type":"double"},'
    '{"name":"class","type":"int","default":7}]}'
)
VECTOR = POINT.replace("Point", "Vector")
ERROR = '{"type":"error","name":"a.NotThere","fields":[{"name":"key","type":"string"}]}'
COLOUR = '{"type":"enum","name":"a.Colour","symbols":["RED"]}'
WORD = '{"type":"fixed","name":"a.Word","size":2}'
PRICE = '{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}'
PLACES = '{"type":"bytes","logicalType":"decimal","precision":9,"scale":7}'
BIG = '{"type":"bytes","logicalType":"big-decimal"}'
DAY = '{"type":"int","logicalType":"date"}'
MOMENT = '{"type":"long","logicalType":"timestamp-millis"}'
UUID = '{"type":"string","logicalType":"uuid"}'
DURATION = '{"type":"fixed","name":"D","size":12,"logicalType":"duration"}'
MAP, ARRAY = '{"type":"map","values":"int"}', '{"type":"array","items":"int"}'


def date(base: str = "int", name: str = "date") -> str:
    return f'{{"type":"{base}","logicalType":"{name}"}}'


BOTH_WAYS: list[tuple[str, Any, Json]] = [
    ('"null"', None, None),
    ('"boolean"', True, True),
    ('"int"', 7, 7),
    ('"long"', 2**63 - 1, 2**63 - 1),
    ('"float"', 0.5, 0.5),
    ('"double"', math.inf, "Infinity"),
    ('"double"', -math.inf, "-Infinity"),
    ('"bytes"', b"\x00\xff", "AP8="),
    ('"string"', "ä", "ä"),
    (WORD, b"ab", "YWI="),
    (COLOUR, Colour.RED, "RED"),
    (ARRAY, [1, 2], [1, 2]),
    (MAP, {"a": 1}, {"a": 1}),
    (POINT, Point(x=1.0), {"x": 1.0, "class": 7}),
    (date(), datetime.date(2020, 2, 29), "2020-02-29"),
    (date("int", "time-millis"), datetime.time(1, 2, 3), "01:02:03"),
    (
        date("long", "timestamp-millis"),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        "2020-01-01T00:00:00+00:00",
    ),
    (date("long", "local-timestamp-millis"), datetime.datetime(2020, 1, 1), "2020-01-01T00:00:00"),
    (date("string", "uuid"), uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (PRICE, Decimal("1.20"), "1.20"),
    (DURATION, Duration(1, 2, 3), {"months": 1, "days": 2, "milliseconds": 3}),
    # Unions: bare where nothing else could be meant ...
    ('["null","string"]', None, None),
    ('["null","string"]', "x", "x"),
    (f'["null",{POINT}]', Point(x=1.0), {"x": 1.0, "class": 7}),
    (f'["string",{ARRAY}]', [1], [1]),
    (f'["null",{MAP}]', {"a": 1}, {"a": 1}),
    ('["null","double"]', math.inf, "Infinity"),
    ('["string","double"]', "x", "x"),
    ('["string","double"]', 1.5, 1.5),
    # ... a record among records says which it is ...
    (f"[{POINT},{VECTOR}]", Point(x=1.0), {"$type": "a.Point", "x": 1.0, "class": 7}),
    (f"[{POINT},{VECTOR}]", Vector(x=1.0, class_=2), {"$type": "a.Vector", "x": 1.0, "class": 2}),
    # ... and all else that is ambiguous is wrapped.
    ('["string","bytes"]', b"ab", {"bytes": "YWI="}),
    ('["string","bytes"]', "ab", {"string": "ab"}),
    (f'["string",{COLOUR}]', Colour.RED, {"a.Colour": "RED"}),
    (f'["string",{WORD}]', b"ab", {"a.Word": "YWI="}),
    (
        f'["string",{date("string", "uuid")}]',
        uuid.UUID(int=0),
        {"uuid": "00000000-0000-0000-0000-000000000000"},
    ),
    (f'["string",{date("string", "uuid")}]', "x", {"string": "x"}),
    ('["int","double"]', 1, {"int": 1}),
    ('["int","double"]', 1.0, {"double": 1.0}),
    ('["string","double"]', math.inf, {"double": "Infinity"}),
    ('["string","double"]', "Infinity", {"string": "Infinity"}),
    (f"[{MAP},{POINT}]", {"a": 1}, {"map": {"a": 1}}),
    (f"[{MAP},{POINT}]", Point(x=1.0), {"a.Point": {"x": 1.0, "class": 7}}),
    (f'["null",{MAP}]', {"map": 1}, {"map": {"map": 1}}),
    (f'["null",{MAP}]', {"null": 1}, {"map": {"null": 1}}),
]


@pytest.mark.parametrize(("schema", "value", "json"), BOTH_WAYS)
def test_a_value_and_its_json_are_made_of_each_other(schema: str, value: Any, json: Json) -> None:
    parsed = parse_schema(schema)
    assert to_json(parsed, value, TYPES) == json
    made = from_json(parsed, json, TYPES)
    assert made == value
    assert type(made) is type(value)


def test_nan_is_a_string() -> None:
    for schema in ('"double"', '"float"', '["null","double"]'):
        parsed = parse_schema(schema)
        assert to_json(parsed, math.nan, {}) == "NaN"
        assert math.isnan(from_json(parsed, "NaN", {}))


def test_an_error_has_the_json_of_its_fields() -> None:
    parsed = parse_schema(ERROR)
    assert to_json(parsed, NotThere(key="k"), TYPES) == {"key": "k"}
    assert from_json(parsed, {"key": "k"}, TYPES).key == "k"


def test_any_branch_may_be_wrapped() -> None:
    parsed = parse_schema(f'["null","int",{POINT}]')
    assert from_json(parsed, {"int": 3}, TYPES) == 3
    assert from_json(parsed, {"null": None}, TYPES) is None
    assert from_json(parsed, {"a.Point": {"x": 1}}, TYPES) == Point(x=1.0)
    assert from_json(parsed, {"$type": "a.Point", "x": 1}, TYPES) == Point(x=1.0)


def test_defaults_are_filled_in() -> None:
    assert from_json(parse_schema(POINT), {"x": 0}, TYPES) == Point(x=0.0, class_=7)
    assert from_json(parse_schema(POINT), {"x": 0}, {}) == {"x": 0.0, "class": 7}


def test_an_integer_is_a_double_and_a_double_without_a_fraction_is_an_integer() -> None:
    assert type(from_json(parse_schema('"double"'), 3, {})) is float
    for schema in ('"int"', '"long"'):
        found = from_json(parse_schema(schema), 3.0, {})
        assert (type(found), found) == (int, 3)
    assert from_json(parse_schema('"long"'), -float(2**53), {}) == -(2**53)
    with pytest.raises(EncodeError, match=r"expected int, got float 3\.5"):
        from_json(parse_schema('"int"'), 3.5, {})


def test_a_double_that_may_have_been_rounded_is_no_integer() -> None:
    with pytest.raises(EncodeError, match="expected long, got float"):
        from_json(parse_schema('"long"'), float(2**53 + 2), {})


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (DAY, "20200101"),
        (DAY, "2020-W01-1"),
        (MOMENT, "2020-01-01"),
        (MOMENT, "2020-01-01 00:00:00Z"),
        (MOMENT, "0001-01-01T00:00:00+23:00"),
        (PRICE, "1_0"),
        (PRICE, " 1"),
        (PRICE, "\u0661"),
        (PRICE, "1E+2"),
        (UUID, "urn:uuid:12345678-1234-5678-1234-567812345678"),
        (UUID, "12345678123456781234567812345678"),
    ],
)
def test_what_python_alone_would_take_is_refused(schema: str, text: str) -> None:
    with pytest.raises(EncodeError, match="expected "):
        from_json(parse_schema(schema), text, {})


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        (PLACES, Decimal(0), "0.0000000"),
        (PRICE, Decimal("1E+2"), "100.00"),
        (BIG, Decimal("1E+2"), "100"),
        (BIG, Decimal("1E+1000000"), "1E+1000000"),
    ],
)
def test_decimals_are_written_as_digits_with_all_their_places(schema: str, value: Decimal, text: str) -> None:
    assert to_json(parse_schema(schema), value, {}) == text


def test_a_duration_has_three_parts_and_no_more() -> None:
    schema = parse_schema('{"type":"fixed","name":"D","size":12,"logicalType":"duration"}')
    assert from_json(schema, {"days": 2.0}, {}) == Duration(days=2)
    unfit: list[Json] = [{"hours": 1}, {"days": 1, "": 2}, {"days": 1.5}, {"days": -1}]
    for wrong in unfit:
        with pytest.raises(EncodeError):
            from_json(schema, wrong, {})


def test_a_type_that_is_not_the_records_is_refused_outside_of_unions_too() -> None:
    schema = parse_schema('{"type":"record","name":"a.R","fields":[{"name":"n","type":"int"}]}')
    assert from_json(schema, {"$type": "a.R", "n": 1}, {}) == {"n": 1}
    with pytest.raises(EncodeError, match=r"expected a\.R, got \$type 'a\.Other'"):
        from_json(schema, {"$type": "a.Other", "n": 1}, {})


@pytest.mark.parametrize(
    ("schema", "json", "path", "problem"),
    [
        ('"int"', "x", "", "expected int, got str 'x'"),
        ('"int"', 2**31, "", "does not fit the 32 bits"),
        ('"boolean"', 1, "", "expected boolean, got int 1"),
        ('"double"', "1.0", "", "expected double, got '1.0'"),
        ('"double"', True, "", "expected double, got True"),
        pytest.param('"double"', 10**309, "", "expected double, got 1000", id="a huge integer"),
        ('"float"', 1e300, "", "does not fit the 32 bits of a float"),
        ('"bytes"', "YW", "", "expected bytes, got 'YW'"),
        ('"bytes"', "Y W I =", "", "expected bytes"),
        ('"bytes"', 7, "", "expected bytes, got 7"),
        (WORD, "YQ==", "", "a.Word has 2 bytes, not 1"),
        (COLOUR, "BLUE", "", "expected a.Colour, got 'BLUE'"),
        (ARRAY, [1, "x"], "[1]", "expected int, got str 'x'"),
        (ARRAY, {"a": 1}, "", "expected array<int>, got {'a': 1}"),
        (MAP, {"k": None}, "['k']", "expected int, got NoneType None"),
        (POINT, {"x": "far"}, "x", "expected double, got 'far'"),
        (POINT, {"x": 1, "y": 2}, "", "a.Point has no 'y'; it has x, class"),
        (POINT, {}, "", "a.Point needs 'x': double"),
        (POINT, [], "", "expected a.Point, got []"),
        (
            f'{{"type":"array","items":{POINT}}}',
            [{"x": 1}, {"x": None}],
            "[1].x",
            "expected double, got None",
        ),
        (date(), "29.2.2020", "", "expected date, got '29.2.2020'"),
        (date(), 7, "", "expected date, got 7"),
        (date("long", "timestamp-millis"), "2020-01-01T00:00:00", "", "needs a datetime with a time zone"),
        (date("string", "uuid"), "x", "", "expected uuid, got 'x'"),
        (PRICE, "1.234", "", "1.234 has more than 2 decimal places"),
        (PRICE, "1E-999999999", "", "expected decimal"),
        (PRICE, "0.001", "", "has more than 2 decimal places"),
        (PRICE, "abc", "", "expected decimal(9, 2), got 'abc'"),
        (PRICE, 1.5, "", "expected decimal(9, 2) in quotes, got 1.5"),
        (DURATION, {"months": "1"}, "", "expected duration, got {'months': '1'}"),
        (DURATION, {"months": -1}, "", "has a part outside 32 unsigned bits"),
        ('["null","int"]', "x", "", "expected union { null, int }, got 'x'"),
        ('["null","int"]', {"int": "x"}, "", "expected int, got str 'x'"),
        ('["int","double"]', 1, "", '1 may be several things here; write {"int": ...} or {"double": ...}'),
        ('["string","bytes"]', "x", "", 'write {"string": ...} or {"bytes": ...}'),
        (f"[{POINT},{VECTOR}]", {"x": 1}, "", 'write {"a.Point": ...} or {"a.Vector": ...}'),
    ],
)
def test_json_that_does_not_fit_says_what_and_where(schema: str, json: Json, path: str, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        from_json(parse_schema(schema), json, TYPES)
    assert problem in caught.value.problem
    assert caught.value.path == path


def test_parameters_come_in_their_order_with_their_defaults() -> None:
    parsed = parse_schema(POINT)
    assert isinstance(parsed, Record)
    assert fields_from_json(parsed.fields, {"class": 1, "x": 2}, {}, "m") == [2.0, 1]
    assert fields_from_json(parsed.fields, {"x": 2}, {}, "m") == [2.0, 7]
    with pytest.raises(EncodeError, match="m has no 'z'; it has x, class"):
        fields_from_json(parsed.fields, {"x": 2, "z": 1}, {}, "m")
    with pytest.raises(EncodeError, match="m has no 'z'; it has nothing"):
        fields_from_json([], {"z": 1}, {}, "m")


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ('"int"', "x"),
        (ARRAY, 7),
        (ARRAY, ["x"]),
        (MAP, [1]),
        (POINT, {"x": 1.0}),
        (COLOUR, "RED"),
        ('["null","int"]', "x"),
    ],
)
def test_a_value_that_does_not_fit_has_no_json(schema: str, value: object) -> None:
    with pytest.raises(EncodeError, match="expected"):
        to_json(parse_schema(schema), value, TYPES)


def test_values_that_are_too_deep_are_refused() -> None:
    chain = parse_schema(
        '{"type":"record","name":"C","fields":[{"name":"n","type":["null",{"type":"array","items":"C"}]}]}'
    )
    json: Json = {"n": None}
    value: dict[str, Any] = {"n": None}
    for _ in range(900):
        json, value = {"n": [json]}, {"n": [value]}
    with pytest.raises(EncodeError, match="nested too deeply"):
        from_json(chain, json, {})
    with pytest.raises(EncodeError, match="nested too deeply"):
        to_json(chain, value, {})


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["f0", "f1", "again", "$type", "int", "map", "k"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(schemas(), JSON)
def test_arbitrary_json_is_a_value_or_an_encode_error(json: Json, value: Json) -> None:
    schema = parse_schema(compact(json))
    try:
        made = from_json(schema, value, {})
    except EncodeError:
        return
    to_json(schema, made, {})
