"""`avrogen health`: how a running server fares; its exit code is for probes."""

from __future__ import annotations

import json

import click
import msgspec
from avrorpc import ContractMismatch, connect
from avrorpc.client.fetching import suggestion
from avrorpc.contracts import HealthReport, IntrospectionClient, NotServed, ServingStatus

from avrorpc_codegen.command.reaching import completer, failures, timeout_option, token_option
from avrorpc_codegen.command.reporting import FINDINGS, end, json_option


@click.command("health")
@click.argument("url")
@click.argument("service", required=False, default="", shell_complete=completer(messages=False))
@click.option("--live", is_flag=True, help="Ask only whether the process works, as a liveness probe does.")
@click.option("--watch", is_flag=True, help="Print each change as a line, until Ctrl-C.")
@timeout_option
@token_option
@json_option
def command(
    url: str,
    service: str,
    live: bool,
    watch: bool,
    timeout: float,
    identity: dict[str, bytes],
    as_json: bool,
) -> None:
    """Say whether the server at URL takes calls, or SERVICE there does.

    A server that drains or loads is live and not ready. Implementations with a method `health` are asked.

    \b
    Exit codes: 0 it takes calls (with --live, the process works), 1 it does not, 2 wrong usage,
    3 the server refused or failed, 4 it cannot be reached.

    \b
    Example:
      avrogen health tcp://127.0.0.1:9000 llm.Model
    """
    wait = None if watch else timeout
    with failures(), connect(IntrospectionClient, url, timeout=wait, metadata=identity) as client:
        try:
            if watch:
                for report in client.watch(service=service):
                    _print(report, service, as_json=as_json, on_one_line=True)
                end(FINDINGS)  # it ends with the server
            report = client.health(service=service)
        except NotServed as error:
            text = f"{url} does not serve {error.name}; {suggestion(error.name, error.served)}"
            raise click.UsageError(text) from error
        except ContractMismatch as error:
            report = HealthReport(
                status=ServingStatus.UNKNOWN,
                text=f"it answers, but: {error}",
                live=True,
                ready=False,
                services=[],
            )
    _print(report, service, as_json=as_json, on_one_line=False)
    if not (report.live if live else report.ready):
        end(FINDINGS)


def _print(report: HealthReport, service: str, *, as_json: bool, on_one_line: bool) -> None:
    if as_json:
        plain = msgspec.to_builtins(report)
        click.echo(json.dumps(plain, indent=None if on_one_line else 2, ensure_ascii=False))
        return
    click.echo(f"{report.status.value}{f' ({report.text})' if report.text else ''}")
    if service or on_one_line:
        return
    for item in report.services:
        click.echo(f"  {item.name}: {item.status.value}{f' ({item.text})' if item.text else ''}")
