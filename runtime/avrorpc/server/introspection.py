"""`avrorpc.Introspection` as a server implements it: a contract of its own, beside those of the user.

What a server serves and how it fares, it tells everybody; who calls it and how it is set, callers on its own
host alone, unless it is told otherwise. Nothing here shows arguments, results or metadata of calls.
"""

from __future__ import annotations

import datetime
import platform
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final, Literal, TypeAlias

from avrorpc.contracts import (
    CallInfo,
    ConnectionInfo,
    ContractInfo,
    ExampleCase,
    HealthReport,
    IntrospectionService,
    MessageStatistics,
    NotServed,
    ServerInfo,
    ServiceInfo,
    Setting,
    StatisticsReport,
    TestResult,
    TypeFingerprint,
)
from avrorpc.errors import Code, StatusError
from avrorpc.method import Method
from avrorpc.middleware.statistics import Statistics
from avrorpc.outline import service_outline
from avrorpc.schema import Named, fingerprint
from avrorpc.schema.openapi_generated import MOST_RUNS
from avrorpc.server.activity import Activity, running_call
from avrorpc.server.examples import examples_of, run_examples
from avrorpc.server.health import Health
from avrorpc.server.served import Served

Access: TypeAlias = Literal["local", "open"] | bool
"""Who is told: `True`, everybody what is served, and callers on this host the rest; `local`, callers on this
host alone; `open`, everybody everything; `False`, nobody."""

_SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


class ServerIntrospection(IntrospectionService):
    """What one server tells of itself.

    Args:
        services: What it serves for its users.
        access: Who is told.
        activity: Its connections and calls.
        health: How it fares.
        statistics: What has been counted.
        addresses: Gives the addresses listened on.
        settings: The settings in force, as text, by name.
    """

    def __init__(
        self,
        services: Iterable[Served],
        *,
        access: Access,
        activity: Activity,
        health: Health,
        statistics: Statistics,
        addresses: Callable[[], list[str]],
        settings: Mapping[str, str],
    ) -> None:
        self._services: Final = {served.name: served for served in services}
        self._access: Final[Access] = access
        self._activity = activity
        self._health = health
        self._statistics = statistics
        self._addresses = addresses
        self._settings = dict(settings)
        self._started = datetime.datetime.now(datetime.UTC)

    def info(self) -> ServerInfo:
        """Tell what the server is."""
        self._guard("info")
        return ServerInfo(
            version=sys.modules["avrorpc"].__version__,
            platform=f"{platform.python_implementation()} {platform.python_version()}",
            started=self._started,
            addresses=self._addresses() if self._is_trusted() else [],
            services=list(self._services),
        )

    def services(self) -> list[ServiceInfo]:
        """List the protocols that are served."""
        self._guard("services")
        return [service_outline(served.contract) for served in self._services.values()]

    def contract(self, service: str) -> ContractInfo:
        """Give a contract as the server has it."""
        self._guard("contract")
        served = self._find(service)
        return ContractInfo(
            name=served.name,
            text=served.text,
            hash=served.hash.hex(),
            fingerprints=[_fingerprint(named) for named in served.protocol.types],
        )

    def examples(self, service: str, *, message: str = "") -> list[ExampleCase]:
        """Give the example cases of a contract."""
        self._guard("examples")
        methods = self._methods(self._find(service), message)
        return [case for method in methods for case in examples_of(method)]

    async def test(
        self, service: str, *, message: str = "", include_changing: bool = False, repeat: int = 1
    ) -> list[TestResult]:
        """Run the example cases, by default of messages that change nothing, and maybe measure them."""
        self._guard("test", is_private=True)
        if not 1 <= repeat <= MOST_RUNS:
            raise StatusError(
                Code.INVALID_ARGUMENT, f"repeat is from 1 to MOST_RUNS, {MOST_RUNS}, and not {repeat}"
            )
        served = self._find(service)
        return [
            result
            for method in self._methods(served, message)
            for result in await run_examples(served, method, include_changing=include_changing, repeat=repeat)
        ]

    async def health(self, *, service: str = "") -> HealthReport:
        """Tell how the server fares; implementations that can say so are asked."""
        self._guard("health")
        return await self._health.check(self._find(service).name if service else "")

    async def watch(self, *, service: str = "") -> AsyncIterator[HealthReport]:
        """Tell how the server fares, now and whenever that changes."""
        self._guard("watch")
        async for report in self._health.watch(self._find(service).name if service else ""):
            yield report

    def statistics(self) -> StatisticsReport:
        """Count the calls, by message."""
        self._guard("statistics", is_private=True)
        messages = []
        for full_name, counts in self._statistics.snapshot().items():
            service, _, message = full_name.rpartition("/")
            latency = {name: counts.percentile(share) for name, share in _SHARES.items()}
            latency["max"] = counts.longest if counts.ended else None
            messages.append(
                MessageStatistics(
                    service=service,
                    message=message,
                    started=counts.started,
                    in_flight=counts.in_flight,
                    codes=dict(counts.codes),
                    declared=dict(counts.declared),
                    latency={name: seconds for name, seconds in latency.items() if seconds is not None},
                )
            )
        return StatisticsReport(since=self._started, messages=messages)

    def connections(self) -> list[ConnectionInfo]:
        """List the connections that are open."""
        self._guard("connections", is_private=True)
        return [
            ConnectionInfo(
                id=connection.id,
                transport=connection.accepted.transport,
                peer=connection.accepted.peer,
                since=_moment(connection.since),
                principal=connection.accepted.principal,
                service=connection.service,
                hash=None if connection.client_hash is None else connection.client_hash.hex(),
                calls=connection.calls,
                received=connection.accepted.traffic.received,
                sent=connection.accepted.traffic.sent,
            )
            for connection in self._activity.connections
        ]

    def calls(self) -> list[CallInfo]:
        """List the calls under way, this one left out."""
        self._guard("calls", is_private=True)
        own, now = running_call(), time.monotonic()
        return [
            CallInfo(
                id=call.id,
                service=call.service,
                message=call.message,
                since=_moment(call.since),
                remaining=None if call.deadline is None else call.deadline - now,
                connection=0 if call.connection is None else call.connection.id,
                peer="" if call.connection is None else call.connection.accepted.peer,
            )
            for call in self._activity.calls
            if call is not own
        ]

    def configuration(self) -> list[Setting]:
        """List the settings in force."""
        self._guard("configuration", is_private=True)
        return [Setting(name=name, value=value) for name, value in self._settings.items()]

    def _is_trusted(self) -> bool:
        running = running_call()
        is_remote = (
            running is not None
            and running.connection is not None
            and not running.connection.accepted.is_local
        )
        return self._access == "open" or not is_remote

    def _guard(self, message: str, *, is_private: bool = False) -> None:
        """Refuse callers who are not told this.

        Raises:
            StatusError: PERMISSION_DENIED.
        """
        if (is_private or self._access == "local") and not self._is_trusted():
            raise StatusError(
                Code.PERMISSION_DENIED,
                f"avrorpc.Introspection/{message} answers callers on the server's own host alone;"
                " where it may answer all, serve with introspection='open'",
            )

    def _find(self, service: str) -> Served:
        served = self._services.get(service)
        if served is None:
            known = list(self._services)
            raise NotServed(
                message=f"there is no protocol {service} here; there is {', '.join(known)}",
                name=service,
                served=known,
            )
        return served

    def _methods(self, served: Served, message: str) -> list[Method[object]]:
        methods = served.contract.methods
        if not message:
            return list(methods.values())
        if message not in methods:
            raise NotServed(
                message=f"{served.name} has no message {message!r}; it has {', '.join(methods)}",
                name=message,
                served=list(methods),
            )
        return [methods[message]]


def _fingerprint(named: Named) -> TypeFingerprint:
    return TypeFingerprint(
        name=named.name,
        crc64=fingerprint(named, "crc64").hex(),
        sha256=fingerprint(named, "sha256").hex(),
    )


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
