from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.schema import Field, NoDefault, Record
from avrorpc_codegen.config import Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.layout import flat
from avrorpc_codegen.placing import place
from avrorpc_codegen.python_types import Literal, Python, Unrepresentable
from support.contracts import resolved

TYPES = """
    enum Color { RED, class }
    fixed Hash(2);
    @logicalType("duration") fixed Period(12);
    @logicalType("decimal") @precision(4) @scale(2) fixed Price(2);
    @logicalType("uuid") fixed Id(16);
    record Point { int x = 0; Point? next = null; }
    record `record` { int `def` = 1; }
"""


def python(folder: Path, field: str) -> tuple[Python, Field]:
    text = f'@namespace("n") protocol P {{ {TYPES} record Holder {{ {field}; }} }}'
    contracts, diagnostics = resolved(folder, {"p.avdl": text})
    assert not diagnostics.items, diagnostics.render()
    placement = place(contracts, Config(folder, (Target("out", folder),)), Diagnostics())
    holder = contracts.types["n.Holder"].named
    assert isinstance(holder, Record)
    return Python(placement.types, lambda py_type: py_type.py_name, lambda _: None), holder.fields[0]


def literal(folder: Path, field: str) -> Literal:
    writer, item = python(folder, field)
    assert not isinstance(item.default, NoDefault)
    return writer.literal(item.type, item.default)


@pytest.mark.parametrize(
    ("avro", "annotation"),
    [
        ("null", "None"),
        ("boolean", "bool"),
        ("long", "int"),
        ("float", "float"),
        ("bytes", "bytes"),
        ("string?", "str | None"),
        ("array<map<int>>", "list[dict[str, int]]"),
        ("@buffer(true) array<double>", "stub.NumberArray[float]"),
        ("@buffer(false) array<double>", "list[float]"),
        ("map<union { null, @buffer(true) array<long> }>", "dict[str, stub.NumberArray[int] | None]"),
        ("union { null, int, string }", "int | str | None"),
        ("union { int, long, float, double }", "int | float"),
        ("union { string }", "str"),
        ("union { null }", "None"),
        ("Color", "Color"),
        ("Hash", "Hash"),
        ("`record`", "record"),
        ("date", "datetime.date"),
        ("time_ms", "datetime.time"),
        ("timestamp_ms", "datetime.datetime"),
        ("local_timestamp_ms", "datetime.datetime"),
        ("uuid", "uuid.UUID"),
        ("decimal(4, 2)", "decimal.Decimal"),
        ('@logicalType("timestamp-nanos") long', "int"),
        ('@logicalType("date") long', "int"),
        ('@logicalType("uuid") bytes', "bytes"),
        ('@logicalType("big-decimal") bytes', "decimal.Decimal"),
        ("decimal(100000)", "decimal.Decimal"),
        ("decimal(100001)", "bytes"),
    ],
)
def test_annotations(tmp_path: Path, avro: str, annotation: str) -> None:
    writer, item = python(tmp_path, f"{avro} a")
    assert flat(writer.annotation(item.type)) == annotation


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("null a = null", "None"),
        ("boolean a = true", "True"),
        ("int a = -1", "-1"),
        ("double a = 1", "1.0"),
        ("float a = NaN", 'float("nan")'),
        ("double a = -Infinity", 'float("-inf")'),
        ('string a = "x\\"y"', "'x\"y'"),
        ('bytes a = "\\u00ff"', 'b"\\xff"'),
        ('Hash a = "ab"', 'b"ab"'),
        ('Color a = "class"', "Color.class_"),
        ("union { string, int } a = 1", "1"),
        ("union { double, int } a = 1", "1.0"),
        ("date a = 0", "datetime.date(1970, 1, 1)"),
        ("time_ms a = 3600000", "datetime.time(1)"),
        ("time_ms a = 0", "datetime.time(0)"),
        ("timestamp_ms a = 1", "datetime.datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=datetime.UTC)"),
        ("local_timestamp_ms a = 0", "datetime.datetime(1970, 1, 1)"),
        ('decimal(4, 2) a = "\\u00ff"', 'decimal.Decimal("-0.01")'),
        ('Price a = "\\u0000\\u0064"', 'decimal.Decimal("1.00")'),
        ('@logicalType("big-decimal") bytes a = "\\4\\0\\226\\4"', 'decimal.Decimal("1.50")'),
        ('@logicalType("big-decimal") bytes a = "\\2\\14\\5"', 'decimal.Decimal("1.2E+4")'),
        ('Id a = "0123456789abcdef"', 'uuid.UUID("30313233-3435-3637-3839-616263646566")'),
        (
            'uuid a = "{12345678123456781234567812345678}"',
            'uuid.UUID("12345678-1234-5678-1234-567812345678")',
        ),
        (
            'Period a = "\\1\\0\\0\\0\\0\\1\\0\\0\\2\\0\\0\\0"',
            "stub.Duration(months=1, days=256, milliseconds=2)",
        ),
    ],
)
def test_defaults_that_may_be_shared(tmp_path: Path, field: str, code: str) -> None:
    found = literal(tmp_path, field)
    assert (flat(found.code), found.is_mutable) == (code, False)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("array<int> a = []", "[]"),
        ("array<double> a = [1, 2.5]", "[1.0, 2.5]"),
        ("@buffer(true) array<int> a = [1, 2]", 'stub.NumberArray("i", [1, 2])'),
        ("@buffer(true) array<float> a = []", 'stub.NumberArray("f")'),
        ('map<Color> a = {"x": "RED"}', '{"x": Color.RED}'),
        ("Point a = {}", "Point()"),
        ('Point a = {"x": 1, "next": {"x": 2}}', "Point(x=1, next=Point(x=2))"),
        ('`record`? a = {"def": 2}', "record(def_=2)"),
    ],
)
def test_defaults_that_are_made_for_each_use(tmp_path: Path, field: str, code: str) -> None:
    found = literal(tmp_path, field)
    assert (flat(found.code), found.is_mutable) == (code, True)


@pytest.mark.parametrize(
    "field",
    [
        "date a = 100000000",
        "time_ms a = 86400000",
        "time_ms a = -1",
        'uuid a = "x"',
        'decimal(2) a = "\\u0064"',
        '@logicalType("big-decimal") bytes a = ""',
        '@logicalType("big-decimal") bytes a = "\\4\\0"',
        '@logicalType("big-decimal") bytes a = "\\2\\14\\5\\0"',
        '@logicalType("big-decimal") bytes a = "\\377\\377\\377\\377\\377\\0"',
        "timestamp_ms a = 9223372036854775807",
        "timestamp_ms a = -9223372036854775808",
    ],
)
def test_defaults_that_python_cannot_say(tmp_path: Path, field: str) -> None:
    with pytest.raises(Unrepresentable):
        literal(tmp_path, field)
