"""An HTTP/1.1 server's side of a connection on asyncio: keep-alive, pipelining, flow control, clean ends.

`HttpConnection` is an `asyncio.Protocol`. Requests of a connection are answered one after the other, each by
a task of its own with an empty context, which ends when the client is gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context
from http import HTTPStatus
from typing import Final, cast

from avrorpc.limits import Limits
from avrorpc.principal import Principal
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.http_answer import excuse, failure
from avrorpc.transport.http_body import HIGH_WATER
from avrorpc.transport.http_message import Handler, HeaderError, HttpRequest, HttpResponse, head
from avrorpc.transport.http_reader import Heads, RequestReader
from avrorpc.transport.http_writer import ClientGone, ResponseWriter
from avrorpc.transport.peer import find_the_dead, is_gone, peer_name, principal_of
from avrorpc.wire.patience import Patience

logger = logging.getLogger("avrorpc")

LINGER_SECONDS: Final = 2.0
"""How long at most a client may go on to send what is not wanted, so that it reads why."""
MAX_DROPPED: Final = 65_536
"""Bytes of a body that nobody has read, and that are waited for so that the connection can be used again."""


class HttpConnection(asyncio.Protocol):
    """Reads requests, and has them answered in their order.

    Args:
        handler: Answers them.
        limits: Bounds on what the client may send, and how long it may take.
        scheme: What the address is called by.
        opened: Told of this object when the connection is there; returns why it is refused, or None.
        closed: Told of it when the connection is gone, unless it was refused.
        heads: Those that were read before, at the same address.
    """

    def __init__(
        self,
        handler: Handler,
        limits: Limits,
        scheme: str,
        opened: Callable[[HttpConnection], str | None],
        closed: Callable[[HttpConnection], None],
        heads: Heads,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.accepted = Accepted(scheme, says_end=True)
        """What is known of the connection."""
        self.gone: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection is closed."""
        self.principal: Principal | None = None
        """Whom the connection proves the client to be."""
        self._handler = handler
        self._limits = limits
        self._opened = opened
        self._closed = closed
        self._heads = heads
        self._transport: asyncio.Transport | None = None
        self._reader: RequestReader | None = None
        self._writer: ResponseWriter | None = None
        self._inner: asyncio.Protocol | None = None
        self._task: asyncio.Task[None] | None = None
        self._request: HttpRequest | None = None
        self._is_continued = False
        self._is_started = False
        self._is_ending = False
        self._is_lingering = False
        self._has_ended = False
        self._is_paused = False
        self._was_half = True
        self._patience = Patience(limits, self._loop.time(), first="request")
        self._idle_since = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """What a log calls the client."""
        return "nobody" if self._transport is None else peer_name(self._transport)

    @property
    def is_done(self) -> bool:
        """Whether the system has taken all that is due to the client."""
        return self._transport is None or not self._transport.get_write_buffer_size()

    def leave(self) -> None:
        """Close after the next answer, or at the next `end`."""
        self._is_ending = True

    def end(self, *, at_once: bool = False) -> None:
        """Close when what has come is answered, or at once: what is being answered then is given up."""
        self.leave()
        transport, reader = self._transport, self._reader
        if self._inner is not None or transport is None or self._is_lingering:
            return  # what has taken over ends the connection itself
        if at_once:
            if self._task is not None:
                self._task.cancel()
            self._close(transport)
        elif self._task is None and (reader is None or not reader.is_half):
            self._linger(transport)

    def abort(self) -> None:
        """Close at once; what is due is lost."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the connection."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's lack the base class
        self._writer = ResponseWriter(self._transport, self.accepted.traffic)
        self.principal = principal_of(transport)
        self.accepted.comes_from(transport.get_extra_info("peername"))
        self.accepted.principal = None if self.principal is None else self.principal.name
        problem = self._opened(self)
        if problem is not None:
            self._writer.refuse(503, problem)
            self._transport.close()
            return
        find_the_dead(transport, self._limits)
        self._reader = RequestReader(self._limits, self, self.accepted, self.principal, self._heads)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read requests."""
        self.accepted.traffic.received += len(data)
        reader = self._reader
        if self._inner is not None:
            self._inner.data_received(data)
        elif reader is not None and not self._is_lingering:
            reader.feed(data)
            self._go_on(reader)

    def eof_received(self) -> bool:
        """Stay until the replies are out, where the client may still read."""
        if self._inner is not None:
            return bool(self._inner.eof_received())
        transport, reader, request = self._transport, self._reader, self._request
        self._has_ended = True
        if transport is None or reader is None or transport.get_extra_info("sslcontext") is not None:
            return False  # TLS has no half of a connection
        if self._is_lingering or self._task is None or request is None:
            return False
        # One that has left, or whose request will never be whole, gets nothing.
        return not (request.is_stream or request is reader.open or is_gone(transport))

    def pause_writing(self) -> None:
        """Take note that the client does not read as fast as it asks."""
        if self._writer is not None:
            self._writer.choke()
        if self._inner is not None:
            self._inner.pause_writing()
        else:
            self._arm()

    def resume_writing(self) -> None:
        """Take note that it does."""
        if self._writer is not None:
            self._writer.release()
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what is being answered, and forget the connection."""
        self._disarm()
        if self._task is not None:
            self._task.cancel()
        if self._inner is not None:
            self._inner.connection_lost(exc)
        if self._reader is not None:
            self._reader = self._request = None  # the parser and this refer to each other
            self._closed(self)
        if not self.gone.done():
            self.gone.set_result(None)

    # What bodies say.

    def body_is_wanted(self) -> None:
        """Let the client send a body that it asked leave for; see `BodyWatcher`."""
        request, reader, writer = self._request, self._reader, self._writer
        if request is None or reader is None or writer is None or self._is_continued or self._is_started:
            return
        self._is_continued = True
        if request is reader.open and request.head.version == "1.1" and "expect" in request.headers:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def body_is_read(self) -> None:
        """Read on, where too much waited; see `BodyWatcher`."""
        if self._is_paused and self._reader is not None:
            self._choose_reading(self._reader)

    # One request after the other.

    def _go_on(self, reader: RequestReader) -> None:
        """Answer what has come next."""
        if self._task is None:
            self._next(reader)
        is_half = reader.is_half
        if is_half or self._was_half:
            self._was_half = is_half
            self._patience.moved(
                self._loop.time(), is_bound=reader.whole > 0, is_half=is_half, whole=reader.whole
            )
            if is_half:
                self._arm()
        if reader.open is not None or self._is_paused or reader.is_waiting:
            self._choose_reading(reader)

    def _next(self, reader: RequestReader) -> None:
        transport, writer = self._transport, self._writer
        if transport is None or writer is None or transport.is_closing() or self._is_lingering:
            return
        if reader.requests:
            request = reader.requests.popleft()
            self._request = request
            self._is_started = self._is_continued = False
            self._task = self._loop.create_task(self._serve(request, transport, writer), context=Context())
        elif reader.refusal is not None:
            refusal = reader.refusal
            logger.warning("refused a request from %s: %s", self.name, refusal.text)
            self._refuse(transport, writer, refusal.status, refusal.text)
        elif self._has_ended:
            self._close(transport)

    async def _serve(
        self, request: HttpRequest, transport: asyncio.Transport, writer: ResponseWriter
    ) -> None:
        try:
            try:
                response = await self._handler(request)
            except Exception as error:  # noqa: BLE001 - it is logged
                response = excuse(error)
            self._is_started = True
            if response.takeover is not None:
                self._hand_over(response, response.takeover, transport, writer)
                return
            ends = self._ends_with(request, response)
            if ends:
                self.leave()
            try:
                unsent = writer.respond(request, response, ends=ends)
                if unsent is not None:
                    await unsent
            except HeaderError:
                unsent = writer.respond(
                    request, failure("a response to an HTTP request cannot be sent"), ends=ends
                )
                if unsent is not None:
                    await unsent
            if not writer.is_waiting and transport.get_write_buffer_size():
                self._arm()
        except asyncio.CancelledError:
            if not self._is_lingering:
                self._close(transport)
            raise
        except ClientGone as gone:
            logger.debug("%s: %s", self.name, gone)
            transport.abort()
        except Exception:
            logger.exception("an answer to %s broke off", self.name)
            transport.abort()
        finally:
            self._task = None
            self._done(request, transport)

    def _hand_over(
        self,
        response: HttpResponse,
        takeover: asyncio.Protocol,
        transport: asyncio.Transport,
        writer: ResponseWriter,
    ) -> None:
        """Give the connection to what the client asked for."""
        assert self._reader is not None
        writer.write(head(response, "Connection: Upgrade\r\n"))
        self._inner = takeover
        rest = self._reader.rest()
        self._is_paused = False
        transport.resume_reading()
        takeover.connection_made(transport)
        if writer.is_choked:
            takeover.pause_writing()
        if rest:
            takeover.data_received(rest)
        if self._has_ended and not takeover.eof_received():
            transport.close()

    def _ends_with(self, request: HttpRequest, response: HttpResponse) -> bool:
        """Whether the connection closes after the answer to a request."""
        reader = self._reader
        if self._is_ending or not request.head.keeps_alive or request.head.is_upgrade or reader is None:
            return True
        if request.head.version == "1.0" and not (isinstance(response.body, bytes) or response.is_bodiless):
            return True
        if self._has_ended and not reader.requests and not reader.is_full and reader.refusal is None:
            return True
        body = request.body
        if body.is_complete:
            return False
        # The rest of a body that nobody wants is waited for only where it is short, and sure to come.
        is_coming = "expect" not in request.headers or self._is_continued
        return not is_coming or body.length is None or body.length > MAX_DROPPED

    def _done(self, request: HttpRequest, transport: asyncio.Transport) -> None:
        """Go on after an answer."""
        reader = self._reader
        if reader is None or self._inner is not None:
            return
        if self._is_ending:
            # A client that knows of the end sends nothing more; any other may have begun to.
            if request.body.is_complete and (reader.is_over or request.head.version == "1.0"):
                self._close(transport)
            else:
                self._linger(transport)
            return
        if not request.body.is_complete:
            request.body.drop()
        self._request = None
        self._is_started = False
        self._idle_since = self._loop.time()
        if reader.is_waiting or self._is_paused or self._has_ended:
            reader.feed(b"")
            self._go_on(reader)
        if self._timer is None:
            self._arm()

    def _refuse(self, transport: asyncio.Transport, writer: ResponseWriter, status: int, why: str) -> None:
        self.leave()
        writer.refuse(status, why)
        self._linger(transport)

    def _linger(self, transport: asyncio.Transport) -> None:
        """Close, but for a while read on: what is unread at the end would take the answer with it."""
        if self._has_ended or transport.is_closing():
            self._close(transport)
        elif not self._is_lingering:
            self._is_lingering = True
            if self._reader is not None and self._reader.open is not None:
                self._reader.open.body.drop()
            try:
                if transport.can_write_eof():
                    transport.write_eof()
            except OSError as error:  # of a connection that its client has reset in this moment
                logger.debug("%s has left: %s", self.name, error)
                transport.abort()
                return
            transport.resume_reading()
            self._disarm()
            patience = min(self._limits.receive_timeout or LINGER_SECONDS, LINGER_SECONDS)
            self._timer = self._loop.call_later(patience, self._close, transport)

    def _close(self, transport: asyncio.Transport) -> None:
        """Close when the client has read what is due to it, or reads nothing for too long."""
        self._disarm()
        transport.close()
        self._arm()

    def _choose_reading(self, reader: RequestReader) -> None:
        """Read no more where enough waits to be answered, or to be read by a handler."""
        if self._transport is None or self._transport.is_closing() or self._inner or self._is_lingering:
            return
        body = None if reader.open is None else reader.open.body
        is_full = (body is not None and body.size > HIGH_WATER) or reader.is_full
        if is_full != self._is_paused:
            self._is_paused = is_full
            if is_full:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    # Time.

    def _arm(self) -> None:
        """Look again when the client will have taken too long."""
        transport, writer = self._transport, self._writer
        if transport is None or writer is None or self._reader is None or self._inner is not None:
            return
        times: list[float] = []
        if not (transport.is_closing() or self._is_lingering):
            if (then := self._patience.next()) is not None:
                times.append(then)
            if self._task is None and self._limits.idle_timeout:
                times.append(self._idle_since + self._limits.idle_timeout)
        since = writer.waits_since(self._loop.time())
        if since is not None and self._limits.receive_timeout:
            times.append(since + self._limits.receive_timeout)
        if not times:
            return
        then = min(times)
        if self._timer is not None and self._timer.when() <= then:
            return
        self._disarm()
        self._timer = self._loop.call_at(then, self._watch)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        """Close the connection of a client that does not get on with its request, or makes none any more."""
        self._timer = None
        transport, reader, writer = self._transport, self._reader, self._writer
        if transport is None or reader is None or writer is None or self._inner is not None:
            return
        now, limits = self._loop.time(), self._limits
        since = writer.waits_since(now)
        if since is not None and limits.receive_timeout and now >= since + limits.receive_timeout:
            logger.warning(
                "closing the connection from %s: it read nothing of its reply within receive_timeout=%s s",
                self.name,
                limits.receive_timeout,
            )
            transport.abort()
            return
        if transport.is_closing() or self._is_lingering:
            self._close(transport)
            return
        if self._is_paused or (self._task is not None and reader.open is not self._request):
            self._patience.paused(now)  # it is this end that does not get on
        overdue = self._patience.overdue(now)
        if overdue:
            self._give_up(transport, reader, writer, overdue)
            return
        idle = limits.idle_timeout
        if idle and self._task is None and not reader.is_half and now >= self._idle_since + idle:
            logger.debug(
                "closing the connection from %s: no request within idle_timeout=%s s", self.name, idle
            )
            self._linger(transport)
            return
        self._arm()

    def _give_up(
        self, transport: asyncio.Transport, reader: RequestReader, writer: ResponseWriter, overdue: str
    ) -> None:
        logger.warning("closing the connection from %s: %s", self.name, overdue)
        if self._is_started or not reader.is_half:
            transport.abort()
            return
        if self._task is not None:
            self._task.cancel()
        self._refuse(transport, writer, HTTPStatus.REQUEST_TIMEOUT, overdue)
