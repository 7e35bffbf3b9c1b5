from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Json, Record
from avrorpc_codegen.annotations import plain_json
from support.contracts import named, resolved


def test_known_annotations_have_their_meaning_and_others_are_properties(tmp_path: Path) -> None:
    text = """@aliases(["Old", "m.Older"]) @a-b.c({"x": [NaN]})
        record R { @p(1) int @order("IGNORE") @aliases(["y"]) @q(2) x; }"""
    record = named(tmp_path, text, "R")
    assert isinstance(record, Record)
    assert (record.aliases, record.props) == (["Old", "m.Older"], {"a-b.c": {"x": ["NaN"]}})
    field = record.fields[0]
    assert (field.order, field.aliases, field.props) == ("ignore", ["y"], {"q": 2})
    assert field.type.props == {"p": 1}


def test_a_namespace_of_a_type_is_where_its_fields_look(tmp_path: Path) -> None:
    text = """@namespace("a") protocol P {
        @namespace("b") record R { Other other; }
        @namespace("b") record Other { R? r; }
        @namespace("") record None { int a; }
        record c.Dotted { Inner inner; }
        record c.Inner { }
        b.R get();
    }"""
    contracts, diagnostics = resolved(tmp_path, {"p.avdl": text})
    assert not diagnostics.items
    assert list(contracts.types) == ["b.R", "b.Other", "None", "c.Dotted", "c.Inner"]


@pytest.mark.parametrize(
    "annotations",
    [
        "@namespace(1) record R {}",
        '@aliases("x") record R {}',
        "@aliases([1]) record R {}",
        "@x(1) @x(1) record R {}",
        '@name("x") record R {}',
        "@symbols([]) enum E {}",
        '@default("x") enum E {}',
        "@request([]) void a();",
        'record R { int @order("up") a; }',
        'record R { int @type("x") a; }',
        "record R {} void a(@x(1) R r);",
        "record R { @buffer(1) array<int> a; }",
        "record R { @buffer(true) array<string> a; }",
        "record R { @buffer(true) array<date> a; }",
        "record R { @buffer(false) map<int> a; }",
    ],
)
def test_annotations_that_make_no_sense(tmp_path: Path, annotations: str) -> None:
    _, diagnostics = resolved(tmp_path, {"p.avdl": f'@namespace("n") protocol P {{ {annotations} }}'})
    assert [item.rule.value for item in diagnostics.items] == ["AVR210"]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        ([-float("inf")], ["-Infinity"]),
        ({"a": 1.5}, {"a": 1.5}),
        (None, None),
    ],
)
def test_numbers_that_json_lacks_are_strings(value: Json, plain: Json) -> None:
    assert plain_json(value) == plain


@pytest.mark.parametrize(("value", "problems"), [('"required"', 0), ("true", 1), ('"optional"', 1)])
def test_a_key_of_calls_is_required_or_not_spoken_of(tmp_path: Path, value: str, problems: int) -> None:
    text = f'@namespace("n") protocol P {{ @idempotency_key({value}) void m(); }}'
    _, diagnostics = resolved(tmp_path, {"p.avdl": text})
    assert len(diagnostics.items) == problems
    assert all('`@idempotency_key` needs "required"' in item.message for item in diagnostics.items)
