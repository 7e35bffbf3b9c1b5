"""`avrogen format`: contracts in the one layout, and contracts in JSON as Avro IDL."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
from avrorpc.schema import Json

from avrorpc_codegen.command.reporting import FINDINGS, end, json_option, print_json, show, usage_errors
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics, Rule, counted
from avrorpc_codegen.formatting import format_source
from avrorpc_codegen.idl_output import as_idl
from avrorpc_codegen.json_output import contract_of
from avrorpc_codegen.json_rest import rest_of
from avrorpc_codegen.output import text_diff, write_whole
from avrorpc_codegen.reading import contract_files, read_contracts
from avrorpc_codegen.source import Undecodable, decode, display_name

_STANDARD: Final = Path("-")
_JSON: Final = (".avpr", ".avsc")


@dataclass(slots=True)
class _Done:
    """What came of some files, by their names."""

    changed: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The text before and the text after."""
    unchanged: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Those with errors."""

    def diff(self) -> str:
        lines: list[str] = []
        for name, (old, new) in self.changed.items():
            lines += text_diff(old, new, f"a/{name}", f"b/{name}")
        return "\n".join(lines)


@click.command("format")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if anything would change.")
@click.option("--diff", "shows_diff", is_flag=True, help="Like --check, and show what would change.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Where the IDL of an .avpr or .avsc file goes: a file or a folder.",
)
@click.option(
    "--stdin-filename",
    type=click.Path(path_type=Path),
    default=Path("<stdin>"),
    help="What findings call standard input.",
)
@json_option
def command(
    paths: tuple[Path, ...],
    check: bool,
    shows_diff: bool,
    output: Path | None,
    stdin_filename: Path,
    as_json: bool,
) -> None:
    """Put contracts into the one layout of Avro IDL.

    PATHS are files, folders, or - for standard input, which goes to standard output; without any, the
    project's schemas. A file with errors is left alone. A single .avpr or .avsc file is printed as IDL:
    to standard output, or to the place that -o names.
    """
    writes = not (check or shows_diff)
    with usage_errors():
        contract = next((path for path in paths if path.suffix in _JSON), None)
        if len(paths) > 1 and (contract or _STANDARD in paths):
            raise click.UsageError("standard input, or a contract in JSON, is taken alone")
        if contract is not None:
            if not writes:
                raise click.UsageError("a contract in JSON is printed as IDL; there is nothing to compare")
            _convert(contract, output, as_json=as_json)
        elif output is not None:
            raise click.UsageError("-o goes with one .avpr or .avsc file; .avdl files change in their place")
        elif paths == (_STANDARD,):
            _format_input(stdin_filename, writes=writes, shows_diff=shows_diff, as_json=as_json)
        else:
            _format_files(paths, writes=writes, shows_diff=shows_diff, as_json=as_json)


def _format_files(paths: Sequence[Path], *, writes: bool, shows_diff: bool, as_json: bool) -> None:
    diagnostics, done = Diagnostics(), _Done()
    for path in list(_contracts(paths)):
        new = _format(path.read_bytes(), path, display_name(path), done, diagnostics)
        if new is not None and writes:
            write_whole(path.resolve(), new)
    if as_json:
        _print_json(diagnostics, done, shows_diff=shows_diff)
    else:
        if shows_diff and done.changed:
            click.echo(done.diff())
        elif not shows_diff:
            for name in done.changed:
                click.echo(f"{'formatted' if writes else 'would format'} {name}")
        if diagnostics.items:
            click.echo(diagnostics.render(), err=True)
        click.echo(_summary(done, writes=writes), err=not writes)
    if diagnostics.has_errors or (done.changed and not writes):
        end(FINDINGS)


def _format_input(name: Path, *, writes: bool, shows_diff: bool, as_json: bool) -> None:
    diagnostics, done = Diagnostics(), _Done()
    old = sys.stdin.buffer.read()
    new = _format(old, name, display_name(name), done, diagnostics)
    if as_json:
        show(diagnostics, as_json=True)
        text: dict[str, Json] = {"text": old.decode() if new is None else new} if writes else {}
        _print_json(diagnostics, done, shows_diff=shows_diff, **text)
    else:
        show(diagnostics)
        if writes:
            sys.stdout.buffer.write(old if new is None else new.encode())
        elif shows_diff and done.changed:
            click.echo(done.diff())
    if done.changed and not writes:
        end(FINDINGS)


def _convert(path: Path, output: Path | None, *, as_json: bool) -> None:
    diagnostics = Diagnostics()
    read = read_contracts([path], [path.parent], diagnostics)
    show(diagnostics, as_json=as_json)
    name = display_name(path)
    for where, lost in rest_of(json.loads(path.read_text(encoding="utf-8-sig"))):
        problem = f"{where}: a reference cannot be annotated: the property `{lost}` is left out"
        diagnostics.warning(Rule.NOT_IN_IDL, problem, None, file=name)
    text = as_idl(contract_of(read.contracts, read.roots[0]), name, diagnostics)
    show(diagnostics, as_json=as_json)
    assert text is not None, "without a finding there is a text"
    if output is not None:
        write_whole(output / f"{path.stem}.avdl" if output.is_dir() else output, text)
    if as_json:
        print_json(diagnostics, text=text)
    elif output is None:
        sys.stdout.buffer.write(text.encode())


def _contracts(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the IDL files that are meant, each once."""
    folder = None if paths else load_config(Path.cwd()).schemas
    if folder is not None and not folder.is_dir():
        raise click.UsageError(f"there is no folder {folder}; name the files or the folder of the contracts")
    seen: set[Path] = set()
    for path in [folder] if folder else paths:
        files = contract_files([path])
        if path.is_dir():
            files = [file for file in files if file.suffix not in _JSON]
            if not files:
                raise click.UsageError(f"there are no .avdl files below {path}")
        for file in files:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _format(data: bytes, path: Path, name: str, done: _Done, diagnostics: Diagnostics) -> str | None:
    """Return the new text of a file; None where it has errors, or is laid out already."""
    try:
        source = decode(data, path)
    except Undecodable as error:
        diagnostics.error(Rule.NOT_UTF8, str(error), error.span)
        text = None
    else:
        text = format_source(source, diagnostics)
    if text is None:
        done.wrong.append(name)
        return None
    if text.encode() == data:
        done.unchanged.append(name)
        return None
    done.changed[name] = data.decode(), text
    return text


def _print_json(diagnostics: Diagnostics, done: _Done, *, shows_diff: bool, **more: Json) -> None:
    if shows_diff:
        more["diff"] = done.diff()
    print_json(diagnostics, changed=list(done.changed), unchanged=list(done.unchanged), **more)


def _summary(done: _Done, *, writes: bool) -> str:
    counts = {
        "formatted" if writes else "to format": done.changed,
        "unchanged": done.unchanged,
        "with errors": done.wrong,
    }
    parts = [f"{counted(len(files), 'file')} {what}" for what, files in counts.items() if files]
    hint = "; run `avrogen format`" if done.changed and not writes else ""
    return ", ".join(parts) + hint
