from __future__ import annotations

import json
from pathlib import Path

from avrorpc_codegen.json_output import as_text, compiled
from support.contracts import resolved


def output(folder: Path, text: str) -> tuple[object, str]:
    contracts, diagnostics = resolved(folder, {"a.avdl": text})
    assert not diagnostics.items
    value, suffix = compiled(contracts, next(iter(contracts.by_unit)))
    text = as_text(value)
    assert text.endswith(("}\n", "]\n"))
    assert json.loads(text) == value
    return value, suffix


def test_a_protocol(tmp_path: Path) -> None:
    expected = {"protocol": "P", "namespace": "n", "types": [], "messages": {}}
    assert output(tmp_path, '@namespace("n") protocol P {}') == (expected, ".avpr")


def test_a_main_schema(tmp_path: Path) -> None:
    enum = {"type": "enum", "name": "E", "namespace": "n", "symbols": ["A"]}
    text = "namespace n; schema array<E>; enum E { A } record Unused {}"
    assert output(tmp_path, text) == ({"type": "array", "items": enum}, ".avsc")


def test_types_alone(tmp_path: Path) -> None:
    value, suffix = output(tmp_path, "namespace n; enum E { A } record R { E e; }")
    assert suffix == ".avsc"
    assert isinstance(value, list)
    assert [item["name"] for item in value] == ["E", "R"]
    assert value[1]["fields"] == [{"name": "e", "type": "E"}]
