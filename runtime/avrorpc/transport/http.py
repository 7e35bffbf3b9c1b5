"""HTTP on aiohttp, for asynchronous clients: Avro bodies over POST."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Generic, TypeVar

import aiohttp

from avrorpc.errors import ConnectionLost
from avrorpc.limits import Limits
from avrorpc.transport.address import Address, connect_error, reason
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.http_conversation import HttpConversation
from avrorpc.transport.http_status import check_response, not_http, request_path
from avrorpc.transport.plain import PlainAnswer, plain_request
from avrorpc.wire.client import Connected, Identity
from avrorpc.wire.exchange import CONTENT_TYPE

V = TypeVar("V")


class HttpTransport(Generic[V]):
    """A session of pooled connections; see `TcpTransport` for the arguments."""

    def __init__(
        self, address: Address, identity: Identity, limits: Limits, accept: Callable[[Connected], V]
    ) -> None:
        self.address = address
        self._limits = limits
        self._conversation = HttpConversation(identity, limits, accept)
        self._path = request_path(address, identity)
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
        url = f"http://{self.address.authority}{self._path}"
        headers = {"Content-Type": CONTENT_TYPE}
        try:
            # aiohttp wants large bodies as files, and then sends them in parts.
            async with self._session.post(
                url, data=io.BytesIO(body), headers=headers, allow_redirects=False
            ) as response:
                content = bytearray()
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > self._limits.max_body:
                        break
                kind = response.headers.get("Content-Type", "")
                return check_response(self.address, response.status, kind, bytes(content), self._limits)
        except aiohttp.ClientConnectorError as error:
            raise connect_error(self.address, error.os_error) from error
        except aiohttp.ClientResponseError as error:
            raise not_http(self.address, error.message) from error
        except aiohttp.ClientError as error:
            said = reason(error) if isinstance(error, OSError) else error
            raise ConnectionLost(f"the connection to {self.address} broke: {said}") from error
