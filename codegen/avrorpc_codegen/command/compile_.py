"""`avrogen compile`: Avro IDL to the JSON of an `.avpr` or an `.avsc` file."""

from __future__ import annotations

from pathlib import Path

import click

from avrorpc_codegen.command.reporting import show, usage_errors
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import search_path
from avrorpc_codegen.json_output import compiled
from avrorpc_codegen.loading import Loader
from avrorpc_codegen.output import write_whole
from avrorpc_codegen.resolver import resolve

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("compile")
@click.argument("file", type=_FILE)
@click.option(
    "-I", "--include", "include", multiple=True, type=_FOLDER, help="A folder to search for imports."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file, or the folder, to write to.")
def command(file: Path, include: tuple[Path, ...], output: Path | None) -> None:
    """Translate the contract FILE into the JSON that every Avro library reads.

    A protocol becomes an .avpr file, other schemas an .avsc file. Without -o it goes to standard output.
    """
    with usage_errors():
        config = load_config(file.resolve().parent)
        diagnostics = Diagnostics()
        loader = Loader(search_path(config.schemas, include), diagnostics)
        unit = loader.load(file)
        contracts = resolve(list(loader.units.values()), [unit], diagnostics)
        show(diagnostics)
        text, suffix = compiled(contracts, unit)
        if output is None:
            click.echo(text, nl=False)
        else:
            write_whole(output / f"{file.stem}{suffix}" if output.is_dir() else output, text)
