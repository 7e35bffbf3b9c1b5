"""`avrogen openapi`: the OpenAPI document of contracts, and what a change of it breaks."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click
from avrorpc.errors import SchemaError
from avrorpc.schema import Json
from avrorpc.schema.openapi import openapi
from avrorpc.schema.openapi_options import Case, DocumentOptions

from avrorpc_codegen.breaking.comparison import Version
from avrorpc_codegen.breaking.version import Broken, Project, VersionError, read_old, read_project
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
from avrorpc_codegen.diagnostic import Diagnostics, counted
from avrorpc_codegen.example_files import read_examples
from avrorpc_codegen.output import write_whole
from avrorpc_codegen.rest_changes import RestChange, rest_changes
from avrorpc_codegen.source import display_name
from avrorpc_codegen.yaml_output import as_yaml


@click.command("openapi")
@click.argument("schemas", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option(
    "--yaml/--no-yaml", "as_yaml_", default=None, help="Write YAML; the default for .yaml and .yml."
)
@click.option("--title", default=None, help="What the whole is called; else the namespaces' names.")
@click.option("--api-version", default="1.0.0", show_default=True, help="The version of the whole.")
@click.option("--server", "servers", multiple=True, metavar="URL", help="Where it is served; repeatable.")
@click.option(
    "--mode",
    type=click.Choice(["production", "research"]),
    default="production",
    show_default=True,
    help="Whether answers are bare results, or {data, metadata, examples}.",
)
@click.option(
    "--security",
    type=click.Choice(["bearer", "mutual_tls"]),
    multiple=True,
    help="How callers say who they are; may be repeated.",
)
@click.option("--no-generated", is_flag=True, help="Leave out info, examples, test, config and health.")
@click.option(
    "--against",
    metavar="REF|DIR|FILE",
    help="Find what breaks clients of an older version: of git, of contracts, or a document.",
)
@click.option("--check", is_flag=True, help="Write nothing, and fail where FILE of -o is stale.")
@include_option
@json_option
def command(
    schemas: Path | None,
    output: Path | None,
    as_yaml_: bool | None,
    title: str | None,
    api_version: str,
    servers: tuple[str, ...],
    mode: Literal["production", "research"],
    security: tuple[Literal["bearer", "mutual_tls"], ...],
    no_generated: bool,
    against: str | None,
    check: bool,
    include: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write the OpenAPI 3.1 document of the contracts below SCHEMAS, or in that file.

    It goes to standard output, or to the file of -o. With --against nothing is written but what breaks:
    routes and verbs that are gone, parameters that became required, answers that lack a field or have another
    type. --json is about these findings; the document is JSON in any case, unless it is YAML.

    \b
    avrogen openapi -o openapi.json --server https://api.example.com
    avrogen openapi --against main
    avrogen openapi --against openapi.json
    avrogen openapi -o openapi.yaml --check
    """
    with usage_errors():
        if check and output is None:
            raise click.UsageError("--check needs the file to look at: -o FILE")
        config = load_config(Path.cwd(), schemas=schemas)
        if not config.schemas.exists():
            raise click.UsageError(f"there is no folder {config.schemas}; name the folder of the contracts")
        root = load_config(Path.cwd()).schemas if config.schemas.is_file() else config.schemas
        found = find_project(Path.cwd()) if schemas is None else None
        project = Project(config.schemas, root, include, found)
        diagnostics = Diagnostics()
        new = read_project(project, diagnostics)
        if not diagnostics.has_errors:
            read_examples(new.contracts.protocols.values(), new.contracts, diagnostics)
        show(diagnostics, as_json=as_json)
        options = DocumentOptions(
            title=title or _title(new),
            version=api_version,
            servers=servers,
            mode=mode,
            security=security,
            cases=_cases(new),
            generated=not no_generated,
        )
        document = _document(new, options)
        if against is not None:
            _compare(document, against, project, options, diagnostics, as_json=as_json)
            return
        is_yaml = as_yaml_ if as_yaml_ is not None else output is not None and output.suffix in _YAML
        text = as_yaml(document) if is_yaml else json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        if output is None:
            click.echo(text, nl=False)
        elif check:
            _check(output, text)
        else:
            write_whole(output, text)


_YAML = (".yaml", ".yml")


def _title(version: Version) -> str:
    names = sorted({name.rpartition(".")[0] or name for name in version.contracts.protocols})
    return ", ".join(names) or "No services"


def _cases(version: Version) -> dict[tuple[str, str], list[Case]]:
    cases: dict[tuple[str, str], list[Case]] = {}
    for name, declared in version.contracts.protocols.items():
        for case in declared.cases:
            cases.setdefault((name, case.message), []).append(case.to_json())
    return cases


def _document(version: Version, options: DocumentOptions) -> dict[str, Json]:
    try:
        return openapi([one.protocol for one in version.contracts.protocols.values()], options)
    except SchemaError as error:
        raise click.ClickException(str(error)) from error


def _check(output: Path, text: str) -> None:
    try:
        there = output.read_text(encoding="utf-8")
    except FileNotFoundError:
        there = ""
    if there == text:
        return
    name = display_name(output)
    lines = difflib.unified_diff(there.splitlines(), text.splitlines(), name, f"{name} (fresh)", lineterm="")
    for line in lines:
        click.echo(line)
    click.echo(f"{name} is stale; write it again: avrogen openapi -o {name}", err=True)
    end(FINDINGS)


def _compare(
    document: dict[str, Json],
    against: str,
    project: Project,
    options: DocumentOptions,
    diagnostics: Diagnostics,
    *,
    as_json: bool,
) -> None:
    old = _old(against, project, options)
    changes = rest_changes(old, document)
    if as_json:
        print_json(diagnostics, against=against, changes=[change.to_json() for change in changes])
    else:
        _print(changes, against)
    if changes:
        end(FINDINGS)


def _old(name: str, project: Project, options: DocumentOptions) -> dict[str, Json]:
    """Return the older document: as it is in a file, or made from the contracts of that version."""
    path = Path(name)
    if path.is_file() and path.suffix in (".json", *_YAML):
        text = path.read_text(encoding="utf-8", errors="replace")
        value = _yaml(name, text) if path.suffix in _YAML else _json(name, text)
        if not isinstance(value, dict) or "openapi" not in value or not isinstance(value.get("paths"), dict):
            raise click.UsageError(f"{name} is no OpenAPI document")
        return value
    try:
        version = read_old(name, project)
    except VersionError as error:
        raise click.UsageError(str(error)) from error
    except Broken as error:
        click.echo(error.diagnostics.render(), err=True)
        raise click.UsageError(f"{error}: nothing can be compared with it") from error
    return _document(version, replace(options, cases={}))


def _json(name: str, text: str) -> Json:
    try:
        value: Json = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{name} is no JSON: {error}") from error
    return value


def _yaml(name: str, text: str) -> Json:
    try:
        # Only where it is installed.
        import yaml  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415
    except ImportError as error:
        raise click.UsageError(
            f"{name} is YAML, which needs the package pyyaml: pip install pyyaml; or name the older version"
            " as JSON, as contracts or by git"
        ) from error
    try:
        # What YAML has beside JSON, such as dates, is nowhere in the documents that are written here.
        value: Json = json.loads(json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise click.UsageError(f"{name} is no YAML of JSON values: {' '.join(str(error).split())}") from error
    return value


def _print(changes: Sequence[RestChange], against: str) -> None:
    for change in changes:
        click.echo(change.render() + "\n")
    if changes:
        click.echo(f"{counted(len(changes), 'change')} that break clients of {against}")
    else:
        click.echo(f"no client of {against} breaks")
