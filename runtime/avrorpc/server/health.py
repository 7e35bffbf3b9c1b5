"""How a server fares: what each service says of itself, whether the process works, and whether it drains.

Liveness and readiness are apart: a server that drains, or loads its weights, is live and not ready; one that
cannot go on is not live, and whoever watches it starts it anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import suppress
from typing import Final

from avrorpc.contracts import HealthReport, ServiceHealth, ServingStatus
from avrorpc.server.health_check import HealthCheck

WATCH_SECONDS: Final = 5.0
"""How often implementations are asked while somebody watches."""
DRAINING: Final = "the server is shutting down"

_ORDER: Final = (ServingStatus.NOT_SERVING, ServingStatus.UNKNOWN, ServingStatus.SERVING)


class Health:
    """What is known of the services of one server; any thread may tell and ask.

    A service is SERVING until somebody says otherwise: the program by `set`, or the implementation by its own
    check. The worse of the two counts. What a check has said holds until it is asked again, by `check`.

    Args:
        services: The full names of the protocols that are served.
        checks: What asks an implementation, by protocol.
    """

    def __init__(self, services: Iterable[str], checks: Mapping[str, HealthCheck] | None = None) -> None:
        self._checks = dict(checks or {})
        self._checked: dict[str, ServiceHealth] = {}
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
        """Say that the server ends: it is not ready any more, and nothing is asked."""
        self._is_draining = True
        for check in self._checks.values():
            check.close()
        self._changed()

    async def check(self, service: str = "") -> HealthReport:
        """Ask the implementations that have a check, and return how a service fares, or the whole server.

        Raises:
            KeyError: No such service is served here.
        """
        if not self._is_draining:
            checks = [(name, check) for name, check in self._checks.items() if service in ("", name)]
            answers = await asyncio.gather(*(check.run() for _, check in checks))
            with self._lock:
                for (name, _), (status, text) in zip(checks, answers, strict=True):
                    self._checked[name] = ServiceHealth(name=name, status=status, text=text)
        return self.report(service)

    def report(self, service: str = "") -> HealthReport:
        """Return how a service fares, or the server as a whole, as far as is known now.

        Raises:
            KeyError: No such service is served here.
        """
        with self._lock:
            known = [self._known[service]] if service else list(self._known.values())
            services = [_worse(item, self._checked.get(item.name, item)) for item in known]
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
        is_asked = bool(self._checks) if not service else service in self._checks
        changed = asyncio.Event()
        watcher = (asyncio.get_running_loop(), changed)
        self._watchers.add(watcher)
        try:
            last = None
            while True:
                changed.clear()
                is_last = self._is_draining
                report = await self.check(service)
                if report != last:
                    last = report
                    yield report
                if is_last:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(WATCH_SECONDS if is_asked else None):
                        await changed.wait()
        finally:
            self._watchers.discard(watcher)

    def _changed(self) -> None:
        for loop, changed in list(self._watchers):
            with suppress(RuntimeError):  # its loop has ended, and the watcher with it
                loop.call_soon_threadsafe(changed.set)


def _worse(first: ServiceHealth, second: ServiceHealth) -> ServiceHealth:
    return min(first, second, key=lambda item: _ORDER.index(item.status))
