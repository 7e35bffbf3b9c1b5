"""Which branch of a union a value takes: that of its exact type first, then the first that loses nothing."""

from __future__ import annotations

import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from avrorpc.codec.binary import FLOAT
from avrorpc.codec.logical import logical_of
from avrorpc.codec.misfits import misfit
from avrorpc.codec.numbers import numbers_in
from avrorpc.codec.types import Types, symbols
from avrorpc.schema import (
    Array,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Schema,
    Union,
    buffer_code,
    describe,
    number_code,
)

Test: TypeAlias = Callable[[Any], bool]

_KINDS: Final[dict[str, type]] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "bytes": bytes,
    "string": str,
}


def compile_choice(schema: Union, types: Types) -> Callable[[Any], int]:
    """Return a function that gives the index of the branch that a value takes.

    It raises `EncodeError` where no branch holds the value.
    """
    tests = [(index, _exact(branch, types)) for index, branch in enumerate(schema.branches)]
    tests += [(index, _lossless(branch, types)) for index, branch in enumerate(schema.branches)]

    def choose(value: Any) -> int:
        for index, test in tests:
            if test(value):
                return index
        raise misfit(describe(schema), value)

    return choose


def only_branches(schema: Union, types: Types) -> dict[type, int]:
    """Return the Python types that one branch alone has, with that branch.

    A value of exactly such a type takes the branch or, if the branch cannot hold it, perhaps another one.
    """
    kinds = [_kind(branch, types) for branch in schema.branches]
    counts = Counter(kinds)
    return {kind: index for index, kind in enumerate(kinds) if kind is not None and counts[kind] == 1}


def is_int(value: Any) -> bool:
    """Whether a value is an integer; a boolean is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(schema: Schema, types: Types) -> type | None:
    """Return the Python type of a branch's values."""
    match schema:
        case Record():
            return types.get(schema.name, dict)
        case Enum():
            return types.get(schema.name, str)
        case Array():
            return list if buffer_code(schema) is None else array.array
        case Map():
            return dict
        case Union():
            return None
    logical = logical_of(schema)
    if logical is not None:
        return logical.python
    return bytes if isinstance(schema, Fixed) else _KINDS[schema.name]


def _exact(schema: Schema, types: Types) -> Test:
    """Return a test for the branch's own Python type, narrowed where several branches share one."""
    kind = _kind(schema, types)
    match schema:
        case Record() if schema.name not in types:
            keys = {field.name for field in schema.fields}
            return lambda value: isinstance(value, dict) and value.keys() == keys
        case Enum():
            values = set(symbols(schema, types).values())
            return lambda value: type(value) is kind and value in values
        case Union():
            return _never
        case Fixed() if logical_of(schema) is None:
            size = schema.size
            return lambda value: type(value) is bytes and len(value) == size
        case Primitive() if logical_of(schema) is None and schema.name in _NARROWED:
            holds = _NARROWED[schema.name]
            return lambda value: type(value) is kind and holds(value)
    return lambda value: type(value) is kind


def _lossless(schema: Schema, types: Types) -> Test:
    """Return a test for values of other types that the branch holds without loss."""
    match schema:
        case Record():
            cls = types.get(schema.name)
            return (lambda value: isinstance(value, cls)) if cls is not None else _never
        case Array():
            code = number_code(schema.items)
            return lambda value: (
                (isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray | memoryview))
                or (code is not None and numbers_in(value, code) is not None)
            )
        case Map():
            return lambda value: isinstance(value, Mapping)
        case Fixed():
            size = schema.size
            return lambda value: _is_buffer(value) and memoryview(value).nbytes == size
        case Primitive() if logical_of(schema) is None:
            return _LOSSLESS.get(schema.name, _never)
        case _:
            return _never


def _is_buffer(value: Any) -> bool:
    try:
        memoryview(value)
    except (TypeError, ValueError, BufferError):
        return False
    return True


def _is_float32(value: float) -> bool:
    try:
        return value != value or FLOAT.unpack(FLOAT.pack(value))[0] == value
    except OverflowError:
        return False


def _never(_: Any) -> bool:
    return False


_NARROWED: dict[str, Test] = {
    "int": lambda value: -(2**31) <= value < 2**31,
    "long": lambda value: -(2**63) <= value < 2**63,
    "float": _is_float32,
}
_LOSSLESS: dict[str, Test] = {
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: is_int(value) and -(2**31) <= value < 2**31,
    "long": lambda value: is_int(value) and -(2**63) <= value < 2**63,
    # A plain float field rounds what it is given, and so does one that may also be null.
    "float": lambda value: isinstance(value, float) or (is_int(value) and abs(value) <= 2**24),
    "double": lambda value: isinstance(value, float) or (is_int(value) and abs(value) <= 2**53),
    "bytes": _is_buffer,
    "string": lambda value: isinstance(value, str),
}
