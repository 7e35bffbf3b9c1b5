"""How a server fares: what each service says of itself, whether the process works, and whether it drains.

Liveness and readiness are apart: a server that drains, or loads its weights, is live and not ready; one that
cannot go on is not live, and whoever watches it starts it anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from typing import Final

from avrorpc.contracts import HealthReport, ServiceHealth, ServingStatus

DRAINING: Final = "the server is shutting down"

_ORDER: Final = (ServingStatus.NOT_SERVING, ServingStatus.UNKNOWN, ServingStatus.SERVING)


class Health:
    """What is known of the services of one server; any thread may tell and ask.

    A service is SERVING until somebody says otherwise.

    Args:
        services: The full names of the protocols that are served.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._known = {
            name: ServiceHealth(name=name, status=ServingStatus.SERVING, text="") for name in services
        }
        self._failure: str | None = None
        self._is_draining = False
        self._watchers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Health {self.report().status.value}>"

    @property
    def is_ready(self) -> bool:
        """Whether calls may be sent to all services now."""
        return self.report().ready

    @property
    def is_live(self) -> bool:
        """Whether the process works."""
        return self._failure is None

    def set(self, status: ServingStatus, text: str = "", *, service: str | None = None) -> None:
        """Say how a service fares, or all of them.

        Args:
            status: Whether it takes calls.
            text: Why; callers are shown it.
            service: The protocol's full name; None for all.

        Raises:
            KeyError: No such service is served here.
        """
        with self._lock:
            for name in self._known if service is None else (self._known[service].name,):
                self._known[name] = ServiceHealth(name=name, status=status, text=text)
        self._changed()

    def fail(self, text: str) -> None:
        """Say that this process cannot go on: from now on it is neither live nor ready."""
        self._failure = text
        self._changed()

    def drain(self) -> None:
        """Say that the server ends: it is not ready any more."""
        self._is_draining = True
        self._changed()

    def report(self, service: str = "") -> HealthReport:
        """Return how a service fares, or the server as a whole.

        Raises:
            KeyError: No such service is served here.
        """
        with self._lock:
            services = [self._known[service]] if service else list(self._known.values())
        worst = min(services, key=lambda item: _ORDER.index(item.status), default=None)
        status = ServingStatus.SERVING if worst is None else worst.status
        text = "" if worst is None else worst.text
        if worst is not None and text and not service:
            text = f"{worst.name}: {text}"
        failure = self._failure or (DRAINING if self._is_draining else None)
        if failure is not None:
            status, text = ServingStatus.NOT_SERVING, failure
        return HealthReport(
            status=status,
            text=text,
            live=self._failure is None,
            ready=status is ServingStatus.SERVING,
            services=services,
        )

    async def watch(self, service: str = "") -> AsyncGenerator[HealthReport, None]:
        """Yield how a service fares, or the server as a whole: now, and whenever that changes.

        Changes that come faster than they are read become one. It ends when the server does.

        Raises:
            KeyError: No such service is served here.
        """
        changed = asyncio.Event()
        watcher = (asyncio.get_running_loop(), changed)
        self._watchers.add(watcher)
        try:
            last = None
            while True:
                changed.clear()
                is_last = self._is_draining
                report = self.report(service)
                if report != last:
                    last = report
                    yield report
                if is_last:
                    return
                await changed.wait()
        finally:
            self._watchers.discard(watcher)

    def _changed(self) -> None:
        for loop, changed in list(self._watchers):
            with suppress(RuntimeError):  # its loop has ended, and the watcher with it
                loop.call_soon_threadsafe(changed.set)
