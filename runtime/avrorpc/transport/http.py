"""HTTP on aiohttp, for asynchronous clients: Avro bodies over POST."""

from __future__ import annotations

import asyncio
import io
import socket
import ssl
from collections.abc import Callable
from typing import Generic, TypeVar

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from avrorpc.errors import ConnectionLost, TransportError
from avrorpc.limits import Limits
from avrorpc.transport.blocking import reset_on_close
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.faults import connect_error, ended_in_tls, reason
from avrorpc.transport.http_conversation import HttpConversation
from avrorpc.transport.http_status import check_response, not_http, request_path
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
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, call: Outgoing) -> PlainAnswer[V]:
        """Send a call and return its reply; HTTP answers one-way calls, too, and that answer is dropped.

        Raises:
            TimeoutError: No reply came in time.
            TransportError: The connection failed.
            StatusError: UNIMPLEMENTED, where the call has a stream.
        """
        request = plain_request(call, self.address)
        async with asyncio.timeout(call.timeout):
            view, body = await self._conversation.exchange(request, self._post)
        return PlainAnswer(view, None if call.one_way else body)

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, body: bytes) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        else:
            # Two turns of the loop: in the first it hears which
            # idle connections have ended, in the second they go.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        with self._dialler.attempt():
            return await self._exchange(self._session, _Body(io.BytesIO(body)))

    async def _exchange(self, session: aiohttp.ClientSession, body: _Body) -> bytes:
        tls = self._dialler.tls
        try:
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
        except aiohttp.ClientConnectorCertificateError as error:
            problem = error.certificate_error
            raise connect_error(
                self.address, problem if isinstance(problem, OSError) else OSError(str(problem))
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise connect_error(self.address, error.os_error) from error
        except aiohttp.ClientResponseError as error:
            raise not_http(self.address, error.message) from error
        except aiohttp.ClientError as error:
            raise self._lost(error) from error

    def _lost(self, error: aiohttp.ClientError) -> TransportError:
        for problem in (error, error.__cause__):
            if isinstance(problem, ssl.SSLError):
                return connect_error(self.address, problem)
        said = reason(error) if isinstance(error, OSError) else str(error)
        if self.address.is_secure and isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError):
            said = ended_in_tls(self.address)
        return ConnectionLost(f"the connection to {self.address} broke: {said}")


class _Body(aiohttp.BytesIOPayload):
    """The body of a call. aiohttp wants large ones as files, and then sends them in parts.

    While the call is under way, the end of its connection is a reset: so the server learns that nobody waits.
    """

    def __init__(self, body: io.BytesIO) -> None:
        super().__init__(body)
        self._sock: socket.socket | None = None

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it: what aiohttp up to 3.11 calls."""
        self._begin(writer)
        await super().write(writer)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send it: what later ones call."""
        self._begin(writer)
        await super().write_with_length(writer, content_length)

    def is_answered(self) -> None:
        """Take note that the reply is there: the end of the connection means nothing any more."""
        if self._sock is not None and self._sock.fileno() >= 0:
            reset_on_close(self._sock, is_wanted=False)

    def _begin(self, writer: AbstractStreamWriter) -> None:
        transport = getattr(writer, "transport", None)
        if transport is not None:
            self._sock = transport.get_extra_info("socket")
            if self._sock is not None:
                reset_on_close(self._sock)
