"""`avrogen test`: hold any service to its contract, in every placement."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from avrorpc import BindError, EncodeError, RpcError, TransportError
from avrorpc.client.dynamic import fetch_contract
from avrorpc.testing.conformance import (
    CHECKS,
    PLACEMENTS,
    UNKNOWN_MESSAGE,
    Cases,
    Options,
    Report,
    Subject,
    Verdict,
    check,
    remote_subject,
    subject_of,
)
from avrorpc.testing.conformance.running import Progress
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from avrorpc_codegen.command.serve_ import _make

UNREACHABLE = 4


@click.command("test")
@click.argument("target", metavar="TARGET_OR_URL", required=False)
@click.option("--contract", metavar="NAME", help="The protocol's full name; needed for a URL.")
@click.option(
    "--placements", metavar="NAMES", help=f"Where, with commas between; by default {','.join(PLACEMENTS)}."
)
@click.option("--examples", default=10, show_default=True, help="How many calls to draw for each message.")
@click.option("--seed", default=0, show_default=True, help="Which calls are drawn.")
@click.option("--cases", type=click.Path(), metavar="FILE", help="Calls to make besides; see below.")
@click.option("--all", "everything", is_flag=True, help="Draw calls for messages with side effects, too.")
@click.option("--limit", default=2.0, show_default=True, help="Seconds after which a call counts as slow.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write the report as JUnit's XML, too.")
@click.option("--list", "listing", is_flag=True, help="List the checks.")
@click.option("-v", "--verbose", is_flag=True, help="Say why checks were skipped, and log what services log.")
def command(
    target: str | None,
    contract: str | None,
    placements: str | None,
    examples: int,
    seed: int,
    cases: str | None,
    everything: bool,
    limit: float,
    as_json: bool,
    junit: str | None,
    listing: bool,
    verbose: bool,
) -> None:
    """Check that a service keeps its contract.

    TARGET is MODULE:FACTORY, an implementation, its class, or a function that makes one: it is run in every
    placement. A URL is a server, of which only the answers can be seen.

    Messages that are neither @readonly nor @idempotent are called only with --all, or for the cases given.
    --cases names a JSON file: an object with a list of calls for each message, each an object with the
    arguments by name; what is sent as a stream is a list.

    \b
    Exit codes: 0 fine, 1 findings, 2 wrong usage, 4 the server cannot be reached.

    \b
    Example:
      avrogen test avrorpc_services:byte_tokenizer
      avrogen test tcp://127.0.0.1:9000 --contract llm.Tokenizer --json
    """
    if listing:
        _list_checks()
        return
    if target is None:
        raise click.UsageError("name what is to be tested: MODULE:FACTORY, or a URL")
    options = Options(
        placements=tuple(name for name in (placements or "").split(",") if name),
        examples=examples,
        seed=seed,
        limit=limit,
        everything=everything,
        cases=_read_cases(cases) if cases else None,
    )
    try:
        subjects = _subjects(target, contract, options)
        with _logging(shown=verbose), _progress(hidden=as_json or not sys.stderr.isatty()) as progress:
            report = check(subjects, options, progress)
    except (BindError, EncodeError) as error:
        raise click.UsageError(str(error)) from error
    except TransportError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(UNREACHABLE)
    except ModuleNotFoundError as error:
        raise click.UsageError(str(error)) from error
    if junit:
        Path(junit).write_text(report.junit(), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(report.json(), ensure_ascii=False, indent=2))
    else:
        _show(report, verbose=verbose)
    sys.stdout.flush()
    sys.exit(1 if report.findings else 0)


def _subjects(target: str, contract: str | None, options: Options) -> list[Subject]:
    if "://" not in target:
        subjects = subject_of(_make(target), contract)
    else:
        if contract is None:
            raise click.UsageError("a URL needs --contract NAME, the full name of the protocol to test there")
        try:
            subjects = [remote_subject(target, fetch_contract(target, contract, timeout=10.0))]
        except TransportError:
            raise
        except RpcError as error:
            raise click.UsageError(str(error)) from error
    known = {name for subject in subjects for name in subject.contract.methods}
    for name in options.cases or {}:
        if name not in known:
            raise click.UsageError(f"there are cases for {name!r}, which is no message of {target}")
    return subjects


def _read_cases(path: str) -> Cases:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"cannot read {path}: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(calls, list) for calls in found.values()):
        raise click.UsageError(f'{path} must be an object such as {{"find": [{{"key": "a"}}]}}')
    return found


@contextmanager
def _logging(*, shown: bool) -> Iterator[None]:
    """Keep quiet about the failures that are provoked."""
    logger = logging.getLogger("avrorpc")
    before = logger.level
    if not shown:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _progress(*, hidden: bool) -> Iterator[Progress | None]:
    if hidden:
        yield None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


def _show(report: Report, *, verbose: bool) -> None:
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
    for finding in report.findings:
        where = f"{finding.contract}.{finding.message}" if finding.message else finding.contract
        console.print(Text.assemble((finding.check, "bold red"), "  ", (where, "bold")), soft_wrap=True)
        console.print(Text(f"  {finding.sentence}"), style="dim", soft_wrap=True)
        said = [finding.detail]
        if finding.placement is not None:
            said.append(f"in {finding.placement}")
        if finding.arguments is not None:
            said.append(f"with {json.dumps(finding.arguments, ensure_ascii=False)}")
        console.print(Text("".join(f"  {line}\n" for line in said)), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for heading in ("message", "passed", "failed", "skipped"):
        table.add_column(heading, justify="left" if heading == "message" else "right")
    rows: dict[tuple[str, str | None], dict[Verdict, int]] = {}
    for result in report.results:
        row = rows.setdefault((result.contract, result.message), dict.fromkeys(Verdict, 0))
        row[result.verdict] += 1
    for (contract, message), row in rows.items():
        failed = Text(str(row[Verdict.FAILED]), style="bold red" if row[Verdict.FAILED] else "")
        name = f"{contract}.{message}" if message else contract
        table.add_row(name, str(row[Verdict.PASSED]), failed, str(row[Verdict.SKIPPED]))
    console.print(table)
    if verbose:
        for result in report.results:
            if result.verdict is Verdict.SKIPPED:
                console.print(
                    Text(f"skipped {result.message or result.contract}: {result.check}: {result.detail}")
                )
    total = ", ".join(f"{report.count(verdict)} {verdict.value}" for verdict in Verdict)
    console.print(Text(f"\n{total} in {', '.join(report.placements)} (seed {report.seed})"))


def _list_checks() -> None:
    width = max(len(one.name) for one in CHECKS)
    for one in (UNKNOWN_MESSAGE, *CHECKS):
        click.echo(f"{one.name:{max(width, len(UNKNOWN_MESSAGE.name))}}  {one.sentence}")
