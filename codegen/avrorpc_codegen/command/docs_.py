"""`avrogen docs`: the contracts of a project as pages for people."""

from __future__ import annotations

import webbrowser
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
from avrorpc_codegen.output import Changes, apply, compare, diff
from avrorpc_codegen.reading import read_contracts, search_path
from avrorpc_codegen.reference.building import count_line
from avrorpc_codegen.reference.site import Format, Site, build, in_the_way, left_over
from avrorpc_codegen.source import display_name

_MOST_NAMED = 5


def _title(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise click.BadParameter("a title is a line of text")
    return text.strip()


@click.command("docs")
@click.argument("schemas", required=False, type=click.Path(exists=True, path_type=Path))
@include_option
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default="site",
    show_default=True,
    help="The folder to write to.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice([item.value for item in Format]),
    default=Format.HTML.value,
    show_default=True,
    help="HTML for browsers, or Markdown to commit.",
)
@click.option(
    "--title",
    default="Contracts",
    show_default=True,
    callback=lambda _context, _parameter, value: _title(value),
    help="What the first page is called.",
)
@click.option("--open", "opens", is_flag=True, help="Show the result in a browser.")
@json_option
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if anything is out of date.")
def command(
    schemas: Path | None,
    include: tuple[Path, ...],
    output: Path,
    format_name: str,
    title: str,
    opens: bool,
    as_json: bool,
    check: bool,
) -> None:
    """Write a reference of all contracts below SCHEMAS, a folder or a file.

    The site is static: it needs no server and no network. Searching works from a disk, too.
    """
    with usage_errors():
        config = load_config(Path.cwd(), schemas=schemas)
        if not config.schemas.exists():
            raise click.UsageError(f"there is no folder {config.schemas}; name the folder of the contracts")
        diagnostics = Diagnostics()
        root = config.schemas.resolve()
        folder = root if root.is_dir() else root.parent
        search = search_path(folder, include)
        read = read_contracts([root], search, diagnostics)
        if not read.roots:
            raise click.UsageError(f"there are no contracts (.avdl, .avpr, .avsc) below {config.schemas}")
        if diagnostics.has_errors:
            show(diagnostics, as_json=as_json)
        format_ = Format(format_name)
        site = build(read.contracts, config, [folder, *search], format_, title, diagnostics)
        show(diagnostics, as_json=as_json)
        changes = _changes(site, output, format_)
        if not check:
            apply(changes)
        first = output / format_.first
        if as_json:
            print_json(
                diagnostics,
                first=display_name(first),
                write=[display_name(path) for path in changes.write],
                remove=[display_name(path) for path in changes.remove],
            )
        else:
            if check and changes:
                click.echo(diff(changes) if format_ is Format.MARKDOWN else _names(changes))
            _report(site, changes, first, check=check)
        if check and changes:
            end(FINDINGS)
        if opens and not check:
            webbrowser.open(first.resolve().as_uri())


def _changes(site: Site, output: Path, format_: Format) -> Changes:
    taken = in_the_way(output, site.files)
    if taken:
        names = ", ".join(display_name(path) for path in taken[:_MOST_NAMED])
        raise click.UsageError(f"{names} would be lost, and is not ours; choose another folder with -o")
    changes = compare({output / name: text for name, text in site.files.items()}, [])
    changes.remove = left_over(output, site.files, format_)
    return changes


def _names(changes: Changes) -> str:
    """Return what is out of date by name alone: nobody reads a diff of HTML."""
    return "\n".join(sorted(display_name(path) for path in (*changes.write, *changes.remove)))


def _report(site: Site, changes: Changes, first: Path, *, check: bool) -> None:
    if site.python.has_errors:
        count = sum(item.severity.value == "error" for item in site.python.items)
        hint = f"no Python is shown: `avrogen generate` has {counted(count, 'finding')}"
        click.echo(hint, err=True)
    if check and changes:
        stale = len(changes.write) + len(changes.remove)
        click.echo(f"{counted(stale, 'file')} out of date; run this without --check", err=True)
        return
    done = f"{len(changes.write)} written, {len(changes.remove)} removed" if changes else "all up to date"
    click.echo(f"{count_line(site.reference)}: {counted(len(site.files), 'file')}, {done}")
    if not check:
        click.echo(f"open {display_name(first)}")
