"""`UnifiedService`: one object that is called directly, and over REST by names such as `post_tokenize`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from avrorpc.dual.client import DualClient
from avrorpc.dual.mode import Mode
from avrorpc.dual.response import RESTfulResponse
from avrorpc.schema import Json

VERBS: Final = ("get", "post", "put", "patch", "delete")


class UnifiedService:
    """One service, both ways: `service.tokenize("Hi")` and `await service.post_tokenize({"text": "Hi"})`.

    The first is the implementation's own bound method, and costs nothing more. The second goes over REST,
    whatever the mode of the client is, and gives a `RESTfulResponse`.

    Args:
        implementation: What is called directly.
        client: What is asked over REST; by default one of the implementation alone.

    Raises:
        BindError: The implementation does not fit its contract.
    """

    def __init__(self, implementation: object, client: DualClient | None = None) -> None:
        self._implementation = implementation
        self._client = client or DualClient.of(implementation)
        self._service = self._client.service_of(implementation)
        for method in self._client.known(self._service).contract.methods.values():
            # As its own attributes, so that Python finds them at once.
            if not method.attribute.startswith("_"):
                setattr(self, method.attribute, getattr(implementation, method.attribute))

    def __repr__(self) -> str:
        return f"<UnifiedService {self._service} by {type(self._implementation).__qualname__}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        verb, _, message = name.partition("_")
        if message and verb in VERBS and not hasattr(self._implementation, name):
            asks = self._asks(verb.upper(), message)
            setattr(self, name, asks)
            return asks
        return getattr(self._implementation, name)

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._implementation), *self._client.names(self._service)})

    def _asks(self, verb: str, message: str) -> Callable[..., Coroutine[Any, Any, RESTfulResponse]]:
        known = self._client.known(self._service)
        # Also by another verb, as the founding documents have it: what is meant is the message.
        routes = [route for route in known.routes if message == route.message.name]
        if routes and all(route.verb != verb for route in routes):
            verb = routes[0].verb
        known.route(verb, message)

        def ask(data: Mapping[str, Json] | None = None) -> Coroutine[Any, Any, RESTfulResponse]:
            return self._client.call(verb, self._service, message, data, mode=Mode.RESEARCH)

        ask.__name__ = ask.__qualname__ = f"{verb.lower()}_{message}"
        return ask
