"""Avro names to Python names.

A variable that holds an Avro name is called `avro_name` or after what it names; one that holds a Python
name begins with `py_`. The two never mix. A name that Python, generated code or its annotations need for
themselves gets a trailing underscore.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Container, Iterable
from typing import Final, TypeAlias

Naming: TypeAlias = "Callable[[str, Container[str]], str]"
"""A rule that makes a Python name of an Avro name and of the names already taken."""

ANNOTATION_NAMES: Final = frozenset({"bool", "bytes", "dict", "float", "int", "list", "str"})
"""Builtins that annotations use: a field or a method of that name would hide them in its class."""

MODULE_NAMES: Final = frozenset(
    {
        *("abc", "AsyncIterable", "AsyncIterator", "Awaitable", "Iterable", "Iterator"),
        *("dataclass", "dataclasses", "datetime", "decimal", "Enum", "Final"),
        *("msgspec", "Protocol", "stub", "TypeAlias", "Union", "uuid"),
    }
)
"""What generated modules import. All count in each module, so that no name depends on its neighbours."""

_EXCEPTION_NAMES: Final = frozenset({"args", "add_note", "with_traceback"})
_ENUM_NAMES: Final = frozenset({"mro", "name", "value"})
_CLASS_NAMES: Final = frozenset({"_abc_impl", "_is_protocol", "_is_runtime_protocol"})
_NUMBER: Final = re.compile(r"(\d+)")
_WORD_START: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def escape(avro_name: str, *taken: Container[str]) -> str:
    """Return a Python name that is no keyword, is not mangled in classes, and is not taken.

    Names are normalised as Python's own compiler does it, so that what reads the code by reflection
    finds them.
    """
    py_name = unicodedata.normalize("NFKC", avro_name)
    if py_name.startswith("__") and py_name.strip("_"):
        py_name = py_name.strip("_") + "_"
        py_name = py_name if py_name.isidentifier() else f"_{py_name}"
    if keyword.iskeyword(py_name):
        py_name += "_"
    while any(py_name in names for names in taken):
        py_name += "_"
    return py_name


def type_name(avro_name: str, taken: Container[str]) -> str:
    """Return the name of a class or of an alias in a module."""
    return escape(avro_name, taken, MODULE_NAMES, ANNOTATION_NAMES, {"annotations"})


def member_name(avro_name: str, taken: Container[str]) -> str:
    """Return the name of a field: it must not hide what annotations in its class refer to."""
    return escape(avro_name, taken, MODULE_NAMES, ANNOTATION_NAMES)


def method_name(avro_name: str, taken: Container[str]) -> str:
    """Return the name of a method: as of a field, and protocols have attributes of their own."""
    return escape(avro_name, taken, MODULE_NAMES, ANNOTATION_NAMES, _CLASS_NAMES)


def error_field_name(avro_name: str, taken: Container[str]) -> str:
    """Return the name of an error's field: exceptions have attributes of their own."""
    return escape(avro_name, taken, MODULE_NAMES, ANNOTATION_NAMES, _EXCEPTION_NAMES)


def parameter_name(avro_name: str, taken: Container[str]) -> str:
    """Return the name of a parameter."""
    return escape(avro_name, taken, MODULE_NAMES, ANNOTATION_NAMES, {"self"})


def symbol_name(avro_name: str, taken: Container[str]) -> str:
    """Return the name of an enum's member: those in underscores mean something to `Enum`."""
    py_name = escape(avro_name)
    if py_name.startswith("_"):
        py_name = py_name.strip("_") + "_"
        if not py_name.isidentifier() or py_name == "_":
            py_name = f"SYMBOL_{py_name}"
    return escape(py_name, taken, _ENUM_NAMES)


def module_part(avro_name: str, taken: Container[str] = ()) -> str:
    """Return the name of a package for one part of a namespace.

    Python binds a package's name in the module above it, so that it must not hide what that imports.
    """
    return escape(avro_name, MODULE_NAMES, ANNOTATION_NAMES, {"avrorpc"}, taken)


def module_alias(py_module: str, taken: Container[str]) -> str:
    """Return the name under which a module is imported: as few of its last parts as make it unlike others."""
    parts = py_module.split(".")
    for count in range(1, len(parts) + 1):
        alias = "_".join(parts[-count:])
        if alias == type_name(alias, taken):
            return alias
    return type_name("_".join(parts), taken)


def natural_key(py_name: str) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts names with the numbers in them by value."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _NUMBER.split(py_name))


def constant_name(py_name: str) -> str:
    """Return a name in capitals: `HttpServer` becomes `HTTP_SERVER`."""
    return _WORD_START.sub("_", py_name).upper()


def unique(avro_names: Iterable[str], name: Naming, taken: Container[str]) -> dict[str, str]:
    """Return Python names by Avro names, no two of them the same; names that need no change come first."""
    proposed = {avro_name: name(avro_name, taken) for avro_name in avro_names}
    used = {avro_name for avro_name, py_name in proposed.items() if avro_name == py_name}
    for avro_name, py_name in proposed.items():
        if avro_name == py_name:
            continue
        while py_name in used or py_name in taken:
            py_name += "_"  # noqa: PLW2901 - until it is free
        used.add(py_name)
        proposed[avro_name] = py_name
    return proposed
