"""The accelerator gives what the portable codec gives: bytes and values, errors with their paths, limits."""

from __future__ import annotations

import array
import datetime
import decimal
import enum
import gc
import math
import uuid
from collections import OrderedDict
from typing import Any

import msgspec
import numpy as np
import pytest
from avrorpc.codec.acceleration import is_native
from avrorpc.codec.binary import Cursor
from avrorpc.codec.portable_decode import portable_decoder, portable_row_decoder, portable_skipper
from avrorpc.codec.portable_encode import portable_encoder, portable_row_encoder
from avrorpc.contracts import DType
from avrorpc.errors import SchemaError
from avrorpc.limits import Limits
from avrorpc.schema import Field, Primitive, Schema, compact, final_problem, parse_schema
from avrorpc.tensor import Tensor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.avro_strategies import classes, plain, schemas, typed, values

if is_native:
    from avrorpc.codec import program
    from avrorpc.codec._native import Node
else:
    pytest.skip("there is no accelerator here", allow_module_level=True)

RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def outcome(function: Any, *arguments: Any) -> Any:
    """Return what a call gives or raises, as something that can be compared."""
    try:
        return "gave", plain(function(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever the one raises, the other must
        return type(error), str(error), getattr(error, "path", None), getattr(error, "problem", None)


def written(encode: Any, value: Any) -> Any:
    def write() -> bytes:
        out = bytearray(b"before")
        encode(out, value)
        return bytes(out)

    return outcome(write)


def read(decode: Any, data: bytes, limits: Limits) -> Any:
    cursor = Cursor(data, limits)
    result = outcome(decode, cursor)
    return result, (cursor.position, cursor.depth, cursor.items) if result[0] == "gave" else None


def same(left: Any, right: Any) -> bool:
    """Whether two outcomes are equal, a NaN being equal to itself."""
    return repr(left) == repr(right)


def check_encoding(schema: Schema, value: Any, types: dict[str, type]) -> None:
    encode = program.native_encoder(schema, types)
    expected = written(portable_encoder(schema, types), value)
    assert written(encode, value) == expected
    if expected[0] == "gave":
        assert program.to_bytes(encode)(value) == expected[1].removeprefix(b"before")


def check_decoding(writer: Schema, reader: Schema, data: bytes, limits: Limits, types: Any) -> None:
    native = program.native_decoder(writer, reader, types)
    expected = read(portable_decoder(writer, reader, types), data, limits)
    assert same(read(native, data, limits), expected)
    assert same(
        read(program.native_skipper(writer), data, limits), read(portable_skipper(writer), data, limits)
    )


class Text(str):
    """A subclass of a built-in type."""

    __slots__ = ()


class Level(enum.IntEnum):
    """An integer by inheritance."""

    HIGH = 3


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**63) - 1, 2**63)
    | st.floats()
    | st.floats(width=32)
    | st.text(st.characters(), max_size=8)
    | st.binary(max_size=6)
    | st.sampled_from(
        [
            "\ud800",
            Text("t"),
            Level.HIGH,
            bytearray(b"ab"),
            memoryview(b"abcd")[::2],
            memoryview(b"ab"),
            np.float64(1.5),
            np.int64(3),
            np.arange(4, dtype=np.int8),
            np.arange(3.0),
            np.arange(3.0)[::-1],
            array.array("d", [1.0, 2.0]),
            array.array("i", [1, -2]),
            range(3),
            OrderedDict(a=1),
            uuid.UUID(int=5),
            decimal.Decimal("1.5"),
            datetime.date(2020, 1, 1),
            datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
            datetime.time(1, 2),
            object,
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)


@RELAXED
@given(st.data(), schemas())
def test_a_value_that_fits_has_the_same_bytes(data: st.DataObject, json: Any) -> None:
    schema = parse_schema(compact(json))
    types = classes(schema)
    value = data.draw(values(schema))
    check_encoding(schema, value, {})
    check_encoding(schema, typed(schema, value, types), types)


@RELAXED
@given(st.data(), schemas(), ANYTHING)
def test_any_value_has_the_same_bytes_or_the_same_error(
    data: st.DataObject, json: Any, anything: object
) -> None:
    schema = parse_schema(compact(json))
    types = classes(schema)
    check_encoding(schema, anything, {})
    check_encoding(schema, anything, types)
    record: Any = {"type": "record", "name": "Holder", "fields": [{"name": "a", "type": json}]}
    holder = msgspec.defstruct("Holder", [("a", Any)])
    check_encoding(parse_schema(compact(record)), holder(anything), {**types, "Holder": holder})
    check_encoding(parse_schema(compact({"type": "array", "items": json})), [anything], types)
    check_encoding(parse_schema(compact({"type": "map", "values": json})), {"k": anything}, types)


NUMBERS = [
    parse_schema(f'{{"type":"array","items":"{item}","buffer":true}}')
    for item in ("int", "long", "float", "double", "string")
]


@RELAXED
@given(
    st.sampled_from(NUMBERS),
    st.sampled_from("bBhHiIlLqQfd"),
    st.lists(st.integers(0, 100)),
    st.binary(max_size=40),
    ANYTHING,
)
def test_numbers_in_buffers_are_written_and_read_alike(
    schema: Schema, code: str, items: list[int], data: bytes, anything: object
) -> None:
    for value in (array.array(code, items), np.array(items, code), np.array(items, code)[::2], anything):
        check_encoding(schema, value, {})
    check_decoding(schema, schema, data, Limits(), {})
    check_decoding(schema, schema, b"\x04" + data + b"\0", Limits(), {})  # a block of two


LOGICAL = [
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "string", "logicalType": "uuid"},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "fixed", "name": "D", "size": 12, "logicalType": "duration"},
]


@RELAXED
@given(
    st.lists(st.sampled_from([*LOGICAL, "null", "boolean", "long", "double", "string", "bytes"]), max_size=4),
    ANYTHING,
)
def test_unions_take_the_same_branch(branches: list[Any], anything: object) -> None:
    try:
        schema = parse_schema(compact(branches))
    except SchemaError:
        return
    check_encoding(schema, anything, {})


LIMITS = st.builds(Limits, max_items=st.integers(0, 50), max_depth=st.integers(0, 6)) | st.just(Limits())


@RELAXED
@given(st.data(), schemas(), LIMITS)
def test_bytes_whole_cut_damaged_or_random_give_the_same(
    data: st.DataObject, json: Any, limits: Limits
) -> None:
    schema = parse_schema(compact(json))
    types = classes(schema)
    out = bytearray()
    portable_encoder(schema, {})(out, data.draw(values(schema)))
    check_decoding(schema, schema, bytes(out), limits, types)
    check_decoding(schema, schema, bytes(out[: data.draw(st.integers(0, len(out)))]), limits, types)
    if out:
        out[data.draw(st.integers(0, len(out) - 1))] = data.draw(st.integers(0, 255))
        check_decoding(schema, schema, bytes(out), limits, types)
    check_decoding(schema, schema, data.draw(st.binary(max_size=30)), limits, {})


READS = {
    "int": ("int", "long", "float", "double"),
    "long": ("long", "double"),
    "float": ("float", "double"),
    "string": ("string", "bytes"),
    "bytes": ("bytes", "string"),
}


def newer(data: st.DataObject, json: Any, *, may_wrap: bool = True) -> Any:
    """Draw a schema that reads what another wrote, most of it at least."""
    made = json
    match json:
        case str() if json in READS:
            made = data.draw(st.sampled_from(READS[json]))
        case list():
            return [newer(data, branch, may_wrap=False) for branch in json]
        case {"type": "array"}:
            made = {"type": "array", "items": newer(data, json["items"])}
        case {"type": "map"}:
            made = {"type": "map", "values": newer(data, json["values"])}
        case {"type": "enum"}:
            symbols = data.draw(st.permutations(json["symbols"]))
            made = {**json, "symbols": symbols[: data.draw(st.integers(1, len(symbols)))]}
        case {"fields": fields}:
            kept = [field for field in fields if data.draw(st.booleans())]
            made_fields = [{**field, "type": newer(data, field["type"])} for field in kept]
            made_fields.append({"name": "added", "type": {"type": "array", "items": "long"}, "default": [7]})
            made = {**json, "fields": data.draw(st.permutations(made_fields))}
    return ["null", made] if may_wrap and made != "null" and data.draw(st.booleans()) else made


@RELAXED
@given(st.data(), schemas())
def test_two_versions_resolve_to_the_same(data: st.DataObject, json: Any) -> None:
    writer = parse_schema(compact(json))
    try:
        reader = parse_schema(compact(newer(data, json)))
    except SchemaError:  # such as a type that is used where its declaration was left out
        return
    if final_problem(writer, reader) is not None:
        return
    out = bytearray()
    portable_encoder(writer, {})(out, data.draw(values(writer)))
    check_decoding(writer, reader, bytes(out), Limits(), {})
    check_decoding(writer, reader, bytes(out), Limits(), classes(reader))


OLD = """{"type":"record","name":"a.R","fields":[{"name":"id","type":"int"},{"name":"was","type":"string"},
 {"name":"gone","type":{"type":"array","items":"string"}},
 {"name":"kind","type":{"type":"enum","name":"K","symbols":["A","B","C"]}}]}"""
NEW = """{"type":"record","name":"a.R","fields":[{"name":"is","type":"bytes","aliases":["was"]},
 {"name":"id","type":"double"},{"name":"more","type":{"type":"array","items":"int"},"default":[1]},
 {"name":"kind","type":{"type":"enum","name":"K","symbols":["B","A"]}}]}"""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """The record in its newer version."""

    is_: bytes
    id: float
    more: list[int]
    kind: Any


@pytest.mark.parametrize("types", [{}, {"a.R": Version}])
@pytest.mark.parametrize("kind", [0, 2, 4, 6, 1])
def test_fields_that_moved_went_or_came_are_resolved(types: dict[str, type], kind: int) -> None:
    data = b"\x02\x04ab\x02\x02x\x00" + bytes([kind])
    check_decoding(parse_schema(OLD), parse_schema(NEW), data, Limits(), types)
    decode = program.native_decoder(parse_schema(OLD), parse_schema(NEW), {"a.R": Version})
    if kind in (0, 2):
        first, second = decode(Cursor(data)), decode(Cursor(data))
        assert first == Version(is_=b"ab", id=1.0, more=[1], kind="AB"[kind // 2])
        assert first.more is not second.more


def test_a_field_that_two_others_become_has_the_later_one() -> None:
    writer = parse_schema(
        '{"type":"record","name":"R","fields":[{"name":"a","type":"string"},{"name":"b","type":"string"}]}'
    )
    reader = parse_schema(
        '{"type":"record","name":"R","fields":[{"name":"c","type":"string","aliases":["a","b"]}]}'
    )
    holder = msgspec.defstruct("R", [("c", Any)], kw_only=True)
    check_decoding(writer, reader, b"\x02x\x02y", Limits(), {"R": holder})


PAIR = parse_schema(
    '{"type":"record","name":"P","fields":[{"name":"x","type":"long"},'
    '{"name":"y","type":{"type":"array","items":"long"}}]}'
)


class Pair(msgspec.Struct):
    """An ordinary one."""

    x: Any
    y: Any


class Checked(Pair):
    """One that looks at what it is given."""

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("below zero")


class Grown(Pair, weakref=True, dict=True):
    """One with more than its fields."""


class Looked(Pair):
    """One whose attributes are found in its own way."""

    def __getattribute__(self, name: str) -> Any:
        return 7 if name == "x" else super().__getattribute__(name)


class ByHand:
    """A class without slots."""

    __struct_fields__ = ("x", "y")

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y


@pytest.mark.parametrize("cls", [Pair, Checked, Grown, Looked, ByHand])
@pytest.mark.parametrize("data", [b"\x02\x02\x04\x00", b"\x01\x00", b"\x02\x02"])
def test_every_kind_of_class_is_made_as_it_makes_itself(cls: type, data: bytes) -> None:
    types = {"P": cls}
    native, portable = program.native_decoder(PAIR, PAIR, types), portable_decoder(PAIR, PAIR, types)
    got, expected = outcome(native, Cursor(data)), outcome(portable, Cursor(data))
    if cls is ByHand and expected[0] == "gave":
        got, expected = vars(got[1]), vars(expected[1])
    assert got == expected
    value = cls(5, [1])
    check_encoding(PAIR, value, types)


def test_a_field_that_is_not_set_is_an_error_of_the_attribute() -> None:
    value = Pair(1, [])
    del value.y
    check_encoding(PAIR, value, {"P": Pair})


def test_a_subclass_is_written_as_its_record() -> None:
    check_encoding(PAIR, Checked(1, [2]), {"P": Pair})


def test_an_object_that_holds_no_container_is_not_the_collectors_business() -> None:
    point = parse_schema('{"type":"record","name":"P","fields":[{"name":"x","type":"long"}]}')
    holder = msgspec.defstruct("P", [("x", Any)])
    assert not gc.is_tracked(program.native_decoder(point, point, {"P": holder})(Cursor(b"\x02")))
    made = program.native_decoder(PAIR, PAIR, {"P": Pair})(Cursor(b"\x02\x00"))
    assert gc.is_tracked(made)


def test_values_deeper_than_the_accelerator_goes_are_the_portable_codecs() -> None:
    schema = parse_schema('{"type":"record","name":"C","fields":[{"name":"next","type":["null","C"]}]}')
    value: dict[str, Any] = {"next": None}
    for _ in range(150):
        value = {"next": value}
    check_encoding(schema, value, {})
    out = bytearray()
    portable_encoder(schema, {})(out, value)
    for depth in (100, 151, 152, 10_000):
        check_decoding(schema, schema, bytes(out), Limits(max_depth=depth), {})
    circle: dict[str, Any] = {}
    circle["next"] = circle
    check_encoding(schema, circle, {})


class Meddling(datetime.tzinfo):
    """A time zone that empties what is being written."""

    def __init__(self, holder: Pair) -> None:
        self.holder = holder

    def utcoffset(self, _: datetime.datetime | None) -> datetime.timedelta:
        if isinstance(self.holder.y, list):
            self.holder.y.clear()
        else:
            self.holder.x.clear()
        self.holder.x = self.holder.y = None
        gc.collect()
        return datetime.timedelta()

    def dst(self, _: datetime.datetime | None) -> datetime.timedelta:
        return datetime.timedelta()

    def tzname(self, _: datetime.datetime | None) -> str:
        return "odd"


def test_what_is_taken_away_while_it_is_written_is_still_held() -> None:
    moment = '{"type":"long","logicalType":"timestamp-micros"}'
    schema = parse_schema(
        '{"type":"record","name":"P","fields":[{"name":"x","type":{"type":"map","values":"string"}},'
        f'{{"name":"y","type":{{"type":"array","items":{moment}}}}}]}}'
    )
    backwards = parse_schema(
        f'{{"type":"record","name":"P","fields":[{{"name":"x","type":{{"type":"map","values":{moment}}}}},'
        '{"name":"y","type":["null","string"]}]}'
    )
    for one in (schema, backwards):
        encode = program.native_encoder(one, {"P": Pair})
        for _ in range(3):
            value = Pair({}, [])
            when = datetime.datetime(2026, 1, 1, tzinfo=Meddling(value))
            if one is schema:
                value.x, value.y = (
                    {"k": "text" * 9},
                    [when, datetime.datetime(2026, 1, 1, tzinfo=Meddling(value))],
                )
            else:
                value.x, value.y = {"k" * 9: when, "l": when}, "text" * 9
            outcome(encode, bytearray(), value)  # whatever comes of it, nothing is read that is gone


def test_a_tensor_is_written_and_read() -> None:
    fields = '{"name":"shape","type":{"type":"array","items":"long"}},{"name":"data","type":"bytes"}'
    symbols = ",".join(f'"{d.value}"' for d in DType)
    schema = parse_schema(
        '{"type":"record","name":"T","fields":[{"name":"dtype","type":{"type":"enum","name":"D",'
        f'"symbols":[{symbols}]}}}},{fields}]}}'
    )
    types = {"T": Tensor, "D": DType}
    tensor = Tensor(dtype=DType.INT16, shape=[3], data=b"abcdef")
    check_encoding(schema, tensor, types)
    data = program.to_bytes(program.native_encoder(schema, types))(tensor)
    assert program.native_decoder(schema, schema, types)(Cursor(data)) == tensor
    assert outcome(program.native_decoder(schema, schema, types), Cursor(data[:-4] + b"\x02a"))[0] != "gave"
    wrong = data[:-7] + b"\x02a"  # fewer bytes than the shape says
    check_decoding(schema, schema, wrong, Limits(), types)


@pytest.mark.parametrize("arguments", [("a", 1), ["a", 1], ("a",), ("a", "b"), ("\ud800", 1), ()])
def test_parameters_are_written_alike(arguments: Any) -> None:
    fields = [Field("key", Primitive("string")), Field("count", Primitive("int"))]
    native, portable = program.native_row_encoder(fields, {}), portable_row_encoder(fields, {})
    assert written(native, arguments) == written(portable, arguments)


@pytest.mark.parametrize("data", [b"\x02k\x06", b"\x02k", b"\x02\xff\x06", b""])
def test_parameters_are_read_alike(data: bytes) -> None:
    old = [Field("key", Primitive("string")), Field("count", Primitive("int"))]
    new = [Field("count", Primitive("long")), Field("more", Primitive("int"), default=5)]
    missing = [Field("lost", Primitive("int"))]
    for reader in (old, new, missing):
        native, portable = program.native_row_decoder(old, reader, {}), portable_row_decoder(old, reader, {})
        assert read(native, data, Limits()) == read(portable, data, Limits())


def test_a_class_that_does_not_match_is_refused_alike() -> None:
    for types in ({"P": msgspec.defstruct("P", ["x"])}, {"P": int}):
        for compile_it in (program.native_encoder, portable_encoder):
            with pytest.raises(SchemaError, match="has other fields than P; generate it again"):
                compile_it(PAIR, types)


def test_a_cursor_that_is_somewhere_odd_reads_as_the_portable_codec_says() -> None:
    for position in (-3, 0, 2, 3, 50):
        for schema in ('"long"', '"string"', '{"type":"array","items":"int"}'):
            parsed = parse_schema(schema)
            results = []
            for decode in (program.native_decoder(parsed, parsed, {}), portable_decoder(parsed, parsed, {})):
                cursor = Cursor(b"\x02a\x00")
                cursor.position = position
                results.append((outcome(decode, cursor), cursor.position))
            assert results[0] == results[1], (position, schema)


def test_numbers_keep_their_bits() -> None:
    schema = parse_schema('{"type":"array","items":"double"}')
    odd = [math.nan, -0.0, math.inf, 5e-324]
    data = program.to_bytes(program.native_encoder(schema, {}))(odd)
    back = program.native_decoder(schema, schema, {})(Cursor(data))
    assert np.array(back).tobytes() == np.array(odd).tobytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda: Node("no such"),
        lambda: Node("array", parts=("long",)),  # type: ignore[arg-type]
        lambda: Node("struct", table=Pair, parts=(Node("long"),), names=("x", "y"), slots=(8,)),
        lambda: Node("struct", table=ByHand, parts=(Node("long"),), names=("x", "y"), slots=(16,)),
        lambda: Node("dict", parts=(Node("long"),), names=("x",), slots=(1,)),
        lambda: Node("dict", parts=(Node("long"),), names=("x",), slots=()),
        lambda: Node("union", parts=(Node("long"),), table=(int,), slots=(1,)),
    ],
)
def test_a_program_that_would_read_elsewhere_is_refused(make: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        make()
