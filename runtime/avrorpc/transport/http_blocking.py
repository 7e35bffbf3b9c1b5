"""HTTP on blocking sockets by h11, for synchronous clients: thread-safe, without a thread of its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Generic, TypeVar

import h11

from avrorpc.errors import ConnectionLost
from avrorpc.limits import Limits
from avrorpc.transport.blocking import Pool, Timer, abandon, has_input, reset_on_close, send_all
from avrorpc.transport.connection_blocking import finish
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.faults import connect_error, ended_in_tls, exchanging, is_hang_up
from avrorpc.transport.http_conversation import HttpConversation
from avrorpc.transport.http_pipe import HttpPipe
from avrorpc.transport.http_status import check_response, not_http, request_path
from avrorpc.transport.http_stream import is_stream, stream_connection
from avrorpc.transport.link_blocking import BlockingAnswer, BlockingLink
from avrorpc.transport.plain import PlainAnswer, plain_request
from avrorpc.wire.client import Connected, Identity
from avrorpc.wire.exchange import CONTENT_TYPE

V = TypeVar("V")


class _Connection:
    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.state = h11.Connection(h11.CLIENT)
        self.at_end = False

    def is_stale(self) -> bool:
        """Whether the server has ended the connection, or says what nobody asked for."""
        return has_input(self.sock)


class BlockingHttpTransport(Generic[V]):
    """A pool of kept-alive connections; see `ConnectionTransport` for the arguments."""

    def __init__(
        self, dialler: Dialler, identity: Identity, limits: Limits, accept: Callable[[Connected], V]
    ) -> None:
        self.address = dialler.address
        self._dialler = dialler
        self._limits = limits
        self._conversation = HttpConversation(identity, limits, accept)
        self._path = request_path(dialler.address, identity)
        self._identity = identity
        self._accept = accept
        self._pool: Pool[_Connection] = Pool()

    async def exchange(self, call: Outgoing) -> PlainAnswer[V] | BlockingAnswer[V]:
        """Send a call and return its reply; HTTP answers one-way calls, too, and that answer is dropped.

        Raises:
            TimeoutError: No reply came in time.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, where the call streams both ways.
        """
        timer = Timer(call.timeout)

        async def post(body: bytes) -> bytes:
            return self._post(body, timer)

        if is_stream(call):
            await self._conversation.check_streams(call, post)
            return await self._stream(call, timer)
        request = plain_request(call, self.address)
        view, body = await self._conversation.exchange(request, post)
        return PlainAnswer(view, None if call.one_way else body)

    async def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    async def _stream(self, call: Outgoing, timer: Timer) -> BlockingAnswer[V]:
        """Make a call in our own frames, in the bodies of a request of its own."""
        with self._dialler.attempt():
            pipe = HttpPipe(self._dialler.connect_blocking(timer), self.address, self._path)
        try:
            link: BlockingLink[V] = BlockingLink(
                pipe, stream_connection(self._identity, self._limits), self.address
            )
            answer = await finish(link.begin(call, timer, pipe.close), call)
            answer.view = self._accept(link.open(timer))
        except BaseException:
            pipe.close()
            raise
        return answer

    def _post(self, body: bytes, timer: Timer) -> bytes:
        connection = self._pool.take() or self._dial(timer)
        try:
            status, kind, content = self._roundtrip(connection, body, timer)
        except h11.RemoteProtocolError as error:
            connection.sock.close()
            raise (self._lost() if connection.at_end else not_http(self.address, error)) from error
        except ConnectionLost as lost:
            connection.sock.close()
            if isinstance(lost.__cause__, ssl.SSLError):  # a server says only now that it refuses this client
                raise connect_error(self.address, lost.__cause__) from lost
            raise (self._lost() if self.address.is_secure and is_hang_up(lost.__cause__) else lost) from None
        except BaseException:
            abandon(connection.sock)
            raise
        if connection.state.our_state is h11.DONE and connection.state.their_state is h11.DONE:
            connection.state.start_next_cycle()
            self._pool.give(connection)
        else:
            connection.sock.close()
        return check_response(self.address, status, kind, content, self._limits)

    def _dial(self, timer: Timer) -> _Connection:
        with self._dialler.attempt():
            return _Connection(self._dialler.connect_blocking(timer))

    def _roundtrip(self, connection: _Connection, body: bytes, timer: Timer) -> tuple[int, str, bytes]:
        state = connection.state
        headers = [
            ("Host", self.address.authority),
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(body))),
        ]
        request = h11.Request(method="POST", target=self._path, headers=headers)
        parts = [state.send(request), state.send(h11.Data(data=body)), state.send(h11.EndOfMessage())]
        # While the call is under way, the end of its connection is a reset: so the server learns of it.
        reset_on_close(connection.sock)
        with exchanging(self.address):
            send_all(connection.sock, b"".join(part for part in parts if part), timer)
        status, kind, content = 0, "", bytearray()
        while True:
            event = state.next_event()
            match event:
                case h11.NEED_DATA:
                    self._read(connection, timer)
                case h11.Response():
                    status = event.status_code
                    kind = next((v.decode() for k, v in event.headers if k == b"content-type"), "")
                case h11.Data():
                    content += event.data
                    if len(content) > self._limits.max_body:
                        return status, kind, bytes(content)
                case h11.EndOfMessage():
                    reset_on_close(connection.sock, is_wanted=False)
                    return status, kind, bytes(content)
                case h11.ConnectionClosed():
                    raise self._lost()

    def _read(self, connection: _Connection, timer: Timer) -> None:
        with exchanging(self.address):
            connection.sock.settimeout(timer.left())
            data = connection.sock.recv(262_144)
        connection.at_end = not data
        if not data and connection.state.their_state is h11.SEND_RESPONSE:
            raise self._lost()
        connection.state.receive_data(data)

    def _lost(self) -> ConnectionLost:
        if self.address.is_secure:
            return ConnectionLost(f"the connection to {self.address} broke: {ended_in_tls(self.address)}")
        return ConnectionLost(f"the server at {self.address} closed the connection before it answered")
