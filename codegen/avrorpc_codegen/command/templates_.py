"""`avrogen templates`: the templates that code is generated with, to look at and to begin one's own with."""

from __future__ import annotations

from pathlib import Path

import click
from avrorpc.schema import Json
from click.shell_completion import CompletionItem

from avrorpc_codegen.command.reporting import json_option, print_json, usage_errors
from avrorpc_codegen.config import Config, load_config
from avrorpc_codegen.diagnostic import Diagnostics, counted, did_you_mean
from avrorpc_codegen.output import write_whole
from avrorpc_codegen.rendering import default_templates
from avrorpc_codegen.source import display_name


def _complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    found = {name: text for name, text in default_templates().items() if name.startswith(incomplete)}
    return [CompletionItem(name, help=_about(text)) for name, text in found.items()]


@click.command("templates")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=_complete)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Copy avrogen's own templates into this folder; those that are there stay.",
)
@json_option
def command(names: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """List the templates that code is generated with, or print the one called NAME.

    A file of the same name in the folder that `templates` in [tool.avrogen] names takes its place.
    """
    with usage_errors():
        ours = default_templates()
        for name in names:
            if name not in ours:
                hint = did_you_mean(name, ours) or f"there are {', '.join(ours)}"
                raise click.UsageError(f"there is no template {name}; {hint}")
        wanted = {name: ours[name] for name in names or ours}
        if output is not None:
            _copy(wanted, output)
            return
        config = load_config(Path.cwd())
        if as_json:
            listed: list[Json] = [
                {"name": name, "about": _about(text), "replaced_by": [*_own(name, config)]}
                for name, text in wanted.items()
            ]
            print_json(Diagnostics(), templates=listed)
        elif names:
            click.echo("".join(wanted.values()), nl=False)
        else:
            _list(wanted, config)


def _copy(templates: dict[str, str], folder: Path) -> None:
    there = [name for name in templates if (folder / name).exists()]
    if there:
        raise click.UsageError(f"{display_name(folder / there[0])} is there already; nothing was copied")
    for name, text in templates.items():
        write_whole(folder / name, text)
    click.echo(f"{counted(len(templates), 'template')} copied to {display_name(folder)}")


def _list(templates: dict[str, str], config: Config) -> None:
    width = max(map(len, templates))
    for name, text in templates.items():
        replaced = "".join(f"\n{'':{width}}  replaced by {path}" for path in _own(name, config))
        click.echo(f"{name:{width}}  {_about(text)}{replaced}")


def _own(name: str, config: Config) -> list[str]:
    folders = dict.fromkeys(folder for target in config.targets for folder in target.templates)
    return [display_name(folder / name) for folder in folders if (folder / name).is_file()]


def _about(text: str) -> str:
    """Return what a template says of itself, in the comment of its first line."""
    return text.partition("#}")[0].removeprefix("{#").strip()
