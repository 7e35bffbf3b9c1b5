"""`avrogen init`: a new project, complete, whose tests pass."""

from __future__ import annotations

import shlex
from pathlib import Path

import avrorpc
import click

from avrorpc_codegen.command.reporting import usage_errors
from avrorpc_codegen.library import generate_project
from avrorpc_codegen.new_project import CI_FILES, NewProjectError, in_the_way, new_project
from avrorpc_codegen.output import write_whole
from avrorpc_codegen.source import display_name

_MOST_NAMED = 10


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="The name of the distribution; by default the folder's.")
@click.option("--package", help="The name of the Python package; by default made from the name.")
@click.option(
    "--ci",
    type=click.Choice(sorted(CI_FILES)),
    default="github",
    show_default=True,
    help="The service whose CI file is written.",
)
def command(folder: Path, name: str | None, package: str | None, ci: str) -> None:
    """Make a new project in DIR: a contract, an implementation, tests, type checks, CI.

    It is complete: its tests pass as soon as it is installed. Nothing is ever overwritten: DIR must be empty,
    but for `.git`, or not be there.

    \b
    Example:
      avrogen init bookshelf
    """
    with usage_errors():
        present = in_the_way(folder)
        if present:
            more = f" and {len(present) - _MOST_NAMED} more" if len(present) > _MOST_NAMED else ""
            raise click.UsageError(
                f"the folder {display_name(folder)} is not empty, and nothing is overwritten; "
                f"it holds {', '.join(present[:_MOST_NAMED])}{more}"
            )
        try:
            project = new_project(folder, avrorpc.__version__, name=name, package=package, ci=ci)
        except NewProjectError as error:
            raise click.UsageError(str(error)) from error
        for path, text in project.files().items():
            write_whole(folder / path, text)
            click.echo(f"  {path}")
        generated = generate_project(folder)
        generated.write()
    for file in sorted(generated.files):
        click.echo(f"  {file.relative_to(folder.resolve()).as_posix()}  (generated)")
    enter = [f"cd {shlex.quote(str(folder))}"] if folder.resolve() != Path.cwd() else []
    click.echo(f"\n{project.name} is ready. Next:\n")
    serve = f"avrogen serve {project.package}.service:shelf"
    for line in [*enter, 'pip install -e ".[dev,test]"', "pytest", *([] if enter else [serve])]:
        click.echo(f"  {line}")
