from __future__ import annotations

import pytest
from avrorpc.schema import Json
from avrorpc_codegen.json_rest import rest_of

RECORD: Json = {"type": "record", "name": "R", "x": 1, "fields": [{"name": "a", "type": "int", "y": 2}]}


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ("int", []),
        ({"type": "int", "x": 1}, []),
        ({"type": "enum", "name": "E", "symbols": [], "x": 1}, []),
        (RECORD, []),
        ([RECORD, {"type": "R", "x": 1}], [("$[1]", "x")]),
        ({"type": ["null", "int"], "doc": "d", "x": 1}, [("$", "doc"), ("$", "x")]),
        ({"type": {"type": "int", "y": 2}, "x": 1}, [("$", "x")]),
        ({"type": "array", "x": 1, "items": {"type": "R", "x": 1}}, [("$.items", "x")]),
        ({"type": "map", "values": {"type": ["int"], "x": 1}}, [("$.values", "x")]),
        (
            {"type": "error", "name": "E", "fields": [{"name": "a", "type": {"type": "E", "x": 1}}]},
            [("$.fields[0].type", "x")],
        ),
        (
            {
                "protocol": "P",
                "types": [{"type": {"type": "fixed", "name": "F", "size": 1}, "x": 1}],
                "messages": {
                    "go": {
                        "doc": "d",
                        "request": [{"name": "a", "type": {"type": "F", "y": 1}}],
                        "response": {"type": "F", "z": 1},
                        "errors": [{"type": "E", "w": 1}],
                    }
                },
            },
            [
                ("$.types[0]", "x"),
                ("$.messages.go.request[0].type", "y"),
                ("$.messages.go.response", "z"),
                ("$.messages.go.errors[0]", "w"),
            ],
        ),
        ({"protocol": "P"}, []),
    ],
    ids=range(12),
)
def test_attributes_beside_a_reference_are_found(contract: Json, expected: list[tuple[str, str]]) -> None:
    assert list(rest_of(contract)) == expected
