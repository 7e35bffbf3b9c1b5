"""The other end of a connection: who it is, as far as that is proved, and whether it is still there."""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from typing import Final

from avrorpc.limits import Limits
from avrorpc.principal import Principal
from avrorpc.transport.tls import certified

PROBES: Final = 4
"""How often the system asks within `ping_timeout` whether the other end of a silent connection is there."""
_CREDENTIALS: Final = struct.Struct("3i")
_SO_PEERCRED: Final[int | None] = getattr(socket, "SO_PEERCRED", None)


def principal_of(transport: asyncio.BaseTransport) -> Principal | None:
    """Return whom an accepted connection comes from; None where nothing proves it."""
    known = transport.get_extra_info("principal")
    if isinstance(known, Principal):
        return known
    if transport.get_extra_info("sslcontext") is not None:
        return certified(transport.get_extra_info("peercert"))
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return None
    return _process(sock)


def _process(sock: socket.socket) -> Principal | None:
    """Return the process at the other end, as the system knows it; None where the system does not tell."""
    if _SO_PEERCRED is None:
        return None
    given = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, gid = _CREDENTIALS.unpack(given)
    attributes = {"uid": (str(uid),), "gid": (str(gid),), "pid": (str(pid),)}
    return Principal(f"uid:{uid}", "process", attributes)


def peer_name(transport: asyncio.BaseTransport) -> str:
    """Return what a log calls the other end."""
    name = transport.get_extra_info("peername")
    if isinstance(name, tuple):
        return f"{name[0]}:{name[1]}"
    return "a process of this machine"


class Ear:
    """Hears how the other end of a connection ends, even where the event loop has not yet.

    Args:
        transport: The connection.
        events: What to hear of.
    """

    def __init__(self, transport: asyncio.BaseTransport, events: int) -> None:
        self._transport = transport
        self._sock = transport.get_extra_info("socket")
        self._events = events
        self._poll: select.poll | None = None

    def hears(self) -> bool:
        """Whether it has happened, or this end has closed."""
        if self._transport.is_closing():  # asyncio's TLS transports tell nothing any more
            return True
        if self._sock is None:
            return False
        if self._sock.fileno() < 0:
            return True
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._sock.fileno(), self._events)
        return bool(self._poll.poll(0))


def end_of_input(transport: asyncio.BaseTransport) -> Ear:
    """Return what hears that the other end sends no more."""
    return Ear(transport, getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR)


def is_gone(transport: asyncio.BaseTransport) -> bool:
    """Whether the other end has closed both sides, so that replies would reach nobody.

    Over TCP the system learns of it only once the other end has refused something.
    """
    return Ear(transport, select.POLLHUP | select.POLLERR).hears()


def find_the_dead(transport: asyncio.BaseTransport, limits: Limits) -> None:
    """Let the system ask a silent client whether it is there, where the protocol has no pings."""
    sock = transport.get_extra_info("socket")
    if sock is None or not limits.ping_interval or not hasattr(socket, "TCP_KEEPIDLE"):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(1, round(limits.ping_interval)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, round(limits.ping_timeout / PROBES)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES)
