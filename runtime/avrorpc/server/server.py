"""`Server`: implementations behind addresses, with a clean start and a clean end.

Every contract answers at every address. Work never blocks the event loop: a `def` method runs in a thread
unless it is bound `inline`. Closing drains: no new connections or calls, and those under way may finish.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from avrorpc.binding import Binding, bind
from avrorpc.call import Call
from avrorpc.codec import acceleration
from avrorpc.contracts import IntrospectionService
from avrorpc.errors import BindError, Code, StatusError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.middleware.authentication import Authentication
from avrorpc.middleware.statistics import Statistics
from avrorpc.server.activity import Activity, Count, RunningCall
from avrorpc.server.admission import Admission
from avrorpc.server.examples import shown_examples
from avrorpc.server.health import DRAINING, Health
from avrorpc.server.health_check import health_checks
from avrorpc.server.http_origins import Origins
from avrorpc.server.introspection import Access, ServerIntrospection
from avrorpc.server.lane import Lane
from avrorpc.server.links import FLUSH_SECONDS, LinkListener
from avrorpc.server.served import Served
from avrorpc.service import Middleware
from avrorpc.transport import loops
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.address import Address, parse_address
from avrorpc.transport.exchange import Streams
from avrorpc.transport.listening import all_arrived
from avrorpc.transport.tls import TlsOptions, server_tls
from avrorpc.wire.envelope import system_error
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import Request

if TYPE_CHECKING:
    from avrorpc.server.rest.face import RestFace
    from avrorpc.server.rest.settings import Mode
    from avrorpc.transport.http_message import HttpRequest

logger = logging.getLogger("avrorpc")

INTROSPECTION: Final = IntrospectionService.__contract__.name
DEFAULT_THREADS: Final = 8
DEFAULT_DRAIN: Final = 10.0
"""Seconds that calls under way are given to finish."""


class Listener(Protocol):
    """One address that is listened on."""

    address: Address

    async def stop(self) -> None:
        """Accept nothing more."""
        ...

    async def settle(self) -> None:
        """Wait, a moment at most, for the last calls of clients that cannot be told."""
        ...

    async def close(self, patience: float) -> None:
        """Close every connection; clients are given some seconds to take the replies that are due to them."""
        ...


class Server:
    """Serves implementations at any number of addresses.

    Args:
        services: Implementations, or bindings of them; several contracts may share one object.
        limits: Bounds on what clients may send.
        threads: How many `def` methods may run at once.
        expose_cause: Whether callers learn the text of undeclared exceptions; for development.
        introspection: Who is told by `avrorpc.Introspection` what is served, and what goes on: `True`,
            everybody the first, and callers on this host the second; `"local"`, callers on this host alone;
            `"open"`, everybody everything; `False`, nobody, and nothing is counted.
        middleware: Wraps each call of all services, Introspection among them, outside of what their bindings
            have; the first runs outermost. Over REST an `Authentication` here is asked before a body is read.
        mode: What answers over REST are where the client does not say: `research`, the envelope with
            metadata and examples; `production`, the bare result.
        origins: Whose web pages may call by HTTP and WebSocket, such as `https://example.org`, or `*`. Pages
            of this server's own address always may, where that is `localhost` or a number.
        browser: Whether `GET /` is the API browser, where anybody is told by Introspection what is served.

    Raises:
        BindError: An implementation does not fit its contract, or two serve one contract; or an origin is
            none.
    """

    def __init__(
        self,
        services: Iterable[object],
        *,
        limits: Limits = DEFAULT_LIMITS,
        threads: int = DEFAULT_THREADS,
        expose_cause: bool = False,
        introspection: Access = True,
        middleware: tuple[Middleware, ...] = (),
        mode: Mode = "production",
        origins: Iterable[str] = (),
        browser: bool = True,
    ) -> None:
        if introspection not in (True, False, "local", "open"):
            raise BindError(f"introspection={introspection!r} is none of True, False, 'local', 'open'")
        self._limits = limits
        self._origins = Origins(origins)
        self._executor = Lane(ThreadPoolExecutor(threads, thread_name_prefix="avrorpc-server"))
        self._listeners: list[Listener] = []
        self._calls = Count()
        self._questions = Count()
        self._draining = False
        self._admission = Admission(limits)
        self.activity: Final = Activity()
        """The connections that are open, and the calls under way."""
        self._statistics = statistics = Statistics()
        self._mode: Final[Mode] = mode
        self._guards: Final = tuple(one for one in middleware if isinstance(one, Authentication))
        self._expose_cause: Final = expose_cause
        self._browser: Final = browser
        counting = () if introspection is False else (statistics,)
        served: dict[str, Served] = {}
        for service in services:
            binding = service if isinstance(service, Binding) else bind(service)
            for name, skeleton in binding.contracts().items():
                if name in served:
                    raise BindError(f"{name} is implemented twice")
                served[name] = Served(
                    skeleton, binding, self._executor, (*counting, *middleware), expose_cause=expose_cause
                )
        if not served:
            raise BindError("a server needs at least one implementation")
        self.services: Final = tuple(served.values())
        """What is served for users."""
        self.health: Final = Health(served, health_checks(served.values(), self._executor))
        """How the services fare; they are SERVING until somebody says otherwise here, or they themselves."""
        offers = list(self.services)
        self._introspection: Served | None = None
        if introspection is not False and INTROSPECTION not in served:
            told = ServerIntrospection(
                self.services,
                access=introspection,
                activity=self.activity,
                health=self.health,
                statistics=statistics,
                addresses=lambda: self.urls,
                settings=_settings(
                    limits, threads=threads, expose_cause=expose_cause, introspection=introspection
                ),
            )
            own = Served(
                IntrospectionService,
                Binding(told, inline=True),
                self._executor,
                middleware,
                expose_cause=expose_cause,
            )
            self._introspection = own
            offers.append(own)  # The last: a client that nobody knows is shown the first.
        self.offers: Final = Offers(offers)
        """What is served, Introspection included."""

    def __repr__(self) -> str:
        names = ", ".join(served.name for served in self.services)
        return f"<Server {names} at {', '.join(self.urls) or 'no address'}>"

    @property
    def urls(self) -> list[str]:
        """The addresses listened on, with the ports that they really have."""
        return [str(listener.address) for listener in self._listeners]

    def describe(self) -> str:
        """Return what is served, where, and how each method runs; for people."""
        lines = [f"serving at {', '.join(self.urls) or 'no address yet'}"]
        for served in self.offers:
            lines.append(f"{served.name} by {type(served.binding.implementation).__qualname__}")
            lines += [f"  {name}: {served.how(target)}" for name, target in served.targets.items()]
        return "\n".join(lines)

    async def listen(
        self, url: str, *, tls: TlsOptions | None = None, sock: socket.socket | None = None
    ) -> str:
        """Start to serve at an address, and return it; port 0 takes a free one.

        Args:
            url: `unix:///PATH`, or `tcp`, `tls`, `http`, `https`, `ws` or `wss` with `://HOST:PORT`;
                without a host, on all interfaces. `?framing=spec` asks for the specification's framing, and
                `?cert=FILE&key=FILE&ca=FILE` says what TLS shows and demands.
            tls: A `Tls` or an `ssl.SSLContext`, for `tls://` and `https://`.
            sock: A TCP socket that is bound already, such as one that another process hands over; it is
                listened on in the place of a new one, and closed at the end.

        Raises:
            BindError: The address is wrong, or in use, or its certificates cannot be used.
        """
        address = parse_address(url, listening=True)
        is_http = address.is_http or address.is_websocket
        listen_ = self._listen_http if is_http else self._listen_links
        listener = await listen_(address, tls, sock)
        self._listeners.append(listener)
        loops.serving(asyncio.get_running_loop(), listener.address)
        return str(listener.address)

    async def close(self, drain: float = DEFAULT_DRAIN) -> None:
        """Stop: refuse what is new, give what is under way `drain` seconds to finish, and close the rest."""
        self._draining = True
        self.health.drain()
        loop = asyncio.get_running_loop()
        end = loop.time() + drain
        # All at once: what refuses calls must not go on to take their connections.
        await asyncio.gather(*(listener.stop() for listener in self._listeners))
        for listener in self._listeners:
            loops.stopped(loop, listener.address)
        await asyncio.sleep(0)  # calls that came before the goodbye begin
        try:
            async with asyncio.timeout(drain):
                await asyncio.gather(*(listener.settle() for listener in self._listeners))
                await self._calls.wait_for_none()
        except TimeoutError:
            if self._calls.number:
                logger.warning(
                    "%d calls did not finish within %s s and are cut off", self._calls.number, drain
                )
        with suppress(TimeoutError):  # who watches is told the end
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._questions.wait_for_none()
        await all_arrived()
        is_cut_off = self._calls.number or self._questions.number
        while self._listeners:  # Each is closed once, even if a second call cuts this one short.
            left = 0.0 if is_cut_off else end - loop.time()
            await self._listeners.pop().close(max(left, FLUSH_SECONDS))
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def answer(
        self, request: Request[Served], streams: Streams | None, *, accepted: Accepted | None = None
    ) -> bytes | None:
        """Return the whole answer to a request, the handshake response before it where one is due.

        Args:
            request: What the client asks for.
            streams: The streams of the call, on connections that carry them.
            accepted: The connection that it came by, where `activity` was told of it.
        """
        session = request.session
        count: Count | None = self._calls
        if session.offer.name == INTROSPECTION:
            count = self._questions  # who asks what goes on is not refused before the end, and no hindrance
        elif self._draining and streams is None and not (accepted is not None and accepted.says_end):
            # Where our frames are spoken, GOODBYE has told the client which calls are served; over HTTP
            # an answer tells it.
            count = None
        running = self.activity.call(
            accepted, session.offer.name, request.message, session.client_hash, count=count
        )
        with running:
            if count is not None:
                reply = await session.offer.answer(request, streams)
            else:
                reply = None if request.one_way else system_error(Code.UNAVAILABLE, DRAINING)
        return None if reply is None else request.handshake + reply

    @cached_property
    def rest(self) -> RestFace:
        """Answers HTTP requests that are not Avro's.

        Raises:
            SchemaError: Two routes mean the same.
        """
        from avrorpc.server.rest.face import RestFace, ServerParts  # noqa: PLC0415 - only where HTTP is used

        parts = ServerParts(
            services=self.services,
            introspection=self._introspection,
            health=self.health,
            activity=self.activity,
            statistics=self._statistics,
            limits=self._limits,
            admit=self._admit,
            examples=shown_examples,
            guards=self._guards,
            expose_cause=self._expose_cause,
        )
        return RestFace(parts, mode=self._mode, origins=self._origins, browser=self._browser)

    def _admit(self, served: Served, call: Call, request: HttpRequest) -> RunningCall:
        """Count a call over REST while it lasts.

        Raises:
            StatusError: UNAVAILABLE, the server is shutting down.
        """
        count = self._calls
        if served.name == INTROSPECTION:
            count = self._questions
        elif self._draining:
            raise StatusError(Code.UNAVAILABLE, DRAINING)
        return self.activity.call(
            request.accepted, served.name, call.method.name, served.hash, call.deadline, count
        )

    async def _listen_links(
        self, address: Address, tls: TlsOptions | None, sock: socket.socket | None
    ) -> Listener:
        listener = LinkListener(
            address, self.offers, self.answer, self.activity, self._admission, self._limits
        )
        await listener.start(server_tls(address, tls), sock)
        return listener

    async def _listen_http(
        self, address: Address, tls: TlsOptions | None, sock: socket.socket | None
    ) -> Listener:
        from avrorpc.server.http import HttpListener  # noqa: PLC0415 - httptools and wsproto only where HTTP is used

        listener = HttpListener(
            address,
            self.offers,
            self.answer,
            self.activity,
            self._admission,
            self._limits,
            self._origins,
            rest=self.rest,
        )
        await listener.start(server_tls(address, tls), sock)
        return listener


def _settings(limits: Limits, **others: object) -> dict[str, str]:
    found = {f"limits.{field.name}": getattr(limits, field.name) for field in fields(limits)}
    others["codec"] = acceleration.description
    return {name: str(value) for name, value in {**others, **found}.items()}
