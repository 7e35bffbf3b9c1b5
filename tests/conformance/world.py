"""Servers and clients that cases share: each is started when it is first asked for, and all end together."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Mapping
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import avrorpc
from avrorpc import Limits, Server
from conformance.contracts import CLIENTS
from conformance.placing import Placement, Where, placements
from conformance.scripted import AsyncScript, SyncScript
from support.certificates import CERTIFICATES
from support.implementations import (
    AsyncConformance,
    AsyncSmall,
    AsyncStreams,
    SyncConformance,
    SyncSmall,
    SyncStreams,
)
from support.memory import connect_memory

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds after which a test gives up waiting."""


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def close(self) -> None:
        self.run(self.loop.shutdown_asyncgens())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()


class World:
    """All that is shared."""

    def __init__(self) -> None:
        self.servers = Loop("conformance-servers")
        self.clients = Loop("conformance-clients")
        self.services: Final[dict[str, dict[str, Any]]] = {
            "def": {
                "conformance": SyncConformance(),
                "streams": SyncStreams(),
                "small": SyncSmall(),
                "script": SyncScript(),
            },
            "async": {
                "conformance": AsyncConformance(),
                "streams": AsyncStreams(),
                "small": AsyncSmall(),
                "script": AsyncScript(),
            },
        }
        self._folder = TemporaryDirectory()
        self._numbers = itertools.count()
        self._served: dict[Any, Server] = {}
        self._urls: dict[Any, str] = {}
        self._clients: dict[Any, Any] = {}
        self.answering: Final[dict[str, Any]] = {}
        """Implementations of contracts that cases hold as texts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            self.close(client)
        for server in self._served.values():
            self.servers.run(server.close(0.2))
        self.clients.close()
        self.servers.close()
        self._folder.cleanup()

    def server(self, key: str, services: tuple[Any, ...], limits: Mapping[str, float]) -> Server:
        """Return the server of some services, with these limits."""
        known = key, tuple(sorted(limits.items()))
        if known not in self._served:
            self._served[known] = self.servers.run(_started(services, limits))
        return self._served[known]

    def url(self, server: Server, name: str) -> str:
        """Return the URL for clients of a placement."""
        placement = placements().placements[name]
        if (server, placement.listen) not in self._urls:
            url = self.servers.run(server.listen(self._filled(placement.listen)))
            self._urls[server, placement.listen] = url.partition("?cert=")[0]
        return _with_query(self._urls[server, placement.listen], self._filled(placement.client))

    def listen(self, server: Server, carrier: str, opening: str) -> str:
        """Return the URL at which a server takes bytes."""
        given = placements().placements[carrier].listen
        listen = _with_query(given, "framing=spec") if opening == "spec" else given
        if (server, listen) not in self._urls:
            url = self.servers.run(server.listen(self._filled(listen)))
            self._urls[server, listen] = url.partition("?cert=")[0]
        return self._urls[server, listen].partition("?")[0]

    def new_socket(self) -> str:
        """Return the path of a unix socket that is not there yet."""
        return self._filled("FOLDER/NUMBER.sock")

    def client(
        self,
        contract: str,
        where: Where,
        *,
        server_limits: Mapping[str, float],
        client_limits: Mapping[str, float],
        fresh: bool = False,
    ) -> Any:
        """Return a client of one of the contracts; it is shared, unless it is to be fresh."""
        limits = tuple(sorted(server_limits.items())), tuple(sorted(client_limits.items()))
        known = contract, where, limits
        if not fresh and known in self._clients:
            return self._clients[known]
        made = self._connected(contract, where, server_limits, client_limits)
        self._clients[known if not fresh else object()] = made
        return made

    def _connected(
        self,
        contract: str,
        where: Where,
        server_limits: Mapping[str, float],
        client_limits: Mapping[str, float],
    ) -> Any:
        client_type = CLIENTS[where.client][contract]
        services = self.services[where.service]
        placement: Placement = placements().placements[where.placement]
        if placement.in_process:
            return avrorpc.connect(client_type, f"{where.placement}:", target=services[contract])
        server = self.server(where.service, tuple(services.values()), server_limits)
        if not placement.listen:
            return connect_memory(client_type, server, self.servers.loop)
        url = self.url(server, where.placement)
        if where.compression:
            url = _with_query(url, f"compression={where.compression}")
        return avrorpc.connect(client_type, url, limits=made_limits(client_limits))

    def run(self, where: Where, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run what an asynchronous client does, on its loop."""
        return (self.servers if where.placement == "memory" else self.clients).run(coroutine)

    def close(self, client: Any) -> None:
        """Close a client of any colour; one that is closed already stays so."""
        if isinstance(client, avrorpc.stub.AsyncClient):
            # A client in memory shares the servers' loop.
            is_in_memory = str(client.__avrorpc__) == "tcp://memory:1"
            (self.servers if is_in_memory else self.clients).run(_closed(client))
        else:
            avrorpc.close(client)

    def _filled(self, text: str) -> str:
        if "FOLDER" in text:
            text = text.replace("FOLDER", self._folder.name).replace("NUMBER", str(next(self._numbers)))
        shown = f"cert={CERTIFICATES.server}&key={CERTIFICATES.server_key}"
        return text.replace("SHOWN", shown).replace("TRUST", f"ca={CERTIFICATES.ca}")


def made_limits(given: Mapping[str, float]) -> Limits:
    """Return limits of which some are given."""
    # A number that YAML reads as an integer stays one: limits on bytes are integers.
    return Limits(**{name: _number(value) for name, value in given.items()})  # type: ignore[arg-type]


def _number(value: float) -> float:
    return int(value) if value == int(value) else value


async def _started(services: tuple[Any, ...], limits: Mapping[str, float]) -> Server:
    return Server(services, limits=made_limits(limits), threads=16)


async def _closed(client: Any) -> None:
    await avrorpc.close(client)


def _with_query(url: str, query: str) -> str:
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"
