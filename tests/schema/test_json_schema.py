"""What the JSON codec writes is valid by the JSON Schema, and what that refuses the codec refuses."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from avrorpc.codec.defaults import default_value
from avrorpc.codec.json import from_json, to_json
from avrorpc.errors import EncodeError
from avrorpc.schema import Json, Record, Schema, Union, compact, parse_schema, parts, reachable
from avrorpc.schema.json_schema import JsonSchemas, component_name
from avrorpc.schema.json_spelling import spelt
from avrorpc.testing.strategies import values as typed_values
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped,unused-ignore]
from support.avro_strategies import schemas, values


def validator(schema: Schema) -> Draft202012Validator:
    made = JsonSchemas(prefix="#/$defs/")
    document = {"allOf": [made.of(schema)], "$defs": made.components}
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def parsed(schema: Json) -> Schema:
    return parse_schema(compact(schema))


def has_union(schema: Schema) -> bool:
    fields = [field.type for one in reachable([schema]) if isinstance(one, Record) for field in one.fields]
    return any(isinstance(part, Union) for part in parts([schema, *fields]))


def mutated(data: st.DataObject, value: Json) -> Json:
    """Return a JSON value with one thing in it changed."""
    value = copy.deepcopy(value)
    places: list[tuple[Any, Any]] = [(None, None)]

    def walk(inner: Json) -> None:
        items = (
            inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        )
        for key, part in items:
            places.append((inner, key))
            walk(part)

    walk(value)
    holder, key = data.draw(st.sampled_from(places))
    others: list[Json] = [None, True, 0, -1, 2**31, 2**63, 1.5, 1e300, "", "x", "NaN", "AAA", [], [None], {}]
    other = data.draw(st.sampled_from(others))
    if holder is None:
        return other
    if isinstance(holder, dict) and data.draw(st.booleans()):
        if data.draw(st.booleans()):
            del holder[key]
        else:
            holder["unknown"] = other
    else:
        holder[key] = other
    return value


@given(st.data())
def test_what_the_codec_writes_is_valid(data: st.DataObject) -> None:
    schema = parsed(data.draw(schemas()))
    written = to_json(schema, data.draw(values(schema)), {})
    validator(schema).validate(written)


@given(st.data())
def test_what_the_schema_refuses_the_codec_refuses_and_the_other_way_round(data: st.DataObject) -> None:
    schema = parsed(data.draw(schemas()))
    changed = mutated(data, to_json(schema, data.draw(values(schema)), {}))
    is_valid = validator(schema).is_valid(changed)
    try:
        read = from_json(schema, changed, {})
    except EncodeError:
        assert not is_valid
        return
    # A union's branch may always be named, also where the codec itself would not name it.
    assert is_valid or has_union(schema)
    assert validator(schema).is_valid(to_json(schema, read, {}))


LOGICAL: list[Json] = [
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "time-micros"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "long", "logicalType": "local-timestamp-millis"},
    {"type": "long", "logicalType": "local-timestamp-micros"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"},
    {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
    {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2},
    {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 2},
    {"type": "bytes", "logicalType": "decimal", "precision": 3},
    {"type": "fixed", "name": "F", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 2},
    {"type": "bytes", "logicalType": "big-decimal"},
    {"type": "long", "logicalType": "timestamp-nanos"},
]


@pytest.mark.parametrize("schema", [parsed(one) for one in LOGICAL], ids=[str(one) for one in LOGICAL])
@given(st.data())
def test_logical_types_are_valid_too(schema: Schema, data: st.DataObject) -> None:
    check = validator(schema)
    written = to_json(schema, from_json(schema, to_json(schema, data.draw(typed_values(schema)), {}), {}), {})
    check.validate(written)
    wrongs: list[Json] = [None, True, 1.5, "x", [], {"months": -1}, "31.12.2026", "2026-13-01T00:00:00"]
    for wrong in wrongs:
        if not check.is_valid(wrong):
            with pytest.raises(EncodeError):
                from_json(schema, wrong, {})


A: Json = {"type": "record", "name": "n.A", "fields": [{"name": "x", "type": "int"}]}
B: Json = {"type": "record", "name": "n.B", "fields": [{"name": "string", "type": "int"}]}
UNIONS: list[tuple[Json, list[Json], list[Json]]] = [
    (["null", "string"], [None, "a", ""], [1, {"a": 1}]),
    ([A, B], [{"$type": "n.A", "x": 1}, {"$type": "n.B", "string": 2}], [{"x": 1}, {"$type": "n.C", "x": 1}]),
    (["string", "bytes"], [{"string": "a"}, {"bytes": "YQ=="}], ["a", {"bytes": "a"}]),
    (["int", "double"], [{"int": 1}, {"double": 1.5}, "NaN"], [1, 1.5]),
    (["string", "double"], ["a", 1.5, {"double": "NaN"}, {"string": "NaN"}], ["NaN"]),
    (
        ["null", {"type": "map", "values": "int"}],
        [None, {}, {"a": 1}, {"map": 1, "a": 2}, {"map": {"map": 1}}],
        [{"map": 1}],
    ),
    ([A, {"type": "map", "values": "int"}], [{"n.A": {"x": 1}}, {"map": {"y": 1}}], [{"x": 1}]),
    (["string", B], ["a", {"$type": "n.B", "string": 1}], [{"string": 1}]),
    ([{"type": "array", "items": "int"}, "string"], [[1], "a"], [["a"], 1]),
]


@pytest.mark.parametrize(("schema", "right", "wrong"), UNIONS, ids=[json.dumps(row[0]) for row in UNIONS])
def test_a_union_is_spelt_as_the_codec_spells_it(schema: Json, right: list[Json], wrong: list[Json]) -> None:
    union = parsed(schema)
    check = validator(union)
    for value in right:
        assert check.is_valid(value), value
        assert to_json(union, from_json(union, value, {}), {}) == value
    for value in wrong:
        assert not check.is_valid(value), value
        with pytest.raises(EncodeError):
            from_json(union, value, {})


@given(st.data())
def test_a_default_is_spelt_as_the_codec_writes_the_value(data: st.DataObject) -> None:
    cases: list[tuple[Json, Json]] = [
        ("bytes", "\u00ff"),
        ({"type": "fixed", "name": "F", "size": 2}, "ab"),
        ({"type": "int", "logicalType": "date"}, 19),
        ({"type": "int", "logicalType": "time-millis"}, 61_001),
        ({"type": "long", "logicalType": "timestamp-micros"}, -1),
        ({"type": "long", "logicalType": "local-timestamp-millis"}, 10**12),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "\u0001\u0000"),
        ({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}, "\u0001" * 16),
        ({"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"}, "\u0001" + "\0" * 11),
        ([A, B], {"string": 3}),
        (["string", B], "a"),
        (["null", "bytes"], "a"),
        ({"type": "array", "items": ["bytes", "string"]}, ["a"]),
        ({"type": "map", "values": "double"}, {"a": "NaN"}),
        ({"type": "record", "name": "R", "fields": [{"name": "a", "type": "int", "default": 3}]}, {}),
    ]
    schema, default = data.draw(st.sampled_from(cases))
    made = parsed(schema)
    assert spelt(made, default) == to_json(made, default_value(made, default, {}), {})


def test_documentation_defaults_and_symbols_are_told() -> None:
    schema = parsed(
        {
            "type": "record",
            "name": "n.R",
            "doc": "A thing.",
            "fields": [
                {"name": "a", "type": "int", "doc": "How many.", "default": 3},
                {"name": "again", "type": ["null", "n.R"], "default": None},
                {
                    "name": "kind",
                    "type": {"type": "enum", "name": "n.E", "symbols": ["X", "Y"]},
                    "doc": "Which.",
                },
            ],
        }
    )
    made = JsonSchemas()
    assert made.of(schema) == {"$ref": "#/components/schemas/n.R"}
    assert made.components == {
        "n.E": {"type": "string", "enum": ["X", "Y"]},
        "n.R": {
            "description": "A thing.",
            "type": "object",
            "properties": {
                "a": {
                    "description": "How many.",
                    "type": "integer",
                    "format": "int32",
                    "minimum": -(2**31),
                    "maximum": 2**31 - 1,
                    "default": 3,
                },
                "again": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/n.R"}], "default": None},
                "kind": {"$ref": "#/components/schemas/n.E", "description": "Which."},
            },
            "required": ["kind"],
            "additionalProperties": False,
        },
    }


def test_names_of_other_scripts_are_spelt_in_letters_that_components_may_have() -> None:
    assert component_name("n.Größe") == "n.Gr-xf6--xdf-e"
    assert component_name("n.Plain_1") == "n.Plain_1"
