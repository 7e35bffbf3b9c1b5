"""The services that a client knows by short names, and the routes by which they are asked."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from avrorpc.errors import Code, StatusError
from avrorpc.method import Contract
from avrorpc.schema import Json, short_name
from avrorpc.schema.path_template import Segment
from avrorpc.schema.plain_text import from_plain
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
    _by_name: dict[tuple[str, str], list[Route]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for route in self.routes:
            for name in {route.message.name, self._tail(route)}:
                self._by_name.setdefault((route.verb, name), []).append(route)

    def plain(self) -> Iterator[tuple[tuple[str, str], Route]]:
        """Yield what verbs and names mean that by themselves say which route is meant; see `find`."""
        for key, routes in self._by_name.items():
            if len(routes) == 1:
                yield key, routes[0]

    def route(self, verb: str, name: str) -> Route | None:
        """Return what a verb and a name mean; see `find`."""
        return self.find(verb, name, {})[0]

    def find(self, verb: str, name: str, data: Mapping[str, Json]) -> tuple[Route | None, Mapping[str, Json]]:
        """Return what a verb and a name mean: a message, or what its path has behind the service's segment.

        Args:
            verb: The HTTP verb.
            name: The name; or such a path with values in it, as `detokenize/42`.
            data: The arguments, which choose where several routes go by one name.

        Returns:
            The route, or None where what is meant is what every service has, such as `GET info`; and the
            arguments, with those that the name has in it.

        Raises:
            StatusError: UNIMPLEMENTED, there is no such thing; the text says what there is.
        """
        found = self._by_name.get((verb, name))
        if found is not None:
            return next((route for route in found if _takes(route, data)), found[0]), data
        # Also a message that has another verb's route, but that is so named by nobody else.
        if (verb, name) in GENERATED or (verb == "GET" and name == "config"):
            return None, data
        for route in self.routes:
            values = self._filled(route, name) if route.verb == verb else None
            if values is not None:
                return route, {**data, **values}
        raise StatusError(Code.UNIMPLEMENTED, f"{self.segment} has no {verb} {name!r}; {self._hint(name)}")

    def _hint(self, name: str) -> str:
        names = {route.message.name for route in self.routes} | {own for _, own in GENERATED}
        verbs = sorted({r.verb for r in self.routes if name in (r.message.name, self._tail(r))})
        if verbs:
            return f"it has {', '.join(verbs)}"
        near = difflib.get_close_matches(name, names, 1)
        return f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(names))}"

    def _filled(self, route: Route, path: str) -> dict[str, Json] | None:
        """Return the values that a path such as `detokenize/42` has for a route; None of another route."""
        parts, texts = self._own(route), path.split("/")
        if len(parts) != len(texts):
            return None
        pairs = list(zip(parts, texts, strict=True))
        if any(part.text != text for part, text in pairs if not part.is_variable):
            return None
        types = {parameter.field.name: parameter.field.type for parameter in route.parameters}
        return {part.text: from_plain(types[part.text], text) for part, text in pairs if part.is_variable}

    def _own(self, route: Route) -> list[Segment]:
        """Return the segments of a path behind the service's."""
        parts = list(route.segments)
        has_service = bool(parts) and not parts[0].is_variable and parts[0].text == self.segment
        return parts[1:] if has_service else parts

    def _tail(self, route: Route) -> str:
        return "/".join(part.text for part in self._own(route) if not part.is_variable)


def _takes(route: Route, given: Collection[str]) -> bool:
    """Whether a route takes arguments of these names, and has all that its path needs."""
    needed = {part.text for part in route.segments if part.is_variable}
    return needed <= set(given) <= {parameter.field.name for parameter in route.parameters}


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
        self.by_name: Final[Mapping[str, Known]] = {
            name: service
            for service in self.services
            for name in (short_name(service.contract.name), service.contract.name, service.segment)
        }
        """Each of them, by each of its names."""

    def service(self, name: str) -> Known:
        """Return a service.

        Raises:
            StatusError: UNIMPLEMENTED, there is none of that name.
        """
        if name not in self.by_name:
            has = ", ".join(service.segment for service in self.services)
            raise StatusError(Code.UNIMPLEMENTED, f"there is no service {name!r} here; there is {has}")
        return self.by_name[name]
