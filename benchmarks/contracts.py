"""Contracts of any number and size, to measure the compiler with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

TYPES_EACH = 20
"""How many types a protocol declares."""


def write_contracts(folder: Path, protocols: int) -> None:
    """Write so many protocols, a file each. Compilers of Avro 1.8 understand them, too."""
    folder.mkdir(parents=True)
    for number in range(protocols):
        (folder / f"service{number}.avdl").write_text("\n".join(_protocol(number)) + "\n")


def _protocol(number: int) -> Iterator[str]:
    yield f"/** Service {number}: it keeps orders and what belongs to them. */"
    yield f'@namespace("measured.area{number % 10}.service{number}")'
    yield f"protocol Service{number} {{"
    before = "string"
    for index in range(TYPES_EACH):
        name = f"Type{index}"
        yield from _enum(name) if index % 5 == 0 else _record(name, before, is_error=index % 10 == 9)
        before = name
    for index in (1, 2, 3, 6, 7):
        yield f"  /** Get a `Type{index}` by its number. */"
        yield f"  Type{index} get_type{index}("
        yield '      /** Which one. */ long id, string filter = "", int limit = 10);'
    yield "}"


def _enum(name: str) -> Iterator[str]:
    yield "  /** How something stands. */"
    yield f"  enum {name} {{ OPEN, WAITING, CLOSED }}"


def _record(name: str, before: str, *, is_error: bool) -> Iterator[str]:
    yield "  /** A thing that is kept, with what belongs to it. */"
    yield f"  {'error' if is_error else 'record'} {name} {{"
    yield "    /** The number that it goes by. */"
    yield "    long id;"
    yield "    /** What people call it. */"
    yield '    string name = "";'
    yield "    /** The one before it, if there is one. */"
    yield f"    union {{ null, {before} }} other = null;"
    yield "    array<double> values = [];"
    yield "    map<string> labels = {};"
    yield "    timestamp_ms created;"
    yield "    union { null, boolean, long } choice = null;"
    yield "    decimal(10, 2) price;"
    yield "  }"
