"""`DualClient`: services by name, over REST or directly, with a switch that may be thrown while calls run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from avrorpc.binding import Binding, bind
from avrorpc.client.dynamic_async import AsyncDynamicClient
from avrorpc.codec.json_text import format_json, parse_json
from avrorpc.codec.lines import Lines
from avrorpc.dual.carriers import Carrier, InProcess, OverHttp, Refused
from avrorpc.dual.catalogue import Catalogue, Known
from avrorpc.dual.directly import Direct, Elsewhere, Implementations
from avrorpc.dual.mode import Mode
from avrorpc.dual.requests import Question, question, raise_problem
from avrorpc.dual.response import RESTfulResponse
from avrorpc.errors import BindError, ConnectionLost
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.schema import Json
from avrorpc.schema.routes import Route
from avrorpc.server.server import Server


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
        self._carrier: Final = carrier
        self._mode = Mode.of(mode)
        self._modes: dict[str, Mode] = {}
        self._headers: Final = {name.lower(): value for name, value in (metadata or {}).items()}
        self._limits: Final = limits

    def __repr__(self) -> str:
        names = ", ".join(service.segment for service in self._catalogue.services)
        return f"<DualClient {names} in {self._mode.value} mode>"

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
        contracts = [await client.contract(name) for name in await client.services()]
        carrier = OverHttp(rest, limits)
        return cls(
            Catalogue(contracts), Elsewhere(client), carrier, mode=mode, metadata=metadata, limits=limits
        )

    @property
    def mode(self) -> Mode:
        """The mode of services that have none of their own."""
        return self._mode

    def enable_restful_mode(self, enabled: bool = True, *, service: str | None = None) -> None:
        """Switch to research mode, or back to production.

        Args:
            enabled: Whether calls go over REST.
            service: Switch one service alone; by default all, those that were switched alone included.
        """
        mode = Mode.RESEARCH if enabled else Mode.PRODUCTION
        if service is None:
            self._modes, self._mode = {}, mode
        else:
            name = self._catalogue.service(service).contract.name
            self._modes = {**self._modes, name: mode}

    async def get(
        self,
        service: str,
        name: str,
        data: Mapping[str, Json] | None = None,
        *,
        mode: Mode | str | None = None,
    ) -> Any:
        """Call by GET; see `call`."""
        return await self.call("GET", service, name, data, mode=mode)

    async def post(
        self,
        service: str,
        name: str,
        data: Mapping[str, Json] | None = None,
        *,
        mode: Mode | str | None = None,
    ) -> Any:
        """Call by POST; see `call`."""
        return await self.call("POST", service, name, data, mode=mode)

    async def put(
        self,
        service: str,
        name: str,
        data: Mapping[str, Json] | None = None,
        *,
        mode: Mode | str | None = None,
    ) -> Any:
        """Call by PUT; see `call`."""
        return await self.call("PUT", service, name, data, mode=mode)

    async def patch(
        self,
        service: str,
        name: str,
        data: Mapping[str, Json] | None = None,
        *,
        mode: Mode | str | None = None,
    ) -> Any:
        """Call by PATCH; see `call`."""
        return await self.call("PATCH", service, name, data, mode=mode)

    async def delete(
        self,
        service: str,
        name: str,
        data: Mapping[str, Json] | None = None,
        *,
        mode: Mode | str | None = None,
    ) -> Any:
        """Call by DELETE; see `call`."""
        return await self.call("DELETE", service, name, data, mode=mode)

    async def call(
        self,
        verb: str,
        service: str,
        name: str,
        data: Mapping[str, Json] | None = None,
        *,
        mode: Mode | str | None = None,
    ) -> Any:
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
        known = self._catalogue.service(service)
        route, data = known.find(verb, name, data or {})
        chosen = self._modes.get(known.contract.name, self._mode) if mode is None else Mode.of(mode)
        if route is None:
            return await self._generated(known, verb, name, data, chosen)
        if chosen is Mode.PRODUCTION:
            return await self._direct.call(known.contract.methods[route.message.name], data or {})
        value = await self._asked(known, question(route, data or {}), Mode.RESEARCH)
        return _enveloped(value)

    async def stream(
        self,
        service: str,
        name: str,
        data: Mapping[str, Json] | None = None,
        *,
        mode: Mode | str | None = None,
    ) -> AsyncIterator[Json]:
        """Call a message whose response is a stream, and yield its items; alike in both modes.

        Raises:
            DeclaredError: The contract's.
            StatusError: Any other failure.
        """
        known = self._catalogue.service(service)
        chosen = self._modes.get(known.contract.name, self._mode) if mode is None else Mode.of(mode)
        routes = [one for one in known.routes if one.message.name == name]
        if not routes:
            known.route("GET", name)  # which says what there is
        if chosen is Mode.PRODUCTION:
            async for item in self._direct.iterate(known.contract.methods[name], data or {}):
                yield item
            return
        async for item in self._streamed(known, routes[0], data or {}):
            yield item

    async def close(self) -> None:
        """Close all connections."""
        await self._direct.close()
        await self._carrier.close()

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

    async def _generated(
        self, known: Known, verb: str, name: str, data: Mapping[str, Json] | None, mode: Mode
    ) -> Any:
        """Ask for what every service has; the server alone knows it, whatever the mode."""
        asked = Question(verb, f"/_introspection/{known.segment}/{name}", {})
        if verb != "GET":
            asked.headers["content-type"] = "application/json"
            asked.body = format_json(data or {})
        value = await self._asked(known, asked, Mode.PRODUCTION)
        if mode is Mode.PRODUCTION:
            return value
        return RESTfulResponse(value, {"service": known.contract.name})

    async def _asked(self, known: Known, asked: Question, mode: Mode) -> Json:
        asked.headers = {**self._headers, **asked.headers, "avrorpc-mode": mode.value}
        status, body = await self._carrier.send(asked)
        if status >= 400:
            raise_problem(status, body, known.contract)
        return parse_json(body) if body else None

    async def _streamed(self, known: Known, route: Route, data: Mapping[str, Json]) -> AsyncIterator[Json]:
        asked = question(route, data)
        asked.headers = {**self._headers, **asked.headers, "accept": "application/x-ndjson"}
        lines = Lines(self._limits)
        try:
            async for part in self._carrier.stream(asked):
                for line in lines.feed(part):
                    if not line:
                        continue
                    item = parse_json(line)
                    if isinstance(item, dict) and "$end" in item:
                        return
                    if isinstance(item, dict) and "$error" in item:
                        raise_problem(500, format_json(item["$error"]), known.contract)
                    yield item
        except Refused as refused:
            raise_problem(refused.status, refused.body, known.contract)
        raise ConnectionLost(f"{route} ended without saying so")


def _enveloped(value: Json) -> RESTfulResponse:
    if not isinstance(value, dict) or not {"data", "metadata", "examples"} <= value.keys():
        return RESTfulResponse(value)
    metadata, examples = value["metadata"], value["examples"]
    return RESTfulResponse(
        value["data"],
        metadata if isinstance(metadata, dict) else {},
        examples if isinstance(examples, list) else [],
    )
