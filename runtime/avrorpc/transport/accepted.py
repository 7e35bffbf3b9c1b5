"""A connection that a server accepted: where it comes from, and how many bytes have gone by."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Protocol


class Traffic(Protocol):
    """What counts the bytes of a connection, such as its state in `wire`."""

    received: int
    """Bytes that came."""
    sent: int
    """Bytes that went."""


@dataclass(slots=True)
class Counted:
    """Bytes that were counted elsewhere."""

    received: int = 0
    """Bytes that came."""
    sent: int = 0
    """Bytes that went."""


@dataclass(slots=True, eq=False)
class Accepted:
    """Made with each connection, and completed when it is known where that comes from."""

    transport: str
    """What carries the connection: the scheme of the address that it was accepted at."""
    traffic: Traffic = field(default_factory=Counted)
    """The bytes that have gone by."""
    peer: str = ""
    """The other end's address, such as `127.0.0.1:40112`; empty where it has none."""
    address: object = None
    """The same, as the system has it."""
    is_local: bool = False
    """Whether the other end is on this host."""
    principal: str | None = None
    """Who the other end proved to be."""
    is_ending: bool = False
    """Whether the connection closes after the call under way, and no other can come on it."""

    def comes_from(self, address: object) -> None:
        """Take over the address that a socket gives: a tuple for IP, something else for Unix sockets."""
        self.address = address
        if isinstance(address, tuple) and len(address) >= 2:
            host, port = str(address[0]), address[1]
            self.peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            self.is_local = is_loopback(host)
        else:
            self.peer = address if isinstance(address, str) else ""
            self.is_local = True


def is_loopback(host: str) -> bool:
    """Whether an IP address, as text, is of this host's loopback interface."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
