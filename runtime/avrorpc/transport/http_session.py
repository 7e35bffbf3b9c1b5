"""aiohttp's session as our clients want it: what a server answers is all that it can make them do.

A session by itself follows redirects to anywhere, keeps the cookies of any server, and inflates what comes.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Final

import aiohttp

from avrorpc.errors import RemoteProtocolError
from avrorpc.transport.address import Address

_HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "avrorpc"}


def http_session(address: Address) -> aiohttp.ClientSession:
    """Return a session for one server; on a running loop."""

    async def refuse(_: aiohttp.ClientSession, __: SimpleNamespace, told: object) -> None:
        assert isinstance(told, aiohttp.TraceRequestRedirectParams)
        told.response.close()
        raise RemoteProtocolError(f"{address} answered {told.response.status}, and is not followed elsewhere")

    tracing = aiohttp.TraceConfig()
    tracing.on_request_redirect.append(refuse)
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        headers=_HEADERS,
        trace_configs=[tracing],
    )
