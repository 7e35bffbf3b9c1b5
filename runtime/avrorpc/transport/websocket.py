"""WebSocket on aiohttp, for asynchronous clients: our frames in binary messages, from the first byte on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

import aiohttp

from avrorpc.errors import ConnectionLost, LimitExceeded, RemoteProtocolError
from avrorpc.transport.carrier import Carrier
from avrorpc.transport.client_link import ClientLink
from avrorpc.transport.dialling import Dialler
from avrorpc.transport.faults import lost_at_start
from avrorpc.transport.goodbyes import Goodbyes
from avrorpc.transport.http_faults import saying
from avrorpc.transport.http_session import http_session
from avrorpc.transport.websocket_names import MAX_MESSAGE, PATH, SUBPROTOCOL

CLOSE_SECONDS: Final = 1.0
"""How long a server may take to answer the end of a WebSocket."""

_CLOSING: Final[Any] = aiohttp.ClientWSTimeout(None, CLOSE_SECONDS)  # type: ignore[call-arg,unused-ignore]


class WebSocketDialler:
    """Makes the WebSocket connections of one client.

    Args:
        dialler: Knows the address, what TLS shows and demands, and how soon a server is dialled again.
    """

    def __init__(self, dialler: Dialler) -> None:
        self.address = dialler.address
        self._dialler = dialler
        self._session: aiohttp.ClientSession | None = None
        self._carrying: set[asyncio.Task[None]] = set()
        self._goodbyes = Goodbyes()

    def attempt(self) -> AbstractContextManager[None]:
        """Dial within this; see `Dialler.attempt`."""
        return self._dialler.attempt()

    async def connect(self, factory: Callable[[], ClientLink]) -> ClientLink:
        """Return the link of a new connection.

        Raises:
            ConnectError: There is none; the text says why.
            RemoteProtocolError: What answers there is no WebSocket of ours.
        """
        if self._session is None:
            self._session = http_session(self.address)
        tls = self._dialler.tls
        try:
            with saying(self.address):
                websocket = await self._session.ws_connect(
                    f"{self.address.scheme}://{self.address.authority}{self.address.path or PATH}",
                    protocols=(SUBPROTOCOL,),
                    max_msg_size=MAX_MESSAGE,
                    ssl=True if tls is None else tls.context,
                    server_hostname=None if tls is None else tls.server_name,
                    timeout=_CLOSING,
                )
        except ConnectionLost as lost:
            raise lost_at_start(self.address, lost) from lost
        if websocket.protocol != SUBPROTOCOL:
            await websocket.close()
            raise RemoteProtocolError(f"{self.address} opens a WebSocket, but does not speak {SUBPROTOCOL}")
        self._goodbyes.add(websocket.get_extra_info("socket"))
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
        await self._goodbyes.said()

    @staticmethod
    async def _carry(websocket: aiohttp.ClientWebSocketResponse, link: ClientLink) -> None:
        async def read() -> bytes | None:
            return binary(await websocket.receive())

        try:
            sock = websocket.get_extra_info("socket")
            await Carrier(link, outlives_input=False, sock=sock).carry(read, websocket.send_bytes)
        finally:
            # aiohttp gives each message that comes before the end its own time.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await websocket.close()


def binary(message: aiohttp.WSMessage) -> bytes | None:
    """Return what a WebSocket message carries; None where it is the end.

    Raises:
        ConnectionLost: The connection broke.
        RemoteProtocolError: It is a text, or no WebSocket frame.
        LimitExceeded: It is too large.
    """
    match message.type:
        case aiohttp.WSMsgType.BINARY:
            data: bytes = message.data
            return data
        case aiohttp.WSMsgType.TEXT:
            raise RemoteProtocolError(f"a WebSocket message of text; {SUBPROTOCOL} is binary")
        case aiohttp.WSMsgType.ERROR if isinstance(message.data, aiohttp.WebSocketError):
            if message.data.code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
                raise LimitExceeded(f"a WebSocket message above MAX_MESSAGE={MAX_MESSAGE} bytes")
            raise RemoteProtocolError(f"what came is no WebSocket frame: {message.data.args[-1]!s:.100}")
        case aiohttp.WSMsgType.ERROR:
            raise ConnectionLost(f"the WebSocket broke: {message.data}")
        case _:
            return None
