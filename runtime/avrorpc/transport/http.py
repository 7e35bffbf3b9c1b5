"""HTTP on aiohttp, for asynchronous clients: Avro bodies over POST."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Generic, TypeVar

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from avrorpc.errors import ConnectionLost
from avrorpc.limits import Limits
from avrorpc.transport.blocking import reset_on_close
from avrorpc.transport.carrier import Carrier
from avrorpc.transport.client_link import ClientLink
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.goodbyes import Goodbyes
from avrorpc.transport.http_conversation import HttpConversation
from avrorpc.transport.http_faults import saying
from avrorpc.transport.http_session import http_session
from avrorpc.transport.http_status import check_response, request_path
from avrorpc.transport.http_stream import STREAM_TYPE, check_stream_response, is_stream, stream_connection
from avrorpc.transport.link_answer import LinkAnswer
from avrorpc.transport.plain import PlainAnswer, plain_request
from avrorpc.wire.client import Connected, Identity
from avrorpc.wire.exchange import CONTENT_TYPE

V = TypeVar("V")


class HttpTransport(Generic[V]):
    """A session of pooled connections; see `ConnectionTransport` for the arguments."""

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
        self._carrying: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._goodbyes = Goodbyes()

    async def exchange(self, call: Outgoing) -> PlainAnswer[V] | LinkAnswer[V]:
        """Send a call and return its reply; HTTP answers one-way calls, too, and that answer is dropped.

        Raises:
            TimeoutError: No reply came in time.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, where the call streams both ways.
        """
        if is_stream(call):
            loop = asyncio.get_running_loop()
            deadline = None if call.timeout is None else loop.time() + call.timeout
            async with asyncio.timeout_at(deadline):
                await self._conversation.check_streams(call, self._post)
            return await self._stream(call, deadline)
        request = plain_request(call, self.address)
        async with asyncio.timeout(call.timeout):
            view, body = await self._conversation.exchange(request, self._post)
        return PlainAnswer(view, None if call.one_way else body)

    async def close(self) -> None:
        """Close the session; calls under way fail."""
        for task in list(self._carrying):
            task.cancel()
        if self._carrying:
            await asyncio.wait(list(self._carrying))
        if self._session is not None:
            await self._session.close()
        await self._goodbyes.said()

    async def _post(self, body: bytes) -> bytes:
        if self._session is None:
            self._session = http_session(self.address)
        else:
            # Two turns of the loop: in the first it hears which
            # idle connections have ended, in the second they go.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        sent = _Body(io.BytesIO(body))
        try:
            with self._dialler.attempt():
                return await self._exchange(self._session, sent)
        except BaseException:
            self._goodbyes.add(sent.sock)
            raise

    async def _exchange(self, session: aiohttp.ClientSession, body: _Body) -> bytes:
        tls = self._dialler.tls
        with saying(self.address):
            async with session.post(
                f"{self.address.scheme}://{self.address.authority}{self._path}",
                data=body,
                headers={"Content-Type": CONTENT_TYPE},
                allow_redirects=False,
                ssl=True if tls is None else tls.context,
                server_hostname=None if tls is None else tls.server_name,
            ) as response:
                content = bytearray()
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > self._limits.max_body:
                        break
                else:
                    body.is_answered()
                kind = response.headers.get("Content-Type", "")
                return check_response(self.address, response.status, kind, bytes(content), self._limits)

    async def _stream(self, call: Outgoing, deadline: float | None) -> LinkAnswer[V]:
        """Make a call in our own frames, in the bodies of a request of its own."""
        loop = asyncio.get_running_loop()
        if self._session is None:
            self._session = http_session(self.address)
        link = ClientLink(stream_connection(self._identity, self._limits), self.address, self._limits)
        task = loop.create_task(self._carry(self._session, link))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        answer: LinkAnswer[V] | None = None
        try:
            answer = await link.exchange(call, deadline)
            async with asyncio.timeout_at(deadline):
                answer.view = self._accept(await link.connected)
        except BaseException:
            if answer is not None:
                await answer.cancel()
            link.fail(ConnectionLost(f"the call to {self.address} was given up"))
            raise
        return answer

    async def _carry(self, session: aiohttp.ClientSession, link: ClientLink) -> None:
        """Move the bytes of one call."""
        tls = self._dialler.tls
        out: asyncio.Queue[bytes | None] = asyncio.Queue(1)

        async def body() -> AsyncIterator[bytes]:
            while (data := await out.get()) is not None:
                yield data

        posting = asyncio.ensure_future(
            session.post(
                f"{self.address.scheme}://{self.address.authority}{self._path}",
                data=_StreamBody(body()),
                headers={"Content-Type": STREAM_TYPE},
                allow_redirects=False,
                ssl=True if tls is None else tls.context,
                server_hostname=None if tls is None else tls.server_name,
            )
        )
        response: aiohttp.ClientResponse | None = None

        async def read() -> bytes | None:
            nonlocal response
            with saying(self.address):
                if response is None:
                    with self._dialler.attempt():
                        response = await posting
                    kind = response.headers.get("Content-Type", "")
                    said = b"" if response.status == HTTPStatus.OK else await response.content.read(200)
                    check_stream_response(self.address, response.status, kind, said)
                return await response.content.readany() or None

        try:
            await Carrier(link, outlives_input=True).carry(read, out.put, lambda: out.put(None))
        finally:
            posting.cancel()
            try:
                await asyncio.wait([posting])
            finally:  # a client that is closed meanwhile cancels this, too
                if response is None and _has_result(posting):
                    response = posting.result()  # it came when nobody waited for it any more
                if response is not None:
                    self._end(response, link)

    def _end(self, response: aiohttp.ClientResponse, link: ClientLink) -> None:
        """Close a stream's connection; the server learns at once where nobody reads any more."""
        transport = None if response.connection is None else response.connection.transport
        if transport is not None:
            sock = transport.get_extra_info("socket")
            self._goodbyes.add(sock)
            if not link.is_answered and sock is not None and sock.fileno() >= 0:
                reset_on_close(sock)
                transport.abort()  # TLS would say goodbye first, and wait for an answer that nobody reads
        response.close()


def _has_result(posting: asyncio.Future[aiohttp.ClientResponse]) -> bool:
    return posting.done() and not posting.cancelled() and posting.exception() is None


class _Body(aiohttp.BytesIOPayload):
    """The body of a call. aiohttp wants large ones as files, and then sends them in parts.

    While the call is under way, the end of its connection is a reset: so the server learns that nobody waits.
    """

    def __init__(self, body: io.BytesIO) -> None:
        super().__init__(body)
        self.sock: socket.socket | None = None
        """That of the connection, once there is one."""

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send it."""
        self._begin(writer)
        await super().write_with_length(writer, content_length)

    def is_answered(self) -> None:
        """Take note that the reply is there: the end of the connection means nothing any more."""
        if self.sock is not None and self.sock.fileno() >= 0:
            reset_on_close(self.sock, is_wanted=False)

    def _begin(self, writer: AbstractStreamWriter) -> None:
        transport = getattr(writer, "transport", None)
        if transport is not None:
            self.sock = transport.get_extra_info("socket")
            if self.sock is not None:
                reset_on_close(self.sock)


class _StreamBody(aiohttp.AsyncIterablePayload):
    """The body of a stream, and its end.

    Where the connection is closing already, sending fails. aiohttp tells the response of parts that fail; an
    end that fails it answers by forgetting the response, and whoever reads that would wait for ever.
    """

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it: what aiohttp up to 3.11 calls."""
        await super().write(writer)
        await writer.write_eof()

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send it: what later ones call."""
        await super().write_with_length(writer, content_length)
        await writer.write_eof()
