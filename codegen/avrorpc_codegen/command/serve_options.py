"""What `avrogen serve` makes of its options: addresses, limits, rates, and the middleware of all calls."""

from __future__ import annotations

import dataclasses
import difflib
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_type_hints
from urllib.parse import quote

import click
from avrorpc import BindError, Limits, Tls
from avrorpc.middleware import Authentication, RateLimit, TokenFile
from avrorpc.schema.openapi_options import Scheme
from avrorpc.service import Middleware
from avrorpc.testing.recording import Recorder

from avrorpc_codegen.command.development import CallLines, for_services

DEFAULT: Final = "127.0.0.1:9000"
"""Where TCP is listened for, where nothing else is said."""
_RATE: Final = re.compile(r"(\d{1,9})/(\d{0,9}(?:\.\d{1,6})?)(ms|s|m|h|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(slots=True, frozen=True)
class Place:
    """An address to listen on."""

    url: str
    """What `Server.listen` takes."""
    tls: Tls | None = None
    """What TLS shows and demands there."""
    sock: socket.socket | None = None
    """What has the address already."""


def places(
    tcp: Sequence[str],
    http: Sequence[str],
    unix: Sequence[str],
    tls: Sequence[str],
    https: Sequence[str],
    framing: str,
    shown: Tls | None,
    held: Mapping[str, socket.socket] | None = None,
) -> list[Place]:
    """Return the addresses, by their kind and in the order in which they were given.

    Args:
        tcp: `HOST:PORT` of each.
        http: Of each.
        unix: The path of each.
        tls: `HOST:PORT` of each.
        https: Of each.
        framing: How messages are framed.
        shown: What TLS shows and demands.
        held: What has some of the `HOST:PORT` already.

    Raises:
        UsageError: One of them is none, or needs a certificate.
    """
    if (tls or https) and shown is None:
        raise click.UsageError("--tls and --https need --cert and --key; `avrogen certs` makes them")
    framed, socks = f"?framing={framing}", held or {}

    def at(scheme: str, values: Sequence[str], query: str = "", own: Tls | None = None) -> Iterator[Place]:
        for value in map(host_port, values):
            yield Place(f"{scheme}://{value}{query}", own, socks.get(value))

    return [
        *at("tcp", tcp, framed),
        *at("http", http),
        *(Place(f"unix:{quote(value)}{framed}") for value in unix),
        *at("tls", tls, framed, shown),
        *at("https", https, "", shown),
    ] or list(at("tcp", [DEFAULT]))


def host_port(value: str) -> str:
    """Return `HOST:PORT`; a port alone is at this host.

    Raises:
        UsageError: It is none.
    """
    host, separator, port = value.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise click.UsageError(f"{value!r} must be HOST:PORT, such as 127.0.0.1:9000")
    return f"{host}:{port}" if separator else f"127.0.0.1:{port}"


def sockets(given: Sequence[str]) -> dict[str, socket.socket]:
    """Return the sockets that another process holds, which are given as `HOST:PORT=DESCRIPTOR`.

    Raises:
        UsageError: A descriptor is no socket's.
    """
    found: dict[str, socket.socket] = {}
    for text in given:
        address, _, descriptor = text.rpartition("=")
        try:
            found[address] = socket.socket(fileno=int(descriptor))
        except (ValueError, OSError) as error:
            raise click.UsageError(f"{text!r} must be HOST:PORT=DESCRIPTOR of a socket") from error
    return found


def certificates(
    cert: Path | None, key: Path | None, client_ca: Path | None, *, is_used: bool, has_tokens: bool
) -> Tls | None:
    """Return what the files say; with tokens, a client may show a certificate or a token.

    Raises:
        UsageError: They have no use.
    """
    if not is_used and any((cert, key, client_ca)):
        raise click.UsageError("--cert, --key and --client-ca are for --tls and --https")
    if cert is None:
        return None
    return Tls(cert=cert, key=key, ca=client_ca, require_client=not has_tokens)


def limits(given: Sequence[str]) -> Limits:
    """Return the limits with those changed that are given as `NAME=VALUE`.

    Raises:
        UsageError: There is no such limit, or it cannot be that.
    """
    kinds = get_type_hints(Limits)
    changed: dict[str, object] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator:
            raise click.UsageError(f"--limit {text!r} must be NAME=VALUE, such as max_calls=64")
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(kinds)}"
            raise click.UsageError(f"there is no limit {name!r}; {hint}")
        is_whole = kinds[name] is int
        try:
            found = int(value.replace("_", "")) if is_whole else float(value)
        except ValueError as error:
            form = "a whole number" if is_whole else "a number"
            raise click.UsageError(f"--limit {name} is {form}, and not {value!r}") from error
        if not 0 < found < float("inf"):
            raise click.UsageError(f"--limit {name} is above 0, and not {value}")
        changed[name] = found
    return dataclasses.replace(Limits(), **changed)  # type: ignore[arg-type]


def rate(text: str) -> RateLimit:
    """Return the limit that a text such as `100/s`, `10/5s` or `1000/h` stands for.

    Raises:
        UsageError: It is none.
    """
    match = _RATE.fullmatch(text)
    calls, seconds = 0, 0.0
    if match is not None:
        calls, seconds = int(match[1]), float(match[2] or 1) * _SECONDS[match[3]]
    if calls < 1 or seconds <= 0:
        raise click.UsageError(f"--rate {text!r} must be CALLS/TIME, such as 100/s, 10/5s or 1000/h")
    return RateLimit(calls, seconds)


def middleware(
    *,
    lines: bool,
    token_file: Path | None,
    by_certificate: bool,
    rates: RateLimit | None,
    record: Path | None,
) -> tuple[Middleware, ...]:
    """Return what wraps each call, the outermost first.

    Args:
        lines: Whether each call is told on the terminal.
        token_file: The tokens that callers need.
        by_certificate: Whether a certificate stands for a token.
        rates: How many calls each caller has.
        record: Where calls are recorded.

    Raises:
        UsageError: A file cannot be used.
    """
    found: list[Middleware] = [for_services(CallLines())] if lines else []
    if token_file is not None:
        found.append(_guard(token_file, by_certificate=by_certificate))
    if rates is not None:
        found.append(for_services(rates))
    if record is not None:
        try:
            record.open("a").close()
        except OSError as error:
            raise click.UsageError(f"cannot write {record}: {error.strerror}") from error
        found.append(for_services(Recorder(record)))
    return tuple(found)


def _guard(path: Path, *, by_certificate: bool) -> Authentication:
    if not path.exists():
        raise click.UsageError(f"there is no {path}; `avrogen token NAME --file {path}` begins it")
    try:
        tokens = TokenFile(path)
    except BindError as error:
        raise click.UsageError(str(error)) from error
    if not len(tokens):
        click.echo(
            f"warning: {path} has no token: nobody may call; `avrogen token NAME --file {path}`", err=True
        )
    schemes: tuple[Scheme, ...] = ("bearer", "mutual_tls") if by_certificate else ("bearer",)
    return Authentication(tokens.authenticate, authorize=tokens.authorize, schemes=schemes)
