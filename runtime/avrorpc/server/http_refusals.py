"""What an HTTP client is told that gets no reply: a status and one sentence, never a library's own page.

The frameworks' pages and headers say which version of what runs here, and quote what was sent.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final

from aiohttp import http_exceptions, web

logger = logging.getLogger("avrorpc")

SERVER: Final = "avrorpc"
"""What the `Server` header says; aiohttp's would tell everybody its version, and Python's."""
MAX_LINE: Final = 8_190
"""Bytes of a request's first line, and of each header."""
MAX_HEADERS: Final = 128
"""Headers of one request."""
BAD_BODY: Final = "the body of the request is not encoded as it says"
_HEADERS: Final = {"Server": SERVER, "X-Content-Type-Options": "nosniff"}


def refuse(status: int, text: str) -> web.Response:
    """Return the answer to a request that gets no other."""
    return web.Response(status=status, text=text + "\n", headers=_HEADERS)


def raw_refusal(status: int, text: str) -> bytes:
    """Return the bytes of a refusal, for a connection that nothing reads requests from."""
    body = f"{text}\n".encode()
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in _HEADERS.items()),
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def show_no_version(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Say nothing of aiohttp in a response; for `on_response_prepare`."""
    response.headers["Server"] = SERVER


class RequestHandler(web.RequestHandler):
    """aiohttp's protocol for one connection, which answers what it cannot read in our words."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and tell whoever reads a body that it goes on in a way that cannot be read.

        The parser forgets the body then, whose reader would wait until the client leaves.
        """
        super().data_received(data)
        request = self._current_request
        if request is None or not self._messages or not hasattr(self._messages[-1][0], "exc"):
            return
        if not request.content.is_eof():
            request.content.set_exception(web.RequestPayloadError(BAD_BODY))
            request.content.feed_eof()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to a request that cannot be read, or whose handler failed; the connection ends.

        Raises:
            ConnectionError: An answer has begun.
        """
        peer = request.remote or "an unknown address"
        if isinstance(exc, http_exceptions.HttpProcessingError):
            status, text = _unreadable(exc)
            logger.warning("refused a request from %s: %s", peer, text)
        else:
            status, text = HTTPStatus.INTERNAL_SERVER_ERROR, "an internal error"
            logger.error("a request from %s failed", peer, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, and no other can be sent")
        response = refuse(status, text)
        response.force_close()
        return response


def _unreadable(error: http_exceptions.HttpProcessingError) -> tuple[int, str]:
    """Return the status for what aiohttp's parser refused, and our words for it."""
    match error:
        case http_exceptions.LineTooLong():
            return 431, f"the path or a header of the request is above MAX_LINE={MAX_LINE} bytes"
        case http_exceptions.BadHttpMessage(message="Too many headers received"):
            return 431, f"more than MAX_HEADERS={MAX_HEADERS} headers"
        case http_exceptions.PayloadEncodingError():
            return 400, BAD_BODY
        case http_exceptions.InvalidHeader():
            return 400, "a header of the request is malformed"
        case _:
            return 400, "this is no request of HTTP/1.1"
