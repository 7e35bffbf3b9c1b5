"""All that is wrong with JSON, at once, each with its JSON Pointer."""

from __future__ import annotations

from avrorpc.codec.json_reading import Problem, compile_json_fields, compile_json_reader
from avrorpc.schema import Json, Record, parse_schema

ORDER = parse_schema(
    '{"type":"record","name":"s.Order","fields":['
    '{"name":"id","type":"int"},{"name":"note","type":"string","default":""},'
    '{"name":"lines","type":{"type":"array","items":{"type":"record","name":"s.Line","fields":['
    '{"name":"price","type":"double"}]}}},'
    '{"name":"tags","type":{"type":"map","values":["null","int"]},"default":{}}]}'
)


def problems(value: Json) -> list[tuple[str, str]]:
    found: list[Problem] = []
    compile_json_reader(ORDER, {})(value, None, found)
    return [(problem.pointer, problem.text) for problem in found]


def test_all_problems_are_told_with_their_pointers() -> None:
    value: Json = {
        "id": "seven",
        "lines": [{"price": 1}, {"price": "1"}, {}, 4],
        "tags": {"a/b~c": "x", "fine": None},
        "colour": "red",
    }
    assert problems(value) == [
        ("/colour", "s.Order has no 'colour'; it has id, note, lines, tags"),
        ("/id", "expected int, got str 'seven'"),
        ("/lines/1/price", "expected double, got '1'"),
        ("/lines/2/price", "s.Line needs 'price': double"),
        ("/lines/3", "expected s.Line, got 4"),
        ("/tags/a~1b~0c", "expected union { null, int }, got 'x'"),
    ]


def test_what_fits_has_no_problems() -> None:
    assert problems({"id": 1, "lines": []}) == []


def test_parameters_are_read_together() -> None:
    assert isinstance(ORDER, Record)
    read = compile_json_fields(ORDER.fields, {}, "submit")
    found: list[Problem] = []
    read({"note": 3, "lines": None}, None, found)
    assert [problem.pointer for problem in found] == ["/id", "/note", "/lines"]
    assert found[0].text == "submit needs 'id': int"
    found = []
    assert read({"id": 1, "lines": []}, None, found) == [1, "", [], {}]
    assert not found
