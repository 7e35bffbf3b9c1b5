"""What is not valid Avro gives one `SchemaError` that says where, and never anything else."""

from __future__ import annotations

import json

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import compact, parse_protocol, parse_schema, protocol_to_json, schema_to_json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BAD_SCHEMAS = [
    pytest.param("", "not a JSON document", id="nothing"),
    pytest.param("{", "not a JSON document", id="half a document"),
    pytest.param(b"\xff\xfe", "not a JSON document", id="no UTF-8"),
    pytest.param('"\ud800"', "not a JSON document", id="a lone surrogate"),
    pytest.param("[" * 100_000, "nested deeper than 768 brackets of JSON", id="very deep JSON"),
    pytest.param("17", "$: 17 is not a schema", id="a number"),
    pytest.param("null", "$: None is not a schema", id="null"),
    pytest.param('"strnig"', "$: no type is named strnig", id="an unknown name"),
    pytest.param('{"type":"strnig"}', "$.type: no type is named strnig", id="an unknown type"),
    pytest.param("{}", "$.type: None is not a schema", id="no type"),
    pytest.param('["null",["int"]]', "$: a union may not contain a union", id="a union in a union"),
    pytest.param('["int","int"]', "$: int occurs twice", id="a primitive twice"),
    pytest.param(
        '[{"type":"array","items":"int"},{"type":"array","items":"string"}]',
        "$: array occurs twice",
        id="two arrays in a union",
    ),
    pytest.param(
        '[{"type":"map","values":"int"},{"type":"map","values":"string"}]',
        "$: map occurs twice",
        id="two maps in a union",
    ),
    pytest.param('{"type":"array"}', "$: array needs items", id="an array without items"),
    pytest.param('{"type":"map"}', "$: map needs values", id="a map without values"),
    pytest.param('{"type":"array","items":7}', "$.items: 7 is not a schema", id="items that are no schema"),
    pytest.param('{"type":"fixed","name":"F"}', "$: fixed needs a size", id="no size"),
    pytest.param('{"type":"fixed","name":"F","size":-1}', "$: fixed needs a size", id="a negative size"),
    pytest.param('{"type":"fixed","name":"F","size":true}', "$: fixed needs a size", id="a size of true"),
    pytest.param('{"type":"fixed","name":"F","size":1.5}', "$: fixed needs a size", id="half a byte"),
    pytest.param('{"type":"fixed","size":1}', "$: name must be a name, not None", id="no name"),
    pytest.param('{"type":"fixed","name":"1x","size":1}', "name must be a name, not '1x'", id="a digit"),
    pytest.param('{"type":"fixed","name":"a..b","size":1}', "name must be a name", id="an empty part"),
    pytest.param('{"type":"fixed","name":"a b","size":1}', "name must be a name", id="a space in a name"),
    pytest.param(
        '{"type":"fixed","name":"F","namespace":"a-b","size":1}',
        "$: namespace must be a dotted name, not 'a-b'",
        id="a namespace that is no name",
    ),
    pytest.param(
        '{"type":"fixed","name":"F","namespace":3,"size":1}', "namespace must be a string", id="namespace 3"
    ),
    pytest.param(
        '{"type":"fixed","name":"int","size":1}',
        "$: int is the name of a primitive type",
        id="a primitive's name",
    ),
    pytest.param('{"type":"enum","name":"E"}', "$.symbols: expected a list", id="no symbols"),
    pytest.param('{"type":"enum","name":"E","symbols":["A",1]}', "$.symbols: expected strings", id="symbol"),
    pytest.param('{"type":"enum","name":"E","symbols":["A","A"]}', "$.symbols: A occurs twice", id="A twice"),
    pytest.param(
        '{"type":"enum","name":"E","symbols":["A","B-C"]}',
        "$.symbols: a symbol must be a name, not 'B-C'",
        id="a symbol that is no name",
    ),
    pytest.param(
        '{"type":"enum","name":"E","symbols":["A"],"default":"B"}',
        "$: the default 'B' is not a symbol of E",
        id="a default that is no symbol",
    ),
    pytest.param(
        '{"type":"enum","name":"E","symbols":["A"],"doc":1}', "$: doc must be a string, not 1", id="doc 1"
    ),
    pytest.param(
        '{"type":"enum","name":"E","symbols":["A"],"aliases":"x"}', "$.aliases: expected a list", id="alias"
    ),
    pytest.param('{"type":"record","name":"R"}', "$.fields: expected a list", id="no fields"),
    pytest.param(
        '{"type":"record","name":"R","fields":["x"]}', "$.fields[0]: expected an object", id="a bare field"
    ),
    pytest.param(
        '{"type":"record","name":"R","fields":[{"name":"x"}]}',
        "$.fields[0]: a field needs a type",
        id="a field without type",
    ),
    pytest.param(
        '{"type":"record","name":"R","fields":[{"name":"a.b","type":"int"}]}',
        "$.fields[0]: name must be a name, not 'a.b'",
        id="a dotted field",
    ),
    pytest.param(
        '{"type":"record","name":"R","fields":[{"name":"x","type":"int"},{"name":"x","type":"int"}]}',
        "$.fields: x occurs twice",
        id="a field twice",
    ),
    pytest.param(
        '{"type":"record","name":"R","fields":[{"name":"x","type":{"type":"record","name":"R","fields":[]}}]}',
        "$.fields[0].type: R is declared twice",
        id="a type twice",
    ),
    pytest.param(
        '{"type":"array","items":' * 100 + '"int"' + "}" * 100, "nested deeper than 64", id="a deep schema"
    ),
    pytest.param('{"type":' * 100 + '"int"' + "}" * 100, "nested deeper than 64", id="deep wrapping"),
]

BAD_PROTOCOLS = [
    pytest.param("[]", "$: expected an object, found []", id="a list"),
    pytest.param("{}", "$: protocol must be a name, not None", id="no name"),
    pytest.param('{"protocol":"P","types":{}}', "$.types: expected a list", id="types that are no list"),
    pytest.param('{"protocol":"P","types":["int"]}', "$.types[0]: only records", id="a primitive as type"),
    pytest.param('{"protocol":"P","messages":[]}', "$.messages: expected an object", id="a list of messages"),
    pytest.param('{"protocol":"P","messages":{"m":1}}', "$.messages.m: expected an object", id="message 1"),
    pytest.param('{"protocol":"P","messages":{"":{}}}', "a message must have a name, not ''", id="no name"),
    pytest.param(
        '{"protocol":"P","messages":{"m":{"request":[{"name":"a","type":"X"}]}}}',
        "$.messages.m.request[0].type: no type is named X",
        id="an unknown type of a parameter",
    ),
    pytest.param(
        '{"protocol":"P","messages":{"m":{"request":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}}}',
        "$.messages.m.request: a occurs twice",
        id="a parameter twice",
    ),
    pytest.param(
        '{"protocol":"P","namespace":"n","types":[{"type":"error","name":"E","fields":[]}],'
        '"messages":{"m":{"errors":["E","string","n.E"]}}}',
        "$.messages.m.errors: n.E occurs twice",
        id="an error twice",
    ),
    pytest.param(
        '{"protocol":"P","messages":{"m":{"one-way":1}}}', "one-way must be true or false", id="one-way 1"
    ),
    pytest.param(
        '{"protocol":"P","messages":{"m":{"response":"int","one-way":true}}}',
        "$.messages.m: a one-way message has a null response and no errors",
        id="a one-way message with a response",
    ),
    pytest.param(
        '{"protocol":"P","types":[{"type":"error","name":"E","fields":[]}],'
        '"messages":{"m":{"errors":["E"],"one-way":true}}}',
        "a one-way message has a null response and no errors",
        id="a one-way message with errors",
    ),
]


@pytest.mark.parametrize(("text", "problem"), BAD_SCHEMAS)
def test_a_bad_schema_is_refused_with_its_place(text: str | bytes, problem: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_schema(text)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(("text", "problem"), BAD_PROTOCOLS)
def test_a_bad_protocol_is_refused_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_protocol(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize("depth", [500, 700, 900, 950, 970, 980, 990])
def test_deep_junk_in_any_place_is_a_schema_error(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    for text in (
        f'{{"type":"record","name":{deep}}}',
        f'{{"type":"enum","name":"E","symbols":["a",{deep}]}}',
    ):
        with pytest.raises(SchemaError):
            parse_schema(text)
    with pytest.raises(SchemaError):
        parse_protocol(f'{{"protocol":{deep}}}')


def test_two_logical_types_over_one_type_may_share_a_union() -> None:
    text = '["string",{"type":"string","logicalType":"uuid"}]'
    assert compact(schema_to_json(parse_schema(text))) == text


WORDS = st.sampled_from(
    [
        *("type", "name", "namespace", "fields", "symbols", "items", "values", "size", "default", "doc"),
        *("aliases", "order", "protocol", "types", "messages", "request", "response", "errors", "one-way"),
        *(
            "record",
            "error",
            "enum",
            "fixed",
            "array",
            "map",
            "null",
            "int",
            "string",
            "R",
            "a.R",
            "logicalType",
        ),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALARS | WORDS | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=25,
)
NAMED = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["record", "error", "enum", "fixed"]),
        "name": st.sampled_from(["R", "a.R", "E"]),
    },
    optional={"fields": JSON, "symbols": JSON, "size": JSON, "namespace": JSON, "default": JSON, "doc": JSON},
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON | NAMED)
def test_arbitrary_json_is_a_schema_or_a_schema_error(value: object) -> None:
    try:
        schema = parse_schema(json.dumps(value))
    except SchemaError:
        return
    written = compact(schema_to_json(schema))
    assert compact(schema_to_json(parse_schema(written))) == written


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries({"protocol": WORDS}, optional={"types": st.lists(NAMED), "messages": JSON}) | JSON
)
def test_arbitrary_json_is_a_protocol_or_a_schema_error(value: object) -> None:
    try:
        protocol = parse_protocol(json.dumps(value))
    except SchemaError:
        return
    written = compact(protocol_to_json(protocol))
    assert compact(protocol_to_json(parse_protocol(written))) == written


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_a_schema_error(data: bytes) -> None:
    for parse in (parse_schema, parse_protocol):
        try:
            parse(data)
        except SchemaError as error:
            assert str(error)  # noqa: PT017 - most bytes are an error, a few are JSON
