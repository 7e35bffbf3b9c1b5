"""Which pages of other sites may use the REST face: the Fetch standard's CORS protocol."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from avrorpc.server.http_origins import Origins
from avrorpc.transport.http_message import HttpRequest

EXPOSED: Final = (
    "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, Deprecation, Sunset, Server-Timing,"
    " Idempotent-Replayed"
)
"""Header fields of answers that pages may read."""
MAX_AGE: Final = 600
"""Seconds for which a browser remembers what it may send."""


class Cors:
    """What a server tells browsers of the pages that may call.

    Args:
        origins: Those that may.
    """

    def __init__(self, origins: Origins) -> None:
        self._origins = origins

    def refusal(self, request: HttpRequest) -> str | None:
        """Return why a request is refused for the page that it comes from; None where it is not."""
        return self._origins.refusal(request.headers.get("origin"), request.headers.get("host", ""))

    def headers(self, request: HttpRequest) -> dict[str, str]:
        """Return the header fields of an answer; none where no page of another site asks, or may."""
        origin = request.headers.get("origin")
        if origin is None or self.refusal(request) is not None:
            return {}
        every = self._origins.are_all
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
