"""URLs of servers, and the sentences for what goes wrong on the way to them."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import SplitResult, parse_qsl, urlsplit

from avrorpc.errors import BindError, ConnectError, ConnectionLost
from avrorpc.transport.memory import DEFAULT_LINE, Line, parse_line
from avrorpc.wire.framing import Framing

SCHEMES: Final = ("tcp", "http", "memory")


@dataclass(slots=True, frozen=True)
class Address:
    """Where a server is, and how it is spoken to."""

    scheme: str
    host: str
    port: int
    path: str = ""
    framing: Framing = "netty"
    line: Line = DEFAULT_LINE
    """What lies between the ends, where a listener of `memory://` says so."""

    def __str__(self) -> str:
        option = "?framing=spec" if self.framing == "spec" else ""
        return f"{self.scheme}://{self.authority}{self.path}{option}"

    @property
    def authority(self) -> str:
        """Host and port, as a URL and HTTP's `Host` have them."""
        if self.scheme == "memory":
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(url: str) -> Address:
    """Read a URL such as `tcp://127.0.0.1:9000?framing=spec` or `http://node:8000/spl-avro`.

    Raises:
        BindError: It is no such URL; the text says why.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BindError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in SCHEMES:
        raise BindError(f"{url!r}: the scheme {parts.scheme!r} is none of {', '.join(SCHEMES)}")
    if parts.scheme == "memory":
        return _memory_address(url, parts)
    if parts.hostname is None or port is None:
        raise BindError(f"{url!r} lacks a host or a port; write {parts.scheme}://HOST:PORT")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    framing = options.pop("framing", "netty")
    if framing not in ("netty", "spec") or (parts.scheme != "tcp" and parts.query):
        raise BindError(f"{url!r}: framing is netty or spec, on tcp:// only")
    if options:
        raise BindError(f"{url!r}: there is no option {next(iter(options))!r}; there is framing=netty|spec")
    if parts.path not in ("", "/") and parts.scheme == "tcp":
        raise BindError(f"{url!r}: a tcp:// address has no path")
    return Address(parts.scheme, parts.hostname, port, parts.path.rstrip("/"), cast("Framing", framing))


def _memory_address(url: str, parts: SplitResult) -> Address:
    if parts.path not in ("", "/") or ":" in parts.netloc:
        raise BindError(f"{url!r}: a memory:// address is a name alone, such as memory://NAME")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    framing = options.pop("framing", "netty")
    if framing not in ("netty", "spec"):
        raise BindError(f"{url!r}: framing is netty or spec")
    try:
        line = parse_line(options)
    except ValueError as error:
        raise BindError(f"{url!r}: {error}") from error
    return Address("memory", parts.netloc, 0, "", cast("Framing", framing), line)


@contextmanager
def dialling(address: Address) -> Iterator[None]:
    """Turn what the system says of a failed connection into a `ConnectError`."""
    try:
        yield
    except OSError as error:
        if _is_deadline(error):
            raise
        raise connect_error(address, error) from error


@contextmanager
def exchanging(address: Address) -> Iterator[None]:
    """Turn what the system says of a broken connection into a `ConnectionLost`."""
    try:
        yield
    except OSError as error:
        if _is_deadline(error):
            raise
        raise ConnectionLost(f"the connection to {address} broke: {reason(error)}") from error


def connect_error(address: Address, error: OSError) -> ConnectError:
    """Return the error for a connection that did not come about."""
    if isinstance(error, socket.gaierror):
        said = f"the host {address.host!r} is unknown"
    elif address.scheme == "memory":
        said = str(error)
    elif _is_refusal(error):
        said = "nothing listens there; is the server up?"
    else:
        said = reason(error)
    return ConnectError(f"cannot connect to {address}: {said}")


def reason(error: OSError) -> str:
    """Return what the system says, without its number."""
    return os.strerror(error.errno) if error.errno else str(error) or type(error).__name__


def _is_deadline(error: OSError) -> bool:
    """Whether our own time ran out; the system's ETIMEDOUT is of the same class, and has a number."""
    return isinstance(error, TimeoutError) and not error.errno


def _is_refusal(error: OSError) -> bool:
    """Whether every address of the host refused; asyncio puts several refusals into one text."""
    if isinstance(error, ConnectionRefusedError):
        return True
    return error.errno is None and f"[Errno {errno.ECONNREFUSED}]" in str(error)
