"""URLs of servers: where they are, and how they are spoken to.

Each scheme has options of its own in the query, all named in one table; whatever is wrong with a URL is said
in a sentence that shows what would be right. No URL carries a secret: keys are named by their files.
"""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from avrorpc.errors import BindError
from avrorpc.transport.memory import DEFAULT_LINE, Line, parse_line
from avrorpc.wire.framing import Framing

Compression: TypeAlias = Literal["deflate", "zstd"]

_CONNECTION: Final = ("framing", "upgrade", "compression")
_TLS: Final = ("ca", "cert", "key", "server_name")
OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "tcp": _CONNECTION,
    "tls": (*_CONNECTION, *_TLS),
    "unix": (*_CONNECTION, "mode"),
    "http": (),
    "https": _TLS,
    "ws": ("compression",),
    "wss": ("compression", *_TLS),
    "memory": (*_CONNECTION, "chunks", "latency", "seed"),
}
"""Each scheme with the options that its URLs may have."""

_WORDS: Final = {
    "framing": ("netty", "spec"),
    "upgrade": ("yes", "no"),
    "compression": ("deflate", "zstd"),
}
_SAMPLES: Final = {
    **{name: f"{name}={'|'.join(words)}" for name, words in _WORDS.items()},
    "ca": "ca=FILE",
    "cert": "cert=FILE",
    "key": "key=FILE",
    "server_name": "server_name=HOST",
    "mode": "mode=600",
    "chunks": "chunks=whole|bytes|random",
    "latency": "latency=SECONDS",
    "seed": "seed=NUMBER",
}

MAX_SOCKET_PATH: Final = 103 if sys.platform == "darwin" else 107
"""Bytes that the path of a unix socket may have; the system's own bound."""

_SECURE: Final = ("tls", "https", "wss")


@dataclass(slots=True, frozen=True)
class Address:
    """Where a server is, and how it is spoken to."""

    scheme: str
    host: str = ""
    """A name or an IP address; empty for unix sockets, and for listeners on all interfaces."""
    port: int = 0
    path: str = ""
    """The path of a unix socket, or of an HTTP or WebSocket URL."""
    framing: Framing = "netty"
    upgrade: bool = True
    """Whether peers of ours may be spoken to in our own frames; otherwise they get plain Avro."""
    compression: Compression | None = None
    """How large messages are compressed, between peers of ours."""
    ca: str | None = None
    """A file with the certificates of the authorities that the other end's certificate must come from."""
    cert: str | None = None
    """A file with the certificate shown to the other end, and those between it and its authority."""
    key: str | None = None
    """A file with the key of `cert`, where it is not in the same file."""
    server_name: str | None = None
    """The name that the server's certificate must have, where it is not the host's."""
    mode: int | None = None
    """The permissions of a unix socket that is listened on; 0o600 by default."""
    line: Line = DEFAULT_LINE
    """What lies between the ends of `memory://`, where a listener says so."""

    def __str__(self) -> str:
        if self.scheme == "unix":
            place = f"{'//' if self.path.startswith('/') else ''}{quote(self.path)}"
        else:
            place = f"//{self.authority}{quote(self.path, safe=_PATH_LETTERS)}"
        query = "&".join(f"{name}={value}" for name, value in self._options())
        return f"{self.scheme}:{place}{'?' if query else ''}{query}"

    @property
    def authority(self) -> str:
        """Host and port, as a URL and HTTP's `Host` have them."""
        if self.scheme == "memory":
            return self.host
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_secure(self) -> bool:
        """Whether bytes go through TLS."""
        return self.scheme in _SECURE

    @property
    def is_http(self) -> bool:
        """Whether calls are HTTP requests."""
        return self.scheme in ("http", "https")

    @property
    def is_websocket(self) -> bool:
        """Whether calls go through a WebSocket."""
        return self.scheme in ("ws", "wss")

    def _options(self) -> list[tuple[str, str]]:
        options: list[tuple[str, str | None]] = [
            ("framing", "spec" if self.framing == "spec" else None),
            ("upgrade", None if self.upgrade else "no"),
            ("compression", self.compression),
            *((name, getattr(self, name)) for name in _TLS),
            ("mode", None if self.mode is None else f"{self.mode:o}"),
        ]
        return [(name, quote(value, safe="/:")) for name, value in options if value is not None]


_PATH_LETTERS: Final = "/%:@!$&'()*+,;=~"


def parse_address(url: str, *, listening: bool = False) -> Address:
    """Read a URL such as `tcp://127.0.0.1:9000?framing=spec`, `unix:///run/a.sock` or `https://node:8000/spl-avro`.

    Args:
        url: The URL.
        listening: Whether it is to be listened on: an empty host then means all interfaces.

    Raises:
        BindError: It is no such URL; the text says why.
    """
    if re.match(r"[^/?#]*//[^/?#]*@", url):
        shown = re.sub(r"//[^/?#]*@", "//...@", url, count=1)
        raise BindError(f"{shown!r}: an address has no user and no password")
    try:
        parts = urlsplit(url)
        port = parts.port if parts.scheme != "unix" else None
    except ValueError as error:
        raise BindError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in OPTIONS:
        near = _near(parts.scheme, OPTIONS)
        if "//" not in url:
            near = f"; write tcp://{url}" if re.fullmatch(r"[\w.-]+:\d+", url) else "; write tcp://HOST:PORT"
        raise BindError(f"{url!r}: the scheme {parts.scheme!r} is none of {', '.join(OPTIONS)}{near}")
    if parts.fragment:
        raise BindError(f"{url!r}: write # as %23; an address has no fragment")
    options = _read_options(url, parts.scheme, parts.query)
    if parts.scheme == "unix":
        return Address("unix", path=_socket_path(url, parts.netloc, unquote(parts.path)), **options)
    if parts.scheme == "memory":
        if parts.path or ":" in parts.netloc:
            raise BindError(f"{url!r}: a memory:// address is a name alone, such as memory://NAME")
        return Address("memory", parts.netloc, **_with_line(url, options))
    if port is None or (not parts.hostname and not listening):
        raise BindError(f"{url!r} lacks a host or a port; write {parts.scheme}://HOST:PORT")
    if parts.path not in ("", "/") and parts.scheme in ("tcp", "tls"):
        raise BindError(f"{url!r}: a {parts.scheme}:// address has no path")
    return Address(parts.scheme, parts.hostname or "", port, parts.path.rstrip("/"), **options)


def _socket_path(url: str, host: str, path: str) -> str:
    if host or not path or path.endswith("/"):
        raise BindError(
            f"{url!r} lacks the path of a socket; write unix:///run/server.sock or unix:server.sock"
        )
    if "\0" in path:
        raise BindError(f"{url!r}: the path of a socket has no zero byte")
    size = len(os.fsencode(path))
    if size > MAX_SOCKET_PATH:
        raise BindError(
            f"{url!r}: the path of a unix socket has at most {MAX_SOCKET_PATH} bytes, this one has {size};"
            " a relative path may be shorter"
        )
    return path


def _read_options(url: str, scheme: str, query: str) -> dict[str, Any]:
    known = OPTIONS[scheme]
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise BindError(f"{url!r}: {_no_option(scheme, name)}")
        if name in options:
            raise BindError(f"{url!r} has {name} twice")
        if name in _WORDS and value not in _WORDS[name]:
            near = _near(value, _WORDS[name])
            raise BindError(f"{url!r}: {name} is {' or '.join(_WORDS[name])}, not {value!r}{near}")
        if not value:
            raise BindError(f"{url!r}: {name} is empty; write {_SAMPLES[name]}")
        try:
            options[name] = _READERS.get(name, str)(value)
        except ValueError:
            raise BindError(f"{url!r}: mode is three or four octal digits, such as 660") from None
    if options.get("compression") and options.get("upgrade") is False:
        raise BindError(f"{url!r}: plain Avro has no compression; leave out upgrade=no or compression")
    if options.get("key") and not options.get("cert"):
        raise BindError(f"{url!r}: a key goes with its certificate; add cert=FILE")
    return options


def _with_line(url: str, options: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, str] = {
        name: options.pop(name) for name in ("chunks", "latency", "seed") if name in options
    }
    try:
        return {**options, "line": parse_line(said)}
    except ValueError as error:
        raise BindError(f"{url!r}: {error}") from error


def _mode(text: str) -> int:
    if not re.fullmatch("[0-7]{3,4}", text):
        raise ValueError
    return int(text, 8)


_READERS: Final[dict[str, Callable[[str], object]]] = {
    "upgrade": lambda value: value == "yes",
    "mode": _mode,
}


def _no_option(scheme: str, name: str) -> str:
    known = OPTIONS[scheme]
    elsewhere = [other for other, names in OPTIONS.items() if name in names]
    if elsewhere:
        return f"{scheme}:// addresses have no option {name}; {', '.join(elsewhere)} have it"
    if not known:
        return f"there is no option {name!r}; {scheme}:// addresses have none"
    samples = ", ".join(_SAMPLES[one] for one in known)
    return f"there is no option {name!r}; there is {samples}{_near(name, known)}"


def _near(word: str, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(words), 1)
    return f"; did you mean {close[0]}?" if close else ""
