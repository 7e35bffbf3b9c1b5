"""Links on sockets of their own: TCP, TLS and unix sockets, and names in memory."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import partial
from typing import Any, Final

from avrorpc.limits import Limits
from avrorpc.server.activity import AcceptedAnswerer, Activity
from avrorpc.server.admission import Admission
from avrorpc.server.health import DRAINING
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.address import Address
from avrorpc.transport.listening import Door, all_gone, all_parted, listen
from avrorpc.transport.server_link import ServerLink
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import ServerConnection

FLUSH_SECONDS: Final = 1.0
"""How long at least a closing server waits for clients to take their last replies."""


class LinkListener:
    """One address.

    Args:
        address: Where to listen; port 0 takes a free one.
        offers: What is served.
        answer: Gives a request's reply, handshake response and all.
        activity: Is told of each connection.
        admission: Says whether there is room for one more.
        limits: Bounds on what clients may send.
    """

    def __init__(
        self,
        address: Address,
        offers: Offers[Any],
        answer: AcceptedAnswerer,
        activity: Activity,
        admission: Admission,
        limits: Limits,
    ) -> None:
        self.address = address
        self._offers = offers
        self._answer = answer
        self._activity = activity
        self._admission = admission
        self._limits = limits
        self._door: Door | None = None
        self._connections: set[ServerLink] = set()
        self._is_stopping = False

    async def start(self, tls: ssl.SSLContext | None, sock: socket.socket | None = None) -> None:
        """Listen; `sock` has the address already.

        Raises:
            BindError: The address cannot be had.
        """
        self._door = await listen(self.address, tls, self._accept, sock)
        self.address = self._door.address

    async def stop(self) -> None:
        """Accept no more connections, and ask for no new calls on those that there are."""
        self._is_stopping = True
        for connection in list(self._connections):
            connection.leave(DRAINING)
        if self._door is not None:
            await self._door.close()

    async def settle(self) -> None:
        """Do nothing: clients were told, or are refused."""

    async def close(self, patience: float) -> None:
        """Close every connection; clients are given some seconds to take the replies that are due to them."""
        await all_parted(self._connections, patience)
        await all_gone(self._connections, patience)

    def _accept(self) -> ServerLink:
        state = ServerConnection(
            self._offers, self.address.framing, self._limits, upgrades=self.address.upgrade
        )
        accepted = Accepted(self.address.scheme, state)
        loop = asyncio.get_running_loop()

        def opened(link: ServerLink) -> None:
            if not self._admission.enter(link.peer, loop.time()):
                link.abort()
                return
            self._connections.add(link)
            accepted.comes_from(link.address)
            accepted.principal = None if state.principal is None else state.principal.name
            self._activity.opened(accepted)
            if self._is_stopping:  # it was accepted in this very moment
                link.leave(DRAINING)

        def closed(link: ServerLink) -> None:
            if link in self._connections:
                self._connections.discard(link)
                self._activity.closed(accepted)
                self._admission.leave()

        return ServerLink(
            state,
            partial(self._answer, accepted=accepted),
            self._limits,
            opened,
            closed,
            lingers=self.address.scheme != "memory",
        )
