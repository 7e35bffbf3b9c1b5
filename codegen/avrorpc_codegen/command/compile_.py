"""`avrogen compile`: Avro IDL to the JSON of `.avpr` and `.avsc` files."""

from __future__ import annotations

from pathlib import Path

import click

from avrorpc_codegen.command.reporting import include_option, json_option, print_json, show, usage_errors
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.json_output import as_text, compiled
from avrorpc_codegen.output import write_whole
from avrorpc_codegen.reading import read_contracts, search_path

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("compile")
@click.argument("file", type=_FILE)
@include_option
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file, or the folder, to write to.")
@json_option
def command(file: Path, include: tuple[Path, ...], output: Path | None, as_json: bool) -> None:
    """Translate the contract FILE into the JSON that every Avro library reads.

    A protocol becomes an .avpr file, other schemas an .avsc file. Without -o it goes to standard output.
    """
    with usage_errors():
        config = load_config(file.resolve().parent)
        diagnostics = Diagnostics()
        read = read_contracts([file], search_path(config.schemas, include), diagnostics)
        show(diagnostics, as_json=as_json)
        value, suffix = compiled(read.contracts, read.roots[0])
        if output is not None:
            write_whole(output / f"{file.stem}{suffix}" if output.is_dir() else output, as_text(value))
        if as_json:
            print_json(diagnostics, result=value)
        elif output is None:
            click.echo(as_text(value), nl=False)
