"""`avrogen generate`: typed Python from all contracts of a project."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

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
from avrorpc_codegen.config import Config, find_project, load_config
from avrorpc_codegen.diagnostic import Diagnostics, counted
from avrorpc_codegen.garbage import keep_all
from avrorpc_codegen.generation import Generated, generate
from avrorpc_codegen.output import Changes, apply, compare, diff
from avrorpc_codegen.reading import find_contracts
from avrorpc_codegen.source import display_name
from avrorpc_codegen.watching import Snapshot, await_change, snapshot

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_MOST_NAMED: Final = 5
"""How many changed files are named."""


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
@click.option("--watch", is_flag=True, help="Generate again whenever a file changes, until Ctrl-C.")
def command(
    schemas: Path | None,
    include: tuple[Path, ...],
    output: Path | None,
    package: str | None,
    as_json: bool,
    check: bool,
    watch: bool,
) -> None:
    """Generate Python for all contracts below the folder SCHEMAS.

    Defaults come from [tool.avrogen] in pyproject.toml. Each Avro namespace becomes a Python package.
    """
    if watch and (check or as_json):
        raise click.UsageError("--watch goes on; --check and --json tell of one run")

    def load() -> Config:
        config = load_config(Path.cwd(), schemas=schemas, output=output, package=package)
        if not config.schemas.is_dir():
            raise click.UsageError(f"there is no folder {config.schemas}; name the folder of the contracts")
        return config

    with usage_errors():
        if watch:
            _watch(load, include)
            return
        config = load()
        diagnostics = Diagnostics()
        generated = generate(config, diagnostics, include)
        keep_all()
        show(diagnostics, as_json=as_json)
        changes = _changes(config, generated)
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


def _changes(config: Config, generated: Generated) -> Changes:
    if not generated.files:
        names = [*generated.contracts.protocols, *generated.contracts.types]
        problem = f"there are no contracts (.avdl, .avpr, .avsc) below {config.schemas}"
        if names:
            known = ", ".join(f"{name} in {module}" for name, module in config.external.items())
            problem = f"nothing is left to generate of {names[0]} and its like: there are {known} already"
        raise click.UsageError(problem)
    return compare(generated.files, generated.roots)


def _watch(load: Callable[[], Config], include: tuple[Path, ...]) -> None:
    """Generate, and again after each change; what is wrong is told, and is no reason to end."""
    load()  # What is wrong at the start ends the command.
    click.echo("watching for changes; Ctrl-C ends")
    imported: list[Path] = []
    try:
        while True:
            files = _Files(load, include)
            # What is compared with is how files were before they were read, so that no change is missed.
            started, known, before = time.time_ns(), dict(files.look()), snapshot(imported)
            imported = files.imported = _round(load, include)
            known |= {path: before[path] for path in imported if path in before and path not in known}
            new = snapshot(path for path in imported if path not in known)
            known |= {path: stamp for path, stamp in new.items() if stamp.modified < started}
            changed = await_change(known, files.look)
            names = [display_name(path) for path in changed[:_MOST_NAMED]]
            more = f" and {len(changed) - len(names)} more" if len(changed) > len(names) else ""
            click.echo(f"changed: {', '.join(names)}{more}")
    except KeyboardInterrupt:
        click.echo("ended")


def _round(load: Callable[[], Config], include: tuple[Path, ...]) -> list[Path]:
    """Generate once, and return the contracts that were read."""
    diagnostics = Diagnostics()
    try:
        with usage_errors():
            config = load()
            generated = generate(config, diagnostics, include)
            if diagnostics.items:
                click.echo(diagnostics.render(), err=True)
            if not diagnostics.has_errors:
                changes = _changes(config, generated)
                apply(changes)
                click.echo(_summary(generated, changes))
            return generated.sources
    except click.UsageError as error:
        click.echo(f"error: {error.format_message()}", err=True)
        return []


class _Files:
    """The files that generated code depends on, as the settings are now."""

    def __init__(self, load: Callable[[], Config], include: tuple[Path, ...]) -> None:
        self.imported: list[Path] = []
        """Contracts that were read, wherever they are."""
        self._project = find_project(Path.cwd()) or Path.cwd() / "pyproject.toml"
        self._contracts = [*include]
        self._templates: set[Path] = set()
        try:
            with usage_errors():
                config = load()
        except click.UsageError:
            return  # Told when code is generated; until then it is the settings that have to change.
        self._contracts.append(config.schemas)
        self._templates = {folder for target in config.targets for folder in target.templates}

    def look(self) -> Snapshot:
        """Return the stamps of all files that are there."""
        contracts = {path for folder in self._contracts for path in find_contracts(folder.resolve())}
        templates = {path for folder in self._templates for path in folder.rglob("*.j2")}
        return snapshot({self._project, *contracts, *templates, *self.imported})


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
