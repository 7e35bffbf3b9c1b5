"""`avrogen generate`: typed Python from all contracts of a project."""

from __future__ import annotations

from pathlib import Path

import click

from avrorpc_codegen.command.reporting import FINDINGS, end, show, usage_errors
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import generate
from avrorpc_codegen.output import apply, compare, diff

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("generate")
@click.argument("schemas", required=False, type=_FOLDER)
@click.option(
    "-I", "--include", "include", multiple=True, type=_FOLDER, help="A folder to search for imports."
)
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Where the package goes."
)
@click.option("-p", "--package", help="The name of the package.")
@click.option(
    "--check", is_flag=True, help="Write nothing; show what is stale, and exit with 1 if anything is."
)
def command(
    schemas: Path | None, include: tuple[Path, ...], output: Path | None, package: str | None, check: bool
) -> None:
    """Generate Python for all contracts below the folder SCHEMAS.

    Defaults come from [tool.avrogen] in pyproject.toml. Each Avro namespace becomes a Python package.
    """
    with usage_errors():
        config = load_config(Path.cwd(), schemas=schemas, output=output, package=package)
        if not config.schemas.is_dir():
            raise click.UsageError(f"there is no folder {config.schemas}; name the folder of the contracts")
        diagnostics = Diagnostics()
        generated = generate(config, diagnostics, include)
        show(diagnostics)
        if not generated.files:
            raise click.UsageError(f"there are no contracts (.avdl, .avpr, .avsc) below {config.schemas}")
        changes = compare(generated.files, generated.roots)
        if check and changes:
            click.echo(diff(changes))
            count = len(changes.write) + len(changes.remove)
            click.echo(f"{count} generated file(s) out of date; run `avrogen generate`", err=True)
            end(FINDINGS)
        if not check:
            apply(changes)
        counts = {
            "protocol": len(generated.contracts.protocols),
            "type": len(generated.contracts.types),
            "file": len(generated.files),
        }
        counted = ", ".join(f"{count} {noun}{'s' * (count != 1)}" for noun, count in counts.items())
        done = (
            "all up to date"
            if not changes
            else f"{len(changes.write)} written, {len(changes.remove)} removed"
        )
        click.echo(f"{counted}: {done}")
