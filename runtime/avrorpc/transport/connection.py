"""A client's way to a server on asyncio: one link, dialled at the first call and again when it is of no use.

Who dials is not its concern; see `dialling` and `websocket`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Generic, Protocol, TypeVar

from avrorpc.errors import ConnectionLost
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.transport.client_link import ClientLink
from avrorpc.transport.exchange import NotBegun, Outgoing
from avrorpc.transport.faults import lost_at_start, no_handshake
from avrorpc.transport.link_answer import LinkAnswer
from avrorpc.wire.client import ClientConnection, Connected, Identity
from avrorpc.wire.settings import Wishes

V = TypeVar("V")

ATTEMPTS: Final = 3
"""How many links are tried for one call where each takes no new ones."""


class AsyncDialler(Protocol):
    """What makes connections."""

    @property
    def address(self) -> Address:
        """Where the server is."""
        ...

    def attempt(self) -> AbstractContextManager[None]:
        """Dial within this; it keeps account of failures, and may refuse to try again so soon."""
        ...

    async def connect(self, factory: Callable[[], ClientLink]) -> ClientLink:
        """Return the link of a new connection."""
        ...

    async def close(self) -> None:
        """Release what is held besides the connections."""
        ...


class ConnectionTransport(Generic[V]):
    """A client's connection: dialled at the first call, shared by all calls, dialled again when it is lost.

    Args:
        dialler: Makes the connections.
        identity: The client's protocol.
        limits: Bounds on what the server may send.
        accept: Given the server's identity after each handshake; what it returns comes back with each reply.
    """

    def __init__(
        self, dialler: AsyncDialler, identity: Identity, limits: Limits, accept: Callable[[Connected], V]
    ) -> None:
        self.address = dialler.address
        self._dialler = dialler
        self._identity = identity
        self._limits = limits
        self._accept = accept
        self._known: Connected | None = None
        self._dialling = asyncio.Lock()
        self._link: ClientLink | None = None
        self._view: V | None = None
        self._left: set[ClientLink] = set()

    async def exchange(self, call: Outgoing) -> LinkAnswer[V]:
        """Make a call; see `Transport.exchange`. One that the server has not begun is made anew elsewhere.

        Raises:
            TimeoutError: The call's time ran out.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, for a stream to a plain Avro peer.
        """
        loop = asyncio.get_running_loop()
        deadline = None if call.timeout is None else loop.time() + call.timeout
        for attempt in range(1, ATTEMPTS + 1):
            link, view = self._link, self._view
            if link is None or view is None or link.is_useless() or self._dialling.locked():
                async with asyncio.timeout_at(deadline):
                    link, view = await self._ready()
            try:
                answer: LinkAnswer[V] = await link.exchange(call, deadline)
            except NotBegun:
                if attempt == ATTEMPTS or call.items is not None:
                    raise
            else:
                answer.view = view
                return answer
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Close the connections; calls under way fail."""
        links = [*self._left, *([] if self._link is None else [self._link])]
        self._link = None
        for link in links:
            link.close()
        for link in links:
            await link.closed
        await self._dialler.close()

    async def _ready(self) -> tuple[ClientLink, V]:
        async with self._dialling:
            if self._link is None or self._view is None or self._link.is_useless():
                if self._link is not None and self._link.lost is None:
                    self._set_aside(self._link)
                with self._dialler.attempt():
                    self._link, self._view = await self._dial()
            return self._link, self._view

    def _set_aside(self, link: ClientLink) -> None:
        """Let a link that takes no new calls come to its end."""
        self._left.add(link)
        link.closed.add_done_callback(lambda _: self._left.discard(link))

    async def _dial(self) -> tuple[ClientLink, V]:
        address = self.address
        wishes = Wishes(compressions=(address.compression,) if address.compression else ())
        is_websocket = address.is_websocket
        connection = ClientConnection(
            self._identity,
            self._known,
            "frames" if is_websocket else address.framing,
            self._limits,
            wishes if is_websocket or address.upgrade else None,
        )
        link = await self._dialler.connect(lambda: ClientLink(connection, address, self._limits))
        try:
            connected = await self._handshake(link)
            view = self._accept(connected)
        except ConnectionLost as lost:
            raise lost_at_start(address, lost) from lost
        except BaseException:
            link.close()
            raise
        self._known = connected
        return link, view

    async def _handshake(self, link: ClientLink) -> Connected:
        timer = asyncio.timeout(self._limits.handshake_timeout or None)
        try:
            async with timer:
                return await link.connected
        except TimeoutError:
            if timer.expired():
                raise no_handshake(self.address, self._limits) from None
            raise
