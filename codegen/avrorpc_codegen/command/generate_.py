"""`avrogen generate`: typed Python from all contracts of a project."""

from __future__ import annotations

from pathlib import Path

import click

from avrorpc_codegen.command.reporting import (
    FINDINGS,
    end,
    include_option,
    json_option,
    print_json,
    show,
    usage_errors,
)
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics, counted
from avrorpc_codegen.generation import Generated, generate
from avrorpc_codegen.output import Changes, apply, compare, diff
from avrorpc_codegen.source import display_name

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("generate")
@click.argument("schemas", required=False, type=_FOLDER)
@include_option
@click.option(
    "-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Where the package goes."
)
@click.option("-p", "--package", help="The name of the package.")
@json_option
@click.option(
    "--check", is_flag=True, help="Write nothing; show what is stale, and exit with 1 if anything is."
)
def command(
    schemas: Path | None,
    include: tuple[Path, ...],
    output: Path | None,
    package: str | None,
    as_json: bool,
    check: bool,
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
        show(diagnostics, as_json=as_json)
        if not generated.files:
            raise click.UsageError(f"there are no contracts (.avdl, .avpr, .avsc) below {config.schemas}")
        changes = compare(generated.files, generated.roots)
        if not check:
            apply(changes)
        if as_json:
            print_json(
                diagnostics,
                write=[display_name(path) for path in changes.write],
                remove=[display_name(path) for path in changes.remove],
                packages={package: list(files) for package, files in generated.packages.items()},
            )
        elif check and changes:
            click.echo(diff(changes))
            count = len(changes.write) + len(changes.remove)
            click.echo(f"{counted(count, 'generated file')} out of date; run `avrogen generate`", err=True)
        else:
            click.echo(_summary(generated, changes))
        if check and changes:
            end(FINDINGS)


def _summary(generated: Generated, changes: Changes) -> str:
    counts = {
        "protocol": len(generated.contracts.protocols),
        "type": len(generated.contracts.types),
        "file": len(generated.files),
    }
    done = f"{len(changes.write)} written, {len(changes.remove)} removed" if changes else "all up to date"
    summary = f"{', '.join(counted(count, noun) for noun, count in counts.items())}: {done}"
    imported = [f"from {package}: {', '.join(files)}" for package, files in generated.packages.items()]
    return "\n".join([summary, *imported])
