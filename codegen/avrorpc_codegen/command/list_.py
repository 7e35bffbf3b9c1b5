"""`avrogen list`: what a running server serves."""

from __future__ import annotations

import json
import sys

import click
import msgspec
from avrorpc.client.fetching import Listing, list_services

from avrorpc_codegen.command.reaching import failures, timeout_option, token_option
from avrorpc_codegen.command.reporting import json_option


@click.command("list")
@click.argument("url")
@timeout_option
@token_option
@json_option
def command(url: str, timeout: float, identity: dict[str, bytes], as_json: bool) -> None:
    """List the protocols that the server at URL serves.

    Servers of avrorpc tell all of them. Another Avro server shows its one protocol in the handshake.

    In a pipe each line has three fields with tabs between them: name, hash, and the number of messages.

    \b
    Exit codes: 0 fine, 2 wrong usage, 3 the server refused or failed, 4 it cannot be reached.

    \b
    Example:
      avrogen list tcp://127.0.0.1:9000
    """
    with failures():
        found = list_services(url, timeout=timeout, metadata=identity)
    if as_json:
        click.echo(json.dumps(to_json(url, found), indent=2, ensure_ascii=False))
        return
    width = max((len(service.name) for service in found.services), default=0)
    for service in found.services:
        count = len(service.messages)
        if sys.stdout.isatty():
            about = service.doc.partition("\n")[0]
            number = f"{count} message{'s' if count != 1 else ''}"
            click.echo(f"{service.name:{width}}  {service.hash[:12]}  {number:11}  {about}".rstrip())
        else:
            click.echo(f"{service.name}\t{service.hash}\t{count}")
    if found.by == "handshake":
        remark(url)


def to_json(url: str, found: Listing) -> dict[str, object]:
    """Return what a server serves, and how that is known."""
    return {"url": url, "by": found.by, "services": msgspec.to_builtins(found.services)}


def remark(url: str) -> None:
    """Say that there may be more than a handshake shows."""
    text = f"{url} does not serve avrorpc.Introspection: this is the one protocol that its handshake shows"
    click.echo(f"note: {text}", err=True)
