"""Responses on their way to an HTTP client: bodies whole and in parts, and clients that do not read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from avrorpc.errors import ConnectionLost
from avrorpc.transport.accepted import Traffic
from avrorpc.transport.http_message import HttpRequest, HttpResponse, Parts, head, problem

LARGE: Final = 65_536
"""Bytes of a body that is not copied to stand behind its head."""
CLOSE: Final = "Connection: close\r\n"
"""What tells a client that its connection ends with a response."""
GONE: Final = "the client has left before its response was whole"


class ClientGone(ConnectionLost):
    """The client has left before its response was whole."""


class ResponseWriter:
    """Writes responses, as fast as the client reads them.

    Args:
        transport: Where to.
        traffic: Counts the bytes.
    """

    def __init__(self, transport: asyncio.Transport, traffic: Traffic) -> None:
        self.is_choked = False
        """Whether the client does not read as fast as is written."""
        self._transport = transport
        self._traffic = traffic
        self._unchoked: asyncio.Future[None] | None = None
        self._taken = 0
        self._since: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the client was seen to have something unread, which `waits_since` looks at again."""
        return self._since is not None

    def choke(self) -> None:
        """Take note that the client does not read as fast as is written."""
        self.is_choked = True

    def release(self) -> None:
        """Take note that it does."""
        self.is_choked = False
        if self._unchoked is not None:
            if not self._unchoked.done():
                self._unchoked.set_result(None)
            self._unchoked = None

    def waits_since(self, now: float) -> float | None:
        """Return since when the client has read nothing of what is due to it; None where nothing is."""
        unread = self._transport.get_write_buffer_size()
        taken = self._traffic.sent - unread
        if not unread:
            self._since = None
        elif self._since is None or taken > self._taken:
            self._since = now
        self._taken = taken
        return self._since

    def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ClientGone: Nobody is there.
        """
        self.check()
        self._traffic.sent += len(data)
        self._transport.write(data)

    def respond(self, request: HttpRequest, response: HttpResponse, *, ends: bool) -> Awaitable[None] | None:
        """Send a response.

        Args:
            request: What it answers.
            response: What is sent.
            ends: Whether the connection closes after it.

        Returns:
            What is to be awaited before the next; None where all is said, and the client reads.

        Raises:
            HeaderError: A header cannot be sent, so that nothing was.
            ClientGone: The client has left before all was sent.
        """
        body = response.body
        if not isinstance(body, bytes):
            return self._stream(request, response, body, ends=ends)
        framing = _framing(request, ends=ends)
        if response.is_bodiless:
            body = b""
        else:
            framing = f"Content-Length: {len(body)}\r\n{framing}"
            if request.method == "HEAD":
                body = b""
        beginning = head(response, framing)
        transport = self._transport
        self.check()
        self._traffic.sent += len(beginning) + len(body)
        if len(body) < LARGE:
            transport.write(beginning + body)
        else:
            transport.writelines([beginning, body])
        return self.read() if self.is_choked else None

    def refuse(self, status: int, why: str) -> None:
        """Send what answers no request, and ends the connection.

        Raises:
            ClientGone: Nobody is there.
        """
        response = problem(status, why)
        assert isinstance(response.body, bytes)
        self.write(head(response, f"Content-Length: {len(response.body)}\r\n{CLOSE}") + response.body)

    async def _stream(self, request: HttpRequest, response: HttpResponse, body: Parts, *, ends: bool) -> None:
        """Send a body in parts, as they come."""
        is_chunked = request.head.version != "1.0"
        send = PartSender(self, is_chunked=is_chunked)
        try:
            if response.is_bodiless:
                self.write(head(response, _framing(request, ends=ends)))
                return
            encoding = "Transfer-Encoding: chunked\r\n" if is_chunked else ""
            self.write(head(response, f"{encoding}{_framing(request, ends=ends)}"))
            if request.method == "HEAD":
                return
            if callable(body):
                await body(send)
            else:
                async for part in body:
                    await send(part)
            if is_chunked:
                self.write(b"0\r\n\r\n")
        finally:
            close: Any = getattr(body, "aclose", None)
            if close is not None:
                await close()

    async def read(self) -> None:
        """Wait until the client has read some of what is due to it."""
        while self.is_choked:
            if self._unchoked is None:
                self._unchoked = asyncio.get_running_loop().create_future()
            await self._unchoked

    def check(self) -> None:
        """Let nothing be sent to nobody.

        Raises:
            ClientGone: Nobody is there.
        """
        if self._transport.is_closing():
            raise ClientGone(GONE)


class PartSender:
    """Sends the parts of one body; see `Sender`.

    Args:
        writer: Sends them.
        is_chunked: Whether each has its length before it.
    """

    __slots__ = ("_is_chunked", "_writer")

    def __init__(self, writer: ResponseWriter, *, is_chunked: bool) -> None:
        self._writer = writer
        self._is_chunked = is_chunked

    def now(self, part: bytes) -> bool:
        """Send a part; return whether the client does not read as fast as is sent."""
        self._writer.write(b"%x\r\n%b\r\n" % (len(part), part) if self._is_chunked else part)
        return self._writer.is_choked

    async def __call__(self, part: bytes) -> None:
        """Send a part, and wait while the client does not read."""
        if part:
            self.now(part)
        else:
            self._writer.check()
        if self._writer.is_choked:
            await self._writer.read()


def _framing(request: HttpRequest, *, ends: bool) -> str:
    if ends:
        return CLOSE
    return "Connection: keep-alive\r\n" if request.head.version == "1.0" else ""
