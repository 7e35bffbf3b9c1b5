"""Reading requests from bytes: httptools (llhttp) does, with none of its leniencies; the bounds are ours.

It knows no sockets and no time. Requests come out in order, each as soon as its head is there.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httptools

from avrorpc.errors import RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.principal import Principal
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.http_body import Body, BodyWatcher
from avrorpc.transport.http_message import Head, HttpRequest

METHODS: Final = {
    name.encode(): name
    for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
}
"""What handlers are asked; the last two, so that they say what there is instead."""
PIECE: Final = 16_384
"""Bytes that are parsed at once; what they hold is taken, however many requests that is."""
MAX_WAITING: Final = 16
"""Requests that may wait for those before them, until no more are read."""
MAX_KEPT: Final = 512
"""Heads that are kept at once."""
LONGEST_KEPT: Final = 1_024
"""Bytes of a head that is kept, at most."""
LINE: Final = 4
"""Bytes of a header besides its name and value."""
LONGEST_METHOD: Final = 16
"""Bytes that stand before a target, at most; what is above the limit with so many is so for its target."""
BAD_BODY: Final = "the body of the request is not encoded as it says"
CONTINUE: Final = "100-continue"
NAMES: Final = {
    name.encode(): name.lower()
    for given in (
        "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Connection", "Content-Length",
        "Content-Type", "Cookie", "Expect", "Host", "Origin", "Referer", "Transfer-Encoding", "User-Agent",
    )
    for name in (given, given.lower())
}  # fmt: skip
"""Usual names as they usually come, so that they need no decoding."""


class Heads:
    """Heads that were read, by their bytes, so that clients who say the same again need no parsing.

    Only those are kept that stand before a body of a stated length and leave the connection open: what comes
    of such a one depends on its own bytes alone.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Head] = {}
        self._seen: set[int] = set()
        self.get: Final[Callable[[bytes], Head | None]] = self._known.get

    def __len__(self) -> int:
        return len(self._known)

    def keep(self, data: bytes, head: Head) -> None:
        """Keep a head that comes for the second time; where there are too many, all of them are forgotten."""
        mark = hash(data)
        if mark not in self._seen:
            if len(self._seen) >= MAX_KEPT:
                self._seen.clear()
            self._seen.add(mark)
        elif len(data) <= LONGEST_KEPT:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            self._known[data] = head


@dataclass(slots=True, frozen=True)
class Refusal:
    """Why a connection is not read any further."""

    status: int
    text: str


class RequestReader:
    """Makes requests of bytes.

    Args:
        limits: `max_head` and `max_headers`.
        watcher: Told how bodies are read.
        accepted: The connection.
        principal: Whom the connection proves the client to be.
        heads: Those that were read before, here or on other connections under the same limits.
    """

    def __init__(
        self,
        limits: Limits,
        watcher: BodyWatcher | None = None,
        accepted: Accepted | None = None,
        principal: Principal | None = None,
        heads: Heads | None = None,
    ) -> None:
        self.requests: deque[HttpRequest] = deque()
        """What has come, the oldest first; the last one's body may be incomplete."""
        self.refusal: Refusal | None = None
        """Why nothing more is read; it is to be said after the answers to the requests."""
        self.whole = 0
        """How many heads and bodies have come to their end, ever."""
        self.is_over = False
        """Whether nothing more is read: the last request said so, or was refused, or wants an upgrade."""
        self._max_head = limits.max_head
        self._max_headers = limits.max_headers
        self._watcher = watcher
        self._accepted = accepted
        self._principal = principal
        self._heads = Heads() if heads is None else heads
        self._parser = httptools.HttpRequestParser(self)
        self._rest = b""
        self._is_upgrading = False
        # Of the message that is coming.
        self._url = b""
        self._headers: dict[str, str] = {}
        self._size = 0
        self._count = 0
        self._fed = 0
        self._is_begun = False
        self._open: HttpRequest | None = None
        self._declined = b""
        self._has_moved = False
        self._is_measured = False

    @property
    def is_full(self) -> bool:
        """Whether no more is to be read before a request is taken."""
        return len(self.requests) >= MAX_WAITING or bool(self._rest)

    @property
    def is_waiting(self) -> bool:
        """Whether anything has come that is not answered."""
        return bool(self.requests or self._rest) or self.refusal is not None

    @property
    def is_half(self) -> bool:
        """Whether a head has begun to come and is not whole, or a body that is no stream."""
        return self._is_begun if self._open is None else not self._open.is_stream

    @property
    def open(self) -> HttpRequest | None:
        """The request whose body is coming."""
        return self._open

    def feed(self, data: bytes) -> None:
        """Take bytes; what comes of them is in `requests` and `refusal`."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        if self._is_upgrading:
            self._rest = data
        elif len(data) <= PIECE and not self.is_full:
            if not self.is_over and not self._is_known(data):
                self._parse(data)
        else:
            view = memoryview(data)
            for start in range(0, len(view), PIECE):
                if self.is_full:
                    self._rest += bytes(view[start:])
                    return
                if not self.is_over:
                    self._parse(view[start : start + PIECE])

    def _is_known(self, data: bytes) -> bool:
        """Take a whole request whose head was read before; return False where it is something else."""
        if self._is_begun or self._open is not None:
            return False
        end = data.find(b"\r\n\r\n") + 4
        head = self._heads.get(data[:end])
        if head is None or len(data) - end != head.length:
            return False
        self.whole += 2
        self.requests.append(HttpRequest(head, data[end:], self._accepted, self._principal))
        return True

    def rest(self) -> bytes:
        """Return, once, what came after the last request, for what the connection is upgraded to."""
        data, self._rest = self._rest, b""
        return data

    # What httptools calls.

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._url = b""
        self._headers = {}
        self._size = self._count = 0
        self._is_begun = True

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url
        if len(self._url) > self._max_head:
            self._refuse_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or after a body a trailer, which is dropped."""
        self._count += 1
        if self._count > self._max_headers:
            self._refuse(431, f"the request has more headers than max_headers={self._max_headers}")
            return
        if self._is_measured:
            self._size += len(name) + len(value) + LINE
            if self._size + len(self._url) > self._max_head:
                self._refuse_head()
                return
        if self._open is not None:
            return
        key = NAMES.get(name) or name.lower().decode("latin-1")
        headers = self._headers
        if key not in headers:
            headers[key] = value.decode("latin-1").rstrip(" \t")
        elif key == "host":
            self._refuse(400, "the request names its host twice")
        else:
            more = value.decode("latin-1").rstrip(" \t")
            headers[key] = f"{headers[key]}, {more}"

    def on_headers_complete(self) -> None:
        """Make the request of its head."""
        if self.is_over:
            return
        parser, headers = self._parser, self._headers
        version = parser.get_http_version()
        method = METHODS.get(parser.get_method())
        if version not in ("1.1", "1.0"):
            self._refuse(505, "this server speaks HTTP/1.1")
            return
        if method is None:
            self._refuse(501, "this server knows no such method")
            return
        if version == "1.1" and "host" not in headers:
            self._refuse(400, "the request names no host")
            return
        encoding = headers.get("transfer-encoding")
        if encoding is not None and (version == "1.0" or encoding.lower() != "chunked"):
            *others, last = [each.strip().lower() for each in encoding.split(",")]
            is_right = version == "1.1" and last == "chunked" and "chunked" not in others
            self._refuse(501 if is_right else 400, "a body is sent whole, or chunked and nothing else")
            return
        if headers.get("expect", CONTINUE).lower() != CONTINUE and version == "1.1":
            self._refuse(417, "the only expectation that is met here is 100-continue")
            return
        target = self._target(method)
        if target is None:
            self._refuse(400, "the target of the request is no path")
            return
        length = None if encoding is not None else int(headers.get("content-length", "0"))
        head = Head(method, target, headers, version, length)
        head.keeps_alive = parser.should_keep_alive()
        request = HttpRequest(head, Body(length, self._watcher), self._accepted, self._principal)
        if parser.should_upgrade():
            is_websocket = headers.get("upgrade", "").lower() == "websocket" and length == 0
            if not is_websocket or method != "GET":
                self._declined = _without_upgrade(head)
                return
            head.is_upgrade = self._is_upgrading = True
        self._open = request
        self._is_begun = False
        self._has_moved = True
        self._size = self._count = 0
        self.whole += 1
        self.requests.append(request)

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        self._has_moved = True
        if self._open is not None:
            self._open.body.put(data)

    def on_message_complete(self) -> None:
        """End the body."""
        self._has_moved = True
        request, self._open = self._open, None
        if request is not None:
            self.whole += 1
            request.body.end()
            self.is_over = not request.head.keeps_alive or request.head.is_upgrade

    def _parse(self, data: bytes | memoryview) -> None:
        # Most heads come in one small piece, in which nothing can be above the limit.
        self._is_measured = self._fed + len(data) > self._max_head
        is_fresh, before = not self._is_begun and self._open is None, self.whole
        while data:
            self._has_moved = False
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = self._after_upgrade(bytes(data[upgrade.args[0] :]))
                continue
            except httptools.HttpParserError:
                if self._parser.get_method() == b"PRI":
                    self._refuse(505, "this server speaks HTTP/1.1")
                else:
                    self._refuse(
                        400, BAD_BODY if self._open is not None else "this is no request of HTTP/1.1"
                    )
                return
            if not self._has_moved and (self._is_begun or self._open is not None):
                self._fed += len(data)
                if self._fed > self._max_head:
                    self._refuse_head()
            else:
                self._fed = 0
                if is_fresh and self.whole == before + 2:
                    self._keep(data)
            return

    def _keep(self, data: bytes | memoryview) -> None:
        """Keep the head of the one request that has come in some bytes, where it is one to be kept."""
        if self.is_over or self._is_begun:
            return
        head, whole = self.requests[-1].head, bytes(data)
        end = whole.find(b"\r\n\r\n") + 4
        is_all = head.length == len(whole) - end and head.version == "1.1" and not head.is_upgrade
        if is_all and "expect" not in head.headers and whole[:1].isalpha():
            self._heads.keep(whole[:end], head)

    def _after_upgrade(self, rest: bytes) -> bytes:
        """Return what is to be parsed after a request that wants another protocol.

        Where it is one that nobody here has, the request is read again without that wish, and HTTP goes on.
        """
        if self._is_upgrading:
            self._rest = rest
            return b""
        again, self._declined = self._declined, b""
        if not again or self.is_over:
            return b""
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(again)
        return rest

    def _refuse_head(self) -> None:
        if len(self._url) + LONGEST_METHOD > self._max_head:
            self._refuse(414, f"the target of the request is above max_head={self._max_head} bytes")
        else:
            self._refuse(431, f"the head of the request is above max_head={self._max_head} bytes")

    def _refuse(self, status: int, why: str) -> None:
        if self.is_over:
            return
        self.is_over = True
        self.refusal = Refusal(status, why)
        request, self._open = self._open, None
        self._is_begun = False
        if request is not None:
            if self.requests and self.requests[-1] is request:
                self.requests.pop()
            else:
                request.body.fail(RemoteProtocolError(why))

    def _target(self, method: str) -> str | None:
        """Return the target as a path, or `*`; None where it is neither."""
        target = self._url.decode("latin-1")
        if target[:1] != "/" and not (target == "*" and method == "OPTIONS"):
            scheme, _, rest = target.partition("://")
            if scheme.lower() not in ("http", "https") or not rest:
                return None
            authority = re.split("[/?#]", rest, maxsplit=1)[0]
            self._headers["host"] = authority
            target = rest[len(authority) :]
            if target[:1] != "/":
                target = f"/{target}"
        return target.partition("#")[0] if "#" in target else target


def _without_upgrade(head: Head) -> bytes:
    """Return a request's head as it is without its wish for another protocol, which a server may ignore."""
    lines = [f"{head.method} {head.target} HTTP/{head.version}"]
    for name, value in head.headers.items():
        if name == "connection":
            others = [each for each in value.split(",") if each.strip().lower() != "upgrade"]
            lines += [f"{name}: {each}" for each in others]
        elif name != "upgrade":
            lines.append(f"{name}: {value}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
