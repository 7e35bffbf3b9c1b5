"""Which branch of a union a JSON value stands for, and how a branch is named where that is not plain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from avrorpc.codec.logical import Duration, logical_of
from avrorpc.schema import Array, Enum, Fixed, Json, Map, Primitive, Record, Schema, Union, describe
from avrorpc.schema.defaults import NON_FINITE

_PRIMITIVE_KINDS: Final[Mapping[str, str]] = {
    "null": "null",
    "boolean": "boolean",
    "bytes": "string",
    "string": "string",
}


class Branches:
    """The branches of a union, found by JSON values."""

    def __init__(self, schema: Union) -> None:
        self.names: Final = [branch_name(branch) for branch in schema.branches]
        """How each is named where its value alone does not say which it is."""
        self._schemas = schema.branches
        self._by_name = {name: index for index, name in reversed(list(enumerate(self.names)))}
        self._by_kind: dict[str, list[int]] = {}
        for index, branch in enumerate(schema.branches):
            self._by_kind.setdefault(_kind(branch), []).append(index)
        self._floats = [index for index, branch in enumerate(schema.branches) if _is_float(branch)]

    def bare(self, value: Json) -> list[int]:
        """Return the branches that a value may stand for without saying which."""
        fitting = self._by_kind.get(_KINDS.get(type(value)) or _kind_of(value), [])
        if self._floats and isinstance(value, str) and value in NON_FINITE:
            return sorted({*fitting, *self._floats})
        return fitting

    def wrapped(self, value: Json) -> int | None:
        """Return the branch that an object names, where it has nothing but a branch's name and value."""
        if type(value) is not dict or len(value) != 1:
            return None
        return self._by_name.get(next(iter(value)))

    def typed(self, value: Json) -> int | None:
        """Return the record that an object names by `$type`."""
        if type(value) is not dict or "$type" not in value:
            return None
        named = value["$type"]
        for index, branch in enumerate(self._schemas):
            if isinstance(branch, Record) and branch.name == named:
                return index
        return None


def branch_name(branch: Schema) -> str:
    """Return what wraps a value of a branch: a full name, a primitive's, or the logical type's."""
    match branch:
        case Array():
            return "array"
        case Map():
            return "map"
        case Primitive() if logical_of(branch) is not None:
            return str(branch.props["logicalType"])
        case _:
            return describe(branch)


def _is_float(schema: Schema) -> bool:
    return isinstance(schema, Primitive) and schema.name in ("float", "double")


def _kind(schema: Schema) -> str:
    """Return the JSON type of a schema's values."""
    match schema:
        case Array():
            return "array"
        case Map() | Record():
            return "object"
        case Enum():
            return "string"
        case Fixed():
            logical = logical_of(schema)
            return "object" if logical is not None and logical.python is Duration else "string"
        case Primitive():
            return "string" if logical_of(schema) else _PRIMITIVE_KINDS.get(schema.name, "number")
        case Union():
            return "union"


_KINDS: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _kind_of(value: Json) -> str:
    return next((kind for python, kind in _KINDS.items() if isinstance(value, python)), "nothing")
