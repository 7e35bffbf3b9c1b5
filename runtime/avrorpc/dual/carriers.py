"""What carries requests over REST: HTTP to a server elsewhere, or a plain call to a server here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from avrorpc.dual.requests import Question
from avrorpc.errors import LimitExceeded
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.server.server import Server
from avrorpc.streaming import close_iterator
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.address import Address
from avrorpc.transport.http_message import Head, HttpRequest, HttpResponse

if TYPE_CHECKING:
    import aiohttp


class Carrier(Protocol):
    """Takes requests to a server."""

    async def send(self, question: Question) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        ...

    def stream(self, question: Question) -> AsyncIterator[bytes]:
        """Yield the parts of the answer's body; raise what `send` would, where it is no stream."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Refused(Exception):
    """An answer that is a problem, and no stream."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class InProcess:
    """Asks a server in this process: the whole of the REST face, and no socket."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._accepted = Accepted("local", is_local=True)
        server.activity.opened(self._accepted)

    async def send(self, question: Question) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        async with self._asked(question) as response:
            if isinstance(response.body, bytes):
                return response.status, response.body
            return response.status, b"".join([part async for part in _parts(response)])

    async def stream(self, question: Question) -> AsyncIterator[bytes]:
        """Yield the parts of the answer's body."""
        async with self._asked(question) as response:
            if isinstance(response.body, bytes):
                raise Refused(response.status, response.body)
            async for part in _parts(response):
                yield part

    async def close(self) -> None:
        """Leave."""
        self._server.activity.closed(self._accepted)

    @asynccontextmanager
    async def _asked(self, question: Question) -> AsyncIterator[HttpResponse]:
        # A task of its own has an empty context, as a request from elsewhere has.
        task = asyncio.create_task(self._answer(question), context=Context())
        try:
            yield await task
        finally:
            # Also where it is there, and nobody waits for it any more.
            if not task.cancelled() and task.exception() is None:
                await close_iterator(task.result().body)

    async def _answer(self, question: Question) -> HttpResponse:
        headers = {**question.headers, "content-length": str(len(question.body))}
        head = Head(question.verb, question.target, headers)
        return await self._server.rest(HttpRequest(head, question.body, self._accepted))


def _parts(response: HttpResponse) -> AsyncIterator[bytes]:
    assert isinstance(response.body, AsyncIterator), "REST streams are iterators"
    return response.body


class OverHttp:
    """Asks a server elsewhere.

    Args:
        url: Its HTTP address.
        limits: `max_body` bounds answers that are no streams.
    """

    def __init__(self, url: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._url = url.rstrip("/")
        self._limits = limits
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._address = Address(parts.scheme, parts.hostname or "", port)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, question: Question) -> tuple[int, bytes]:
        """Return status and body of the answer.

        Raises:
            TransportError: The server cannot be reached, or the connection broke.
            RemoteProtocolError: It does not speak HTTP.
            LimitExceeded: The body is above `max_body`.
        """
        async with self._asked(question) as response:
            return response.status, await self._read(response)

    async def stream(self, question: Question) -> AsyncIterator[bytes]:
        """Yield the parts of the answer's body."""
        async with self._asked(question) as response:
            if response.status >= 300:
                raise Refused(response.status, await self._read(response))
            async for part in response.content.iter_any():
                yield part

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for part in response.content.iter_any():
            body += part
            if len(body) > self._limits.max_body:
                raise LimitExceeded(
                    f"{self._url} answered with more than max_body={self._limits.max_body} bytes"
                )
        return bytes(body)

    @asynccontextmanager
    async def _asked(self, question: Question) -> AsyncIterator[aiohttp.ClientResponse]:
        import aiohttp  # noqa: PLC0415 - only where HTTP is used
        from yarl import URL  # noqa: PLC0415 - aiohttp's own addresses: the target is encoded already

        from avrorpc.transport.http_faults import saying  # noqa: PLC0415 - it imports aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None), requote_redirect_url=False
            )
        url = URL(self._url + question.target, encoded=True)
        with saying(self._address):
            async with self._session.request(
                question.verb, url, data=question.body or None, headers=question.headers
            ) as response:
                yield response
