"""Whether the JSON of a case fits a message: its parameters, its result, its declared errors.

It is the mapping of `avrorpc.codec.json`, told from the schema alone, so that the compiler can judge cases
that it never runs. A result may have wildcards.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence

from avrorpc.examples.matching import WILDCARD, shown
from avrorpc.examples.problem import Problem, below
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
    default_problem,
    describe,
    logical_name,
    short_name,
)


def misfits(schema: Schema, value: Json, pointer: str = "", *, open: bool = False) -> Iterator[Problem]:  # noqa: A002
    """Yield why a JSON value is none of a type; nothing where it is one.

    Args:
        schema: The type.
        value: The JSON.
        pointer: Where it stands.
        open: Whether wildcards may stand for values.
    """
    if open and value == WILDCARD:
        return
    match schema:
        case Union():
            yield from _union(schema, value, pointer, is_open=open)
        case Array() if isinstance(value, list):
            for index, item in enumerate(value):
                yield from misfits(schema.items, item, below(pointer, index), open=open)
        case Map() if isinstance(value, dict):
            for key, item in value.items():
                if not (open and key == WILDCARD):
                    yield from misfits(schema.values, item, below(pointer, key), open=open)
        case Record() if isinstance(value, dict):
            plain = {key: item for key, item in value.items() if key != "$type"}
            yield from fields_misfits(schema.fields, plain, short_name(schema.name), pointer, open=open)
        case Enum() if isinstance(value, str) and value in schema.symbols:
            pass
        case Primitive() | Fixed() if _is_scalar(schema, value):
            pass
        case _:
            yield Problem(pointer, f"expected {_wanted(schema)}, got {shown(value, 60)}")


def fields_misfits(
    fields: Sequence[Field],
    value: dict[str, Json],
    what: str,
    pointer: str = "",
    *,
    open: bool = False,  # noqa: A002
) -> Iterator[Problem]:
    """Yield what is wrong with the values of fields or parameters, by name."""
    names = [field.name for field in fields]
    is_whole = not (open and WILDCARD in value)
    for key in value:
        if key not in names and not (open and key == WILDCARD):
            yield Problem(
                below(pointer, key), f"{what} has no {key!r}; it has {', '.join(names) or 'nothing'}"
            )
    for field in fields:
        if field.name in value:
            yield from misfits(field.type, value[field.name], below(pointer, field.name), open=open)
        elif is_whole and (open or isinstance(field.default, NoDefault)):
            yield Problem(pointer, f"{what} needs {field.name!r}: {describe(field.type)}")


def _union(schema: Union, value: Json, pointer: str, *, is_open: bool) -> Iterator[Problem]:
    if isinstance(value, dict):
        for branch in schema.branches:
            if isinstance(branch, Record) and branch.name == value.get("$type"):
                yield from misfits(branch, value, pointer, open=is_open)
                return
            if list(value) == [branch_name(branch)]:
                yield from misfits(
                    branch, value[branch_name(branch)], below(pointer, branch_name(branch)), open=is_open
                )
                return
    first: list[Problem] | None = None
    for branch in schema.branches:
        found = list(misfits(branch, value, pointer, open=is_open))
        if not found:
            return
        if any(problem.pointer != pointer for problem in found):
            first = first or found  # it is of the right kind, and wrong further in
    yield from first or [Problem(pointer, f"expected {describe(schema)}, got {shown(value, 60)}")]


def branch_name(branch: Schema) -> str:
    """Return the name of a union's branch where JSON wraps its value."""
    match branch:
        case Array():
            return "array"
        case Map():
            return "map"
        case Primitive() if logical_name(branch) is not None:
            return str(branch.props["logicalType"])
        case _:
            return describe(branch)


def _wanted(schema: Schema) -> str:
    if isinstance(schema, Primitive | Fixed):
        logical = logical_name(schema)
        if logical is not None:
            return logical
        if isinstance(schema, Fixed):
            return f"{describe(schema)}, {schema.size} bytes in base64"
        if schema.name == "bytes":
            return "bytes, in base64"
    return describe(schema)


def _is_scalar(schema: Primitive | Fixed, value: Json) -> bool:
    logical = logical_name(schema)
    if logical == "duration":
        return isinstance(value, dict) and value.keys() == {"months", "days", "milliseconds"}
    if logical is not None:
        return isinstance(value, str)
    if isinstance(schema, Fixed):
        decoded = _decoded(value)
        return decoded is not None and len(decoded) == schema.size
    if schema.name == "bytes":
        return _decoded(value) is not None
    return default_problem(Primitive(schema.name), value) is None


def _decoded(value: Json) -> bytes | None:
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
