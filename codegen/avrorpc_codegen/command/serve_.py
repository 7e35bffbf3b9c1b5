"""`avrogen serve`: run implementations, say when they are ready, and drain when asked to stop."""

from __future__ import annotations

import asyncio
import datetime
import importlib
import logging
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Final

import click
from avrorpc import RpcError, Server
from avrorpc.server.introspection import Access
from avrorpc.transport.accepted import is_loopback

from avrorpc_codegen.command.certificate_dates import date_warning
from avrorpc_codegen.command.development import RefusalLines, telling_refusals
from avrorpc_codegen.command.factories import make
from avrorpc_codegen.command.reloading import Reloader, Sockets, again, folders_of
from avrorpc_codegen.command.serve_options import (
    DEFAULT,
    Place,
    certificates,
    host_port,
    limits,
    middleware,
    places,
    sockets,
)
from avrorpc_codegen.command.serve_options import rate as parse_rate

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
    help="Take clients only whose certificate one of these authorities has signed; with --token-file, others"
    " need a token.",
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
@click.option(
    "--token-file",
    type=_FILE,
    metavar="FILE",
    help="Take calls only with a bearer token that is in FILE, see `avrogen token`.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Let web pages of this site call by HTTP and WebSocket; * for all sites.",
)
@click.option(
    "--rate",
    metavar="CALLS/TIME",
    help="How many calls each caller has, such as 100/s or 1000/h; more are refused with the time to wait.",
)
@click.option(
    "--limit",
    "limited",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a bound on what clients may send, such as max_calls=64.",
)
@click.option(
    "--mode",
    type=click.Choice(["research", "production"]),
    help="What REST answers: an envelope with metadata and examples, or, by default, the bare result.",
)
@click.option("--research", is_flag=True, help="The same as --mode research.")
@click.option(
    "--dev",
    is_flag=True,
    help="For development: research mode, --expose-cause, and a line on the terminal for each call, and"
    " for each request over REST that is refused.",
)
@click.option(
    "--record",
    type=_FILE,
    metavar="FILE",
    help="Add each call to FILE, as JSON that avrorpc.testing replays.",
)
@click.option("--reload", "reloads", is_flag=True, help="Start anew when the services' files change.")
@click.option("--held", multiple=True, metavar="HOST:PORT=DESCRIPTOR", hidden=True)
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
@click.pass_context
def command(
    context: click.Context,
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
    token_file: Path | None,
    origins: tuple[str, ...],
    rate: str | None,
    limited: tuple[str, ...],
    mode: str | None,
    research: bool,
    dev: bool,
    record: Path | None,
    reloads: bool,
    held: tuple[str, ...],
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
      avrogen serve avrorpc_services:tokenizer --http 8000 --dev --reload
      avrogen serve avrorpc_services:tokenizer --tls :9443 --cert server.pem --token-file tokens
    """
    if research and mode == "production":
        raise click.UsageError("--research and --mode production say the opposite")
    shown = certificates(cert, key, client_ca, is_used=bool(tls or https), has_tokens=token_file is not None)
    where = places(tcp, http, unix, tls, https, framing, shown, sockets(held))
    bounds, rates = limits(limited), None if rate is None else parse_rate(rate)
    if reloads:
        values = {**context.params, "reloads": False}
        if not any((tcp, http, unix, tls, https)):
            values["tcp"] = (DEFAULT,)
        with Sockets() as held_:
            for kind in ("tcp", "http", "tls", "https"):
                values[kind] = tuple(held_.hold(host_port(value)) for value in values[kind])
            values["held"] = held_.named()
            arguments = again(context.command, values)
            sys.exit(Reloader(arguments, folders_of(factories), drain, held_.descriptors()).run())
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    wraps = middleware(
        lines=dev,
        token_file=token_file,
        by_certificate=client_ca is not None,
        rates=rates,
        record=record,
    )
    services = [make(factory) for factory in factories]
    problem = None if cert is None else date_warning(cert, datetime.datetime.now(datetime.UTC))
    if problem is not None:
        click.echo(f"warning: {problem}", err=True)
    try:
        server = Server(
            services,
            limits=bounds,
            threads=threads,
            expose_cause=expose_cause or dev,
            introspection=_ACCESS[introspection],
            middleware=wraps,
            mode="research" if mode == "research" or research or (dev and mode is None) else "production",
            origins=origins,
            browser=not no_browser,
        )
        with (
            telling_refusals(RefusalLines()) if dev else nullcontext(),
            asyncio.Runner(loop_factory=_loop_factory()) as runner,
        ):
            runner.run(
                _serve(
                    server,
                    where,
                    drain,
                    verbose=verbose,
                    has_tokens=token_file is not None,
                    has_browser=not no_browser and introspection != "off",
                )
            )
    except RpcError as error:
        raise click.ClickException(str(error)) from error


async def _serve(
    server: Server,
    where: Sequence[Place],
    drain: float,
    *,
    verbose: bool,
    has_tokens: bool,
    has_browser: bool,
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    try:
        for place in where:
            await server.listen(place.url, tls=place.tls, sock=place.sock)
        names = ", ".join(served.name for served in server.services)
        if verbose:
            click.echo(server.describe(), err=True)
        click.echo(f"ready {' '.join(server.urls)} ({names})")
        sys.stdout.flush()
        _show_pages(server, has_browser=has_browser)
        if has_tokens:
            _warn_of_plain(server.urls)
        await stop.wait()
        click.echo("draining", err=True)
    finally:
        started = time.monotonic()
        await server.close(drain)
    click.echo(f"stopped after {time.monotonic() - started:.1f} s", err=True)


def _show_pages(server: Server, *, has_browser: bool) -> None:
    """Say what a browser or curl can begin with."""
    for url in server.urls:
        if url.startswith(("http:", "https:")):
            place = url.partition("?")[0]
            click.echo(f"  REST at {place}, described by {place}/openapi.json", err=True)
            if has_browser:
                click.echo(f"  API browser at {place}/", err=True)


def _warn_of_plain(urls: Sequence[str]) -> None:
    """Say where tokens can be read on their way."""
    for url in urls:
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0].partition("?")[0].rpartition(":")[0].strip("[]")
        if scheme in ("tcp", "http") and host != "localhost" and not is_loopback(host):
            click.echo(f"warning: tokens travel readably to {url}; --tls and --https hide them", err=True)


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    """Return uvloop's event loop where it is installed."""
    try:
        uvloop = importlib.import_module("uvloop")
    except ModuleNotFoundError:
        return None
    factory: type[asyncio.AbstractEventLoop] = uvloop.Loop
    return factory
