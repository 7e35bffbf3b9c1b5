"""Where a server listens: TCP ports and unix sockets, with or without TLS, and names in memory.

What is said there is not its concern.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from avrorpc.errors import BindError
from avrorpc.transport.address import Address
from avrorpc.transport.faults import reason
from avrorpc.transport.memory import DEFAULT_LINE, MemoryListener

TLS_HANDSHAKE_SECONDS: Final = 10.0
"""How long a client may take until TLS is set up."""
_ONLY_OWNER: Final = 0o600
_BACKLOG: Final = 128
_TURNS_TO_ARRIVE: Final = 5
_LOOK_SECONDS: Final = 0.2
"""A closing connection that has had nothing to send for this long is closed by force."""


class Door:
    """An address that is listened on.

    Attributes:
        address: The address, with the host and the port that it really has.
    """

    def __init__(
        self, address: Address, server: asyncio.Server | MemoryListener, file: os.stat_result | None
    ) -> None:
        self.address = address
        self._server = server
        self._file = file

    async def close(self) -> None:
        """Accept nothing more; a unix socket's file goes, unless another server has put its own there."""
        if isinstance(self._server, asyncio.Server):
            # What asyncio has accepted and not yet given a transport when the server closes is never closed.
            for sock in self._server.sockets:
                asyncio.get_running_loop().remove_reader(sock.fileno())
            await all_arrived()
        self._server.close()
        self._remove_file()

    def _remove_file(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(FileNotFoundError):
            found = Path(self.address.path).lstat()
            if (found.st_dev, found.st_ino) == (file.st_dev, file.st_ino):
                Path(self.address.path).unlink()


async def all_arrived() -> None:
    """Wait until connections that were accepted before a door closed have met the protocol that closes them.

    Loops of either kind take three turns from accepting a connection to its `connection_made`. One that is
    forgotten on the way is never closed.
    """
    for _ in range(_TURNS_TO_ARRIVE):
        await asyncio.sleep(0)


class Visitor(Protocol):
    """A connection that a server has accepted."""

    gone: asyncio.Future[None]

    @property
    def is_done(self) -> bool:
        """Whether the system has taken all that is due to the client, and what it may still send has come."""
        ...

    def abort(self) -> None:
        """Close at once; what is due is lost."""
        ...


class Leaver(Protocol):
    """A connection whose client was asked to leave."""

    parted: asyncio.Future[None]

    @property
    def leaves(self) -> bool:
        """Whether the client ends the connection itself."""
        ...

    def part(self) -> None:
        """Take no more calls, and close as soon as those under way are answered."""
        ...

    def close(self) -> None:
        """Send what is due, and close."""
        ...


async def all_parted(leavers: Collection[Leaver], patience: float) -> None:
    """Close connections whose clients were asked to leave; no call crosses the end where there is time.

    Clients that listen leave by themselves, or are parted from a little later. Of the others nothing tells
    whether they have heard: they are parted from at once, and told that what still comes was not begun.
    """
    for leaver in list(leavers):
        if not leaver.leaves:
            leaver.part()
    staying = [leaver.parted for leaver in leavers if not leaver.parted.done()]
    if staying:
        await asyncio.wait(staying, timeout=patience)
    for leaver in list(leavers):
        leaver.close()


async def all_gone(visitors: Collection[Visitor], patience: float) -> None:
    """Wait until closing connections have sent what is due; those that take longer are cut off."""
    loop = asyncio.get_running_loop()
    end, done = loop.time() + patience, set[Visitor]()
    while visitors and (left := end - loop.time()) > 0:
        await asyncio.wait([visitor.gone for visitor in visitors], timeout=min(left, _LOOK_SECONDS))
        # TLS waits for the other end's goodbye, which blocking clients never send.
        for visitor in done.intersection(visitors):
            visitor.abort()
        done = {visitor for visitor in visitors if visitor.is_done}
    remaining = list(visitors)
    for visitor in remaining:  # their clients do not read
        visitor.abort()
    await asyncio.gather(*(visitor.gone for visitor in remaining))


async def listen(
    address: Address,
    tls: ssl.SSLContext | None,
    factory: Callable[[], asyncio.BaseProtocol],
    sock: socket.socket | None = None,
) -> Door:
    """Listen, and give each connection a protocol.

    Args:
        address: Where.
        tls: What TLS shows and demands.
        factory: Makes a protocol.
        sock: A socket that has the address already; it is closed with the door.

    Raises:
        BindError: The address cannot be had.
    """
    if sock is not None and address.scheme in ("memory", "unix"):
        raise BindError(f"cannot listen on {address}: a socket that is given is one of TCP")
    try:
        if address.scheme == "memory":
            listener = MemoryListener(factory, address.line, name=address.host)
            return Door(replace(address, host=listener.name, line=DEFAULT_LINE), listener, None)
        if address.scheme == "unix":
            return await _listen_unix(address, factory)
        return await _listen_tcp(address, tls, factory, sock)
    except OSError as error:
        said = (
            f"the host {address.host!r} is unknown" if isinstance(error, socket.gaierror) else reason(error)
        )
        raise BindError(f"cannot listen on {address}: {said}") from error


async def _listen_tcp(
    address: Address,
    tls: ssl.SSLContext | None,
    factory: Callable[[], asyncio.BaseProtocol],
    sock: socket.socket | None,
) -> Door:
    loop, patience = asyncio.get_running_loop(), TLS_HANDSHAKE_SECONDS if tls else None
    if address.host and sock is None:
        server = await loop.create_server(
            factory, address.host, address.port, ssl=tls, ssl_handshake_timeout=patience
        )
    else:
        sock = sock or everywhere(address.port)
        server = await loop.create_server(factory, sock=sock, ssl=tls, ssl_handshake_timeout=patience)
    host, port = server.sockets[0].getsockname()[:2]
    # What clients may write: the files are this end's.
    shown = replace(address, host=address.host or host, port=port, ca=None, cert=None, key=None)
    return Door(shown, server, None)


def everywhere(port: int) -> socket.socket:
    """Return one socket on all interfaces, for IPv6 and IPv4 where both are there."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


async def _listen_unix(address: Address, factory: Callable[[], asyncio.BaseProtocol]) -> Door:
    sock, file = _bind_unix(address)
    try:
        server = await asyncio.get_running_loop().create_unix_server(factory, sock=sock, backlog=_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return Door(replace(address, mode=None), server, file)


def _bind_unix(address: Address) -> tuple[socket.socket, os.stat_result]:
    """Return a socket that is bound and not listened on yet, and its file."""
    path = Path(address.path)
    _make_room(address, path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.bind(address.path)
        # Nobody can connect before it is listened on, so that there is no moment with other permissions.
        path.chmod(_ONLY_OWNER if address.mode is None else address.mode)
        return sock, path.lstat()
    except BaseException:
        sock.close()
        raise


def _make_room(address: Address, path: Path) -> None:
    """Remove a socket that a server left behind, and nothing else.

    Raises:
        BindError: The path is taken by a server that lives, or by something that is no socket.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise BindError(f"cannot listen on {address}: {path} is there, and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(address.path)
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            is_busy = True
        else:
            is_busy = False
    more = ", and is busy" if is_busy else ""
    raise BindError(f"cannot listen on {address}: a server listens there already{more}")
