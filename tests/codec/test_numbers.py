"""Arrays of numbers: any buffer is written, and one is read where the contract asks for it."""

from __future__ import annotations

import array
import ctypes
import struct
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from avrorpc import Datum, DecodeError, EncodeError, LimitExceeded
from avrorpc.codec.avro_json import from_avro_json
from avrorpc.codec.encode import compile_choice
from avrorpc.codec.json import from_json, to_json
from avrorpc.schema import Field, Primitive, Record, Union, parse_schema
from hypothesis import given
from hypothesis import strategies as st


def numbers(item: str, *, buffer: bool = False) -> Any:
    return parse_schema(f'{{"type":"array","items":"{item}","buffer":{str(buffer).lower()}}}')


def listed(item: str, values: Any) -> bytes:
    return Datum[Any](numbers(item)).encode([number.item() for number in np.array(values)])


FITTING = [
    ("double", "f8"),
    ("double", "f4"),
    ("float", "f4"),
    ("long", "i8"),
    ("long", "i4"),
    ("long", "u4"),
    ("long", "i2"),
    ("int", "i4"),
    ("int", "i2"),
]


@pytest.mark.parametrize(("item", "dtype"), FITTING)
def test_a_buffer_of_numbers_is_written_as_the_list_of_them(item: str, dtype: str) -> None:
    values = np.array([1, -2, 100, 32767, 0, 0.0], "f8").astype(dtype)
    datum = Datum[Any](numbers(item))
    expected = listed(item, values)
    assert datum.encode(values) == expected
    assert datum.encode(memoryview(values)) == expected  # type: ignore[arg-type]
    assert datum.encode(array.array(values.dtype.char, values.tolist())) == expected
    assert datum.encode(values[::-1][::-1]) == expected
    assert datum.encode(values[::2]) == listed(item, values[::2])
    assert datum.encode(values[:0]) == b"\0"
    kind: Any = values.dtype.char
    shifted = memoryview(b"x" + values.tobytes())[1:].cast(kind)
    assert datum.encode(shifted) == expected


@pytest.mark.parametrize(
    ("item", "dtype"), [("float", "f8"), ("int", "i8"), ("long", "u8"), ("double", "i4")]
)
def test_a_buffer_whose_numbers_may_not_fit_is_refused(item: str, dtype: str) -> None:
    with pytest.raises(EncodeError, match=f"expected array<{item}>, got ndarray"):
        Datum[Any](numbers(item)).encode(np.ones(3, dtype))


@pytest.mark.parametrize(
    "value",
    [
        np.ones((2, 2)),
        np.array(1.0),
        np.ones(2, ">f8"),
        np.ones(2, "?"),
        memoryview(b"ab"),
        b"ab",
        bytearray(b"ab"),
        (ctypes.c_byte * 2)(),
        np.ones(2, "c16"),
    ],
)
@pytest.mark.parametrize("item", ["double", "int"])
def test_what_is_no_row_of_such_numbers_is_refused(item: str, value: object) -> None:
    with pytest.raises(EncodeError, match=f"expected array<{item}>"):
        Datum[Any](numbers(item)).encode(value)


@pytest.mark.parametrize(("item", "code"), [("double", "d"), ("float", "f"), ("long", "q"), ("int", "i")])
@given(data=st.data())
def test_an_annotated_array_is_read_into_a_buffer(data: st.DataObject, item: str, code: str) -> None:
    bits = {"i": 32, "q": 64}.get(code)
    floats = st.floats(width=32 if code == "f" else 64, allow_nan=False)
    values = data.draw(
        st.lists(floats if bits is None else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    )
    datum = Datum[Any](numbers(item, buffer=True))
    written = datum.encode(values)
    back = datum.decode(written)
    assert type(back) is array.array
    assert back == array.array(code, values)
    assert datum.encode(back) == written
    cut = data.draw(st.integers(0, len(written) - 1))
    with pytest.raises(DecodeError) as caught:
        datum.decode(written[:cut])
    with pytest.raises(DecodeError) as expected:
        Datum[Any](numbers(item)).decode(written[:cut])
    assert str(caught.value) == str(expected.value)


def test_blocks_of_any_size_are_put_together() -> None:
    two, one = struct.pack("<2d", 1.5, 2.5), struct.pack("<d", 3.5)
    data = b"\x04" + two + b"\x01\x10" + one + b"\0"
    assert Datum[Any](numbers("double", buffer=True)).decode(data).tolist() == [1.5, 2.5, 3.5]
    assert Datum[Any](numbers("int", buffer=True)).decode(b"\x04\x02\x04\x01\x02\x06\x00").tolist() == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize("item", ["double", "float", "long", "int"])
def test_an_announcement_takes_no_memory(item: str) -> None:
    datum = Datum[Any](numbers(item, buffer=True))
    with pytest.raises(LimitExceeded, match="max_items"):
        datum.decode(bytes.fromhex("80a8d6b907") + b"\0")
    with pytest.raises(DecodeError):
        datum.decode(b"\xd0\x0f" + b"\0" * 7)


def test_an_int_that_is_none_is_named_with_its_place() -> None:
    with pytest.raises(DecodeError, match=r"\[1\]: 2147483648 does not fit the 32 bits of an int"):
        Datum[Any](numbers("int", buffer=True)).decode(bytes.fromhex("04028080808010"))


@pytest.mark.parametrize(
    ("wrote", "reads", "code"), [("int", "long", "q"), ("int", "double", "d"), ("float", "double", "d")]
)
def test_numbers_of_another_version_are_converted(wrote: str, reads: str, code: str) -> None:
    data = Datum[Any](numbers(wrote)).encode([1, 2, 3])
    back = Datum[Any](numbers(reads, buffer=True), writer=numbers(wrote)).decode(data)
    assert back == array.array(code, [1, 2, 3])


class Samples(msgspec.Struct, frozen=True, kw_only=True):
    """A record with numbers."""

    values: array.array[float]
    more: array.array[float] | None = None


SAMPLES = Record(
    "Samples",
    [
        Field("values", numbers("double", buffer=True)),
        Field("more", Union([Primitive("null"), numbers("double", buffer=True)]), default=None),
    ],
)


def test_a_record_gives_its_numbers_to_numpy_and_torch_without_a_copy() -> None:
    datum: Datum[Samples] = Datum(SAMPLES, {"Samples": Samples})
    sent = Samples(values=array.array("d", [1, 2]), more=array.array("d", [3]))
    back = datum.decode(datum.encode(sent))
    assert back == sent
    as_numpy, as_torch = np.asarray(back.values), torch.frombuffer(back.values, dtype=torch.float64)
    as_numpy[0] = 7
    assert as_torch.tolist() == [7.0, 2.0]
    assert back.values[0] == 7
    assert datum.encode(Samples(values=np.ones(1))) == datum.encode(Samples(values=array.array("d", [1])))  # type: ignore[arg-type]


def test_a_union_knows_a_buffer_for_its_array() -> None:
    choose = compile_choice(Union([Primitive("null"), numbers("double", buffer=True)]), {})
    for value in (array.array("d", [1]), [1.0], np.ones(2), (1.0,)):
        assert choose(value) == 1


def test_json_has_a_list_of_the_numbers() -> None:
    types: dict[str, type] = {"Samples": Samples}
    sent = Samples(values=array.array("d", [1.5, float("inf")]))
    assert to_json(SAMPLES, sent, types) == {"values": [1.5, "Infinity"], "more": None}
    assert from_json(SAMPLES, {"values": [1.5, "Infinity"]}, types) == sent
    assert from_avro_json(numbers("long", buffer=True), [1, 2], {}) == array.array("q", [1, 2])
    with pytest.raises(EncodeError, match=r"values\[0\]"):
        from_json(SAMPLES, {"values": ["x"]}, types)
    assert to_json(numbers("float"), np.ones(2, "f4"), {}) == [1.0, 1.0]


def test_a_default_is_a_buffer_of_its_own() -> None:
    old = Record("Samples", [])
    new = Record("Samples", [Field("values", numbers("double", buffer=True), default=[1.0])])
    datum = Datum[Any](new, writer=old)
    first, second = datum.decode(b""), datum.decode(b"")
    assert first == second == {"values": array.array("d", [1.0])}
    assert first["values"] is not second["values"]
