"""Values that are right as they stand: the short way gives what the long one does."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

import msgspec
import pytest
from avrorpc.codec.json_plain import compile_plain_test, plain_list_test, plain_test
from avrorpc.codec.json_text import format_json
from avrorpc.codec.json_writing import compile_json_formatter, compile_json_writer
from avrorpc.errors import EncodeError
from avrorpc.schema import Array, Field, Map, Primitive, Record, Union
from avrorpc.schema import Enum as EnumSchema
from hypothesis import given
from hypothesis import strategies as st


class Color(Enum):
    RED = "RED"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    sizes: list[int] = []
    color: Color | None = None


class Tagged(msgspec.Struct, frozen=True, kw_only=True, tag_field="$type", tag="t.Part"):
    name: str
    sizes: list[int] = []
    color: Color | None = None


PART = Record(
    "t.Part",
    fields=[
        Field("name", Primitive("string")),
        Field("sizes", Array(Primitive("int"))),
        Field("color", Union([Primitive("null"), EnumSchema("t.Color", ["RED"])])),
    ],
)
TYPES: dict[str, Any] = {"t.Part": Part, "t.Color": Color}

WAYS = [
    (compile_json_formatter(schema, TYPES), compile_json_writer(schema, TYPES))
    for schema in (PART, Array(PART), Map(PART))
]

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**66), 2**66),
    st.floats(),
    st.text(),
    st.binary(),
    st.just("\ud800"),
)


@pytest.mark.parametrize("name", ["null", "boolean", "int", "long", "double", "string"])
@given(value=anything)
def test_what_is_plain_is_written_as_it_stands(name: str, value: Any) -> None:
    schema = Primitive(name)
    is_plain = plain_test(schema)
    assert is_plain is not None
    if is_plain(value):
        written = compile_json_writer(schema, {})(value)
        assert written == value
        assert format_json(written) == format_json(value)


@pytest.mark.parametrize("name", ["boolean", "int", "long", "double", "string"])
@given(values=st.lists(anything, max_size=4))
def test_a_list_is_plain_where_all_in_it_is(name: str, values: list[Any]) -> None:
    one, whole = plain_test(Primitive(name)), plain_list_test(Primitive(name))
    assert one is not None
    assert whole is not None
    assert whole(values) == all(one(value) for value in values)


def test_numbers_whose_sum_is_beyond_a_double_are_plain_all_the_same() -> None:
    whole = plain_list_test(Primitive("double"))
    assert whole is not None
    assert whole([1.7e308, 1.7e308])
    assert not whole([1.0, math.inf])


@pytest.mark.parametrize(
    "schema", [Primitive("bytes"), Primitive("float"), Primitive("long", {"logicalType": "timestamp-millis"})]
)
def test_what_msgspec_writes_otherwise_is_never_plain(schema: Primitive) -> None:
    assert plain_test(schema) is None
    assert compile_plain_test(Array(schema), {}) is None


def test_a_record_with_a_tag_is_never_plain() -> None:
    assert compile_plain_test(PART, {**TYPES, "t.Part": Tagged}) is None
    assert compile_plain_test(PART, TYPES) is not None


def test_a_value_that_could_be_taken_for_a_wrapped_one_is_never_plain() -> None:
    assert compile_plain_test(Union([Primitive("null"), Map(Primitive("int"))]), {}) is None


@given(
    name=st.text() | st.just("\ud800"),
    sizes=st.lists(st.integers(-(2**31) - 1, 2**31), max_size=3),
    color=st.sampled_from([None, Color.RED, "RED", "BLUE"]),
)
def test_a_text_is_the_same_whether_a_value_is_plain_or_not(name: str, sizes: list[int], color: Any) -> None:
    part = Part(name=name, sizes=sizes, color=color)
    for (text, write), value in zip(WAYS, (part, [part], {name: part}), strict=True):
        outcomes: list[bytes | str] = []
        for make in (text, lambda one, write=write: format_json(write(one))):
            try:
                outcomes.append(make(value))
            except EncodeError as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1]


def test_a_value_that_refers_to_itself_is_refused() -> None:
    nested = Array(Primitive("int"))
    for _ in range(3):
        nested = Array(nested)
    value: list[Any] = []
    value.append(value)
    with pytest.raises(EncodeError):
        compile_json_formatter(nested, {})(value)


class Real(float):
    __slots__ = ()


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("name", "plain", "others"),
    [
        ("boolean", [[], [True, False]], [[1], [None], (True,)]),
        ("int", [[], [0, -(2**31), 2**31 - 1]], [[True], [2**31], [1.0], (1,), [0, None]]),
        ("long", [[-(2**63), 2**63 - 1]], [[2**63], [False], ["1"]]),
        ("double", [[], [0.5, 1e308, 1e308]], [[1], [math.nan], [0.5, -math.inf], [Real(1)], (1.0,)]),
        ("string", [[], ["a", "\N{SNOWMAN}"]], [["\ud800"], [b"a"], [Text("a")], ("a",), ["a", None]]),
    ],
)  # fmt: skip
def test_lists_of_the_very_types_alone_are_plain(name: str, plain: list[Any], others: list[Any]) -> None:
    whole, nested = plain_list_test(Primitive(name)), compile_plain_test(Array(Array(Primitive(name))), {})
    assert whole is not None
    assert nested is not None
    for value in plain:
        assert whole(value)
        assert nested([value, value])
    for value in others:
        assert not whole(value), value
        assert not nested([[], value]), value
