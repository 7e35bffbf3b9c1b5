"""Typed values to JSON values: one small function per schema node, made once."""

from __future__ import annotations

import base64
import datetime
import decimal
import math
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from avrorpc.codec.encode import compile_choice, compile_encoder
from avrorpc.codec.json_branches import Branches
from avrorpc.codec.json_plain import compile_plain_test
from avrorpc.codec.json_text import format_json
from avrorpc.codec.logical import logical_of
from avrorpc.codec.numbers import numbers_in
from avrorpc.codec.types import Types, attributes
from avrorpc.errors import EncodeError
from avrorpc.schema import Array, Enum, Fixed, Json, Map, Primitive, Record, Schema, Union, number_code

Writer: TypeAlias = Callable[[Any], Json]

MOST_ZEROS: Final = 1_000
"""A `big-decimal` with a larger exponent is written with it: its zeros could fill any memory."""


def compile_json_writer(schema: Schema, types: Types) -> Writer:
    """Return what makes JSON values of a schema's values.

    It raises `EncodeError`, with the path of the value, where a value does not fit.
    """
    check = compile_encoder(schema, types)
    compiler = _Compiler(types)
    write = compiler.writer(schema)
    compiler.finish()

    def checked(value: Any) -> Json:
        check(bytearray(), value)
        try:
            return write(value)
        except RecursionError:
            raise EncodeError("the value is nested too deeply") from None

    return checked


def compile_json_formatter(schema: Schema, types: Types) -> Callable[[Any], bytes]:
    """Return what makes the JSON text of a schema's values, in UTF-8.

    It raises `EncodeError` as what `compile_json_writer` returns does.
    """
    write, is_plain = compile_json_writer(schema, types), compile_plain_test(schema, types)
    if is_plain is None:
        return lambda value: format_json(write(value))

    def text(value: Any) -> bytes:
        try:
            plain = is_plain(value)
        except RecursionError:
            plain = False
        return format_json(value if plain else write(value))

    return text


class _Compiler:
    def __init__(self, types: Types) -> None:
        self.types = types
        self.records: dict[str, Writer] = {}
        self.waiting: list[tuple[Record, list[tuple[str, str, Writer]]]] = []
        """Records without their fields yet; a chain of types may be longer than Python's stack."""

    def finish(self) -> None:
        while self.waiting:
            schema, parts = self.waiting.pop()
            cls = self.types.get(schema.name)
            names = attributes(schema, cls) if cls is not None else [field.name for field in schema.fields]
            parts += [
                (name, field.name, self.writer(field.type))
                for name, field in zip(names, schema.fields, strict=True)
            ]

    def writer(self, schema: Schema) -> Writer:
        match schema:
            case Primitive() | Fixed():
                logical = logical_of(schema)
                if logical is not None:
                    # As the wire carries it: a decimal with all its places, a time of no finer unit.
                    return lambda value: _scalar(logical.from_avro(logical.to_avro(value)))
                return _SCALARS.get(schema.name, _same) if isinstance(schema, Primitive) else _base64
            case Array():
                return self.array(schema)
            case Map():
                item = self.writer(schema.values)
                return lambda value: {key: item(element) for key, element in value.items()}
            case Union():
                return self.union(schema)
            case Record():
                return self.record(schema)
            case Enum():
                return (lambda value: str(value.value)) if schema.name in self.types else str

    def array(self, schema: Array) -> Writer:
        item, code = self.writer(schema.items), number_code(schema.items)
        if code is not None:

            def numbers(value: Any) -> Json:
                view = numbers_in(value, code)
                plain = value if view is None else view.tolist()
                return list(plain) if item is _same else [item(element) for element in plain]

            return numbers
        return list if item is _same else lambda value: [item(element) for element in value]

    def record(self, schema: Record) -> Writer:
        known = self.records.get(schema.name)
        if known is not None:
            return known
        parts: list[tuple[str, str, Writer]] = []

        def typed(value: Any) -> Json:
            return {key: part(getattr(value, name)) for name, key, part in parts}

        def generic(value: Any) -> Json:
            return {key: part(value[name]) for name, key, part in parts}

        write = typed if schema.name in self.types else generic
        self.records[schema.name] = write
        self.waiting.append((schema, parts))
        return write

    def union(self, schema: Union) -> Writer:
        choose, branches = compile_choice(schema, self.types), Branches(schema)
        writers = [self.writer(branch) for branch in schema.branches]
        is_record = [isinstance(branch, Record) for branch in schema.branches]

        def write(value: Any) -> Json:
            if value is None:  # the branch null is told apart by itself
                return None
            index = choose(value)
            plain = writers[index](value)
            rivals = [rival for rival in branches.bare(plain) if rival != index]
            if not rivals and branches.wrapped(plain) is None:
                return plain
            if is_record[index] and isinstance(plain, dict) and all(is_record[rival] for rival in rivals):
                return {"$type": branches.names[index], **plain}
            return {branches.names[index]: plain}

        return write


def _same(value: Any) -> Any:
    return value


def _number(value: Any) -> Json:
    plain: Json = value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return plain


def _base64(value: Any) -> Json:
    return base64.b64encode(value).decode()


def _scalar(value: Any) -> Json:
    match value:
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal():
            exponent = value.as_tuple().exponent
            is_short = isinstance(exponent, int) and abs(exponent) <= MOST_ZEROS
            return f"{value:f}" if is_short else str(value)
        case uuid.UUID():
            return str(value)
        case _:
            return {"months": value.months, "days": value.days, "milliseconds": value.milliseconds}


_SCALARS: Final[Mapping[str, Writer]] = {"float": _number, "double": _number, "bytes": _base64}
