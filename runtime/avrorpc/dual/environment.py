"""`DevelopmentEnvironment`: services on a desk, served over REST while they are worked on."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

from avrorpc.dual.client import DualClient
from avrorpc.dual.mode import Mode
from avrorpc.dual.registry import ServiceRegistry
from avrorpc.errors import BindError
from avrorpc.server.server import Server


class DevelopmentEnvironment:
    """Services in this process, with a client that switches, and a server for browsers and curl.

    Args:
        services: Implementations, or bindings of them; more may be added before the first call.

    Raises:
        BindError: An implementation does not fit its contract.
    """

    def __init__(self, *services: object) -> None:
        self.registry: Final = ServiceRegistry(*services)
        """The services by name."""
        self._mode = Mode.PRODUCTION
        self._server: Server | None = None
        self._client: DualClient | None = None

    def __repr__(self) -> str:
        return f"<DevelopmentEnvironment {', '.join(self.registry.names())} in {self.mode.value} mode>"

    @property
    def mode(self) -> Mode:
        """The mode of the client."""
        return self._mode if self._client is None else self._client.mode

    def register_service(self, service: object) -> None:
        """Add an implementation.

        Raises:
            BindError: It does not fit its contract, another one serves that already, or calls were made.
        """
        if self._server is not None:
            raise BindError("services are registered before the environment is first called")
        self.registry.register_service(service)

    @property
    def server(self) -> Server:
        """What answers in research mode, here and to others."""
        if self._server is None:
            self._server = Server(self.registry.bindings(), mode="research", expose_cause=True)
        return self._server

    @property
    def client(self) -> DualClient:
        """The client."""
        if self._client is None:
            self._client = DualClient.of(*self.registry.bindings(), mode=self._mode, server=self.server)
        return self._client

    def enable_restful_mode(self, enabled: bool = True) -> None:
        """Switch the client to REST, or back to direct calls."""
        self._mode = Mode.RESEARCH if enabled else Mode.PRODUCTION
        if self._client is not None:
            self._client.enable_restful_mode(enabled)

    def get_service(self, name: str, mode: Mode | str | None = None) -> Any:
        """Return a service by its name, by default in the client's mode; see `ServiceRegistry`."""
        return self.registry.get_service(name, self.mode if mode is None else mode)

    async def serve(self, url: str = "http://127.0.0.1:8000") -> str:
        """Serve at an address, until the environment is closed; return the address.

        Raises:
            BindError: The address cannot be had.
        """
        return await self.server.listen(url)

    async def close(self) -> None:
        """Close the client and the server."""
        if self._client is not None:
            await self._client.close()
        if self._server is not None:
            await self._server.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
