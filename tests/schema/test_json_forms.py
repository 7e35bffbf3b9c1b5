"""Schemas and protocols read from JSON, and written back with the key order of the Java implementation."""

from __future__ import annotations

import hashlib
import json

import pytest
from avrorpc.schema import (
    NO_DEFAULT,
    Array,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Union,
    compact,
    describe,
    handshake_hash,
    namespace_of,
    parse_protocol,
    parse_schema,
    protocol_from_json,
    protocol_to_json,
    schema_to_json,
    short_name,
)

SCHEMAS = [
    '"null"',
    '"string"',
    '{"type":"int","logicalType":"date"}',
    '{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}',
    '{"type":"array","items":"long"}',
    '{"type":"array","items":{"type":"map","values":["null","double"]},"java-class":"List"}',
    '["null","string",{"type":"array","items":"bytes"}]',
    "[]",
    '{"type":"fixed","name":"Word","namespace":"a.b","doc":"Four bytes.","size":4,"aliases":["Quad"]}',
    '{"type":"enum","name":"Colour","doc":"A colour.","symbols":["RED","GREEN"],"default":"RED"}',
    '{"type":"enum","name":"Nothing","symbols":[]}',
    '{"type":"record","name":"Empty","fields":[]}',
    (
        '{"type":"record","name":"Node","namespace":"tree","doc":"A node.","fields":['
        '{"name":"value","type":"int","doc":"What it holds.","default":0,"order":"descending",'
        '"aliases":["v"],"sensitive":true},'
        '{"name":"left","type":["null","Node"],"default":null},'
        '{"name":"right","type":["null","Node"],"default":null}],"note":"n","aliases":["Knot"]}'
    ),
    (
        '{"type":"error","name":"Failure","fields":[{"name":"inner","type":{"type":"record","name":"Inner",'
        '"namespace":"other","fields":[{"name":"again","type":["null","Failure","Inner"]}]}}]}'
    ),
    '{"type":"record","name":"T","fields":[{"name":"größe","type":"string","doc":"Ä, 世, 🌍 \\" \\\\ \\n"}]}',
]

PROTOCOL = (
    '{"protocol":"Shop","namespace":"acme.shop","doc":"Sells.","timeout":"30s","types":['
    '{"type":"enum","name":"Kind","symbols":["A","B"]},'
    '{"type":"record","name":"Item","fields":[{"name":"kind","type":"Kind"},'
    '{"name":"size","type":{"type":"fixed","name":"Size","namespace":"acme.units","size":2}}]},'
    '{"type":"error","name":"SoldOut","fields":[{"name":"message","type":"string"}]}],'
    '"messages":{'
    '"buy":{"doc":"Buy one.","http":"POST /buy","request":[{"name":"item","type":"Item","doc":"Which."},'
    '{"name":"count","type":"int","default":1}],"response":"acme.units.Size","errors":["SoldOut"]},'
    '"note":{"request":[{"name":"text","type":"string"}],"response":"null","one-way":true},'
    '"ping":{"request":[],"response":"null"}}}'
)


@pytest.mark.parametrize("text", SCHEMAS)
def test_a_schema_in_canonical_order_is_written_as_it_was_read(text: str) -> None:
    assert compact(schema_to_json(parse_schema(text))) == text


def test_a_protocol_in_canonical_order_is_written_as_it_was_read() -> None:
    assert compact(protocol_to_json(parse_protocol(PROTOCOL))) == PROTOCOL


def test_bytes_and_text_are_read_alike() -> None:
    assert protocol_to_json(parse_protocol(PROTOCOL.encode())) == protocol_to_json(parse_protocol(PROTOCOL))


def test_a_protocol_is_read_from_its_json_object_too() -> None:
    assert protocol_from_json(json.loads(PROTOCOL)).name == "acme.shop.Shop"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        pytest.param('{"type":"string"}', '"string"', id="a primitive without properties is a name"),
        pytest.param('{"type":{"type":"int"}}', '"int"', id="a type may be wrapped in a type"),
        pytest.param(
            '{"fields":[],"name":"a.R","type":"record"}',
            '{"type":"record","name":"R","namespace":"a","fields":[]}',
            id="a dotted name is name and namespace",
        ),
        pytest.param(
            '{"type":"record","name":"a.R","namespace":"ignored","fields":[]}',
            '{"type":"record","name":"R","namespace":"a","fields":[]}',
            id="a dotted name wins over a namespace",
        ),
        pytest.param(
            '{"type":"record","name":"R","fields":[{"name":"x","order":"ascending","type":"int","aliases":[]}]}',
            '{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}',
            id="what is the default anyway is left out",
        ),
        pytest.param(
            '{"type":"record","name":"a.R","fields":[{"name":"self","type":["null","a.R"]}]}',
            '{"type":"record","name":"R","namespace":"a","fields":[{"name":"self","type":["null","R"]}]}',
            id="a name is shortened in its own namespace",
        ),
        pytest.param(
            '[{"type":"fixed","name":"a.int","size":1},{"type":"record","name":"a.R",'
            '"fields":[{"name":"x","type":"a.int"}]}]',
            '[{"type":"fixed","name":"int","namespace":"a","size":1},{"type":"record","name":"R",'
            '"namespace":"a","fields":[{"name":"x","type":"a.int"}]}]',
            id="a name that would read as a primitive stays whole",
        ),
    ],
)
def test_other_spellings_are_brought_into_canonical_form(given: str, written: str) -> None:
    assert compact(schema_to_json(parse_schema(given))) == written


def test_what_was_written_reads_as_the_same_protocol() -> None:
    once = compact(protocol_to_json(parse_protocol(PROTOCOL)))
    assert compact(protocol_to_json(parse_protocol(once))) == once


def test_errors_that_repeat_the_implicit_string_declare_nothing() -> None:
    text = '{"protocol":"P","messages":{"m":{"request":[],"response":"null","errors":["string"]}}}'
    assert parse_protocol(text).messages["m"].errors == []


@pytest.mark.parametrize("errors", ['"string","A","B"', '"A","string","B"', '"A","B","string"'])
def test_errors_keep_their_order_wherever_the_implicit_string_stands(errors: str) -> None:
    types = '{"type":"error","name":"A","fields":[]},{"type":"error","name":"B","fields":[]}'
    text = f'{{"protocol":"P","types":[{types}],"messages":{{"m":{{"request":[],"errors":[{errors}]}}}}}}'
    protocol = parse_protocol(text)
    assert [describe(error) for error in protocol.messages["m"].errors] == ["A", "B"]
    written = protocol_to_json(protocol)
    assert isinstance(written, dict)
    assert '"errors":["A","B"]' in compact(written)


def test_what_may_be_left_out_of_a_protocol_is_empty() -> None:
    protocol = parse_protocol('{"protocol":"P","messages":{"m":{}}}')
    message = protocol.messages["m"]
    assert (protocol.types, protocol.doc, message.request, message.one_way) == ([], None, [], False)
    assert describe(message.response) == "null"


def test_types_are_listed_in_the_order_of_their_declaration() -> None:
    assert [named.name for named in parse_protocol(PROTOCOL).types] == [
        "acme.shop.Kind",
        "acme.shop.Item",
        "acme.units.Size",
        "acme.shop.SoldOut",
    ]


def test_each_reference_is_the_declared_object_itself() -> None:
    node = parse_schema(SCHEMAS[-3])
    assert isinstance(node, Record)
    left = node.fields[1].type
    assert isinstance(left, Union)
    assert left.branches[1] is node


def test_null_is_a_default_and_no_default_is_none() -> None:
    record = parse_schema(
        '{"type":"record","name":"R","fields":[{"name":"a","type":"null","default":null},'
        '{"name":"b","type":"null"}]}'
    )
    assert isinstance(record, Record)
    assert record.fields[0].default is None
    assert record.fields[1].default is NO_DEFAULT
    assert repr(NO_DEFAULT) == "NO_DEFAULT"


NESTED = (
    '{{"type":"record","name":"{outer}"{space},"fields":[{{"name":"f","type":'
    '{{"type":"fixed","name":"{inner}","size":1{inner_space}}}}}]}}'
)


@pytest.mark.parametrize(
    ("outer", "space", "inner", "inner_space", "expected"),
    [
        ("R", "", "F", "", "F"),
        ("R", ',"namespace":"a.b"', "F", "", "a.b.F"),
        ("a.b.R", "", "F", "", "a.b.F"),
        ("a.b.R", "", "c.F", "", "c.F"),
        ("a.b.R", "", "F", ',"namespace":"c"', "c.F"),
        ("a.b.R", "", "F", ',"namespace":""', "F"),
    ],
)
def test_a_name_takes_its_own_namespace_or_the_enclosing_one(
    outer: str, space: str, inner: str, inner_space: str, expected: str
) -> None:
    record = parse_schema(NESTED.format(outer=outer, space=space, inner=inner, inner_space=inner_space))
    assert isinstance(record, Record)
    fixed = record.fields[0].type
    assert isinstance(fixed, Fixed)
    assert fixed.name == expected


def test_a_full_name_splits_into_namespace_and_short_name() -> None:
    assert (namespace_of("a.b.C"), short_name("a.b.C")) == ("a.b", "C")
    assert (namespace_of("C"), short_name("C")) == ("", "C")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (Primitive("int"), "int"),
        (Array(Map(Primitive("string"))), "array<map<string>>"),
        (Union([Primitive("null"), Enum("a.E")]), "union { null, a.E }"),
    ],
)
def test_a_schema_is_described_in_the_words_of_the_idl(schema: Primitive | Array | Union, words: str) -> None:
    assert describe(schema) == words


def test_the_handshake_hash_is_the_md5_of_the_text() -> None:
    assert handshake_hash(PROTOCOL) == hashlib.md5(PROTOCOL.encode()).digest()
    assert handshake_hash("ä") == bytes.fromhex("8419b71c87a225a2c70b50486fbee545")


def test_compact_json_keeps_characters_and_drops_spaces() -> None:
    assert compact({"a": ["ä", 1.0, None]}) == '{"a":["ä",1.0,null]}'
