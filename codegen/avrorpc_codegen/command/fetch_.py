"""`avrogen fetch`: contracts of a running server as files, to be generated from like any others."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Final

import click
from avrorpc.client.dynamic import DynamicClient
from avrorpc.method import Contract
from avrorpc.schema import namespace_of, short_name

from avrorpc_codegen.command.list_ import remark
from avrorpc_codegen.command.reaching import completer, failures, timeout_option, token_option
from avrorpc_codegen.command.reporting import json_option, show, usage_errors
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.idl_output import as_idl
from avrorpc_codegen.json_output import as_text
from avrorpc_codegen.output import write_whole

FORMATS: Final = ("avdl", "avpr")


@click.command("fetch")
@click.argument("url")
@click.argument("protocol", required=False, shell_complete=completer(messages=False))
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Where files go."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="avdl",
    show_default=True,
    help="Avro IDL, or the JSON that every Avro library reads.",
)
@timeout_option
@token_option
@json_option
def command(
    url: str,
    protocol: str | None,
    output: Path | None,
    form: str,
    timeout: float,
    identity: dict[str, bytes],
    as_json: bool,
) -> None:
    """Fetch contracts from the server at URL: PROTOCOL, or all that it tells of.

    With -o, each goes to a file by its name, such as DIR/llm/tokenizer.avdl; without, one goes to standard
    output. What is fetched has the server's hash when it is compiled.

    \b
    Exit codes: 0 fine, 1 a contract that IDL cannot say, 2 wrong usage, 3 the server refused or failed,
    4 it cannot be reached.

    \b
    Example:
      avrogen fetch tcp://127.0.0.1:9000 -o schemas
    """
    with failures(), DynamicClient(url, timeout=timeout, metadata=identity) as client:
        names = [protocol]
        is_partial = False
        if protocol is None:
            found = client.listing()
            names, is_partial = [service.name for service in found.services], found.by == "handshake"
        contracts = [client.contract(name) for name in names if name is not None]
    if output is None and not as_json and len(contracts) > 1:
        listed = ", ".join(contract.name for contract in contracts)
        raise click.UsageError(f"the server has {listed}: name one of them, or a folder with -o DIR")
    diagnostics = Diagnostics()
    texts = {contract.name: _text(contract, form, diagnostics) for contract in contracts}
    show(diagnostics, as_json=as_json)
    files: dict[str, str] = {}
    if output is not None:
        with usage_errors():
            for name, text in texts.items():
                path = output / _path(name, form)
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, text)
                files[name] = path.as_posix()
    if as_json:
        result = [
            {"name": contract.name, "hash": contract.hash.hex(), "file": files.get(contract.name)}
            | ({} if output else {"text": texts[contract.name]})
            for contract in contracts
        ]
        click.echo(json.dumps({"url": url, "contracts": result}, indent=2, ensure_ascii=False))
    elif output is None:
        sys.stdout.buffer.write(next(iter(texts.values())).encode())
    else:
        for contract in contracts:
            click.echo(f"wrote {files[contract.name]} ({contract.hash.hex()[:12]})", err=True)
    if is_partial and not as_json:
        remark(url)


def _text(contract: Contract, form: str, diagnostics: Diagnostics) -> str:
    if form == "avpr":
        return as_text(json.loads(contract.text))
    return as_idl(contract.protocol, contract.name, diagnostics) or ""


def _path(name: str, form: str) -> Path:
    """Return where a protocol lies below a folder of schemas."""
    stem = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", short_name(name)).lower()
    return Path(*namespace_of(name).split("."), f"{stem}.{form}")
