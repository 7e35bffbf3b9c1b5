"""The other end of a server's connection: who it is, and how many bytes have gone by."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Peer:
    """Made with each connection that a server accepts; the transport counts on it."""

    transport: str
    """What carries the connection: the scheme of the address that it was accepted at."""
    name: str = ""
    """The other end's address, such as `127.0.0.1:40112`; empty where it has none."""
    is_local: bool = False
    """Whether the other end is on this host."""
    principal: str | None = None
    """Who the other end proved to be."""
    received: int = 0
    """Bytes that came from it."""
    sent: int = 0
    """Bytes that went to it."""

    def is_at(self, address: object) -> None:
        """Take over the address that a socket gives: a tuple for IP, a path for Unix sockets."""
        if isinstance(address, tuple) and len(address) >= 2:
            host, port = str(address[0]), address[1]
            self.name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            self.is_local = is_loopback(host)
        else:
            self.name = str(address or "")
            self.is_local = True


def is_loopback(host: str) -> bool:
    """Whether an IP address, as text, is of this host's loopback interface."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
