"""The API browser: a page that the server itself serves, which shows its services and calls them.

Files beside this module, sent as they are: no build, no framework, nothing from elsewhere. What the page
shows it asks for as any client might, so that it knows no more than whoever looks at it.
Sources: Content Security Policy Level 3 (W3C), Trusted Types (W3C).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib.resources import files
from typing import Final

from avrorpc.codec.json_text import format_json
from avrorpc.schema import Json
from avrorpc.schema.routes import Route
from avrorpc.server.rest.asking import Asking
from avrorpc.server.rest.conditions import entity_tag, is_unchanged
from avrorpc.server.rest.negotiation import JSON
from avrorpc.server.rest.operation import compressed
from avrorpc.transport.http_message import HttpRequest, HttpResponse

Answer = Callable[[HttpRequest, Mapping[str, str]], Awaitable[HttpResponse]]

PAGE: Final = "index.html"
MEDIA_TYPES: Final[Mapping[str, str]] = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
"""What each kind of file is, by the end of its name."""
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # No text becomes markup, whoever wrote it: the browser refuses what would do that.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""What the page may do: run, show and ask what comes from its own server, and nothing else."""
SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with each file."""


class Browser:
    """What serves the page.

    Args:
        ask: Asks `avrorpc.Introspection`, which says who may know what is served.
        routes: The routes of each service, by its full name.
        segments: What each service is called in paths, by its full name.
    """

    def __init__(
        self, ask: Asking, routes: Mapping[str, Iterable[Route]], segments: Mapping[str, str]
    ) -> None:
        self._ask = ask
        self._routes = routes
        self._segments = segments
        self.answers: Final[Mapping[str, Answer]] = {
            "/": _file(PAGE),
            "/browser/services.json": self._services,
            **{f"/browser/{name}": _file(name) for name in names() if name != PAGE},
        }
        """What answers a GET, by its path."""

    async def _services(self, request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        """Answer what is served, with what the page needs to fill in requests."""
        services: list[Json] = [
            {
                "segment": self._segments[served["name"]],
                **served,
                "routes": [_shown(route) for route in self._routes[served["name"]]],
            }
            for served in await self._ask(request, "services")
            if served["name"] in self._segments
        ]
        headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
        return compressed(request, HttpResponse(200, headers, format_json(services)))


def names() -> list[str]:
    """Return the names of the files that the page is made of."""
    here = files(__package__ or __name__)
    return sorted(entry.name for entry in here.iterdir() if entry.name.rpartition(".")[2] in MEDIA_TYPES)


def _file(name: str) -> Answer:
    body = (files(__package__ or __name__) / name).read_bytes()
    tag = entity_tag(body)
    headers = {
        **SECURITY_HEADERS,
        "Content-Type": MEDIA_TYPES[name.rpartition(".")[2]],
        "Cache-Control": "no-cache",
        "ETag": f'"{tag}"',
    }

    async def answer(request: HttpRequest, _: Mapping[str, str]) -> HttpResponse:
        if is_unchanged(request.headers.get("if-none-match"), tag):
            return HttpResponse(304, headers)
        return compressed(request, HttpResponse(200, headers, body))

    return answer


def _shown(route: Route) -> Json:
    return {
        "verb": route.verb,
        "path": route.path.uri,
        "message": route.message.name,
        "parameters": [
            {"field": one.field.name, "in": one.source.value, "name": one.name} for one in route.parameters
        ],
    }
