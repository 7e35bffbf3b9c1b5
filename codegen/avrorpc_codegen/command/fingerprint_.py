"""`avrogen fingerprint`: what identifies protocols and types to other Avro tools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from avrorpc.schema import (
    ALGORITHMS,
    Algorithm,
    Enum,
    Fixed,
    Json,
    Named,
    Schema,
    canonical_form,
    fingerprint,
    handshake_hash,
)
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from avrorpc_codegen.command.reporting import include_option, json_option, print_json, show, usage_errors
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.loading import Unit
from avrorpc_codegen.reading import Read, read_contracts, search_path

HANDSHAKE: Final = "handshake"
CANONICAL: Final = "canonical"

_PATH = click.Path(exists=True, path_type=Path)


@dataclass(slots=True, frozen=True)
class Identified:
    """A protocol, a named type, or the schema of a whole file, and what stands for it."""

    kind: str
    name: str
    file: str
    values: dict[str, str]
    """By algorithm, or `handshake`, or `canonical`."""


@click.command("fingerprint")
@click.argument("paths", metavar="[PATHS]...", nargs=-1, type=_PATH)
@include_option
@click.option(
    "-a",
    "--algorithm",
    type=click.Choice([*ALGORITHMS, "all"]),
    help="How types are fingerprinted; crc64 where nothing is said.",
)
@click.option("--canonical", is_flag=True, help="Print canonical forms in place of fingerprints.")
@json_option
def command(
    paths: tuple[Path, ...], include: tuple[Path, ...], algorithm: str | None, canonical: bool, as_json: bool
) -> None:
    """Print what identifies the protocols and types that PATHS declare.

    PATHS are contract files, and folders, which are searched for imports too; without any, it is the folder
    of the project's schemas. A protocol has the hash of the Avro handshake, the MD5 of its text. A type has
    fingerprints of its Parsing Canonical Form; those by crc64 (CRC-64-AVRO) stand in single objects,
    little-endian.

    In a pipe each line has four fields with tabs between them: kind, name, algorithm and value.

    \b
    Example, the fingerprint of one type:
      avrogen fingerprint | awk '$2 == "llm.ModelInfo" { print $4 }'
    """
    if canonical and algorithm:
        raise click.UsageError("--canonical and --algorithm go different ways; choose one")
    with usage_errors():
        start = (paths[0] if paths[0].is_dir() else paths[0].parent) if paths else Path.cwd()
        config = load_config(start.resolve())
        if not paths and not config.schemas.is_dir():
            raise click.UsageError(f"there is no folder {config.schemas}; name files or folders")
        diagnostics = Diagnostics()
        asked = paths or (config.schemas,)
        folders = [path for path in paths if path.is_dir()]
        read = read_contracts(asked, search_path(config.schemas, [*include, *folders]), diagnostics)
        show(diagnostics, as_json=as_json)
        if not read.roots:
            below = " and ".join(map(str, asked))
            raise click.UsageError(f"there are no contracts (.avdl, .avpr, .avsc) below {below}")
    found = list(_identified(read, () if canonical else _algorithms(algorithm), canonical=canonical))
    if as_json:
        print_json(diagnostics, identities=[_as_json(item) for item in found])
    elif not found:
        what = "types, and a protocol has no canonical form" if canonical else "protocols or types"
        click.echo(f"there are no {what}", err=True)
    else:
        _print(found)


def _algorithms(chosen: str | None) -> tuple[Algorithm, ...]:
    return ALGORITHMS if chosen == "all" else tuple(a for a in ALGORITHMS if a == (chosen or "crc64"))


def _identified(read: Read, algorithms: tuple[Algorithm, ...], *, canonical: bool) -> Iterator[Identified]:
    """Yield what the files that were asked for declare, file by file, each name once."""
    seen: set[str] = set()
    for unit in read.roots:
        for declared in read.contracts.protocols.values():
            if declared.unit is unit and not canonical:
                values = {HANDSHAKE: handshake_hash(declared.text).hex()}
                yield Identified("protocol", declared.protocol.name, unit.name, values)
        for name, schema in _schemas(read, unit):
            if name not in seen:
                seen.add(name)
                values = {algorithm: fingerprint(schema, algorithm).hex() for algorithm in algorithms}
                if canonical:
                    values[CANONICAL] = canonical_form(schema)
                yield Identified(_kind(schema), name, unit.name, values)


def _schemas(read: Read, unit: Unit) -> Iterator[tuple[str, Schema]]:
    for named in read.contracts.by_unit.get(unit, []):
        yield named.name, named
    main = read.contracts.main_schemas.get(unit)
    if main is not None and not isinstance(main, Named):
        yield unit.name, main  # It has no name of its own.


def _kind(schema: Schema) -> str:
    if isinstance(schema, Enum | Fixed):
        return type(schema).__name__.lower()
    if isinstance(schema, Named):
        return "error" if schema.is_error else "record"
    return "schema"


def _as_json(item: Identified) -> Json:
    return {"kind": item.kind, "name": item.name, "file": item.file, **item.values}


def _print(found: list[Identified]) -> None:
    console = Console()
    if console.is_terminal:
        render(found, console)
        return
    for item in found:
        for what, value in item.values.items():
            click.echo(f"{item.kind}\t{item.name}\t{what}\t{value}")


def render(found: list[Identified], console: Console) -> None:
    """Print for people: fingerprints as a table, and canonical forms, which are long, each below its name."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Kind", "Name", "By", "Value"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("Kind", "By"))
    for item in found:
        kind, name = item.kind, Text(item.name)
        for what, value in item.values.items():
            if what == CANONICAL:
                console.print(Text(f"{item.kind} {item.name}", "bold"))
                console.print(Text(value), soft_wrap=True)
            else:
                table.add_row(kind, name, what, value)
                kind, name = "", Text()
    if table.row_count:
        console.print(table)
