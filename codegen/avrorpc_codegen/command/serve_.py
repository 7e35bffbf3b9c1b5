"""`avrogen serve`: run implementations, say when they are ready, and drain when asked to stop."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
import time
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import click
from avrorpc import RpcError, Server
from avrorpc.server.introspection import Access

from avrorpc_codegen.command.factories import make

_ACCESS: Final[dict[str, Access]] = {"on": True, "local": "local", "open": "open", "off": False}

_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.command("serve")
@click.argument("factories", metavar="MODULE:FACTORY...", nargs=-1, required=True)
@click.option(
    "--tcp",
    multiple=True,
    metavar="HOST:PORT",
    help="Listen for TCP; port 0 takes a free one, :PORT is on all interfaces.",
)
@click.option("--http", multiple=True, metavar="HOST:PORT", help="Listen for HTTP; port 0 takes a free one.")
@click.option("--unix", multiple=True, metavar="PATH", help="Listen on a unix socket.")
@click.option("--tls", multiple=True, metavar="HOST:PORT", help="Listen for TCP with TLS; needs --cert.")
@click.option("--https", multiple=True, metavar="HOST:PORT", help="Listen for HTTPS; needs --cert.")
@click.option(
    "--cert", type=_FILE, metavar="FILE", help="The server's certificate (PEM), for --tls and --https."
)
@click.option("--key", type=_FILE, metavar="FILE", help="Its key, where it is not in the same file.")
@click.option(
    "--client-ca",
    "--ca",
    type=_FILE,
    metavar="FILE",
    help="Take clients only whose certificate one of these authorities has signed.",
)
@click.option(
    "--framing",
    type=click.Choice(["netty", "spec"]),
    default="netty",
    show_default=True,
    help="How messages are framed on TCP, TLS and unix sockets.",
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="How many `def` methods may run at once.",
)
@click.option(
    "--drain",
    type=click.FloatRange(0),
    default=10.0,
    show_default=True,
    help="Seconds for running calls to finish at the end.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say where each method runs.")
@click.option("--expose-cause", is_flag=True, help="Show callers the text of undeclared exceptions.")
@click.option(
    "--introspection",
    type=click.Choice(["on", "local", "open", "off"]),
    default="on",
    show_default=True,
    help="Who is told by avrorpc.Introspection: on, everybody what is served, callers on this host the rest;"
    " local, callers on this host alone; open, everybody everything; off, nobody.",
)
@click.option("--no-browser", is_flag=True, help="Have no API browser at GET / of HTTP addresses.")
def command(
    factories: tuple[str, ...],
    tcp: tuple[str, ...],
    http: tuple[str, ...],
    unix: tuple[str, ...],
    tls: tuple[str, ...],
    https: tuple[str, ...],
    cert: Path | None,
    key: Path | None,
    client_ca: Path | None,
    framing: str,
    threads: int,
    drain: float,
    verbose: bool,
    expose_cause: bool,
    introspection: str,
    no_browser: bool,
) -> None:
    """Serve implementations until SIGTERM or Ctrl-C.

    Each MODULE:FACTORY names an implementation, its class, or a function that makes one. Without an address,
    TCP at 127.0.0.1:9000 is taken.

    \b
    Exit codes: 0 it was told to stop, 1 it could not start, 2 wrong usage.

    \b
    Examples:
      avrogen serve avrorpc_services:tokenizer avrorpc_services:model --http 127.0.0.1:8000
      avrogen serve avrorpc_services:tokenizer --tls :9443 --cert server.pem --key server.key
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    urls = [f"tcp://{_host_port(value)}?framing={framing}" for value in tcp]
    urls += [f"http://{_host_port(value)}" for value in http]
    urls += [f"unix:{quote(value)}?framing={framing}" for value in unix]
    shown = _certificates(cert, key, client_ca, is_used=bool(tls or https))
    urls += [f"tls://{_host_port(value)}?{urlencode({'framing': framing, **shown})}" for value in tls]
    urls += [f"https://{_host_port(value)}?{urlencode(shown)}" for value in https]
    services = [make(factory) for factory in factories]
    try:
        server = Server(
            services,
            threads=threads,
            expose_cause=expose_cause,
            introspection=_ACCESS[introspection],
            browser=not no_browser,
        )
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(server, urls or ["tcp://127.0.0.1:9000"], drain, verbose))
    except RpcError as error:
        raise click.ClickException(str(error)) from error


async def _serve(server: Server, urls: list[str], drain: float, verbose: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    try:
        for url in urls:
            await server.listen(url)
        names = ", ".join(served.name for served in server.services)
        if verbose:
            click.echo(server.describe(), err=True)
        click.echo(f"ready {' '.join(server.urls)} ({names})")
        sys.stdout.flush()
        await stop.wait()
        click.echo("draining", err=True)
    finally:
        started = time.monotonic()
        await server.close(drain)
    click.echo(f"stopped after {time.monotonic() - started:.1f} s", err=True)


def _host_port(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise click.UsageError(f"{value!r} must be HOST:PORT, such as 127.0.0.1:9000")
    return f"{host}:{port}" if separator else f"127.0.0.1:{port}"


def _certificates(
    cert: Path | None, key: Path | None, client_ca: Path | None, *, is_used: bool
) -> dict[str, str]:
    """Return the options of a URL that name the files."""
    given = {"cert": cert, "key": key, "ca": client_ca}
    if not is_used and any(given.values()):
        raise click.UsageError("--cert, --key and --client-ca are for --tls and --https")
    if is_used and cert is None:
        raise click.UsageError("--tls and --https need --cert and --key; `avrogen certs` makes them")
    return {name: str(path) for name, path in given.items() if path is not None}


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """Return uvloop's event loop where it is installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ModuleNotFoundError:
        return None
    factory: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return factory
