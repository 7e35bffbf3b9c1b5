"""Parsing Canonical Form: each transformation of the specification, and what it leaves open."""

from __future__ import annotations

import json
from typing import Any

import pytest
from avrorpc.schema import (
    Field,
    Json,
    Primitive,
    Record,
    Union,
    canonical_form,
    compact,
    parse_protocol,
    parse_schema,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import schemas
from support.fingerprints import PUBLISHED

RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def canonical(text: str) -> str:
    return canonical_form(parse_schema(text))


@pytest.mark.parametrize(("text", "form", "_"), PUBLISHED, ids=lambda value: str(value)[:40])
def test_the_form_is_what_the_avro_project_publishes(text: str, form: str, _: int) -> None:
    assert canonical(text) == form


def record(*fields: str, name: str = "a.R") -> str:
    return f'{{"type":"record","name":"{name}","fields":[{",".join(fields)}]}}'


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param('{"type":"int","logicalType":"date"}', '"int"', id="a logical type is its base"),
        pytest.param('{"type":{"type":"string"},"x":1}', '"string"', id="a type in a type is unwrapped"),
        pytest.param(
            '{"type":"array","items":{"type":"long","x":1},"java-class":"List"}',
            '{"type":"array","items":"long"}',
            id="properties go",
        ),
        pytest.param(
            '{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}',
            '{"name":"E","type":"enum","symbols":["A","B"]}',
            id="the default of an enum goes",
        ),
        pytest.param(
            '{"type":"fixed","name":"a.F","size":12,"logicalType":"duration"}',
            '{"name":"a.F","type":"fixed","size":12}',
            id="a fixed keeps its size alone",
        ),
        pytest.param(
            record('{"name":"f","type":{"type":"fixed","name":"F","size":2}}', '{"name":"g","type":"F"}'),
            '{"name":"a.R","type":"record","fields":[{"name":"f","type":{"name":"a.F","type":"fixed","size":2'
            '}},{"name":"g","type":"a.F"}]}',
            id="a type stands whole once, and by its full name afterwards",
        ),
        pytest.param(
            record('{"name":"f","type":{"type":"enum","name":"E","namespace":"b","symbols":[]}}'),
            '{"name":"a.R","type":"record","fields":[{"name":"f","type":{"name":"b.E","type":"enum","symbols"'
            ":[]}}]}",
            id="a namespace goes into the name",
        ),
        pytest.param(
            '{"type":"error","name":"a.Failed","fields":[]}',
            '{"name":"a.Failed","type":"record","fields":[]}',
            id="an error is a record",
        ),
        pytest.param(
            record('{"name":"gr\\u00f6\\u00dfe","type":"int"}', name="ä.R"),
            '{"name":"ä.R","type":"record","fields":[{"name":"größe","type":"int"}]}',
            id="escapes become what they stand for",
        ),
    ],
)
def test_what_is_left_of_a_schema(text: str, form: str) -> None:
    assert canonical(text) == form


def test_names_are_not_normalized() -> None:
    composed, decomposed = "\u00e9", "e\u0301"
    assert canonical(record(name=composed)) != canonical(record(name=decomposed))


def test_a_long_chain_of_types_needs_no_deep_stack() -> None:
    first = inner = Record("T0")
    for number in range(1, 5_000):
        following = Record(f"T{number}")
        inner.fields.append(Field("next", Union([Primitive("null"), following])))
        inner = following
    form = canonical_form(first)
    assert form.count('"type":"record"') == 5_000
    assert form.endswith("]}" + "]}]}" * 4_999)


def test_each_type_of_a_protocol_is_a_schema_of_its_own() -> None:
    protocol = parse_protocol(
        '{"protocol":"P","namespace":"a","types":[{"type":"enum","name":"E","symbols":["A"]},'
        '{"type":"record","name":"R","fields":[{"name":"e","type":"E"}]}]}'
    )
    enum, record_ = protocol.types
    assert canonical_form(enum) == '{"name":"a.E","type":"enum","symbols":["A"]}'
    assert canonical_form(record_) == (
        '{"name":"a.R","type":"record","fields":[{"name":"e","type":{"name":"a.E","type":"enum","symbols":["A"'
        "]}}]}"
    )


def test_a_type_without_namespace_inside_one_that_has_it_is_the_limit_of_the_form() -> None:
    text = record('{"name":"f","type":{"type":"fixed","name":"F","namespace":"","size":1}}')
    form = canonical(text)
    assert '{"name":"F","type":"fixed","size":1}' in form
    assert '{"name":"a.F","type":"fixed","size":1}' in canonical(form)


@RELAXED
@given(schemas())
def test_the_form_of_a_form_is_the_form(value: Json) -> None:
    form = canonical(compact(value))
    assert canonical(form) == form
    assert compact(json.loads(form)) == form


@st.composite
def dressed(draw: st.DrawFn, value: Any, *, is_field: bool = False) -> Any:
    """Return JSON of a schema with anything added that a reader of data can do without."""
    match value:
        case str() if value in ("int", "long", "string") and draw(st.booleans()):
            return {"logicalType": draw(st.sampled_from(["date", "uuid", "none"])), "type": value}
        case list():
            return [draw(dressed(item)) for item in value]
        case dict():
            extra: dict[str, Any] = {"doc": draw(st.text(max_size=5)), "x-note": draw(st.integers())}
            if is_field:
                extra |= {"order": "ignore", "aliases": ["was"]}
            elif value["type"] in ("record", "error", "enum", "fixed"):
                extra |= {"aliases": ["Was", "b.Was"]}
                value = value | ({"type": "error"} if value["type"] == "record" else {})
            if value["type"] == "enum":
                extra |= {"default": value["symbols"][0]}
            added = draw(st.lists(st.sampled_from(sorted(extra)), unique=True))
            inner = value | {
                key: draw(dressed(item))
                for key, item in value.items()
                if key in ("items", "values") or (is_field and key == "type")
            }
            if "fields" in value:
                inner["fields"] = [draw(dressed(field, is_field=True)) for field in value["fields"]]
            whole = inner | {key: extra[key] for key in added}
            return {key: whole[key] for key in draw(st.permutations(sorted(whole)))}
        case _:
            return value


@RELAXED
@given(st.data(), schemas())
def test_what_a_reader_can_do_without_changes_nothing(data: st.DataObject, value: Json) -> None:
    other = data.draw(dressed(value))
    assert canonical(json.dumps(other, indent=1)) == canonical(compact(value))
