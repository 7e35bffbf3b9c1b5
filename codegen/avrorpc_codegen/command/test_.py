"""`avrogen test`: hold any service to its contract, in every placement."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
from avrorpc import BindError, RemoteProtocolError
from avrorpc.client.fetching import fetch_contract, list_services
from avrorpc.examples import BadExamples
from avrorpc.testing.conformance import (
    CHECKS,
    PLACEMENTS,
    SECURE,
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
from avrorpc.testing.conformance.running import UNTRIED, Progress
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from avrorpc_codegen.command.contract_examples import read_example_files
from avrorpc_codegen.command.factories import make
from avrorpc_codegen.command.reaching import failures, token_option
from avrorpc_codegen.command.reporting import usage_errors
from avrorpc_codegen.config import load_config

SECONDS: Final = 10.0
"""How long a server may take to show its contracts."""


@click.command("test")
@click.argument("target", metavar="TARGET_OR_URL", required=False)
@click.option("--contract", metavar="NAME", help="The full name of the one protocol to test; by default all.")
@click.option(
    "--placements", metavar="NAMES", help=f"Where, with commas between; by default {','.join(PLACEMENTS)}."
)
@click.option(
    "--schemas",
    type=click.Path(exists=True, path_type=Path),
    metavar="DIR",
    help="Where contracts lie beside the files that their @examples name; by default the project's folder.",
)
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="How many calls to draw for each message.",
)
@click.option("--seed", default=0, show_default=True, help="Which calls are drawn.")
@click.option("--cases", type=click.Path(), metavar="FILE", help="Calls to make besides; see above.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="NAME",
    help="Make the examples of this variant, too; an implementation states its own.",
)
@click.option("--all", "everything", is_flag=True, help="Draw calls for messages with side effects, too.")
@click.option(
    "--limit",
    type=click.FloatRange(0, min_open=True),
    default=2.0,
    show_default=True,
    help="Seconds after which a call counts as slow.",
)
@token_option
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--junit", type=click.Path(), metavar="FILE", help="Write the report as JUnit's XML, too.")
@click.option("--list", "listing", is_flag=True, help="List the checks.")
@click.option("-v", "--verbose", is_flag=True, help="Say why checks were skipped, and log what services log.")
def command(
    target: str | None,
    contract: str | None,
    placements: str | None,
    schemas: Path | None,
    examples: int,
    seed: int,
    cases: str | None,
    variants: tuple[str, ...],
    everything: bool,
    limit: float,
    identity: dict[str, bytes],
    as_json: bool,
    junit: str | None,
    listing: bool,
    verbose: bool,
) -> None:
    """Check that a service keeps its contract.

    TARGET is MODULE:FACTORY, an implementation, its class, or a function that makes one: it is run in every
    placement. A URL is a server, of which only the answers can be seen; it shows its contracts itself.

    Calls are drawn from the contract's types, and those that its @examples state are made, too. Messages that
    are neither @readonly nor @idempotent are called only with --all, for the cases given, and, of a TARGET,
    for its examples.

    --cases names a JSON file: an object with a list of calls for each message, each an object with the
    arguments by name; what is sent as a stream is a list.

    \b
    Exit codes: 0 fine, 1 findings, 2 wrong usage, 3 the server refused or failed,
    4 it cannot be reached.

    \b
    Examples:
      avrogen test avrorpc_services:byte_tokenizer
      avrogen test tcp://127.0.0.1:9000 --contract llm.Tokenizer --json
    """
    if listing:
        _list_checks()
        return
    if target is None:
        raise click.UsageError("name what is to be tested: MODULE:FACTORY, or a URL")
    if junit and not Path(junit).absolute().parent.is_dir():
        raise click.UsageError(f"cannot write {junit}: there is no such folder")
    is_url = "://" in target or target.startswith("unix:")
    wanted = tuple(name.strip() for name in (placements or "").split(",") if name.strip())
    given = _read_cases(cases) if cases else None
    with failures():
        subjects = _served(target, contract, identity) if is_url else _made(target, contract)
        _check_cases(given or {}, subjects, target)
        _add_examples(subjects, schemas)
        with (
            _logging(shown=verbose),
            _certificates(wanted, is_used=not is_url) as certificates,
            _progress(hidden=as_json or not sys.stderr.isatty()) as progress,
        ):
            options = Options(
                placements=wanted,
                certificates=certificates,
                examples=examples,
                seed=seed,
                limit=limit,
                everything=everything,
                variants=frozenset(variants),
                cases=given,
            )
            try:
                report = check(subjects, options, progress)
            except ModuleNotFoundError as error:
                raise click.UsageError(str(error)) from error
    if junit:
        with usage_errors():
            Path(junit).write_text(report.junit(), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(report.json(), ensure_ascii=False, indent=2))
    else:
        _show(report, verbose=verbose)
    sys.stdout.flush()
    sys.exit(1 if report.findings else 0)


def _made(target: str, contract: str | None) -> list[Subject]:
    try:
        return subject_of(make(target), contract)
    except BindError as error:
        raise click.UsageError(f"{target}: {error}") from error
    except click.UsageError:
        raise
    except click.ClickException as error:  # 1 is for findings
        raise click.UsageError(error.message) from error


def _served(url: str, contract: str | None, identity: dict[str, bytes]) -> list[Subject]:
    """Return the protocols that a server tells of, or the one that is asked for.

    Raises:
        UsageError: It has not that one, or does not tell.
        RpcError: It cannot be asked.
    """
    names = [contract]
    if contract is None:
        found = list_services(url, timeout=SECONDS, metadata=identity)
        names = [service.name for service in found.services]
        if found.by == "handshake":
            shown = f"; its handshake shows {names[0]}" if names else ""
            raise click.UsageError(
                f"{url} offers no avrorpc.Introspection, which says what is served:"
                f" name a protocol with --contract NAME{shown}"
            )
    try:
        return [
            remote_subject(
                url, fetch_contract(url, name, timeout=SECONDS, metadata=identity), metadata=identity
            )
            for name in names
            if name is not None
        ]
    except RemoteProtocolError as error:
        raise click.UsageError(str(error)) from error


def _check_cases(cases: Cases, subjects: list[Subject], target: str) -> None:
    known = {name for subject in subjects for name in subject.contract.methods}
    for name in cases:
        if name not in known:
            has = ", ".join(sorted(known))
            raise click.UsageError(
                f"there are cases for {name!r}, which is no message of {target}; it has {has}"
            )


def _add_examples(subjects: list[Subject], schemas: Path | None) -> None:
    """Add the examples in files beside the contracts."""
    with usage_errors():
        folder = schemas or load_config(Path.cwd()).schemas
        try:
            found = read_example_files([subject.contract for subject in subjects], folder)
        except BadExamples as error:
            raise click.UsageError(f"the examples of the contract cannot be used: {error}") from error
    for subject in subjects:
        subject.examples.update(found.cases.get(subject.contract.name, {}))
    if found.unknown:
        click.echo(
            f"note: {', '.join(found.unknown)}: the files that @examples names are not at hand,"
            f" since the sources are not in {folder}; name their folder with --schemas",
            err=True,
        )


@contextmanager
def _certificates(wanted: tuple[str, ...], *, is_used: bool) -> Iterator[Path | None]:
    """Make certificates for as long as the block lasts, where placements need them."""
    secure = [name for name in wanted if name in SECURE]
    if not is_used or (wanted and not secure):
        yield None
        return
    try:
        from avrorpc_codegen.certificates import SERVER_NAMES, Folder  # noqa: PLC0415 - an extra brings it
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "cryptography":
            raise
        missing = "need the package cryptography: pip install 'avrorpc[certs]'"
        if secure:
            raise click.UsageError(f"the placements {', '.join(secure)} {missing}") from error
        click.echo(f"note: not checked in {', '.join(SECURE)}, which {missing}", err=True)
        yield None
        return
    with TemporaryDirectory(prefix="avrorpc-") as made:
        Folder(Path(made), days=1, force=False).write(SERVER_NAMES, ())
        yield Path(made)


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
        task = bar.add_task("", total=None)
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
    console.print()
    if verbose:
        reasons: dict[tuple[str, str], list[str]] = {}
        for result in report.results:
            if result.verdict is Verdict.SKIPPED and result.detail != UNTRIED:
                reasons.setdefault((result.message or result.contract, result.detail), []).append(
                    result.check
                )
        for (where, reason), checks in reasons.items():
            console.print(Text(f"skipped {where}: {', '.join(checks)}: {reason}"), soft_wrap=True)
    uncalled = dict.fromkeys(str(one.message) for one in report.results if one.detail == UNTRIED)
    if uncalled:
        text = f"not called, since they may have side effects: {', '.join(uncalled)}; see --all and --cases"
        console.print(Text(text), soft_wrap=True)
    counts = ", ".join(f"{report.count(verdict)} {verdict.value}" for verdict in Verdict)
    passed = not report.findings
    summary = Text.assemble(
        ("PASSED" if passed else "FAILED", "bold green" if passed else "bold red"),
        f": {counts} in {', '.join(report.placements)} (seed {report.seed})",
    )
    console.print(summary, soft_wrap=True)
    if report.count(Verdict.SKIPPED) and not verbose:
        console.print(Text("-v says why checks were skipped"), style="dim")


def _list_checks() -> None:
    width = max(len(one.name) for one in CHECKS)
    for one in (UNKNOWN_MESSAGE, *CHECKS):
        click.echo(f"{one.name:{max(width, len(UNKNOWN_MESSAGE.name))}}  {one.sentence}")
