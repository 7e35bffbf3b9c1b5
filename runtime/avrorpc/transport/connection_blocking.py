"""A client's way to a server on blocking sockets: a pool of links, thread-safe, without a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from avrorpc.errors import ConnectionLost
from avrorpc.limits import Limits
from avrorpc.transport.blocking import Pool, Timer
from avrorpc.transport.connection import ATTEMPTS
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.exchange import NotBegun, Outgoing
from avrorpc.transport.faults import dialling, lost_at_start, no_handshake
from avrorpc.transport.link_blocking import BlockingAnswer, BlockingLink
from avrorpc.transport.pipe import Pipe, SocketPipe
from avrorpc.wire.client import ClientConnection, Connected, Identity
from avrorpc.wire.settings import Wishes

V = TypeVar("V")


class BlockingConnectionTransport(Generic[V]):
    """A pool of connections with one call on each; see `ConnectionTransport` for the arguments."""

    def __init__(
        self, dialler: Dialler, identity: Identity, limits: Limits, accept: Callable[[Connected], V]
    ) -> None:
        self.address = dialler.address
        self._dialler = dialler
        self._identity = identity
        self._limits = limits
        self._accept = accept
        self._known: Connected | None = None
        self._pool: Pool[BlockingLink[V]] = Pool()

    async def exchange(self, call: Outgoing) -> BlockingAnswer[V]:
        """Make a call; see `Transport.exchange`. It suspends only where the items of a two-way call do.

        Raises:
            TimeoutError: The call's time ran out.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, for a stream to a plain Avro peer.
        """
        timer, dials = Timer(call.timeout), 0
        while True:
            link = self._pool.take()
            if link is None:
                link, dials = self._dial(timer), dials + 1
            try:
                return await finish(self._begin(link, call, timer), call)
            except NotBegun:
                if dials == ATTEMPTS or call.items is not None:
                    raise

    async def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _begin(self, link: BlockingLink[V], call: Outgoing, timer: Timer) -> BlockingAnswer[V]:
        def ended() -> None:
            if link.is_leaving:
                link.pipe.close()
            else:
                self._pool.give(link)

        try:
            answer: BlockingAnswer[V] = link.begin(call, timer, ended)
        except BaseException:
            ended()  # nothing was sent
            raise
        answer.view = link.view
        return answer

    def _dial(self, timer: Timer) -> BlockingLink[V]:
        address = self.address
        is_websocket = address.is_websocket
        wishes = Wishes(compressions=(address.compression,) if address.compression else (), is_passive=True)
        with self._dialler.attempt():
            pipe = self._pipe(timer)
            try:
                connection = ClientConnection(
                    self._identity,
                    self._known,
                    "frames" if is_websocket else address.framing,
                    self._limits,
                    wishes if is_websocket or address.upgrade else None,
                )
                link: BlockingLink[V] = BlockingLink(pipe, connection, address)
                connected = self._handshake(link, timer)
                link.view = self._accept(connected)
            except ConnectionLost as lost:
                pipe.close()
                raise lost_at_start(address, lost) from lost
            except BaseException:
                pipe.close()
                raise
            self._known = connected
            return link

    def _handshake(self, link: BlockingLink[V], timer: Timer) -> Connected:
        try:
            return link.open(timer.within(self._limits.handshake_timeout))
        except TimeoutError:
            timer.left()  # raises where it was the call's own time
            raise no_handshake(self.address, self._limits) from None

    def _pipe(self, timer: Timer) -> Pipe:
        sock = self._dialler.connect_blocking(timer)
        if not self.address.is_websocket:
            return SocketPipe(sock)
        from avrorpc.transport.websocket_blocking import WebSocketPipe  # noqa: PLC0415 - only where it is used

        pipe = WebSocketPipe(sock, self.address)
        try:
            with dialling(self.address):
                pipe.open(timer)
        except BaseException:
            pipe.close()
            raise
        return pipe


async def finish(answer: BlockingAnswer[V], call: Outgoing) -> BlockingAnswer[V]:
    """Send a call, and wait for as much as `Transport.exchange` promises."""
    try:
        if call.one_way:
            answer.sent()
        elif call.items is not None and call.streams:
            answer.pump = answer.send(call.items)
        elif call.items is not None:
            await answer.send(call.items)
            answer.wait()
        elif call.streams:
            answer.complete()
        else:
            answer.wait(is_asking=True)
    except BaseException:
        await answer.cancel()
        raise
    return answer
