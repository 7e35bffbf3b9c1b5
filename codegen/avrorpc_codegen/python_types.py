"""Avro types as annotations, Avro defaults as expressions.

Source: design of the Python mapping; Avro 1.12 specification, "Logical Types" and the table of defaults.
`avrorpc.schema` decides which logical types count.
"""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Json,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
    buffer_code,
    decimal_precision,
    decimal_scale,
    default_problem,
    logical_name,
)

from avrorpc_codegen.layout import Branches, Code, Group, Joined, flat, quote, quote_bytes
from avrorpc_codegen.placing import PyType

_PRIMITIVES: Final = {
    "null": "None",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "bytes": "bytes",
    "string": "str",
}
_LOGICAL: Final = {
    "date": "datetime.date",
    "time-millis": "datetime.time",
    "time-micros": "datetime.time",
    "timestamp-millis": "datetime.datetime",
    "timestamp-micros": "datetime.datetime",
    "local-timestamp-millis": "datetime.datetime",
    "local-timestamp-micros": "datetime.datetime",
    "uuid": "uuid.UUID",
    "decimal": "decimal.Decimal",
    "big-decimal": "decimal.Decimal",
    "duration": "stub.Duration",
}

_SHORT_INTEGER: Final = re.compile(r"-?\d{1,20}")


class Unrepresentable(Exception):
    """A default that fits Avro's type, but not the Python type that stands for it."""


@dataclass(slots=True, frozen=True)
class Literal:
    """A default as an expression."""

    code: Code
    is_mutable: bool = False
    """Whether each use needs an object of its own."""


def logical(schema: Primitive | Fixed) -> str | None:
    """Return the Python type of a schema's logical type, if it has one that counts."""
    name = logical_name(schema)
    return None if name is None else _LOGICAL[name]


class Python:
    """Writes types and defaults, for one module.

    Args:
        types: Python types by full Avro name.
        refer: Says how the module names a type.
        note: Is told the modules of the standard library that are named.
    """

    def __init__(
        self, types: dict[str, PyType], refer: Callable[[PyType], str], note: Callable[[str], None]
    ) -> None:
        self._types = types
        self._refer = refer
        self._note = note

    def annotation(self, schema: Schema) -> Code:
        """Return a type as an annotation."""
        match schema:
            case Primitive():
                kind = logical(schema) if schema.props else None
                return self._noted(kind) if kind else _PRIMITIVES[schema.name]
            case Array():
                base = "list" if buffer_code(schema) is None else "stub.NumberArray"
                return Group(f"{base}[", (self.annotation(schema.items),), "]", has_comma=False)
            case Map():
                return Group("dict[", ("str", self.annotation(schema.values)), "]")
            case Union():
                return self._union(schema)
            case _:
                return self._refer(self._types[schema.name])

    def fixed_alias(self, schema: Fixed) -> str:
        """Return what a fixed is an alias of."""
        return self._noted(logical(schema) or "bytes")

    def literal(self, schema: Schema, value: Json) -> Literal:
        """Return a default as an expression.

        Raises:
            Unrepresentable: Python's type for it has no such value.
        """
        match schema:
            case Union():
                branch = next(b for b in schema.branches if default_problem(b, value) is None)
                return self.literal(branch, value)
            case Array() if isinstance(value, list):
                items = Group("[", tuple(self.literal(schema.items, item).code for item in value), "]")
                code = buffer_code(schema)
                if code is None:
                    return Literal(items, is_mutable=True)
                arguments = (quote(code), items) if value else (quote(code),)
                return Literal(Group("stub.NumberArray(", arguments, ")"), is_mutable=True)
            case Map() if isinstance(value, dict):
                pairs = tuple(
                    Joined(f"{quote(key)}: ", self.literal(schema.values, item).code)
                    for key, item in value.items()
                )
                return Literal(Group("{", pairs, "}"), is_mutable=True)
            case Record() if isinstance(value, dict):
                return Literal(self._record(schema, value), is_mutable=True)
            case Enum():
                py_type = self._types[schema.name]
                return Literal(f"{self._refer(py_type)}.{py_type.members[str(value)]}")
            case Fixed():
                return Literal(self._bytes(schema, str(value).encode("latin-1")))
            case Primitive():
                return Literal(self._primitive(schema, value))
            case _:
                raise Unrepresentable(f"{value!r} is no value of this type")

    def _record(self, schema: Record, value: dict[str, Json]) -> Code:
        py_type = self._types[schema.name]
        fields = tuple(
            Joined(f"{py_type.members[field.name]}=", self.literal(field.type, value[field.name]).code)
            for field in schema.fields
            if field.name in value
        )
        return Group(f"{self._refer(py_type)}(", fields, ")")

    def _union(self, schema: Union) -> Code:
        codes: dict[str, Code] = {}
        for branch in schema.branches:
            code = self.annotation(branch)
            codes.setdefault(flat(code), code)
        is_optional = codes.pop("None", None) is not None
        branches = (*codes.values(), *(["None"] if is_optional else []))
        return branches[0] if len(branches) == 1 else Branches(branches)

    def _noted(self, name: str) -> str:
        module, dot, _ = name.partition(".")
        if dot and module != "stub":
            self._note(module)
        return name

    def _call(self, name: str, *arguments: str) -> Code:
        return Group(f"{self._noted(name)}(", arguments, ")")

    def _decimal(self, number: decimal.Decimal) -> Code:
        text = str(number)
        return self._call("decimal.Decimal", text if _SHORT_INTEGER.fullmatch(text) else quote(text))

    def _primitive(self, schema: Primitive, value: Json) -> Code:
        kind = logical(schema)
        match value:
            case str() if schema.name == "bytes":
                return self._bytes(schema, value.encode("latin-1"))
            case str() if schema.name in ("float", "double"):
                return f'float("{ {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}[value] }")'
            case str() if kind == "uuid.UUID":
                try:
                    return self._call("uuid.UUID", quote(str(uuid.UUID(value))))
                except ValueError:
                    raise Unrepresentable(f"{value!r} is no UUID") from None
            case str():
                return quote(value)
            case bool() | None:
                return repr(value)
            case int() | float() if schema.name in ("float", "double"):
                return _float(value)
            case int() if kind is not None:
                return self._call(kind, *_moment(schema, kind, value))
            case _:
                return repr(value)

    def _bytes(self, schema: Primitive | Fixed, data: bytes) -> Code:
        match logical_name(schema):
            case "decimal":
                return self._decimal(_decimal(schema, data))
            case "big-decimal":
                return self._decimal(_big_decimal(data))
            case "uuid":
                return self._call("uuid.UUID", quote(str(uuid.UUID(bytes=data))))
            case "duration":
                numbers = [int.from_bytes(data[at : at + 4], "little") for at in (0, 4, 8)]
                names = ("months", "days", "milliseconds")
                parts = (f"{name}={number}" for name, number in zip(names, numbers, strict=True))
                return self._call("stub.Duration", *parts)
            case _:
                return quote_bytes(data)


def _float(value: float) -> str:
    try:
        return repr(float(value)).replace("e+", "e")  # as formatters have it
    except OverflowError:
        raise Unrepresentable(f"{value} does not fit a double") from None


def _decimal(schema: Primitive | Fixed, data: bytes) -> decimal.Decimal:
    unscaled = decimal.Decimal(int.from_bytes(data, "big", signed=True)).as_tuple()
    precision = decimal_precision(schema)
    if len(unscaled.digits) > precision:
        raise Unrepresentable(f"its {len(unscaled.digits)} digits are more than {precision}")
    return decimal.Decimal((*unscaled[:2], -decimal_scale(schema)))


def _big_decimal(data: bytes) -> decimal.Decimal:
    """Return the number in bytes that hold, in Avro's binary encoding, bytes and an int: its scale."""
    size, rest = _integer(data)
    scale, left = _integer(rest[max(size, 0) :])
    if left or not 0 <= size <= len(rest):
        raise Unrepresentable("its bytes are no decimal")
    unscaled = decimal.Decimal(int.from_bytes(rest[:size], "big", signed=True))
    return decimal.Decimal((*unscaled.as_tuple()[:2], -scale))


def _integer(data: bytes) -> tuple[int, bytes]:
    """Return Avro's zig-zag integer at the start of bytes, and the rest of them."""
    size = next((at + 1 for at, byte in enumerate(data[:5]) if byte < 0x80), None)
    if size is None:
        raise Unrepresentable("its bytes are no decimal")
    number = sum((byte & 0x7F) << 7 * at for at, byte in enumerate(data[:size]))
    return (number >> 1) ^ -(number & 1), data[size:]


def _moment(schema: Primitive, kind: str, value: int) -> list[str]:
    """Return the arguments that make a date, a time or a datetime of Avro's number."""
    name = str(schema.props["logicalType"])
    micros = value * (1000 if name.endswith("millis") else 1)
    if kind == "datetime.time" and not 0 <= micros < 86_400_000_000:
        raise Unrepresentable(f"{value} lies outside the day")
    try:
        days = value if name == "date" else 0
        since = datetime.timedelta(days=days, microseconds=0 if name == "date" else micros)
        moment = datetime.datetime(1970, 1, 1) + since
    except OverflowError:
        raise Unrepresentable(f"{value} lies outside the years 1 to 9999") from None
    day = [moment.year, moment.month, moment.day]
    clock = [moment.hour, moment.minute, moment.second, moment.microsecond]
    while clock and clock[-1] == 0:
        clock.pop()
    zone = ["tzinfo=datetime.UTC"] if kind == "datetime.datetime" and not name.startswith("local") else []
    numbers = {"datetime.date": day, "datetime.time": clock or [0]}.get(kind, [*day, *clock])
    return [*(str(number) for number in numbers), *zone]
