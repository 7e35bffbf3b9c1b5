"""Scalars in paths, queries and headers."""

from __future__ import annotations

import pytest
from avrorpc.schema import Json, compact, from_plain, parse_schema


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ("string", "5", "5"),
        ("string", "", ""),
        ("int", "5", 5),
        ("int", "-0", 0),
        ("long", "-9223372036854775809", -9223372036854775809),
        ("int", "05", "05"),
        ("int", "5.0", 5.0),
        ("double", "1e999", "1e999"),
        ("int", "+5", "+5"),
        ("int", "\u0665", "\u0665"),
        ("int", "9" * 5000, "9" * 5000),
        ("double", "1", 1.0),
        ("double", "-1.5e3", -1500.0),
        ("double", "NaN", "NaN"),
        ("float", ".5", ".5"),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("boolean", "1", "1"),
        (["null", "int"], "7", 7),
        (["string", "null"], "null", "null"),
        ({"type": "int", "logicalType": "date"}, "2026-01-31", "2026-01-31"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "A", "A"),
        ("bytes", "YQ==", "YQ=="),
    ],
)
def test_a_text_means_what_the_type_says_or_stays_a_text(schema: Json, text: str, value: Json) -> None:
    found = from_plain(parse_schema(compact(schema)), text)
    assert (type(found), found) == (type(value), value)
