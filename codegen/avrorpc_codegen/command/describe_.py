"""`avrogen describe`: contracts of a running server as IDL, and how a local version gets on with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from avrorpc.client.dynamic import DynamicClient
from avrorpc.client.fetching import suggestion
from avrorpc.method import Contract
from avrorpc.outline import signature
from avrorpc.schema import (
    Json,
    MessageVerdict,
    Protocol,
    Schema,
    Verdict,
    compare_protocols,
    fingerprint,
    protocol_to_json,
    reachable,
    short_name,
)

from avrorpc_codegen.command.list_ import remark, to_json
from avrorpc_codegen.command.reaching import FAILED, completer, fail, failures, timeout_option, token_option
from avrorpc_codegen.command.reporting import FINDINGS, end, json_option, show, usage_errors
from avrorpc_codegen.config import load_config
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.idl_output import as_idl
from avrorpc_codegen.reading import read_contracts, search_path


@click.command("describe")
@click.argument("url")
@click.argument(
    "name", metavar="[PROTOCOL[.MESSAGE]]", required=False, shell_complete=completer(messages=True)
)
@click.option(
    "--against",
    metavar="FILE|DIR",
    type=click.Path(exists=True, path_type=Path),
    help="Say how clients with these contracts get on with the server.",
)
@timeout_option
@token_option
@json_option
def command(
    url: str,
    name: str | None,
    against: Path | None,
    timeout: float,
    identity: dict[str, bytes],
    as_json: bool,
) -> None:
    """Describe what the server at URL serves: all of it, one protocol, one message, or one type.

    A protocol is shown as Avro IDL with its documentation, its hash, and the fingerprints of its types; a
    message with the types that it needs.

    With --against, the contracts in FILE or below DIR are taken for the clients', and each message is judged:
    it works, works adapted, may fail for some values, is missing, or is refused.

    \b
    Exit codes: 0 fine, 1 with --against, a message of the clients' that may fail, is missing or refused,
    2 wrong usage, 3 the server refused or failed, 4 it cannot be reached.

    \b
    Examples:
      avrogen describe tcp://127.0.0.1:9000
      avrogen describe tcp://127.0.0.1:9000 llm.Tokenizer.tokenize
      avrogen describe tcp://127.0.0.1:9000 llm.Tokenizer --against schemas
    """
    with failures(), DynamicClient(url, timeout=timeout, metadata=identity) as client:
        if name is None and against is None:
            _all(url, client, as_json=as_json)
            return
        contracts, message, shown = _find(url, client, name)
    if against is not None:
        _judge(contracts, message, against, as_json=as_json)
    elif as_json:
        click.echo(json.dumps(_json(contracts[0], message, shown), indent=2, ensure_ascii=False))
    else:
        _show(url, contracts[0], message, shown)


def _all(url: str, client: DynamicClient, *, as_json: bool) -> None:
    """Show every protocol in outline."""
    found = client.listing()
    if as_json:
        click.echo(json.dumps(to_json(url, found), indent=2, ensure_ascii=False))
        return
    for number, service in enumerate(found.services):
        click.echo(("\n" if number else "") + f"{service.name}  {service.hash}")
        if service.doc:
            click.echo(f"  {service.doc.partition(chr(10))[0]}")
        for method in client.contract(service.name).methods.values():
            click.echo(f"    {signature(method)}")
    if found.by == "handshake":
        remark(url)


def _find(
    url: str, client: DynamicClient, name: str | None
) -> tuple[list[Contract], str | None, Schema | None]:
    """Return the contract that a name is of, or all contracts, and the message or the type that it names."""
    names = [*client.services(), "avrorpc.Introspection"]
    if name is None:
        return [client.contract(service) for service in names[:-1]], None, None
    if name in names:
        return [client.contract(name)], None, None
    protocol, _, message = name.rpartition(".")
    if protocol in names and message in client.contract(protocol).methods:
        return [client.contract(protocol)], message, None
    for service in names[:-1]:
        contract = client.contract(service)
        for named in contract.protocol.types:
            if name in (named.name, f"{service}.{short_name(named.name)}"):
                return [contract], None, named
    if protocol in names:
        hint = suggestion(message, client.contract(protocol).methods)
        raise click.UsageError(f"{protocol} has no message {message!r}; {hint}")
    problem = f"{url} does not serve {name}; {suggestion(name, names[:-1])}"
    return fail(problem, FAILED)


def _show(url: str, contract: Contract, message: str | None, shown: Schema | None) -> None:
    protocol = _part(contract.protocol, message, shown)
    diagnostics = Diagnostics()
    text = as_idl(protocol, contract.name, diagnostics)
    lines = [f"// {contract.name} at {url}", f"// hash {contract.hash.hex()}"]
    lines += [f"// {named.name} crc64 {fingerprint(named).hex()}" for named in protocol.types]
    show(diagnostics)
    click.echo("\n".join(lines))
    click.echo(text, nl=False)


def _part(protocol: Protocol, message: str | None, shown: Schema | None) -> Protocol:
    """Return a protocol without what is not asked for."""
    if message is None and shown is None:
        return protocol
    kept = [] if message is None else [protocol.messages[message]]
    roots: list[Schema] = [] if shown is None else [shown]
    for item in kept:
        roots += [*(field.type for field in item.request), item.response, *item.errors]
    needed = {named.name for named in reachable(roots)}
    types = [named for named in protocol.types if named.name in needed]
    return Protocol(
        protocol.name, types, {item.name: item for item in kept}, doc=protocol.doc, props=protocol.props
    )


def _json(contract: Contract, message: str | None, shown: Schema | None) -> dict[str, Any]:
    protocol = _part(contract.protocol, message, shown)
    return {
        "name": contract.name,
        "hash": contract.hash.hex(),
        "fingerprints": {named.name: fingerprint(named).hex() for named in protocol.types},
        "protocol": protocol_to_json(protocol),
    }


def _judge(contracts: list[Contract], message: str | None, against: Path, *, as_json: bool) -> None:
    """Show what becomes of each message between local contracts and the server's."""
    local = _local(against, as_json=as_json)
    pairs = [(contract, local[contract.name]) for contract in contracts if contract.name in local]
    if not pairs:
        known = ", ".join(local) or "no protocol"
        asked = ", ".join(contract.name for contract in contracts)
        raise click.UsageError(f"{against} has {known}, and not {asked}")
    out: dict[str, Json] = {}
    is_bad = False
    for contract, ours in pairs:
        verdicts = compare_protocols(ours, contract.protocol)
        chosen = [item for name, item in verdicts.items() if message in (None, name)]
        if not chosen:
            raise click.UsageError(f"neither version of {contract.name} has a message {message!r}")
        is_bad |= any(item.message in ours.messages and _is_bad(item) for item in chosen)
        out[contract.name] = {item.message: _verdict_json(item) for item in chosen}
        if not as_json:
            click.echo(f"{contract.name}: clients as in {against}, server {contract.hash.hex()[:12]}")
            for item in chosen:
                click.echo("\n".join(f"  {line}" for line in str(item).splitlines()))
    if as_json:
        click.echo(json.dumps({"verdicts": out}, indent=2, ensure_ascii=False))
    if is_bad:
        end(FINDINGS)


def _is_bad(item: MessageVerdict) -> bool:
    return item.verdict not in (Verdict.WORKS, Verdict.ADAPTED)


def _verdict_json(item: MessageVerdict) -> Json:
    reasons: list[Json] = [
        {"verdict": reason.verdict.value, "place": reason.place, "path": reason.path, "text": reason.text}
        for reason in item.reasons
    ]
    return {"verdict": item.verdict.value, "reasons": reasons}


def _local(path: Path, *, as_json: bool) -> dict[str, Protocol]:
    """Return the protocols that a file declares, or the files below a folder."""
    diagnostics = Diagnostics()
    with usage_errors():
        config = load_config(Path.cwd())
        folders = [path] if path.is_dir() else [path.parent]
        read = read_contracts([path], search_path(config.schemas, folders), diagnostics)
        show(diagnostics, as_json=as_json)
    return {name: declared.protocol for name, declared in read.contracts.protocols.items()}
