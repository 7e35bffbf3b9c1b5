"""Which values fit which types, where an error says it is, and which branch of a union a value takes."""

from __future__ import annotations

import array
import enum
import math
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np
import pytest
from avrorpc.codec.encode import compile_encoder
from avrorpc.errors import Code, EncodeError, SchemaError
from avrorpc.schema import parse_schema


class Point(msgspec.Struct, frozen=True):
    """A record."""

    x: Any
    y: Any = 0.0


class Subpoint(Point, frozen=True):
    """A value of a subclass."""


class Vector(msgspec.Struct, frozen=True):
    """Another record with the same fields."""

    x: Any
    y: Any


class Colour(enum.Enum):
    """An enum."""

    RED = "RED"
    GREEN = "GREEN"


class Bad:
    """Something without a repr."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


POINT = (
    '{"type":"record","name":"a.Point","fields":[{"name":"x","type":"double"},{"name":"y","type":"double"}]}'
)
VECTOR = POINT.replace("Point", "Vector")
COLOUR = '{"type":"enum","name":"a.Colour","symbols":["RED","GREEN"]}'
WORD = '{"type":"fixed","name":"a.Word","size":4}'
TYPES: dict[str, type] = {"a.Point": Point, "a.Vector": Vector, "a.Colour": Colour}


def encode(schema: str, value: object, types: dict[str, type] | None = None) -> bytes:
    out = bytearray()
    compile_encoder(parse_schema(schema), TYPES if types is None else types)(out, value)
    return bytes(out)


@pytest.mark.parametrize(
    ("schema", "value", "encoded"),
    [
        ('"null"', None, ""),
        ('"boolean"', True, "01"),
        ('"int"', -1, "01"),
        ('"long"', 2**63 - 1, "feffffffffffffffff01"),
        ('"float"', 1, "0000803f"),
        ('"float"', 0.1, "cdcccc3d"),
        ('"double"', 1, "000000000000f03f"),
        ('"bytes"', bytearray(b"ab"), "046162"),
        ('"bytes"', memoryview(b"axbx")[::2], "046162"),
        ('"bytes"', array.array("H", [0x6261]), "046162"),
        ('"bytes"', np.arange(4, dtype=np.int8).reshape(2, 2).T, "0800020103"),
        ('"bytes"', np.zeros((0, 3)), "00"),
        ('"string"', "ä", "04c3a4"),
        (WORD, memoryview(b"abcd"), "61626364"),
        (COLOUR, Colour.GREEN, "02"),
        ('{"type":"array","items":"int"}', [], "00"),
        ('{"type":"array","items":"int"}', (1, 2), "04020400"),
        ('{"type":"map","values":"int"}', {}, "00"),
        ('{"type":"map","values":"int"}', OrderedDict(a=1), "0202610200"),
        ('{"type":"map","values":"int"}', MappingProxyType({"a": 1}), "0202610200"),
    ],
)
def test_a_value_that_fits_is_written(schema: str, value: object, encoded: str) -> None:
    assert encode(schema, value).hex() == encoded


@pytest.mark.parametrize(
    ("schema", "value", "problem"),
    [
        ('"null"', 0, "expected null, got int 0"),
        ('"boolean"', 1, "expected boolean, got int 1"),
        ('"int"', True, "expected int, got bool True"),
        ('"int"', 1.0, "expected int, got float 1.0"),
        ('"int"', 2**31, "2147483648 does not fit the 32 bits of an int"),
        ('"long"', -(2**63) - 1, "does not fit the 64 bits of a long"),
        pytest.param('"long"', 10**5000, "(not shown) does not fit the 64 bits of a long", id="a huge long"),
        ('"float"', 1e39, "1e+39 does not fit the 32 bits of a float"),
        ('"float"', "1", "expected float, got str '1'"),
        pytest.param('"double"', 10**400, "does not fit the 64 bits of a double", id="a huge double"),
        ('"double"', True, "expected double, got bool True"),
        ('"bytes"', "text", "expected bytes, got str 'text'"),
        ('"bytes"', np.array(["2020"], "M8[D]"), "expected bytes, got ndarray"),
        ('"string"', b"bytes", "expected string, got bytes"),
        ('"string"', "a\ud800", "a lone surrogate at character 1 has no UTF-8"),
        ('"string"', Bad(), "expected string, got Bad (not shown)"),
        pytest.param('"string"', 10**5000, "expected string, got int (not shown)", id="a huge integer"),
        ('"int"', "x" * 500, "expected int, got str '" + "x" * 56 + "..."),
        (WORD, b"abc", "a.Word has 4 bytes, not 3"),
        (WORD, 4, "expected a.Word, got int 4"),
        (COLOUR, "RED", "expected a.Colour, got str 'RED'"),
        (COLOUR, [], "expected a.Colour, got list []"),
        ('{"type":"array","items":"int"}', "12", "expected array<int>, got str '12'"),
        ('{"type":"array","items":"int"}', b"12", "expected array<int>, got bytes"),
        ('{"type":"array","items":"int"}', {1}, "expected array<int>, got set"),
        ('{"type":"map","values":"int"}', [], "expected map<int>, got list []"),
        ('{"type":"map","values":"int"}', {1: 1}, "[1]: expected string, got int 1"),
        (POINT, {"x": 1.0, "y": 0.0}, "expected Point, got dict"),
        ('["null","int"]', "x", "expected union { null, int }, got str 'x'"),
        ('["null","int"]', 2**31, "expected union { null, int }, got int 2147483648"),
        ("[]", None, "expected union {  }, got NoneType None"),
    ],
)
def test_a_value_that_does_not_fit_says_what_was_expected(schema: str, value: object, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(schema, value)
    assert problem in str(caught.value)
    assert caught.value.code is Code.INVALID_ARGUMENT
    assert caught.value.from_peer is False


def test_an_error_names_the_path_of_the_value() -> None:
    schema = f'{{"type":"map","values":{{"type":"array","items":{POINT}}}}}'
    with pytest.raises(EncodeError) as caught:
        encode(schema, {"k": [Point(1.0), Point(2.0, "far")]})
    assert caught.value.path == "['k'][1].y"
    assert str(caught.value) == "INVALID_ARGUMENT: ['k'][1].y: expected double, got str 'far'"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"x": 1.0}, "a.Point lacks field 'y'"),
        ({"x": 1.0, "y": 1.0, "z": 1.0}, "a.Point has no field 'z'"),
        (7, "expected a.Point, got int 7"),
    ],
)
def test_a_plain_dict_must_have_exactly_the_fields(value: object, problem: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(POINT, value, types={})
    assert problem in str(caught.value)


def test_a_subclass_is_written_as_its_record() -> None:
    assert encode(POINT, Subpoint(1.0, 2.0)) == encode(POINT, Point(1.0, 2.0))


def test_a_value_that_refers_to_itself_is_refused() -> None:
    schema = (
        '{"type":"record","name":"a.Tree","fields":[{"name":"t","type":{"type":"array","items":"a.Tree"}}]}'
    )
    tree: dict[str, Any] = {"t": []}
    tree["t"].append(tree)
    with pytest.raises(EncodeError, match="nested too deeply, or refers to itself"):
        encode(schema, tree, types={})


def test_a_class_that_does_not_match_its_schema_is_refused_when_the_encoder_is_made() -> None:
    with pytest.raises(SchemaError, match=r"Point has other fields than a\.Point; generate it again"):
        compile_encoder(parse_schema('{"type":"record","name":"a.Point","fields":[]}'), TYPES)
    with pytest.raises(SchemaError, match=r"Colour lacks symbols of a\.Colour; generate it again"):
        compile_encoder(parse_schema(COLOUR.replace("RED", "BLUE")), TYPES)
    with pytest.raises(SchemaError, match=r"Point is no enum; a\.Colour is"):
        compile_encoder(parse_schema(COLOUR), {"a.Colour": Point})


ARRAY, MAP = '{"type":"array","items":"int"}', '{"type":"map","values":"int"}'
ROWS = '{"type":"array","items":{"type":"array","items":"int"}}'


@pytest.mark.parametrize(
    ("branches", "value", "branch"),
    [
        # The exact type comes first, wherever its branch stands.
        (["null", "int"], None, 0),
        (["int", "null"], None, 1),
        (["int", "boolean"], True, 1),
        (["boolean", "int"], 1, 1),
        (["int", "long"], 1, 0),
        (["long", "int"], 1, 0),
        (["int", "long"], 2**31, 1),
        (["float", "double"], 0.5, 0),
        (["float", "double"], 0.1, 1),
        (["float", "double"], 1e300, 1),
        (["float", "double"], math.nan, 0),
        (["double", "int"], 1, 1),
        (["string", "bytes"], b"x", 1),
        (["bytes", "string"], "x", 1),
        (["bytes", WORD], b"abcd", 0),
        ([WORD, "bytes"], b"abcd", 0),
        ([WORD, "bytes"], b"abc", 1),
        ([WORD, "bytes"], bytearray(b"abc"), 1),
        (["string", COLOUR], Colour.RED, 1),
        ([COLOUR, "string"], "RED", 1),
        ([COLOUR, ROWS], ([1],), 1),
        ([MAP, ARRAY], [1], 1),
        ([POINT, VECTOR], Vector(1.0, 2.0), 1),
        ([VECTOR, POINT], Vector(1.0, 2.0), 0),
        # Then the first that holds the value without loss.
        (["int", "double"], 2**40, 1),
        (["float", "double"], 2**24 + 1, 1),
        (["float", "double"], 3, 0),
        (["null", "float"], 0.1, 1),
        (["null", ARRAY], (1,), 1),
        (["null", MAP], MappingProxyType({"a": 1}), 1),
        (["null", "bytes"], bytearray(b"x"), 1),
        ([VECTOR, POINT], Subpoint(1.0, 2.0), 1),
    ],
)
def test_a_union_takes_the_exact_type_and_then_the_first_lossless_fit(
    branches: list[str], value: object, branch: int
) -> None:
    spelled = [text if text.startswith("{") else f'"{text}"' for text in branches]
    assert encode(f"[{','.join(spelled)}]", value)[0] == branch * 2


def test_plain_dicts_find_their_record_by_its_fields() -> None:
    other = '{"type":"record","name":"a.Other","fields":[{"name":"z","type":"int"}]}'
    assert encode(f"[{POINT},{other}]", {"z": 1}, types={})[0] == 2
    assert encode(f"[{other},{POINT}]", {"x": 1.0, "y": 1.0}, types={})[0] == 2


def test_a_float_above_32_bits_is_no_value_of_an_optional_float() -> None:
    with pytest.raises(EncodeError, match=r"1e\+300 does not fit the 32 bits of a float"):
        encode('["null","float"]', 1e300)


def test_a_union_of_many_branches_writes_its_index_whole() -> None:
    fixeds = ",".join(f'{{"type":"fixed","name":"F{size}","size":{size}}}' for size in range(1, 80))
    assert encode(f"[{fixeds}]", b"x" * 70)[:2].hex() == "8a01"
