"""JSON values to typed ones: one small function per schema node, made once, which goes on after a misfit.

So that a caller learns all that is wrong with a request at once. A place is a pair of the place around it and
a field's name, a map's key or an index; it is put into words only where something is wrong.
"""

from __future__ import annotations

import array
import base64
import datetime
import decimal
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from avrorpc.codec.defaults import default_value
from avrorpc.codec.encode import compile_encoder
from avrorpc.codec.json_branches import Branches
from avrorpc.codec.json_plain import plain_list_test, plain_test
from avrorpc.codec.logical import Duration, logical_of
from avrorpc.codec.types import Types, maker, symbols
from avrorpc.errors import EncodeError
from avrorpc.schema import (
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    NoDefault,
    Primitive,
    Record,
    Schema,
    Union,
    buffer_code,
    describe,
)
from avrorpc.schema.defaults import NON_FINITE
from avrorpc.schema.logical import decimal_precision, decimal_scale

Place: TypeAlias = "tuple[Place, str | int | _Key] | None"
Reader: TypeAlias = "Callable[[Json, Place, list[Problem]], Any]"
FieldsReader: TypeAlias = "Callable[[Mapping[str, Json], Place, list[Problem]], list[Any]]"

LARGEST_EXACT: Final = 2**53
"""Up to here a number that is written with a point or an exponent is an integer without doubt."""

_DAY: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
_SPELLINGS: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "date": _DAY,
        "time-millis": _HOUR,
        "time-micros": _HOUR,
        "timestamp-millis": f"{_DAY}[Tt]{_HOUR}(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?",
        "timestamp-micros": f"{_DAY}[Tt]{_HOUR}(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})?",
        "local-timestamp-millis": f"{_DAY}T{_HOUR}",
        "local-timestamp-micros": f"{_DAY}T{_HOUR}",
        "uuid": "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        "decimal": r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?",
        "big-decimal": r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?",
    }.items()
}
"""How each logical type is written: Python's own parsers take much more."""


class _Key(str):
    """The key of a map, which a path shows in brackets."""

    __slots__ = ()


@dataclass(slots=True, frozen=True)
class Problem:
    """One thing that is wrong with a JSON value."""

    place: Place
    text: str
    """What is wrong, without the place."""
    name: str | None = None
    """The field that is missing, or too much, in the object at the place."""

    @property
    def path(self) -> str:
        """Where it is, in words such as `orders[3].price`; empty for the whole."""
        shown = ""
        for step in _steps(self.place):
            match step:
                case _Key():
                    shown += f"[{str(step)!r}]"
                case int():
                    shown += f"[{step}]"
                case _:
                    shown += f".{step}"
        return shown.removeprefix(".")

    @property
    def pointer(self) -> str:
        """Where it is, as a JSON Pointer (RFC 6901) such as `/orders/3/price`."""
        steps = [str(step) for step in _steps(self.place)]
        if self.name is not None:
            steps.append(self.name)
        return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)

    def error(self) -> EncodeError:
        """Return the error of a value that has this problem."""
        return EncodeError(self.text, self.path)


def compile_json_reader(schema: Schema, types: Types) -> Reader:
    """Return what makes values of a schema: `read(json, place, problems)`.

    It adds to `problems` whatever does not fit; where it does, what it returned is of no use.
    """
    compiler = _Compiler(types)
    read = compiler.reader(schema)
    compiler.finish()
    return read


def compile_json_fields(fields: list[Field], types: Types, what: str) -> FieldsReader:
    """Return what makes the values of fields or parameters, in their order, defaults filled in.

    Args:
        fields: The fields, or a message's parameters.
        types: Python classes by the full names of Avro types.
        what: What has these fields, for people.
    """
    compiler = _Compiler(types)
    read = compiler.fields(fields, what)
    compiler.finish()
    return read


class _Compiler:
    def __init__(self, types: Types) -> None:
        self.types = types
        self.records: dict[str, Reader] = {}
        self.waiting: list[Callable[[], None]] = []
        """What compiles the fields of records that came up; a chain of types may exceed Python's stack."""

    def finish(self) -> None:
        while self.waiting:
            self.waiting.pop()()

    def reader(self, schema: Schema) -> Reader:
        match schema:
            case Primitive() | Fixed():
                return self.scalar(schema)
            case Array():
                return self.array(schema)
            case Map():
                return self.map(schema)
            case Union():
                return self.union(schema)
            case Record():
                return self.record(schema)
            case Enum():
                return self.enum(schema)

    def scalar(self, schema: Primitive | Fixed) -> Reader:
        parse = _parser(schema)
        encode = compile_encoder(schema, {})

        def read(value: Json, place: Place, problems: list[Problem]) -> Any:
            try:
                made = value if parse is None else parse(value)
            except (ValueError, TypeError, OverflowError, decimal.InvalidOperation, msgspec.ValidationError):
                problems.append(_misfit(schema, value, place))
                return None
            try:
                encode(bytearray(), made)
            except EncodeError as error:
                problems.append(Problem(place, error.problem))
            return made

        is_plain = plain_test(schema)
        if is_plain is None:
            return read

        def read_plain(value: Json, place: Place, problems: list[Problem]) -> Any:
            return value if is_plain(value) else read(value, place, problems)

        return read_plain

    def array(self, schema: Array) -> Reader:
        item, are_plain = self.reader(schema.items), plain_list_test(schema.items)
        code = buffer_code(schema)

        def read(value: Json, place: Place, problems: list[Problem]) -> Any:
            if not isinstance(value, list):
                problems.append(_misfit(schema, value, place))
                return None
            made: Any = value
            if are_plain is None or not are_plain(value):
                known = len(problems)
                made = [item(element, (place, index), problems) for index, element in enumerate(value)]
                if len(problems) > known:
                    return None
            return made if code is None else array.array(code, made)

        return read

    def map(self, schema: Map) -> Reader:
        item = self.reader(schema.values)
        key_ = self.reader(Primitive("string"))

        def read(value: Json, place: Place, problems: list[Problem]) -> Any:
            if not isinstance(value, dict):
                problems.append(_misfit(schema, value, place))
                return None
            return {
                key_(key, place, problems): item(element, (place, _Key(key)), problems)
                for key, element in value.items()
            }

        return read

    def enum(self, schema: Enum) -> Reader:
        values = symbols(schema, self.types)

        def read(value: Json, place: Place, problems: list[Problem]) -> Any:
            if isinstance(value, str) and value in values:
                return values[value]
            problems.append(_misfit(schema, value, place))
            return None

        return read

    def record(self, schema: Record) -> Reader:
        known = self.records.get(schema.name)
        if known is not None:
            return known
        make = maker(schema, self.types)
        read_fields: FieldsReader | None = None

        def read(value: Json, place: Place, problems: list[Problem]) -> Any:
            assert read_fields is not None
            if not isinstance(value, dict):
                problems.append(_misfit(schema, value, place))
                return None
            if "$type" in value:
                if value["$type"] != schema.name:
                    text = f"expected {schema.name}, got $type {value['$type']!r:.60}"
                    problems.append(Problem((place, "$type"), text))
                    return None
                value = {key: item for key, item in value.items() if key != "$type"}
            before = len(problems)
            values = read_fields(value, place, problems)
            return make(values) if len(problems) == before else None

        def compile_fields() -> None:
            nonlocal read_fields
            read_fields = self.fields(schema.fields, schema.name)

        self.records[schema.name] = read
        self.waiting.append(compile_fields)
        return read

    def fields(self, fields: list[Field], what: str) -> FieldsReader:
        parts = [(field, field.name, self.reader(field.type), plain_test(field.type)) for field in fields]
        names, types = {field.name for field in fields}, self.types
        has = ", ".join(field.name for field in fields) or "nothing"

        def read(value: Mapping[str, Json], place: Place, problems: list[Problem]) -> list[Any]:
            if not value.keys() <= names:
                problems += [
                    Problem(place, f"{what} has no {name!r:.60}; it has {has}", name)
                    for name in sorted(value.keys() - names)
                ]
            values = []
            for field, name, part, is_plain in parts:
                if name in value:
                    item = value[name]
                    if is_plain is None or not is_plain(item):
                        item = part(item, (place, name), problems)
                    values.append(item)
                elif isinstance(field.default, NoDefault):
                    problems.append(Problem(place, f"{what} needs {name!r}: {_wanted(field.type)}", name))
                else:
                    values.append(default_value(field.type, field.default, types))
            return values

        return read

    def union(self, schema: Union) -> Reader:
        readers = [self.reader(branch) for branch in schema.branches]
        branches = Branches(schema)

        def read(value: Json, place: Place, problems: list[Problem]) -> Any:
            if type(value) is dict:
                found = branches.typed(value)
                if found is not None:
                    return readers[found](value, place, problems)
                found = branches.wrapped(value)
                if found is not None:
                    (inner,) = value.values()
                    return readers[found](inner, place, problems)
            candidates = branches.bare(value)
            if len(candidates) == 1:
                return readers[candidates[0]](value, place, problems)
            if candidates:
                spelled = " or ".join(f'{{"{branches.names[index]}": ...}}' for index in candidates)
                text = f"{value!r:.60} may be several things here; write {spelled}"
                problems.append(Problem(place, text))
            else:
                problems.append(_misfit(schema, value, place))
            return None

        return read


def _steps(place: Place) -> list[str | int | _Key]:
    steps = []
    while place is not None:
        place, step = place
        steps.append(step)
    return steps[::-1]


def _parser(schema: Primitive | Fixed) -> Callable[[Json], Any] | None:
    """Return what makes the Python value of a JSON value that is not yet that; it may raise."""
    logical = logical_of(schema)
    if logical is not None and logical.python is Duration:
        return _duration
    if logical is not None:
        name = str(schema.props["logicalType"])
        parse: Callable[[str], Any] = getattr(logical.python, "fromisoformat", logical.python)
        if name.startswith("timestamp"):
            parse = _moment
        spelling = _SPELLINGS[name]
        return lambda value: parse(_spelt(value, spelling))
    if isinstance(schema, Fixed) or schema.name == "bytes":
        return lambda value: base64.b64decode(_text(value), validate=True)
    return {"float": _float, "double": _float, "int": _whole, "long": _whole}.get(schema.name)


def _whole(value: Json) -> Json:
    """Return a number without a fraction as an integer: `5.0` is one (JSON Schema 2020-12, section 6.1.1)."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= LARGEST_EXACT:
        return int(value)
    return value


def _duration(value: Json) -> Duration:
    if not isinstance(value, dict):
        raise TypeError
    return msgspec.convert({name: _whole(part) for name, part in value.items()}, Duration)


def _moment(text: str) -> datetime.datetime:
    """Return a moment in UTC, as the wire has it; those that are in no year there are refused."""
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(datetime.UTC)


def _spelt(value: Json, spelling: re.Pattern[str]) -> str:
    text = _text(value)
    if spelling.fullmatch(text) is None:
        raise ValueError
    return text


def _float(value: Json) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in NON_FINITE:
        return float(value)
    raise TypeError


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _misfit(schema: Schema, value: Json, place: Place) -> Problem:
    wanted = _wanted(schema)
    if wanted.startswith("decimal(") and not isinstance(value, str):
        wanted += " in quotes"
    return Problem(place, f"expected {wanted}, got {value!r:.60}")


def _wanted(schema: Schema) -> str:
    """Return what a value must be, as the contract has it."""
    if not isinstance(schema, Primitive | Fixed) or logical_of(schema) is None:
        return describe(schema)
    if schema.props["logicalType"] == "decimal":
        return f"decimal({decimal_precision(schema)}, {decimal_scale(schema)})"
    return str(schema.props["logicalType"])
