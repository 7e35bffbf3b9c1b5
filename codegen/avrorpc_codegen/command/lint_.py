"""`avrogen lint`: what a reviewer of contracts would object to, and mending what can be mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from avrorpc.schema import Json

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
from avrorpc_codegen.diagnostic import Diagnostics, Severity, counted
from avrorpc_codegen.example_files import own_protocols, read_examples
from avrorpc_codegen.explanation import title
from avrorpc_codegen.lint.finding import Finding
from avrorpc_codegen.lint.fixing import Fixed, Project, fix
from avrorpc_codegen.lint.linter import lint
from avrorpc_codegen.lint.rules import LintRule
from avrorpc_codegen.lint.settings import LintConfig, lint_config
from avrorpc_codegen.output import Changes, apply, diff
from avrorpc_codegen.reading import Read, contract_files, read_contracts, search_path
from avrorpc_codegen.source import display_name

_PATH = click.Path(exists=True, path_type=Path)
_SUFFIX = ".avdl"


@click.command("lint")
@click.argument("paths", nargs=-1, type=_PATH)
@include_option
@click.option(
    "--select", multiple=True, metavar="RULES", help="Apply these alone: ids, categories, default, all."
)
@click.option("--ignore", multiple=True, metavar="RULES", help="Leave these out, too.")
@click.option("--fix", "is_fixing", is_flag=True, help="Mend what can be mended safely.")
@click.option("--diff", "is_diff", is_flag=True, help="Show what --fix would change, and write nothing.")
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    help="The least that makes the exit code 1; default: warning.",
)
@click.option("--statistics", is_flag=True, help="Count findings by rule instead of showing them.")
@click.option("--list", "is_list", is_flag=True, help="List the rules, and whether they apply.")
@json_option
def command(
    paths: tuple[Path, ...],
    include: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    is_fixing: bool,
    is_diff: bool,
    fail_on: str | None,
    statistics: bool,
    is_list: bool,
    as_json: bool,
) -> None:
    """Find what a reviewer would object to in the contracts (.avdl) at PATHS, files and folders.

    Without PATHS, those of the project. Settings are in [tool.avrogen.lint] of pyproject.toml. RULES are ids
    such as AVR401 and categories such as naming, with commas between them. `avrogen explain ID` explains.

    A comment ignores a rule for the line that it ends, or for what is declared next:
    // avrogen: ignore AVR401 -- and the reason
    """
    with usage_errors():
        start = paths[0].resolve() if paths else Path.cwd()
        config = load_config(start if start.is_dir() else start.parent)
        settings = lint_config(config.lint, config.root)
        settings = settings.overridden(_split(select), _split(ignore), fail_on)
        if is_list:
            _list_rules(settings, as_json=as_json)
            return
        files = _files(paths or (config.schemas,), settings)
        search = search_path(config.schemas, [*include, *filter(Path.is_dir, paths)])
        project = Project(files, search, settings, config.schemas)
        diagnostics = Diagnostics()
        read = read_contracts(project.files, project.search, diagnostics)
        if not diagnostics.has_errors:
            read_examples(own_protocols(read), read.contracts, diagnostics)
        if diagnostics.has_errors:
            show(diagnostics, as_json=as_json)
        fixed = fix(project, read) if is_fixing or is_diff else _unchanged(project, read)
        changes = Changes(write=fixed.texts)
        if not is_diff:
            apply(changes)
        diagnostics.items += [finding.diagnostic for finding in fixed.left]
        if as_json:
            print_json(diagnostics, **_result(fixed))
        else:
            _show(diagnostics, fixed, changes, statistics=statistics, is_diff=is_diff, files=len(files))
        if (is_diff and changes) or _fails(fixed.left, settings.fail_on):
            end(FINDINGS)


def _split(values: Iterable[str]) -> list[str]:
    return [word for value in values for word in value.replace(",", " ").split()]


def _files(paths: Sequence[Path], config: LintConfig) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise click.UsageError(
                f"there is no folder {display_name(path)}; name the files or the folder of the contracts"
            )
        if not path.is_dir() and path.suffix != _SUFFIX:
            raise click.UsageError(f"{path} is not Avro IDL ({_SUFFIX}); lint reads nothing else")
        found += [file for file in contract_files([path]) if file.suffix == _SUFFIX]
    files = [file for file in dict.fromkeys(found) if not config.is_excluded(file)]
    if not files:
        where = ", ".join(map(display_name, paths))
        left_out = f"; {counted(len(found), 'file')} excluded by the settings" if found else ""
        raise click.UsageError(f"there are no contracts ({_SUFFIX}) in {where}{left_out}")
    return files


def _unchanged(project: Project, read: Read) -> Fixed:
    return Fixed(left=lint(read, project.config, project.schemas))


def _fails(findings: Iterable[Finding], least: Severity) -> bool:
    return any(least is Severity.WARNING or item.diagnostic.severity is least for item in findings)


def _show(
    diagnostics: Diagnostics, fixed: Fixed, changes: Changes, *, statistics: bool, is_diff: bool, files: int
) -> None:
    if is_diff and changes:
        click.echo(diff(changes))
    if statistics:
        for found, count in _counts(fixed.left):
            mendable = "  (--fix)" if found.is_fixable else ""
            click.echo(f"{count:>6}  {found.value}  {title(found)}{mendable}")
    elif diagnostics.items:
        click.echo(diagnostics.render(), err=True)
    if fixed.mended:
        done = "could be mended" if is_diff else "mended"
        places = f"{counted(len(fixed.mended), 'finding')} {done} in {counted(len(fixed.texts), 'file')}"
        click.echo(places, err=True)
    fixable = sum(bool(item.edits) for item in fixed.left)
    if fixable and not fixed.mended:
        click.echo(f"{fixable} of these can be mended by `avrogen lint --fix`", err=True)
    if not diagnostics.items and not fixed.mended:
        click.echo(f"{counted(files, 'contract')}: nothing found")


def _counts(findings: Iterable[Finding]) -> list[tuple[LintRule, int]]:
    counts = Counter(item.rule for item in findings)
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0].value)))


def _result(fixed: Fixed) -> dict[str, Json]:
    return {
        "statistics": {str(rule.value): count for rule, count in _counts(fixed.left)},
        "fixable": sum(bool(item.edits) for item in fixed.left),
        "mended": len(fixed.mended),
        "changed": [display_name(path) for path in fixed.texts],
    }


def _list_rules(config: LintConfig, *, as_json: bool) -> None:
    if as_json:
        rules: list[Json] = [_described(rule, config) for rule in LintRule]
        print_json(Diagnostics(), rules=rules)
        return
    for rule in LintRule:
        applies = config.severity(rule).value if rule in config.rules else "off"
        fixable = "--fix" if rule.is_fixable else ""
        click.echo(f"{rule.value}  {rule.category.value:<13}  {applies:<7}  {fixable:<5}  {title(rule)}")


def _described(rule: LintRule, config: LintConfig) -> Json:
    return {
        "id": str(rule.value),
        "title": title(rule),
        "category": rule.category.value,
        "severity": config.severity(rule).value,
        "applies": rule in config.rules,
        "is_default": rule.is_default,
        "is_fixable": rule.is_fixable,
    }
