"""The services that a client knows by short names, and the routes by which they are asked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from avrorpc.errors import Code, StatusError
from avrorpc.method import Contract
from avrorpc.schema import short_name
from avrorpc.schema.routes import GENERATED, Route, routes_of, service_segments


@dataclass(slots=True)
class Known:
    """A service."""

    contract: Contract
    """What it is."""
    segment: str
    """The first segment of its default paths, which names it."""
    routes: list[Route] = field(default_factory=list)
    """What stands for its messages."""

    def route(self, verb: str, name: str) -> Route | None:
        """Return what a verb and a name mean: a message, or what its path has behind the service's segment.

        None, where they mean what every service has, such as `GET info`.

        Raises:
            StatusError: UNIMPLEMENTED, there is no such thing; the text says what there is.
        """
        for route in self.routes:
            if route.verb == verb and name in (route.message.name, self._tail(route)):
                return route
        # Also a message that has another verb's route, but that is so named by nobody else.
        if (verb, name) in GENERATED or (verb == "GET" and name == "config"):
            return None
        names = {route.message.name for route in self.routes} | {own for _, own in GENERATED}
        verbs = sorted({r.verb for r in self.routes if name in (r.message.name, self._tail(r))})
        if verbs:
            hint = f"it has {', '.join(verbs)}"
        else:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(names))}"
        raise StatusError(Code.UNIMPLEMENTED, f"{self.segment} has no {verb} {name!r}; {hint}")

    def _tail(self, route: Route) -> str:
        parts = [part.text for part in route.segments if not part.is_variable]
        return "/".join(parts[1:] if parts and parts[0] == self.segment else parts)


class Catalogue:
    """Services by the names that callers use: `tokenizer`, `Tokenizer` or `llm.Tokenizer`.

    Args:
        contracts: What is served together.
    """

    def __init__(self, contracts: Iterable[Contract]) -> None:
        known = list(contracts)
        segments = service_segments(contract.protocol for contract in known)
        self.services: Final = [
            Known(one, segments[one.name], routes_of(one.protocol, segments[one.name])) for one in known
        ]
        """All of them."""
        self._by_name: Mapping[str, Known] = {
            name: service
            for service in self.services
            for name in (short_name(service.contract.name), service.contract.name, service.segment)
        }

    def service(self, name: str) -> Known:
        """Return a service.

        Raises:
            StatusError: UNIMPLEMENTED, there is none of that name.
        """
        if name not in self._by_name:
            has = ", ".join(service.segment for service in self.services)
            raise StatusError(Code.UNIMPLEMENTED, f"there is no service {name!r} here; there is {has}")
        return self._by_name[name]
