"""`ServiceRegistry`: services by name, in the mode that is asked for."""

from __future__ import annotations

from typing import Any

from avrorpc.binding import Binding, bind
from avrorpc.dual.catalogue import Catalogue
from avrorpc.dual.client import DualClient
from avrorpc.dual.mode import Mode
from avrorpc.dual.unified import UnifiedService
from avrorpc.errors import BindError


class ServiceRegistry:
    """The services of a process, each by its name.

    Args:
        services: Implementations, or bindings of them.

    Raises:
        BindError: An implementation does not fit its contract, or two serve one contract.
    """

    def __init__(self, *services: object) -> None:
        self._bindings: dict[str, Binding] = {}
        self._client: DualClient | None = None
        for service in services:
            self.register_service(service)

    def register_service(self, service: object) -> None:
        """Add an implementation.

        Raises:
            BindError: It does not fit its contract, or another one serves it already.
        """
        binding = service if isinstance(service, Binding) else bind(service)
        for name in binding.contracts():
            if name in self._bindings:
                raise BindError(f"{name} is registered already")
            self._bindings[name] = binding
        self._client = None

    @property
    def client(self) -> DualClient:
        """A client of all services; a new one after each registration."""
        if self._client is None:
            self._client = DualClient.of(*self.bindings())
        return self._client

    def bindings(self) -> list[Binding]:
        """Return the implementations, each once."""
        return list({id(one): one for one in self._bindings.values()}.values())

    def names(self) -> list[str]:
        """Return the names of the services, such as `tokenizer`."""
        return [known.segment for known in Catalogue(self._contracts()).services]

    def get_service(self, name: str, mode: Mode | str = Mode.PRODUCTION) -> Any:
        """Return a service by its name.

        Args:
            name: Such as `tokenizer` or `llm.Tokenizer`.
            mode: `zero_cost` or `production`: the implementation itself. `restful` or `research`: a
                `UnifiedService`, whose `post_...` methods go over REST.

        Raises:
            StatusError: UNIMPLEMENTED, there is none of that name.
            BindError: There is no such mode.
        """
        known = self.client.known(name)
        implementation = self._bindings[known.contract.name].implementation
        if Mode.of(mode) is Mode.PRODUCTION:
            return implementation
        return UnifiedService(implementation, self.client)

    def _contracts(self) -> list[Any]:
        return [
            skeleton.__contract__  # type: ignore[attr-defined]
            for binding in self.bindings()
            for skeleton in binding.contracts().values()
        ]
