"""HTTP requests as a server takes them, and the responses that it gives: plain objects, without sockets.

A `Handler` makes the one of the other. What it need not know of, such as connections that are kept alive,
`http_server` does.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, Protocol, Self, TypeAlias

from avrorpc.principal import Principal
from avrorpc.status import plain_problem
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.http_body import Body

PROBLEM: Final = "application/problem+json"
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Head:
    """What stands before a request's body. Requests whose bytes are the same there share one.

    Args:
        method: In capitals.
        target: The path, with the query where there is one, as the client wrote it: nothing in it is decoded.
        headers: By name in small letters; what came several times is joined by `, `. Nobody changes them.
        version: That of HTTP, `1.1` or `1.0`.
        length: Bytes of the body; None where they are not known beforehand.
    """

    __slots__ = (
        "found",
        "headers",
        "is_upgrade",
        "keeps_alive",
        "length",
        "method",
        "path",
        "query",
        "target",
        "version",
    )

    def __init__(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] = NOTHING,
        version: str = "1.1",
        length: int | None = 0,
    ) -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.version = version
        self.length = length
        self.keeps_alive = True
        """Whether the client would use the connection again."""
        self.is_upgrade = False
        """Whether the client asks for a WebSocket, and sends nothing more before the answer."""
        self.found: dict[object, Any] = {}
        """What handlers have found to follow from it alone, each under a key of its own."""


class HttpRequest:
    """A request; iterating over it gives its body, in the parts in which it comes.

    Args:
        head: What stands before the body.
        body: All of it, or a `Body` that still comes.
        accepted: The connection that it came by.
        principal: Whom that proves the client to be.
    """

    __slots__ = ("accepted", "body", "head", "headers", "is_stream", "method", "path", "principal")

    def __init__(
        self,
        head: Head,
        body: bytes | Body = b"",
        accepted: Accepted | None = None,
        principal: Principal | None = None,
    ) -> None:
        self.head = head
        self.method = head.method
        self.path = head.path
        """The path as the client wrote it: nothing in it is decoded."""
        self.headers = head.headers
        self.accepted = Accepted("http") if accepted is None else accepted
        self.principal = principal
        self.body: Body = body if isinstance(body, Body) else Body(len(body), data=body)
        """What `read` and iteration read."""
        self.is_stream = False
        """Set by a handler whose call lasts as long as its client stays: the body may take any time, and a
        client that ends its side of the connection has left."""

    @property
    def target(self) -> str:
        """The path, with the query where there is one."""
        return self.head.target

    @property
    def query(self) -> str:
        """The query as the client wrote it; empty for none."""
        return self.head.query

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.target}>"

    @property
    def media_type(self) -> str:
        """What the body is said to be, without parameters and in small letters; empty where nobody says."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def read(self, limit: int, slack: int = 0) -> Awaitable[bytes]:
        """Return the whole body.

        Args:
            limit: The most bytes that it may have: `Limits.max_body`.
            slack: Bytes on top, for what frames its parts.

        Raises:
            LimitExceeded: It is larger, or says so in advance; answered 413 where the handler lets it pass.
            RemoteProtocolError: It is malformed; answered 400 likewise.
        """
        return self.body.read(limit, slack)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        data = await self.body.chunk()
        if data is None:
            raise StopAsyncIteration
        return data


Send: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Sends a part of a body; it waits while the client does not read."""


class Sender(Protocol):
    """Sends the parts of a body."""

    def now(self, part: bytes) -> bool:
        """Send a part without waiting; return whether the client does not read as fast as is sent.

        Raises:
            ClientGone: The client has left.
        """
        ...

    async def __call__(self, part: bytes) -> None:
        """Send a part, or with no bytes none, and wait while the client does not read.

        Raises:
            ClientGone: The client has left.
        """
        ...


Parts: TypeAlias = AsyncIterator[bytes] | Callable[[Sender], Awaitable[None]]
"""A body that comes in parts: an iterator, which is closed at the end, or what sends them itself."""


class Fields(dict[str, str]):
    """Headers that are the same in many responses, so that they are written once. Nobody changes them.

    Raises:
        HeaderError: One cannot be sent.
    """

    __slots__ = ("lines",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.lines: Final = _lines(headers)
        """As they are sent, each with its end."""


class HttpResponse:
    """A response.

    Args:
        status: Such as 200.
        headers: By name. Length, encoding, date and connection are not among them.
        body: All of it, or what gives its parts, which are sent as they come.
        takeover: For status 101: what has the connection from then on.
    """

    __slots__ = ("body", "headers", "status", "takeover")

    def __init__(
        self,
        status: int = 200,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | Parts = b"",
        takeover: asyncio.Protocol | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.takeover = takeover

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status}>"

    @property
    def is_bodiless(self) -> bool:
        """Whether its status allows no body."""
        return self.status < HTTPStatus.OK or self.status in _BODILESS


Handler: TypeAlias = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""Answers a request; it is cancelled where the client leaves before that."""


def problem(status: int, detail: str, headers: Mapping[str, str] = NOTHING) -> HttpResponse:
    """Return a response that says what is wrong, as a problem of RFC 9457."""
    body = json.dumps(plain_problem(status, detail), ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(status, {**headers, **_PROBLEM}, body.encode(errors="replace"))


class HeaderError(ValueError):
    """A header of a response cannot be sent as it is."""


def head(response: HttpResponse, framing: str) -> bytes:
    """Return a response's beginning.

    Args:
        response: What is answered.
        framing: The lines for length, encoding and connection, each with its end.

    Raises:
        HeaderError: A header would break the line, or has letters that no header can have.
    """
    status = response.status
    headers = response.headers
    lines = headers.lines if type(headers) is Fields else _lines(headers)
    beginning = f"{_LINES.get(status) or _line(status)}{framing}Date: {_date()}\r\n{lines}\r\n"
    try:
        return beginning.encode("latin-1")
    except UnicodeEncodeError as error:
        raise HeaderError(f"a header of a response is not Latin-1: {error}") from error


def _lines(headers: Mapping[str, str]) -> str:
    lines = ""
    for name, value in headers.items():
        line = f"{name}: {value}"
        if "\n" in line or "\r" in line:
            raise HeaderError(f"the header {name!r} of a response has more than one line")
        lines += f"{line}\r\n"
    return lines


_BODILESS: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_PROBLEM: Final = {"Content-Type": PROBLEM, "Cache-Control": "no-store"}
_LINES: Final = {int(status): f"HTTP/1.1 {int(status)} {status.phrase}\r\n" for status in HTTPStatus}


def _line(status: int) -> str:
    return f"HTTP/1.1 {status} \r\n"


class _Clock:
    """The date, which changes once in a second."""

    second = -1
    text = ""


def _date() -> str:
    now = int(time.time())
    if now != _Clock.second:
        _Clock.second, _Clock.text = now, formatdate(now, usegmt=True)
    return _Clock.text
