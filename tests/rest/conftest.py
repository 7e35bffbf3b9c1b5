"""A server with a shelf, asked without a network."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from avrorpc import Server
from avrorpc.transport.accepted import Accepted
from avrorpc.transport.http_message import Head, HttpRequest, HttpResponse
from support.shelf import MemoryShelf


class Asked:
    """An answer, read whole."""

    def __init__(self, response: HttpResponse, body: bytes) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<{self.status} {self.body!r:.300}>"


class Desk:
    """Asks a server's REST face."""

    def __init__(self, server: Server) -> None:
        self.server = server

    async def __call__(
        self,
        method: str,
        target: str,
        value: object = None,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        accepted: Accepted | None = None,
    ) -> Asked:
        sent = {name.lower(): text for name, text in (headers or {}).items()}
        if value is not None:
            body = json.dumps(value).encode()
            sent.setdefault("content-type", "application/json")
        if body is not None:
            sent["content-length"] = str(len(body))
        if accepted is None:
            accepted = Accepted("http", peer="127.0.0.1:1", is_local=True)
            self.server.activity.opened(accepted)
        request = HttpRequest(Head(method, quote(target, safe="/?&=%-._~+*{}"), sent), body or b"", accepted)
        response = await self.server.rest(request)
        if isinstance(response.body, bytes):
            return Asked(response, response.body)
        assert isinstance(response.body, AsyncIterator)
        parts = [part async for part in response.body]
        return Asked(response, b"".join(parts))


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


@pytest.fixture
async def server(shelf: MemoryShelf) -> AsyncIterator[Server]:
    async with Server([shelf]) as running:
        yield running


@pytest.fixture
def ask(server: Server) -> Desk:
    return Desk(server)
