"""Strategies draw what a contract allows, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from avrorpc import SchemaError
from avrorpc.codec.binary import Cursor
from avrorpc.codec.decode import compile_decoder
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.json import from_json, to_json
from avrorpc.codec.validate import validate
from avrorpc.schema import Json, compact, parse_schema
from avrorpc.testing.strategies import arguments, errors, results, values
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from support.avro_strategies import classes, plain, schemas
from testcontracts.conformance import CONFORMANCE, Circle, Everything, NotThere, Point, TooLarge, Tree
from testcontracts.small import SMALL
from testcontracts.streams import STREAMS, Piece

RELAXED = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(max_examples=2000, deadline=None, database=None)


@RELAXED
@given(st.data(), schemas())
def test_values_of_any_schema_fit_it_and_come_back(data: st.DataObject, json: Json) -> None:
    schema = parse_schema(compact(json))
    value = data.draw(values(schema))
    out = bytearray()
    compile_encoder(schema, {})(out, value)
    cursor = Cursor(bytes(out))
    assert compile_decoder(schema, schema, {})(cursor) == value
    cursor.finish()


@RELAXED
@given(values(Everything, CONFORMANCE))
def test_a_class_draws_instances_that_fit_and_come_back(value: Any) -> None:
    schema = CONFORMANCE.schema_of(Everything)
    assert type(value) is Everything
    assert type(value.shape) in (Point, Circle)
    assert validate(schema, value, CONFORMANCE.types) == []
    assert from_json(schema, to_json(schema, value, CONFORMANCE.types), CONFORMANCE.types) == value


@RELAXED
@given(values(Tree, CONFORMANCE, depth=6))
def test_recursion_ends(value: Any) -> None:
    def depth(tree: Any) -> int:
        return 1 + max((depth(child) for child in tree.children), default=0)

    assert depth(value) <= 4


def test_recursion_is_drawn() -> None:
    found = find(values(Tree, CONFORMANCE), lambda tree: bool(tree.children), settings=QUICK)
    assert type(found.children[0]) is Tree


@pytest.mark.parametrize("method", CONFORMANCE.methods.values(), ids=lambda method: method.name)
def test_arguments_fit_the_message(method: Any) -> None:
    @RELAXED
    @given(arguments(method), results(method))
    def check(drawn: tuple[Any, ...], result: Any) -> None:
        assert len(drawn) == len(method.message.request)
        for field, value in zip(method.message.request, drawn, strict=True):
            assert validate(field.type, value, CONFORMANCE.types) == []
        assert validate(method.message.response, result, CONFORMANCE.types) == []

    check()


def test_items_of_a_request_stream_come_as_a_list() -> None:
    drawn = find(arguments(STREAMS.methods["upload"]), lambda pair: len(pair[1]) == 2, settings=QUICK)
    assert [type(item) for item in drawn[1]] == [Piece, Piece]


def test_a_response_stream_gives_one_item() -> None:
    assert isinstance(find(results(STREAMS.methods["download"]), lambda _: True, settings=QUICK), Piece)


def test_declared_errors_are_drawn_and_no_others() -> None:
    strategy = errors(CONFORMANCE.methods["find"])
    assert isinstance(find(strategy, lambda e: isinstance(e, NotThere), settings=QUICK), NotThere)
    assert isinstance(find(strategy, lambda e: isinstance(e, TooLarge), settings=QUICK), TooLarge)
    assert errors(SMALL.methods["fail"]).is_empty


@pytest.mark.parametrize(
    "json",
    [
        {"type": "int", "logicalType": "date"},
        {"type": "int", "logicalType": "time-millis"},
        {"type": "long", "logicalType": "time-micros"},
        {"type": "long", "logicalType": "timestamp-millis"},
        {"type": "long", "logicalType": "timestamp-micros"},
        {"type": "long", "logicalType": "timestamp-nanos"},
        {"type": "long", "logicalType": "local-timestamp-millis"},
        {"type": "long", "logicalType": "local-timestamp-micros"},
        {"type": "string", "logicalType": "uuid"},
        {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"},
        {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
        {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 4},
        {"type": "fixed", "name": "M", "size": 5, "logicalType": "decimal", "precision": 11, "scale": 2},
        {"type": "bytes", "logicalType": "big-decimal"},
    ],
    ids=lambda json: f"{json['type']}-{json['logicalType']}",
)
def test_logical_types_have_pythons_own_values(json: Json) -> None:
    schema = parse_schema(compact(json))

    @RELAXED
    @given(values(schema))
    def check(value: Any) -> None:
        out = bytearray()
        compile_encoder(schema, {})(out, value)
        assert compile_decoder(schema, schema, {})(Cursor(bytes(out))) == value

    check()


def test_types_written_by_hand_can_be_given() -> None:
    schema = parse_schema('{"type":"record","name":"a.R","fields":[{"name":"x","type":"int"}]}')
    types = classes(schema)
    value = types["a.R"](x_=7)
    drawn = values(schema, by_hand={"a.R": st.just(value)})
    assert find(drawn, lambda _: True, settings=QUICK) == {"x": 0}  # without classes, nothing is by hand
    assert plain(value)


def test_a_class_without_its_contract_is_refused() -> None:
    with pytest.raises(TypeError, match="needs the contract"):
        values(Point)
    with pytest.raises(SchemaError, match="no type whose class is Point"):
        values(Point, SMALL)


def test_without_hypothesis_a_sentence_says_what_to_install() -> None:
    code = "import sys; sys.modules['hypothesis'] = None; import avrorpc.testing.strategies"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "needs Hypothesis: install avrorpc[testing]" in done.stderr
