"""`avrogen compile`: Avro IDL to the JSON of `.avpr` and `.avsc` files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from avrorpc.schema import Json, schema_to_json, short_name

from avrorpc_codegen.command.reporting import include_option, json_option, print_json, show, usage_errors
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.garbage import keep_all
from avrorpc_codegen.json_output import as_text, compiled
from avrorpc_codegen.merging import all_types
from avrorpc_codegen.output import write_whole
from avrorpc_codegen.reading import Read, contract_files, read_each, search_path
from avrorpc_codegen.source import Undecodable, decode, display_name

_STANDARD: Final = Path("-")


@dataclass(slots=True)
class _Input:
    """A contract that is to be translated, and what its output is called, without a suffix."""

    path: Path
    target: Path


@click.command("compile")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path)
)
@include_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file, or the folder, to write to.")
@click.option("--types", "by_type", is_flag=True, help="Write one .avsc for each named type, into a folder.")
@click.option(
    "--stdin-filename",
    type=click.Path(path_type=Path),
    default=Path("<stdin>"),
    help="What findings call standard input.",
)
@json_option
def command(
    paths: tuple[Path, ...],
    include: tuple[Path, ...],
    output: Path | None,
    by_type: bool,
    stdin_filename: Path,
    as_json: bool,
) -> None:
    """Translate contracts into the JSON that every Avro library reads.

    PATHS are files, folders with .avdl files, or - for standard input. A protocol becomes an .avpr file,
    other schemas an .avsc file. A single contract goes to standard output, or to the file or folder of -o.
    Several need -o, and go to that folder by their paths. Nothing is written if anything is wrong.

    \b
    Examples:
      avrogen compile mail.avdl -o mail.avpr
      avrogen compile schemas -o build
      avrogen compile events.avdl --types -o schemas
    """
    with usage_errors():
        inputs = list(_inputs(paths, stdin_filename))
        is_single = len(inputs) == 1 and not paths[0].is_dir()
        if is_single:
            inputs[0].target = Path(inputs[0].target.name)
        if output is None and (by_type or not is_single):
            raise click.UsageError("what gives more than one file needs a folder to write to: -o DIR")
        if output is not None and output.is_file() and (by_type or not is_single):
            raise click.UsageError(f"{output} is a file; more than one file needs a folder")
        diagnostics = Diagnostics()
        config = load_config(inputs[0].path.resolve().parent)
        texts = _standard_input(inputs, paths, diagnostics)
        reads = read_each(
            [item.path for item in inputs], search_path(config.schemas, include), diagnostics, texts
        )
        keep_all()
        show(diagnostics, as_json=as_json)
        pairs = list(zip(inputs, reads, strict=True))
        results = _types(pairs) if by_type else dict(_contract(item, read) for item, read in pairs)
        if len(results) < len(pairs) and not by_type:
            raise click.UsageError("two contracts would give the same file; name them one by one")
        for target, value in results.items() if output is not None else ():
            assert output is not None
            is_named = is_single and not by_type and not output.is_dir()
            write_whole(output if is_named else output / target, as_text(value))
        if as_json and is_single and not by_type:
            print_json(diagnostics, result=next(iter(results.values())))
        elif as_json:
            print_json(diagnostics, results={target.as_posix(): value for target, value in results.items()})
        elif output is None:
            sys.stdout.buffer.write(as_text(next(iter(results.values()))).encode())


def _inputs(paths: tuple[Path, ...], stdin_filename: Path) -> Iterator[_Input]:
    """Yield the contracts that are meant, each once."""
    seen: set[Path] = set()
    for path in paths:
        if path == _STANDARD:
            found = [_Input(stdin_filename, Path(stdin_filename.name.strip("<>")))]
        elif path.is_dir():
            files = [file for file in contract_files([path]) if file.suffix == ".avdl"]
            if not files:
                raise click.UsageError(f"there are no .avdl files below {path}")
            found = [_Input(file, file.relative_to(path)) for file in files]
        else:
            below = not path.is_absolute() and ".." not in path.parts
            found = [_Input(file, file if below else Path(file.name)) for file in contract_files([path])]
        for item in found:
            if item.path.resolve() not in seen:
                seen.add(item.path.resolve())
                yield item


def _standard_input(
    inputs: list[_Input], paths: tuple[Path, ...], diagnostics: Diagnostics
) -> dict[Path, str]:
    """Return the text of standard input, if it is read, by the path that stands for it."""
    if _STANDARD not in paths:
        return {}
    item = inputs[paths.index(_STANDARD)]
    try:
        source = decode(sys.stdin.buffer.read(), item.path)
    except Undecodable as error:
        raise click.UsageError(f"{display_name(item.path)}: {error}") from error
    return {item.path.resolve(): source.text}


def _contract(item: _Input, read: Read) -> tuple[Path, Json]:
    value, suffix = compiled(read.contracts, read.roots[0])
    return item.target.with_suffix(suffix), value


def _types(pairs: list[tuple[_Input, Read]]) -> dict[Path, Json]:
    """Return each type by the name of its file, as Apache's `idl2schemata` calls it."""
    results: dict[Path, Json] = {}
    names: dict[Path, str] = {}
    for _, read in pairs:
        for named in all_types(read.contracts, read.roots[0]):
            target = Path(f"{short_name(named.name)}.avsc")
            if names.setdefault(target, named.name) != named.name:
                raise click.UsageError(f"{names[target]} and {named.name} would both be in {target}")
            results[target] = schema_to_json(named)
    return results
