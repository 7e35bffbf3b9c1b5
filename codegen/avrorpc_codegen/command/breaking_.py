"""`avrogen breaking`: what a change of a contract breaks, whom, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import click

from avrorpc_codegen.breaking.comparison import Version
from avrorpc_codegen.breaking.git import GitError, repository
from avrorpc_codegen.breaking.mode import Mode
from avrorpc_codegen.breaking.report import Report, report_on
from avrorpc_codegen.breaking.rules import Level
from avrorpc_codegen.breaking.sarif import to_sarif
from avrorpc_codegen.breaking.settings import BreakingSettings, load_breaking
from avrorpc_codegen.breaking.version import Broken, Project, VersionError, read_old, read_project, tagged
from avrorpc_codegen.command.reporting import (
    FINDINGS,
    end,
    include_option,
    json_option,
    print_json,
    show,
    usage_errors,
)
from avrorpc_codegen.config import find_project, load_config
from avrorpc_codegen.diagnostic import Diagnostics


@click.command("breaking")
@click.argument("schemas", required=False, type=click.Path(exists=True, path_type=Path))
@click.option(
    "-a",
    "--against",
    multiple=True,
    metavar="REF|DIR|FILE",
    help="The older version: a branch, tag or commit, a folder, or a file. Several: the last is the newest.",
)
@click.option("--against-tags", metavar="GLOB", help="All tags that match, such as 'v*', by version.")
@include_option
@click.option(
    "--level",
    type=click.Choice([level.value for level in Level]),
    help="wire: Avro binary alone; json: that and names in JSON; source: both and generated code (default).",
)
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in Mode]),
    help="Who must not break: with backward (default), old clients at new servers.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True
)
@json_option
def command(
    schemas: Path | None,
    against: tuple[str, ...],
    against_tags: str | None,
    include: tuple[Path, ...],
    level: str | None,
    mode: str | None,
    form: str,
    as_json: bool,
) -> None:
    """Compare the contracts below SCHEMAS, or in that file, with an older version.

    Each finding says whom the change breaks, at which level, why, and how to mend it. Defaults come from
    [tool.avrogen] and [tool.avrogen.breaking] in pyproject.toml.

    \b
    avrogen breaking --against main
    avrogen breaking --against-tags 'v*' --mode full_transitive
    avrogen breaking --against HEAD~1 --level wire --format sarif > breaking.sarif
    """
    form = "json" if as_json else form
    with usage_errors():
        config, settings = load_config(Path.cwd(), schemas=schemas), load_breaking(Path.cwd())
        if not config.schemas.exists():
            raise click.UsageError(f"there is no folder {config.schemas}; name the folder of the contracts")
        root = load_config(Path.cwd()).schemas if config.schemas.is_file() else config.schemas
        found = find_project(Path.cwd()) if schemas is None else None
        project = Project(config.schemas, root, include, found)
        diagnostics = Diagnostics()
        new = read_project(project, diagnostics)
        show(diagnostics, as_json=form == "json")
        if not new.is_there:
            raise click.UsageError(f"there are no contracts (.avdl, .avpr, .avsc) below {config.schemas}")
        chosen = Level(level) if level else settings.level
        wanted = Mode(mode) if mode else settings.mode
        remarks: list[str] = []
        olds = _olds(_names(against, against_tags, settings, project, wanted, remarks), project, form)
        report = report_on(new, olds, chosen, wanted, settings.ignore)
        report.remarks[:0] = remarks
        _print(report, diagnostics, form, project)
        if report.selection.findings:
            end(FINDINGS)


def _names(
    against: Sequence[str],
    tags: str | None,
    settings: BreakingSettings,
    project: Project,
    mode: Mode,
    remarks: list[str],
) -> list[str]:
    """Return the older versions asked for; without a transitive mode, the last alone."""
    if not against and tags is None:
        against, tags = settings.against, settings.tags
    try:
        names = [*(tagged(tags, project) if tags is not None else []), *against]
    except VersionError as error:
        raise click.UsageError(str(error)) from error
    if not names:
        raise click.UsageError(
            "name the older version: --against main, --against v1.2, --against ../released/schemas;"
            " or write `against` in [tool.avrogen.breaking]"
        )
    if len(names) > 1 and not mode.is_transitive:
        remarks.append(
            f"compared with {names[-1]}, the last of {len(names)} versions;"
            f" `--mode {mode.value}_transitive` compares with all"
        )
        return names[-1:]
    return list(dict.fromkeys(names))


def _olds(names: Sequence[str], project: Project, form: str) -> list[Version]:
    try:
        return [read_old(name, project) for name in names]
    except VersionError as error:
        raise click.UsageError(str(error)) from error
    except Broken as error:
        if form == "json":
            print_json(error.diagnostics)
        else:
            click.echo(error.diagnostics.render(), err=True)
        raise click.UsageError(f"{error}: nothing can be compared with it") from error


def _print(report: Report, diagnostics: Diagnostics, form: str, project: Project) -> None:
    if form == "json":
        print_json(diagnostics, **report.to_json())
    elif form == "sarif":
        try:
            base = repository(project.schemas.resolve()).top
        except GitError:
            base = Path.cwd()
        log = to_sarif(report, version("avrorpc"), base)
        click.echo(json.dumps(log, indent=2, ensure_ascii=False))
    else:
        click.echo(report.to_text())
