"""All that is wrong with a value, and where."""

from __future__ import annotations

from typing import Any

import pytest
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.validate import validate
from avrorpc.errors import EncodeError
from avrorpc.schema import Json, compact, parse_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import classes, schemas, typed, values
from support.values import everything
from testcontracts.conformance import CONFORMANCE, Circle, Everything, Point, Tree

RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

ORDER = parse_schema(
    '{"type":"record","name":"Order","fields":[{"name":"count","type":"int"},{"name":"lines","type":'
    '{"type":"array","items":{"type":"map","values":["null","string",{"type":"array","items":"long"}]}}}]}'
)


def found(schema: Any, value: object) -> list[tuple[str, str]]:
    return [(error.path, error.problem) for error in validate(schema, value)]


def test_every_problem_has_its_path() -> None:
    value = {"count": "one", "lines": [{"a": None, "b": [1, "2", 2**63]}, {"c": 5}, [], {1: "x"}]}
    assert found(ORDER, value) == [
        (".count", "expected int, got str 'one'"),
        (".lines[0]['b'][1]", "expected long, got str '2'"),
        (".lines[0]['b'][2]", "9223372036854775808 does not fit the 64 bits of a long"),
        (".lines[1]['c']", "expected union { null, string, array<long> }, got int 5"),
        (".lines[2]", "expected map<union { null, string, array<long> }>, got list []"),
        (".lines[3][1]", "expected string, got int 1"),
    ]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (5, "expected Order, got int 5"),
        ({"count": "one"}, "Order lacks field 'lines'"),
        ({"count": 1, "lines": [], "more": 1}, "Order has no field 'more'"),
    ],
)
def test_of_a_value_that_is_wrong_as_a_whole_only_that_is_said(value: object, problem: str) -> None:
    assert found(ORDER, value) == [("", problem)]


def test_generated_classes_are_checked_by_their_attributes() -> None:
    schema = CONFORMANCE.schema_of(Everything)
    assert validate(schema, everything(), CONFORMANCE.types) == []
    wrong: Any = "far"
    value = everything(
        small=2**31,
        shape=Circle(centre=Point(x=wrong), radius=1.0),
        tree=Tree(label="root", children=[Tree(label="leaf"), Tree(label=wrong), Tree(label=b"no")]),  # type: ignore[arg-type]
    )
    problems = validate(schema, value, CONFORMANCE.types)
    assert [error.path for error in problems] == [".small", ".shape.centre.x", ".tree.children[2].label"]
    assert str(problems[1]) == "INVALID_ARGUMENT: .shape.centre.x: expected double, got str 'far'"


def test_a_value_that_holds_itself_ends() -> None:
    schema = parse_schema('{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]}]}')
    endless: dict[str, Any] = {}
    endless["next"] = endless
    assert found(schema, endless) == [("", "the value is nested too deeply, or refers to itself")]


@RELAXED
@given(st.data(), schemas())
def test_what_fits_has_no_problems(data: st.DataObject, json: Json) -> None:
    schema = parse_schema(compact(json))
    value = data.draw(values(schema))
    assert validate(schema, value) == []
    types = classes(schema)
    assert validate(schema, typed(schema, value, types), types) == []


@RELAXED
@given(st.data(), schemas(), schemas())
def test_the_encoders_problem_is_the_first(data: st.DataObject, json: Json, other: Json) -> None:
    schema, value = parse_schema(compact(json)), data.draw(values(parse_schema(compact(other))))
    first: list[tuple[str, str]] = []
    try:
        compile_encoder(schema, {})(bytearray(), value)
    except EncodeError as error:
        first.append((error.path, error.problem))
    assert found(schema, value)[:1] == first
