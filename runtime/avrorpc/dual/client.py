"""`DualClient`: services by name, over REST or directly, with a switch that may be thrown while calls run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from avrorpc.binding import Binding, bind
from avrorpc.client.dynamic_async import AsyncDynamicClient
from avrorpc.dual.carriers import Carrier, InProcess, OverHttp
from avrorpc.dual.catalogue import Catalogue, Known
from avrorpc.dual.directly import Direct, Elsewhere, Implementations
from avrorpc.dual.mode import Mode
from avrorpc.dual.response import RESTfulResponse
from avrorpc.dual.restful import Restful
from avrorpc.dual.switch import Setting, Switch
from avrorpc.errors import BindError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.schema import Json
from avrorpc.schema.routes import Route
from avrorpc.server.server import Server
from avrorpc.streaming import close_iterator

Data: TypeAlias = Mapping[str, Json] | None
"""Arguments by name; None for none."""


class DualClient:
    """Calls services by their names, in either mode.

    In research mode a call is an HTTP request, and gives a `RESTfulResponse`; in production mode it runs the
    implementation's own method, or goes to the server as Avro, and gives the result as plain JSON values.
    Calls under way when the mode changes end in the mode that they began in.

    Args:
        catalogue: What is known of the services.
        direct: Calls them in production mode.
        carrier: Takes requests in research mode.
        mode: The mode to begin with.
        metadata: Sent with each call over REST, such as `{"authorization": "Bearer ..."}`.
        limits: `max_body` bounds each item of a stream.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        direct: Direct,
        carrier: Carrier,
        *,
        mode: Mode | str = Mode.PRODUCTION,
        metadata: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._catalogue: Final = catalogue
        self._direct: Final = direct
        headers = {name.lower(): value for name, value in (metadata or {}).items()}
        self._restful: Final = Restful(carrier, headers, limits)
        self._switch: Final = Switch(catalogue, direct, self._restful, Mode.of(mode))

    def __repr__(self) -> str:
        names = ", ".join(service.segment for service in self._catalogue.services)
        return f"<DualClient {names} in {self.mode.value} mode>"

    @classmethod
    def of(cls, *services: object, mode: Mode | str = Mode.PRODUCTION, server: Server | None = None) -> Self:
        """Return a client of implementations in this process.

        Args:
            services: Implementations, or bindings of them.
            mode: The mode to begin with.
            server: What answers in research mode; by default one that listens nowhere.

        Raises:
            BindError: An implementation does not fit its contract.
        """
        bindings = [one if isinstance(one, Binding) else bind(one) for one in services]
        served = server or Server(bindings)
        catalogue = Catalogue(one.contract for one in served.services)
        return cls(catalogue, Implementations(bindings), InProcess(served), mode=mode)

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        mode: Mode | str = Mode.PRODUCTION,
        rest: str | None = None,
        metadata: Mapping[str, str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Self:
        """Return a client of a server elsewhere.

        Args:
            url: Where it is called in production mode.
            mode: The mode to begin with.
            rest: Its HTTP address, for research mode; by default `url`.
            metadata: Sent with each call.
            limits: Bounds on answers.

        Raises:
            BindError: There is no HTTP address.
            RpcError: The server cannot be reached, or does not tell what it serves.
        """
        rest = rest or url
        if not rest.startswith(("http://", "https://")):
            raise BindError(
                f"research mode needs an HTTP address beside {url}: connect(..., rest='http://...')"
            )
        sent = {name.lower(): value.encode() for name, value in (metadata or {}).items()}
        client = AsyncDynamicClient(url, metadata=sent, limits=limits)
        try:
            contracts = [await client.contract(name) for name in await client.services()]
        except BaseException:
            await client.close()
            raise
        carrier = OverHttp(rest, limits)
        return cls(
            Catalogue(contracts), Elsewhere(client), carrier, mode=mode, metadata=metadata, limits=limits
        )

    @property
    def mode(self) -> Mode:
        """The mode of services that have none of their own."""
        return self._switch.setting.mode

    def enable_restful_mode(self, enabled: bool = True, *, service: str | None = None) -> None:
        """Switch to research mode, or back to production.

        Args:
            enabled: Whether calls go over REST.
            service: Switch one service alone; by default all, those that were switched alone included.
        """
        mode = Mode.RESEARCH if enabled else Mode.PRODUCTION
        if service is None:
            self._switch.throw(mode)
        else:
            self._switch.throw_for(self._catalogue.service(service), mode)

    def get(
        self, service: str, name: str, data: Data = None, *, mode: Mode | str | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Call by GET; see `call`."""
        return self.call("GET", service, name, data, mode=mode)

    def post(
        self, service: str, name: str, data: Data = None, *, mode: Mode | str | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Call by POST; see `call`."""
        return self.call("POST", service, name, data, mode=mode)

    def put(
        self, service: str, name: str, data: Data = None, *, mode: Mode | str | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Call by PUT; see `call`."""
        return self.call("PUT", service, name, data, mode=mode)

    def patch(
        self, service: str, name: str, data: Data = None, *, mode: Mode | str | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Call by PATCH; see `call`."""
        return self.call("PATCH", service, name, data, mode=mode)

    def delete(
        self, service: str, name: str, data: Data = None, *, mode: Mode | str | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Call by DELETE; see `call`."""
        return self.call("DELETE", service, name, data, mode=mode)

    def call(
        self, verb: str, service: str, name: str, data: Data = None, *, mode: Mode | str | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Call a message, or ask for what every service has.

        Args:
            verb: The HTTP verb.
            service: Such as `tokenizer` or `llm.Tokenizer`.
            name: The message, or what its path has behind the service, such as `detokenize` or, with values
                in it, `detokenize/42`; or `info`, `examples`, `test`, `config` or `health`.
            data: The arguments by name, as JSON values.
            mode: The mode of this call alone.

        Returns:
            In research mode a `RESTfulResponse`, in production mode the result as JSON values.

        Raises:
            DeclaredError: The contract's, alike in both modes.
            StatusError: Any other failure.
        """
        setting = self._switch.setting if mode is None else self._switch.whole[Mode.of(mode)]
        try:
            ask = setting.asks[service][verb, name]
        except KeyError:
            return self._found(setting, verb, service, name, data or {})
        return ask(data or {})

    async def _found(
        self, setting: Setting, verb: str, service: str, name: str, data: Mapping[str, Json]
    ) -> Any:
        """Call what a verb and a name alone do not say."""
        known = self._catalogue.service(service)
        chosen = setting.mode_of(known)
        route, arguments = known.find(verb, name, data)
        if route is None:
            value = await self._restful.generated(known, verb, name, arguments)
            if chosen is Mode.PRODUCTION:
                return value
            return RESTfulResponse(value, {"service": known.contract.name})
        if chosen is Mode.PRODUCTION:
            return await self._direct.call(known.contract.methods[route.message.name], arguments)
        return await self._restful.call(known, route, arguments)

    async def stream(
        self, service: str, name: str, data: Data = None, *, mode: Mode | str | None = None
    ) -> AsyncIterator[Json]:
        """Call a message whose response is a stream, and yield its items; alike in both modes.

        Raises:
            DeclaredError: The contract's.
            StatusError: Any other failure.
        """
        known = self._catalogue.service(service)
        routes = [one for one in known.routes if one.message.name == name]
        if not routes:
            known.route("GET", name)  # which says what there is
        setting = self._switch.setting if mode is None else self._switch.whole[Mode.of(mode)]
        if setting.mode_of(known) is Mode.PRODUCTION:
            items = self._direct.iterate(known.contract.methods[name], data or {})
        else:
            items = self._restful.iterate(known, routes[0], data or {})
        try:
            async for item in items:
                yield item
        finally:
            await close_iterator(items)

    async def close(self) -> None:
        """Close all connections."""
        await self._direct.close()
        await self._restful.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def names(self, service: str) -> dict[str, Route]:
        """Return the REST-shaped names of a service's messages, such as `post_tokenize`, and their routes."""
        known = self._catalogue.service(service)
        return {f"{route.verb.lower()}_{route.message.name}": route for route in known.routes}

    def known(self, service: str) -> Known:
        """Return what is known of a service.

        Raises:
            StatusError: UNIMPLEMENTED, there is none of that name.
        """
        return self._catalogue.service(service)

    def service_of(self, implementation: object) -> str:
        """Return the full name of the service that an object implements.

        Raises:
            BindError: It implements none of them.
        """
        binding = implementation if isinstance(implementation, Binding) else bind(implementation)
        for name in binding.contracts():
            if any(known.contract.name == name for known in self._catalogue.services):
                return name
        raise BindError(f"{type(implementation).__qualname__} implements no service of {self!r}")
