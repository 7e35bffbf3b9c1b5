"""Servers on an event loop in a thread of its own, so that synchronous tests can call them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Final, Self

from avrorpc.errors import ClientStateError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.server import Server

DRAIN: Final = 0.2
"""Seconds that calls under way are given at the end."""


class HostedServer:
    """Serves until its `with` block ends.

    Args:
        services: Implementations, or bindings of them.
        urls: Where to listen; port 0 takes a free one.
        limits: Bounds on what clients may send.
        expose_cause: Whether callers learn the text of undeclared exceptions.

    Raises:
        BindError: A service does not fit its contract, or an address cannot be listened on.
    """

    def __init__(
        self,
        *services: object,
        urls: Sequence[str] = ("tcp://127.0.0.1:0",),
        limits: Limits = DEFAULT_LIMITS,
        expose_cause: bool = False,
    ) -> None:
        self._services = services
        self._asked = tuple(urls)
        self._limits = limits
        self._expose_cause = expose_cause
        self._urls: tuple[str, ...] = ()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None

    def __repr__(self) -> str:
        return f"<HostedServer at {', '.join(self._urls) or 'no address'}>"

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses, in the order in which they were asked for.

        Raises:
            ClientStateError: It does not serve.
        """
        if not self._urls:
            raise ClientStateError("the server is not running; use `with`")
        return self._urls

    @property
    def url(self) -> str:
        """The first address."""
        return self.urls[0]

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="avrorpc-hosted", daemon=True
        )
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self._thread.join()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        assert self._loop is not None
        assert self._stopped is not None
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()
        self._urls = ()

    async def _serve(self, ready: Future[None]) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = Server(self._services, limits=self._limits, expose_cause=self._expose_cause)
            try:
                self._urls = tuple([await server.listen(url) for url in self._asked])
            except BaseException:
                await server.close(0)
                raise
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._stopped.wait()
        await server.close(DRAIN)
