from __future__ import annotations

import pytest
from avrorpc.schema import Extent, Fixed, Json, Primitive, compact, logical_type, parse_schema
from avrorpc.schema.logical_change import logical_problems


def schema(base: str, kind: Json = None, **more: Json) -> Primitive | Fixed:
    made: dict[str, Json] = {"type": base, **more}
    if kind is not None:
        made["logicalType"] = kind
    parsed = parse_schema(compact(made))
    assert isinstance(parsed, Primitive | Fixed)
    return parsed


def fixed(size: int, kind: str, **more: Json) -> Primitive | Fixed:
    return schema("fixed", kind, name="F", size=size, **more)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (schema("int"), None),
        (schema("int", "date"), "date"),
        (schema("long", "date"), None),
        (schema("long", "timestamp-nanos"), "timestamp-nanos"),
        (schema("string", "uuid"), "uuid"),
        (fixed(16, "uuid"), "uuid"),
        (fixed(15, "uuid"), None),
        (fixed(12, "duration"), "duration"),
        (fixed(11, "duration"), None),
        (schema("bytes", "decimal", precision=3), "decimal"),
        (schema("bytes", "decimal"), None),
        (schema("bytes", "decimal", precision=3, scale=4), None),
        (schema("bytes", "decimal", precision="3"), None),
        (schema("string", "decimal", precision=3), None),
        (schema("long", "euro"), "euro"),
        (schema("long", 7), None),
    ],
)
def test_a_logical_type_counts_where_it_fits(given: Primitive | Fixed, expected: str | None) -> None:
    assert logical_type(given) == expected


def test_a_decimal_says_all_that_is_wrong_with_it() -> None:
    wide, narrow = schema("bytes", "decimal", precision=9, scale=2), schema("bytes", "decimal", precision=5)
    assert list(logical_problems(wide, narrow)) == [
        (Extent.MEANING, "the scale of a decimal goes from 2 to 0: the point moves"),
        (Extent.SOME, "a decimal of more than 5 digits does not fit"),
    ]
    assert list(logical_problems(wide, schema("bytes"))) == []


def test_what_is_narrower_than_its_type_refuses_some_values() -> None:
    assert list(logical_problems(schema("int"), schema("int", "time-millis"))) == [
        (Extent.SOME, "not every int is a time-millis")
    ]
    assert list(logical_problems(schema("int"), schema("int", "date"))) == []
