"""`avrogen certs`: certificates for development, and what to write so that they are used."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command("certs")
@click.argument("folder", metavar="[DIR]", default="certs", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", "names", multiple=True, metavar="HOST", help="A name or IP address of the server.")
@click.option("--client", "clients", multiple=True, metavar="NAME", help="A client to certify.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="How long they are valid."
)
@click.option("--force", is_flag=True, help="Make those anew that are there; the authority stays.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    folder: Path, names: tuple[str, ...], clients: tuple[str, ...], days: int, force: bool, as_json: bool
) -> None:
    """Make certificates for development in DIR: a private CA, and what it signs for a server and clients.

    By default DIR is `certs`, the server is called localhost, 127.0.0.1 and ::1, and there is one client,
    `client`. A client's certificate names it spiffe://avrorpc.local/NAME. A CA that is there is used again.

    \b
    Example:
      avrogen certs --name node-02 --client trainer --client desk
    """
    try:
        from avrorpc_codegen.certificates import (  # noqa: PLC0415 - an extra brings what it needs
            SERVER_NAMES,
            CertificateError,
            Folder,
        )
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "cryptography":
            raise
        raise click.ClickException(
            "this needs the package cryptography: pip install 'avrorpc[certs]'"
        ) from error
    # What was not asked for by name stays as it is.
    keep = [*([] if names else ["server"]), *([] if clients else ["client"])]
    clients = clients or ("client",)
    made = Folder(folder, days=days, force=force)
    try:
        made.write(dict.fromkeys([*SERVER_NAMES, *names]), clients, keep)
    except CertificateError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot write {error.filename}: {error.strerror}") from error
    ca, cert, key = made.certificate("ca"), made.certificate("server"), made.key("server")
    serve = f"--tls 127.0.0.1:9443 --cert {cert} --key {key} --client-ca {ca}"
    connect = {
        client: f"tls://localhost:9443?ca={ca}&cert={made.certificate(client)}&key={made.key(client)}"
        for client in clients
    }
    if as_json:
        document = {
            "written": [str(path) for path in made.written],
            "reused": [str(path) for path in made.reused],
            "serve": serve,
            "connect": connect,
        }
        click.echo(json.dumps(document, indent=2))
        return
    for path in made.reused:
        click.echo(f"  {path}  (there before)")
    for path in made.written:
        click.echo(f"  {path}")
    click.echo(f"\nServe with\n\n  avrogen serve MODULE:FACTORY {serve}\n\nand connect to")
    for client, url in connect.items():
        click.echo(f"\n  {url}" + ("" if len(connect) == 1 else f"  (as {client})"))
