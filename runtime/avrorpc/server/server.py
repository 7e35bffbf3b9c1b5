"""`Server`: implementations behind addresses, with a clean start and a clean end.

Every contract answers at every address. Work never blocks the event loop: a `def` method runs in a thread
unless it is bound `inline`. Closing drains: no new connections or calls, and those under way may finish.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Protocol, Self

from avrorpc.binding import Binding, bind
from avrorpc.errors import BindError, Code
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.server.served import Served
from avrorpc.service import Middleware
from avrorpc.transport import loops
from avrorpc.transport.address import Address, parse_address
from avrorpc.transport.exchange import Streams
from avrorpc.transport.listening import Door, all_gone, listen
from avrorpc.transport.server_link import ServerLink
from avrorpc.transport.tls import TlsOptions, server_tls
from avrorpc.wire.envelope import system_error
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import Request, ServerConnection

logger = logging.getLogger("avrorpc")

DEFAULT_THREADS: Final = 8
DEFAULT_DRAIN: Final = 10.0
"""Seconds that calls under way are given to finish."""
FLUSH_SECONDS: Final = 1.0
"""How long at least a closing server waits for clients to take their last replies."""


class Listener(Protocol):
    """One address that is listened on."""

    address: Address

    async def stop(self) -> None:
        """Accept nothing more."""
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
        middleware: Wraps each call of all services, outside of what their bindings have; the first runs
            outermost.

    Raises:
        BindError: An implementation does not fit its contract, or two serve one contract.
    """

    def __init__(
        self,
        services: Iterable[object],
        *,
        limits: Limits = DEFAULT_LIMITS,
        threads: int = DEFAULT_THREADS,
        expose_cause: bool = False,
        middleware: tuple[Middleware, ...] = (),
    ) -> None:
        self._limits = limits
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="avrorpc-server")
        self._listeners: list[Listener] = []
        self._calls = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._draining = False
        served: dict[str, Served] = {}
        for service in services:
            binding = service if isinstance(service, Binding) else bind(service)
            for name, skeleton in binding.contracts().items():
                if name in served:
                    raise BindError(f"{name} is implemented twice")
                served[name] = Served(
                    skeleton, binding, self._executor, middleware, expose_cause=expose_cause
                )
        if not served:
            raise BindError("a server needs at least one implementation")
        self.offers: Final = Offers(served.values())
        """What is served."""

    def __repr__(self) -> str:
        names = ", ".join(served.name for served in self.offers)
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

    async def listen(self, url: str, *, tls: TlsOptions | None = None) -> str:
        """Start to serve at an address, and return it; port 0 takes a free one.

        Args:
            url: `unix:///PATH`, or `tcp`, `tls`, `http`, `https`, `ws` or `wss` with `://HOST:PORT`;
                without a host, on all interfaces. `?framing=spec` asks for the specification's framing, and
                `?cert=FILE&key=FILE&ca=FILE` says what TLS shows and demands.
            tls: A `Tls` or an `ssl.SSLContext`, for `tls://` and `https://`.

        Raises:
            BindError: The address is wrong, or in use, or its certificates cannot be used.
        """
        address = parse_address(url, listening=True)
        listen_ = self._listen_http if address.is_http else self._listen_links
        listener = await listen_(address, tls)
        self._listeners.append(listener)
        loops.serving(asyncio.get_running_loop(), listener.address)
        return str(listener.address)

    async def close(self, drain: float = DEFAULT_DRAIN) -> None:
        """Stop: refuse what is new, give what is under way `drain` seconds to finish, and close the rest."""
        self._draining = True
        loop = asyncio.get_running_loop()
        end = loop.time() + drain
        for listener in self._listeners:
            await listener.stop()
            loops.stopped(loop, listener.address)
        try:
            async with asyncio.timeout(drain):
                await self._quiet.wait()
        except TimeoutError:
            logger.warning("%d calls did not finish within %s s and are cut off", self._calls, drain)
        while self._listeners:  # Each is closed once, even if a second call cuts this one short.
            await self._listeners.pop().close(max(end - loop.time(), FLUSH_SECONDS))
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def answer(self, request: Request[Served], streams: Streams | None) -> bytes | None:
        """Return the whole answer to a request, the handshake response before it where one is due."""
        if self._draining:
            refusal = system_error(Code.UNAVAILABLE, "the server is shutting down")
            return None if request.one_way else request.handshake + refusal
        self._calls += 1
        self._quiet.clear()
        try:
            reply = await request.session.offer.answer(request, streams)
        finally:
            self._calls -= 1
            if not self._calls:
                self._quiet.set()
        return None if reply is None else request.handshake + reply

    async def _listen_links(self, address: Address, tls: TlsOptions | None) -> Listener:
        connections: set[ServerLink] = set()
        door = await listen(
            address,
            server_tls(address, tls),
            lambda: ServerLink(
                ServerConnection(self.offers, address.framing, self._limits, upgrades=address.upgrade),
                self.answer,
                self._limits,
                connections.add,
                connections.discard,
            ),
        )
        return _LinkListener(door, connections)

    async def _listen_http(self, address: Address, tls: TlsOptions | None) -> Listener:
        from avrorpc.server.http import HttpListener  # noqa: PLC0415 - aiohttp only where HTTP is used

        listener = HttpListener(address, self.offers, self.answer, self._limits)
        await listener.start(server_tls(address, tls))
        return listener


class _LinkListener:
    def __init__(self, door: Door, connections: set[ServerLink]) -> None:
        self.address = door.address
        self._door = door
        self._connections = connections

    async def stop(self) -> None:
        self._door.close()
        for connection in list(self._connections):
            connection.goodbye("the server is shutting down")

    async def close(self, patience: float) -> None:
        for connection in list(self._connections):
            connection.close()
        await all_gone(self._connections, patience)
