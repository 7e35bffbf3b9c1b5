"""Which pages of other sites may use the REST face: the Fetch standard's CORS protocol."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from avrorpc.transport.http_message import HttpRequest

EXPOSED: Final = (
    "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, Deprecation, Sunset, Server-Timing,"
    " Idempotent-Replayed"
)
"""Header fields of answers that pages may read."""
MAX_AGE: Final = 600
"""Seconds for which a browser remembers what it may send."""


class Cors:
    """The sites whose pages may call.

    Args:
        origins: Such as `https://desk.example`; `*` for all. None, and no page of another site may.
    """

    def __init__(self, origins: Collection[str] = ()) -> None:
        self._origins = frozenset(origin.rstrip("/") for origin in origins)

    def allows(self, origin: str) -> bool:
        """Whether pages of a site may call."""
        return "*" in self._origins or origin in self._origins

    def headers(self, request: HttpRequest) -> dict[str, str]:
        """Return the header fields of an answer; none where no page of another site asks, or may."""
        origin = request.headers.get("origin")
        if origin is None or not self.allows(origin):
            return {}
        every = "*" in self._origins
        return {
            "Access-Control-Allow-Origin": "*" if every else origin,
            "Access-Control-Expose-Headers": EXPOSED,
            **({} if every else {"Vary": "Origin"}),
        }

    def preflight(self, request: HttpRequest, allowed: Collection[str]) -> dict[str, str]:
        """Return the header fields of the answer to a page that asks what it may send."""
        headers = self.headers(request)
        if not headers or "access-control-request-method" not in request.headers:
            return headers
        asked = request.headers.get("access-control-request-headers", "")
        headers["Access-Control-Allow-Methods"] = ", ".join(allowed)
        if asked:
            headers["Access-Control-Allow-Headers"] = asked
        headers["Access-Control-Max-Age"] = str(MAX_AGE)
        return headers
