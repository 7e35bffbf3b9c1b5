"""Which web pages may call: a browser sends the origin of the page that asks, and nothing else does.

Any page that somebody looks at can reach servers on that person's machine and network. Browsers let it open
WebSockets anywhere, and post anything to a name that its author has pointed at a private address. So no page
of another origin may call, unless it is named; and the server's own name is no proof where DNS resolves it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from avrorpc.errors import BindError

EVERY: Final = "*"
"""Stands for all origins."""


class Origins:
    """The origins whose pages may call a server by HTTP and WebSocket.

    Args:
        allowed: Origins such as `https://example.org`, or `*` for all.

    Raises:
        BindError: One of them is no origin.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        if isinstance(allowed, str):
            raise BindError(f"origins must be several, such as ({allowed!r},)")
        self._allowed = frozenset(_normal(origin) for origin in allowed)

    @property
    def are_all(self) -> bool:
        """Whether every page may call."""
        return EVERY in self._allowed

    def refusal(self, origin: str | None, host: str) -> str | None:
        """Return why a request is refused, or None where it is not.

        Args:
            origin: The `Origin` header; None where there is none, as there is none but from browsers.
            host: The `Host` header: what the client takes this server to be called.
        """
        if origin is None or self.are_all or origin.lower() in self._allowed:
            return None
        if origin.lower().partition("://")[2] == host.lower() and _is_literal(host):
            return None
        return "pages of this origin may not call this server; its option origins= names those that may"


def _normal(origin: str) -> str:
    parts = urlsplit(origin)
    is_origin = parts.scheme in ("http", "https") and origin == f"{parts.scheme}://{parts.netloc}"
    if origin != EVERY and not (is_origin and parts.hostname):
        raise BindError(f"origins: {origin!r} is no origin, such as https://example.org")
    return origin.lower()


def _is_literal(host: str) -> bool:
    """Whether nobody but this host's own system says what a name stands for."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name == "localhost":
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
