"""WebSocket on aiohttp, for asynchronous clients: our frames in binary messages, from the first byte on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiohttp

from avrorpc.errors import ConnectionLost, RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.transport.address import Address
from avrorpc.transport.carrier import Carrier
from avrorpc.transport.link import ClientLink
from avrorpc.transport.websocket_names import MAX_MESSAGE, PATH, SUBPROTOCOL

if TYPE_CHECKING:
    from ssl import SSLContext


class WebSocketDialler:
    """Makes the WebSocket connections of one client.

    Args:
        address: Where the server is.
        limits: Bounds on what the server may send.
        tls: For `wss://`.
    """

    def __init__(self, address: Address, limits: Limits, tls: SSLContext | None = None) -> None:
        self.address = address
        self._limits = limits
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._carrying: set[asyncio.Task[None]] = set()

    async def connect(self, factory: Callable[[], ClientLink]) -> ClientLink:
        """Return the link of a new connection.

        Raises:
            ConnectError: There is none; the text says why.
            RemoteProtocolError: What answers there is no WebSocket of ours.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        scheme = "wss" if self.address.scheme == "wss" else "ws"
        url = f"{scheme}://{self.address.authority}{self.address.path or PATH}"
        try:
            websocket = await self._session.ws_connect(
                url,
                protocols=(SUBPROTOCOL,),
                max_msg_size=MAX_MESSAGE,
                ssl=self._tls if self._tls is not None else True,
                timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
            )
        except aiohttp.WSServerHandshakeError as error:
            raise RemoteProtocolError(
                f"{self.address} answered {error.status} and opens no WebSocket here: {error.message}"
            ) from error
        if websocket.protocol != SUBPROTOCOL:
            await websocket.close()
            raise RemoteProtocolError(f"{self.address} opens a WebSocket, but does not speak {SUBPROTOCOL}")
        link = factory()
        task = asyncio.get_running_loop().create_task(self._carry(websocket, link))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)
        return link

    async def close(self) -> None:
        """Wait until the connections are closed, and close the session."""
        if self._carrying:
            await asyncio.wait(list(self._carrying))
        if self._session is not None:
            await self._session.close()

    @staticmethod
    async def _carry(websocket: aiohttp.ClientWebSocketResponse, link: ClientLink) -> None:
        async def read() -> bytes | None:
            return binary(await websocket.receive())

        try:
            await Carrier(link, None, outlives_input=False).carry(read, websocket.send_bytes)
        finally:
            await websocket.close()


def binary(message: aiohttp.WSMessage) -> bytes | None:
    """Return what a WebSocket message carries; None where it is the end.

    Raises:
        ConnectionLost: The connection broke.
        RemoteProtocolError: It is a text.
    """
    match message.type:
        case aiohttp.WSMsgType.BINARY:
            data: bytes = message.data
            return data
        case aiohttp.WSMsgType.TEXT:
            raise RemoteProtocolError(f"a WebSocket message of text; {SUBPROTOCOL} is binary")
        case aiohttp.WSMsgType.ERROR:
            raise ConnectionLost(f"the WebSocket broke: {message.data}")
        case _:
            return None
