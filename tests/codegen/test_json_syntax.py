"""Avro's JSON as the compiler reads it: with places, all mistakes at once, and names from other files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc.schema import Enum, Record, Union, describe, schema_to_json
from avrorpc_codegen.contracts import Contracts
from support.contracts import resolved


def schema(folder: Path, value: object, name: str = "a.avsc") -> tuple[Contracts, list[str]]:
    contracts, diagnostics = resolved(folder, {name: json.dumps(value)}, name)
    found: list[str] = []
    for item in diagnostics.items:
        assert item.span is not None, "every finding in JSON has a place"
        shown = item.span.source.text[item.span.start : item.span.end]
        found.append(f"{item.rule.value} {shown}: {item.message}" + (f"; {item.help}" if item.help else ""))
    return contracts, found


def protocol(folder: Path, value: object) -> tuple[Contracts, list[str]]:
    return schema(folder, value, "a.avpr")


def message(**members: object) -> dict[str, object]:
    return {"request": [], "response": "null", **members}


@pytest.mark.parametrize(
    "value",
    [
        "string",
        {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
        ["null", {"type": "array", "items": "long", "p": {"q": [1, 2.5, None]}}],
        {"type": "map", "values": ["int", "string"]},
        {
            "type": "fixed",
            "name": "F",
            "namespace": "n",
            "doc": "d",
            "size": 16,
            "p": 1,
            "aliases": ["G", "x.H"],
        },
        {"type": "enum", "name": "E", "namespace": "n", "symbols": ["A", "B"], "default": "A"},
        {
            "type": "record",
            "name": "R",
            "namespace": "n",
            "doc": "d",
            "fields": [
                {
                    "name": "self",
                    "type": ["null", "R"],
                    "doc": "f",
                    "default": None,
                    "aliases": ["me"],
                    "p": 1,
                },
                {"name": "order", "type": "int", "default": 3, "order": "descending"},
                {"name": "inner", "type": {"type": "record", "name": "I", "fields": []}},
                {"name": "again", "type": "I"},
                {"name": "bare", "type": {"type": "enum", "name": "B", "namespace": "", "symbols": []}},
            ],
        },
        [{"type": "fixed", "name": "n.A", "size": 1}, {"type": "fixed", "name": "n.B", "size": 2}],
    ],
    ids=lambda value: json.dumps(value)[:30],
)
def test_schemas_are_read_as_they_are_written(tmp_path: Path, value: object) -> None:
    contracts, problems = schema(tmp_path, value)
    assert problems == []
    (main,) = contracts.main_schemas.values()
    written = schema_to_json(main)
    contracts, problems = schema(tmp_path, written)
    assert problems == []
    (main,) = contracts.main_schemas.values()
    assert json.dumps(schema_to_json(main)) == json.dumps(written)


def test_a_protocol_is_read_whole(tmp_path: Path) -> None:
    value = {
        "protocol": "P",
        "namespace": "n",
        "doc": "d",
        "p": 1,
        "types": [{"type": "error", "name": "E", "fields": [{"name": "why", "type": "Late"}]}],
        "messages": {
            "go": message(
                doc="g",
                timeout="1s",
                request=[
                    {"name": "a", "type": {"type": "enum", "name": "Late", "symbols": ["X"]}, "default": "X"}
                ],
                errors=["string", "E", {"type": "error", "name": "x.F", "fields": []}],
            ),
            "tell": message(**{"one-way": True}),
            "plain": message(**{"one-way": False, "response": {"type": "array", "items": "n.E"}}),
        },
    }
    contracts, problems = protocol(tmp_path, value)
    assert problems == []
    found = contracts.protocols["n.P"].protocol
    assert [named.name for named in found.types] == ["n.E", "n.Late", "x.F"]
    go, tell, plain = found.messages.values()
    assert (go.doc, go.props, describe(go.request[0].type)) == ("g", {"timeout": "1s"}, "n.Late")
    assert [describe(error) for error in go.errors] == ["n.E", "x.F"]
    assert (tell.one_way, plain.one_way, describe(plain.response)) == (True, False, "array<n.E>")


def test_an_inner_type_has_the_namespace_around_it(tmp_path: Path) -> None:
    inner = {"type": "record", "name": "I", "fields": [{"name": "x", "type": ["null", "O", "n.O", "a.b.O"]}]}
    outer = {"type": "record", "name": "a.b.O", "fields": [{"name": "i", "type": inner}]}
    contracts, problems = schema(tmp_path, outer)
    assert list(contracts.types) == ["a.b.O", "a.b.I"]
    assert (
        problems
        == [
            'AVR206 "a.b.O": a union may not have two branches of type a.b.O',
            'AVR203 "n.O": there is no type `n.O`; did you mean `a.b.O`?',
        ][::-1]
    )


def test_a_name_without_dots_may_be_one_without_a_namespace(tmp_path: Path) -> None:
    outer = {"type": "record", "name": "n.O", "fields": [{"name": "i", "type": "Bare"}]}
    contracts, problems = schema(tmp_path, [{"type": "fixed", "name": "Bare", "size": 1}, outer])
    assert problems == []
    record = contracts.types["n.O"].named
    assert isinstance(record, Record)
    assert record.fields[0].type is contracts.types["Bare"].named


def test_files_may_name_types_of_each_other_in_any_order(tmp_path: Path) -> None:
    files = {
        "a.avsc": '{"type": "record", "name": "n.A", "fields": [{"name": "b", "type": ["null", "B"]}]}',
        "b.avsc": '{"type": "record", "name": "n.B", "fields": [{"name": "a", "type": ["null", "A"]}]}',
        "p.avpr": '{"protocol": "P", "namespace": "n", "messages": {"m": {"request": [], "response": "A"}}}',
    }
    for order in (list(files), list(files)[::-1]):
        contracts, diagnostics = resolved(tmp_path, {name: files[name] for name in order})
        assert not diagnostics.items, diagnostics.render()
        record = contracts.types["n.A"].named
        assert isinstance(record, Record)
        assert isinstance(record.fields[0].type, Union)
        assert record.fields[0].type.branches[1] is contracts.types["n.B"].named
        assert contracts.protocols["n.P"].protocol.messages["m"].response is record


def test_imported_schemas_may_name_each_other_and_what_imports_them(tmp_path: Path) -> None:
    files = {
        "root.avdl": 'namespace n; import schema "a.avsc"; import schema "b.avsc"; enum E { X }',
        "a.avsc": '{"type": "record", "name": "n.A", "fields": [{"name": "b", "type": "B"}]}',
        "b.avsc": '{"type": "record", "name": "n.B", "fields": [{"name": "e", "type": "E"}]}',
    }
    contracts, diagnostics = resolved(tmp_path, files, "root.avdl")
    assert not diagnostics.items, diagnostics.render()
    assert isinstance(contracts.types["n.E"].named, Enum)


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        (17, ["AVR110 17: `17` is not a schema"]),
        (None, ["AVR110 null: `null` is not a schema"]),
        ("strnig", ['AVR203 "strnig": there is no type `strnig`; did you mean `string`?']),
        ({}, ['AVR110 {: a schema needs "type"']),
        ({"tpye": "int"}, ['AVR110 "tpye": a schema needs "type"; did you mean "type"?']),
        ({"type": "union"}, ['AVR110 "union": a union is written as a list of its branches']),
        ({"type": "array"}, ['AVR110 {: an array needs "items"']),
        ({"type": "map", "items": "int"}, ['AVR110 {: a map needs "values"']),
        (
            {"type": "fixed", "name": "F", "size": "4"},
            ['AVR110 "4": the size of a fixed is an integer, not `"4"`'],
        ),
        (
            {"type": "fixed", "name": "F", "size": -1},
            ["AVR211 -1: the size of a fixed is from 0 to 2147483647, not -1"],
        ),
        ({"type": "fixed", "name": 3, "size": 1}, ['AVR110 3: "name" is a string, not `3`']),
        ({"type": "fixed", "name": "F", "doc": [], "size": 1}, ['AVR110 [: "doc" is a string, not a list']),
        (
            {"type": "fixed", "name": "F", "namespace": 1, "size": 1},
            ['AVR110 1: "namespace" is a string, not `1`'],
        ),
        ({"type": "enum", "name": "E"}, ['AVR110 {: an enum needs "symbols"']),
        ({"type": "enum", "name": "E", "symbols": {}}, ["AVR110 {: `symbols` is a list, not an object"]),
        (
            {"type": "enum", "name": "E", "symbols": [1]},
            ["AVR110 1: `symbols`: expected a string, found `1`"],
        ),
        (
            {"type": "enum", "name": "E", "symbols": ["A", "A"], "default": "B"},
            ['AVR204 "A": the symbol `A` is declared twice', 'AVR207 "B": `B` is no symbol of this enum'],
        ),
        ({"type": "record", "name": "R"}, ['AVR110 {: a record needs "fields"']),
        (
            {"type": "record", "name": "R", "feilds": []},
            ['AVR110 "feilds": a record needs "fields"; did you mean "fields"?'],
        ),
        (
            {
                "type": "record",
                "name": "R",
                "fields": [1, {"name": "a"}, {"type": "int"}, {"name": "b", "type": 3}],
            },
            [
                "AVR110 1: a field is an object, not `1`",
                'AVR110 {: a field needs "type"',
                'AVR110 {: a field needs "name"',
                "AVR110 3: `3` is not a schema",
            ],
        ),
        (
            {
                "type": "record",
                "name": "R",
                "aliases": "Old",
                "fields": [
                    {"name": "a", "type": "int", "default": "x"},
                    {"name": "a", "type": "int", "order": "up"},
                    {"name": "c", "type": ["int", ["null"]]},
                ],
            },
            [
                'AVR210 "Old": `@aliases` needs a list of strings',
                'AVR210 "up": `@order` needs "ascending", "descending" or "ignore"',
                'AVR204 "a": the field `a` is declared twice',
                "AVR206 [: a union may not contain a union",
                'AVR207 "x": this default does not fit: "x" is no value of type int',
            ],
        ),
        (["null", "int", "int"], ['AVR206 "int": a union may not have two branches of type int']),
        (
            json.loads('{"type": "array", "items": ' * 70 + '"int"' + "}" * 70),
            ["AVR108 {: nested deeper than 64"],
        ),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_mistakes_in_schemas_have_their_places(tmp_path: Path, value: object, problems: list[str]) -> None:
    assert schema(tmp_path, value)[1] == problems


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ([], ["AVR110 [: a protocol is an object, not a list"]),
        ({}, ['AVR110 {: a protocol needs "protocol"']),
        (
            {"type": "record", "name": "R", "fields": []},
            ['AVR110 "type": this is a schema, and no protocol; give the file the suffix `.avsc`'],
        ),
        ({"protocol": "P", "types": {}}, ["AVR110 {: `types` is a list, not an object"]),
        (
            {"protocol": "P", "types": ["int", "Q"]},
            ['AVR110 "int": `types` holds declarations of records, errors, enums and fixed'] * 2,
        ),
        ({"protocol": "P", "messages": []}, ["AVR110 [: `messages` is an object, not a list"]),
        (
            {
                "protocol": "P",
                "messages": {"a": 1, "b": {"response": "null"}, "c": {"request": []}, "d-e": message()},
            },
            [
                "AVR110 1: the message `a` is an object, not `1`",
                'AVR110 {: the message `b` needs "request"',
                'AVR110 {: the message `c` needs "response"',
                'AVR205 "d-e": `d-e` is not a name; `d_e` would be one',
            ],
        ),
        (
            {"protocol": "P", "messages": {"a": message(**{"one-way": 1}), "b": message(errors="E")}},
            ["AVR110 1: `one-way` is true or false", 'AVR110 "E": `errors` is a list, not `"E"`'],
        ),
        (
            {"protocol": "P", "messages": {"a": message(**{"one-way": True, "response": "int"})}},
            ['AVR208 "int": a one-way message has no result; write "null", or leave "one-way" out'],
        ),
        (
            {"protocol": "P", "messages": {"a": message(errors=["int"])}},
            ['AVR209 "int": only errors can be thrown'],
        ),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_mistakes_in_protocols_have_their_places(tmp_path: Path, value: object, problems: list[str]) -> None:
    found = [problem.replace('"Q"', '"int"') for problem in protocol(tmp_path, value)[1]]
    assert found == problems


def test_a_one_way_message_declares_no_errors(tmp_path: Path) -> None:
    error = {"type": "error", "name": "E", "fields": []}
    value = {"protocol": "P", "types": [error], "messages": {"a": message(errors=["E"], **{"one-way": True})}}
    assert protocol(tmp_path, value)[1] == ['AVR208 "E": a one-way message declares no errors']


def test_a_type_is_declared_once_in_a_file_even_if_it_is_the_same(tmp_path: Path) -> None:
    fixed = {"type": "fixed", "name": "F", "size": 1}
    assert schema(tmp_path, [fixed, fixed])[1] == ['AVR204 "F": `F` is declared twice']
