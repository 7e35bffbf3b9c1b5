"""How Avro's named types meet Python classes.

A mapping from full names to classes is all that the codec knows of generated code. A record without a class
becomes a `dict`, an enum without one a `str`, so that a client needs no generated code at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum as PythonEnum
from typing import Any, TypeAlias

from avrorpc.errors import SchemaError
from avrorpc.schema import Enum, Record

Types: TypeAlias = Mapping[str, type]


def attributes(record: Record, cls: type) -> tuple[str, ...]:
    """Return the attribute of each field, in the order of the fields.

    Raises:
        SchemaError: The class has other fields than the record.
    """
    if is_dataclass(cls):
        names = tuple(field.name for field in fields(cls))
    else:
        names = tuple(getattr(cls, "__struct_fields__", ()))
    if len(names) != len(record.fields):
        raise SchemaError(f"{cls.__qualname__} has other fields than {record.name}; generate it again")
    return names


def maker(record: Record, types: Types) -> Callable[[list[Any]], Any]:
    """Return what makes a value of a record from its field values."""
    cls = types.get(record.name)
    if cls is None:
        keys = [field.name for field in record.fields]
        return lambda values: dict(zip(keys, values, strict=True))
    names = attributes(record, cls)
    return lambda values: cls(**dict(zip(names, values, strict=True)))


def symbols(enum: Enum, types: Types) -> dict[str, Any]:
    """Return the Python value of each symbol."""
    cls = types.get(enum.name)
    if cls is None:
        return {symbol: symbol for symbol in enum.symbols}
    if not issubclass(cls, PythonEnum):
        raise SchemaError(f"{cls.__qualname__} is no enum; {enum.name} is")
    try:
        return {symbol: cls(symbol) for symbol in enum.symbols}
    except ValueError:
        raise SchemaError(f"{cls.__qualname__} lacks symbols of {enum.name}; generate it again") from None
