from __future__ import annotations

import json
from collections.abc import Generator

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import (
    MAX_JSON_DEPTH,
    Record,
    SchemaStore,
    canonical_form,
    compact,
    fingerprint,
    incompatibilities,
    parse_protocol,
    parse_schema,
    pretty,
    protocol_to_json,
    schema_to_json,
)
from avrorpc.schema.nesting import finish, json_depth
from support.chains import below

INNER = {
    "required": "{}",
    "optional": '["null",{}]',
    "array": '{{"type":"array","items":{}}}',
    "array of optional": '{{"type":"array","items":["null",{}]}}',
    "map of optional": '{{"type":"map","values":["null",{}]}}',
}


def nested(shape: str, length: int) -> str:
    text = f'{{"type":"record","name":"T{length - 1}","fields":[{{"name":"y","type":"int"}}]}}'
    for index in reversed(range(length - 1)):
        inner = INNER[shape].format(text)
        text = f'{{"type":"record","name":"T{index}","fields":[{{"name":"next","type":{inner}}}]}}'
    return text


@pytest.mark.parametrize("shape", INNER)
@pytest.mark.parametrize("length", [1, 22, 64, 128, 150])
def test_records_in_a_row_are_read_and_written_back_from_a_deep_stack(shape: str, length: int) -> None:
    text = nested(shape, length)
    schema = below(100, lambda: parse_schema(text))
    assert below(100, lambda: compact(schema_to_json(schema))) == text
    assert compact(json.loads(pretty(schema_to_json(schema)))) == text
    protocol = parse_protocol(f'{{"protocol":"P","types":[{text}],"messages":{{}}}}')
    assert [named.name for named in protocol.types] == [f"T{index}" for index in range(length)]
    assert compact(protocol_to_json(protocol)["types"]) == f"[{text}]"


@pytest.mark.parametrize("shape", INNER)
def test_records_in_a_row_are_compared_and_looked_up(shape: str) -> None:
    one, other = parse_schema(nested(shape, 140)), parse_schema(nested(shape, 140))
    assert incompatibilities(one, other) == []
    assert canonical_form(one) == canonical_form(other)
    assert SchemaStore([one]).find(fingerprint(other)) is one
    shorter = parse_schema(nested(shape, 139).replace('"name":"y"', '"name":"x"'))
    (problem,) = [item for item in incompatibilities(one, shorter) if item.name == "x"]
    assert isinstance(problem.reader.record, Record)
    assert problem.reader.record.name == "T138"


def test_the_deepest_json_is_read_and_one_record_more_is_refused() -> None:
    most = MAX_JSON_DEPTH // 3
    assert isinstance(parse_schema(nested("required", most)), Record)
    with pytest.raises(SchemaError, match=f"^T{most}: nested deeper than {MAX_JSON_DEPTH} brackets of JSON$"):
        parse_schema(nested("required", most + 1))


def test_a_protocol_is_as_deep_as_a_schema() -> None:
    most = (MAX_JSON_DEPTH - 2) // 3
    frame = '{{"protocol":"P","types":[{}]}}'
    assert len(parse_protocol(frame.format(nested("required", most))).types) == most
    with pytest.raises(SchemaError, match="nested deeper than"):
        parse_protocol(frame.format(nested("required", most + 1)))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"protocol":' * 100_000,
        nested("required", 20_000),
        '{"protocol":"P","types":[' + nested("optional", 20_000) + "]}",
    ],
)
def test_json_without_measure_is_refused(text: str) -> None:
    for parse in (parse_schema, parse_protocol):
        with pytest.raises(SchemaError, match=f"nested deeper than {MAX_JSON_DEPTH} brackets of JSON"):
            parse(text)


def test_a_name_must_be_defined_before_it_is_used_within_nested_types_too() -> None:
    text = (
        '{"type":"record","name":"A","fields":[{"name":"b","type":{"type":"record","name":"B","fields":['
        '{"name":"c","type":"C"}]}},{"name":"c","type":{"type":"fixed","name":"C","size":1}}]}'
    )
    with pytest.raises(SchemaError, match=r"^\$\.fields\[0\]\.type\.fields\[0\]\.type: no type is named C$"):
        parse_schema(text)
    turned = text.replace('"type":"C"', '"type":{"type":"fixed","name":"C","size":1}', 1)
    with pytest.raises(SchemaError, match="C is declared twice"):
        parse_schema(turned)


def test_the_parts_of_a_default_nest_no_deeper_than_types() -> None:
    frame = '{{"type":"record","name":"R","fields":[{{"name":"x","type":"int","default":{}}}]}}'
    assert isinstance(parse_schema(frame.format("[" * 64 + "]" * 64)), Record)
    with pytest.raises(SchemaError, match=r"\$\.fields\[0\]\.default: nested deeper than 64"):
        parse_schema(frame.format("[" * 65 + "]" * 65))


def test_a_type_without_names_counts_anew_in_each_record() -> None:
    deep = '{"type":"array","items":' * 60 + "{}" + "}" * 60
    inner = '{"type":"record","name":"B","fields":[{"name":"x","type":' + deep.replace("{}", '"int"') + "}]}"
    outer = '{"type":"record","name":"A","fields":[{"name":"x","type":' + deep.replace("{}", inner) + "}]}"
    assert compact(schema_to_json(parse_schema(outer))) == outer


def test_finish_gives_each_generator_what_it_waits_for() -> None:
    def total(depth: int) -> Generator[object, int, int]:
        if depth == 0:
            return 0
        plain = yield 1
        return plain + (yield total(depth - 1))

    assert finish(total(5_000)) == 5_000


def test_what_a_generator_raises_reaches_the_caller() -> None:
    def failing(depth: int) -> Generator[object, None, None]:
        if depth == 0:
            raise SchemaError("at the bottom")
        yield failing(depth - 1)

    with pytest.raises(SchemaError, match="at the bottom"):
        finish(failing(5_000))


@pytest.mark.parametrize(
    ("text", "depth"), [("1", 0), ("{}", 1), ("[]", 1), ('[1,{"a":2}]', 2), ('{"a":[[],{"b":[1]}]}', 4)]
)
def test_the_depth_of_json_is_that_of_its_deepest_part(text: str, depth: int) -> None:
    assert json_depth(json.loads(text)) == depth
