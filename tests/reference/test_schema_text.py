from __future__ import annotations

import json
from pathlib import Path

import fastavro
from avrorpc.schema import parse_protocol, parse_schema, protocol_to_json, schema_to_json
from avrorpc_codegen.reference.schema_text import LONGEST, protocol_json, type_json
from support.contracts import resolved

BIG = (
    "".join(f"record R{n} {{ /** {'Long. ' * 20} */ R{n + 1}? next = null; }} " for n in range(200))
    + "record R200 {}"
)


def test_a_type_is_shown_whole(tmp_path: Path) -> None:
    text = "namespace n; record R { F f; double d = NaN; @x(99999999999999999999) array<R> rs; } fixed F(2);"
    contracts, _ = resolved(tmp_path, {"a.avdl": text})
    shown = type_json(contracts.types["n.R"].named)
    assert shown.note == ""
    assert json.loads(shown.text) == schema_to_json(contracts.types["n.R"].named)
    assert shown.text.startswith('{\n  "type": "record",\n  "name": "R",')
    fastavro.parse_schema(json.loads(shown.text))


def test_a_type_that_holds_much_names_the_others(tmp_path: Path) -> None:
    contracts, _ = resolved(tmp_path, {"a.avdl": f"namespace n; {BIG}"})
    shown = type_json(contracts.types["n.R0"].named)
    assert json.loads(shown.text)["fields"][0]["type"] == ["null", "n.R1"]
    assert "by their names" in shown.note
    assert type_json(contracts.types["n.R199"].named).note == ""


def test_a_type_of_few_long_ones_names_them_too(tmp_path: Path) -> None:
    text = (
        "namespace n; record A { array<B> b; map<union { null, B }> c = {}; } record B { /** LONG */ int a; }"
    )
    text = text.replace("LONG", "x" * LONGEST)
    contracts, _ = resolved(tmp_path, {"a.avdl": text})
    shown = type_json(contracts.types["n.A"].named)
    assert [field["type"] for field in json.loads(shown.text)["fields"]] == [
        {"type": "array", "items": "n.B"},
        {"type": "map", "values": ["null", "n.B"]},
    ]


def test_a_long_enum_is_shown_whole(tmp_path: Path) -> None:
    symbols = ", ".join(f"SYMBOL_NUMBER_{n}" for n in range(1000))
    contracts, _ = resolved(tmp_path, {"a.avdl": f"namespace n; enum E {{ {symbols} }}"})
    shown = type_json(contracts.types["n.E"].named)
    assert len(json.loads(shown.text)["symbols"]) == 1000
    assert isinstance(parse_schema(shown.text), type(contracts.types["n.E"].named))


def test_a_protocol_is_shown_whole_or_without_its_types(tmp_path: Path) -> None:
    files = {
        "a.avdl": '@namespace("n") protocol A { record R {} R get(R r); }',
        "b.avdl": f'@namespace("m") protocol B {{ {BIG} R0 get(array<R1> many) throws Bad; error Bad {{}} }}',
    }
    contracts, _ = resolved(tmp_path, files)
    small, big = (contracts.protocols[name].protocol for name in ("n.A", "m.B"))
    assert protocol_to_json(parse_protocol(protocol_json(small).text)) == protocol_to_json(small)
    shown = protocol_json(big)
    assert "left out" in shown.note
    assert json.loads(shown.text)["types"] == []
    assert json.loads(shown.text)["messages"]["get"] == {
        "request": [{"name": "many", "type": {"type": "array", "items": "m.R1"}}],
        "response": "m.R0",
        "errors": ["m.Bad"],
    }
