"""Whether JSON fits a type, told from the schema alone: as the runtime's own reader tells it."""

from __future__ import annotations

import pytest
from avrorpc.codec.json import from_json
from avrorpc.errors import EncodeError
from avrorpc.examples.fitting import misfits
from avrorpc.schema import Json, parse_schema

RECORD = """{"type":"record","name":"n.R","fields":[{"name":"a","type":"int"},
{"name":"b","type":["null","string"],"default":null}]}"""


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ('"null"', [None], [0]),
        ('"boolean"', [True], [1, "true"]),
        ('"int"', [1, -(2**31)], [2**31, 1.5, True, "1"]),
        ('"long"', [2**63 - 1], [2**63]),
        ('"double"', [1, 1.5, "NaN", "-Infinity"], ["nan", None]),
        ('"string"', ["", "é"], [1]),
        ('"bytes"', ["", "AAE="], ["A", "é", 1]),
        ('{"type":"fixed","name":"n.F","size":2}', ["AAE="], ["AAEB", 1]),
        ('{"type":"enum","name":"n.E","symbols":["A"]}', ["A"], ["B", 1]),
        ('{"type":"array","items":"int"}', [[], [1]], [["a"], {}]),
        ('{"type":"map","values":"int"}', [{}, {"a": 1}], [{"a": "b"}, []]),
        ('["null","int","string"]', [None, 1, "a", {"int": 1}], [1.5, [], {"int": "a"}]),
        ('{"type":"string","logicalType":"uuid"}', ["6f1b1b8c-0f43-4c35-8d4b-6d8e5b1a6a30"], [1]),
        ('{"type":"int","logicalType":"date"}', ["2026-01-31"], [1]),
        (RECORD, [{"a": 1}, {"a": 1, "b": "x"}, {"a": 1, "b": None}], [{}, {"a": 1, "c": 2}, {"a": "x"}, 1]),
        (f'["null",{RECORD}]', [None, {"a": 1}, {"$type": "n.R", "a": 1}], [{"a": "x"}, 3]),
    ],
)
def test_the_compiler_and_the_runtime_agree(schema: str, good: list[Json], bad: list[Json]) -> None:
    parsed = parse_schema(schema)
    for value in good:
        assert list(misfits(parsed, value)) == []
        from_json(parsed, value, {})
    for value in bad:
        assert list(misfits(parsed, value)), value
        with pytest.raises(EncodeError):
            from_json(parsed, value, {})


def test_a_misfit_has_a_pointer_and_says_what_was_wanted() -> None:
    parsed = parse_schema(f'{{"type":"array","items":{RECORD}}}')
    value: Json = [{"a": 1}, {"a": "x", "z": 1}]
    assert list(map(str, misfits(parsed, value))) == [
        "/1/z: R has no 'z'; it has a, b",
        '/1/a: expected int, got "x"',
    ]
    assert list(map(str, misfits(parse_schema(f'["null",{RECORD}]'), {"a": "x"}))) == [
        '/a: expected int, got "x"'
    ]
    assert list(map(str, misfits(parse_schema('"bytes"'), 1))) == ["expected bytes, in base64, got 1"]


def test_wildcards_fit_wherever_they_may_stand_and_a_result_is_whole_without_them() -> None:
    parsed = parse_schema(RECORD)
    fitting: list[Json] = ["...", {"a": "...", "b": None}, {"a": 1, "...": "..."}]
    for value in fitting:
        assert list(misfits(parsed, value, open=True)) == []
        assert list(misfits(parsed, value)) != []
    assert list(map(str, misfits(parsed, {"a": 1}, open=True))) == ["R needs 'b': union { null, string }"]
