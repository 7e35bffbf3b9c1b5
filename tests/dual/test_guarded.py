"""The client that switches modes, against a server that knows who may call."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from avrorpc import Code, Server, StatusError
from avrorpc.dual import DualClient, Mode, RESTfulResponse
from avrorpc.middleware import Authentication, TokenFile, new_token
from avrorpc.middleware.tokens import Token
from support.shelf import MemoryShelf

MODES = [Mode.RESEARCH, Mode.PRODUCTION]
EARLIER = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@dataclass(slots=True)
class Guarded:
    """A server, where it is, and the token that it takes."""

    url: str
    tcp: str
    secret: str
    token: Token
    file: Path

    def expire(self) -> None:
        """Have the token expired."""
        self.file.write_text(f"{replace(self.token, expires=EARLIER)}\n")

    async def connect(self, secret: str | None = None) -> DualClient:
        return await DualClient.connect(
            self.url, metadata={"Authorization": f"Bearer {secret or self.secret}"}
        )


@pytest.fixture
async def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Guarded]:
    monkeypatch.setattr("avrorpc.middleware.tokens._LOOK_AGAIN", 0.0)  # changes are seen at once
    file = tmp_path / "tokens"
    secret, token = new_token("ada")
    file.write_text(f"{token}\n")
    tokens = TokenFile(file)
    guard = Authentication(tokens.authenticate, authorize=tokens.authorize)
    async with Server([MemoryShelf()], middleware=(guard,)) as server:
        url = await server.listen("http://127.0.0.1:0")
        yield Guarded(url, await server.listen("tcp://127.0.0.1:0"), secret, token, file)


@pytest.mark.parametrize("mode", MODES)
async def test_a_token_is_shown_in_both_modes(guarded: Guarded, mode: Mode) -> None:
    async with await guarded.connect() as client:
        client.enable_restful_mode(mode is Mode.RESEARCH)
        book = await client.get("shelf", "get_book", {"id": "b1"})
        assert isinstance(book, RESTfulResponse) == (mode is Mode.RESEARCH)
        assert (await client.get("shelf", "info", mode="production"))["name"] == "shelf.Shelf"
        assert [item async for item in client.stream("shelf", "changes", {"count": 1})]


async def test_production_may_go_by_another_way_with_the_same_token(guarded: Guarded) -> None:
    metadata = {"authorization": f"Bearer {guarded.secret}"}
    async with await DualClient.connect(guarded.tcp, rest=guarded.url, metadata=metadata) as client:
        for mode in MODES:
            client.enable_restful_mode(mode is Mode.RESEARCH)
            assert await client.post("shelf", "count_books")


@pytest.mark.parametrize("secret", [None, "guess"])
async def test_without_a_token_nothing_is_learned(guarded: Guarded, secret: str | None) -> None:
    metadata = {} if secret is None else {"authorization": f"Bearer {secret}"}
    with pytest.raises(StatusError) as refused:
        await DualClient.connect(guarded.url, metadata=metadata)
    assert refused.value.code is Code.UNAUTHENTICATED


@pytest.mark.parametrize("mode", MODES)
async def test_a_token_that_expires_is_told_alike_in_both_modes(guarded: Guarded, mode: Mode) -> None:
    async with await guarded.connect() as client:
        client.enable_restful_mode(mode is Mode.RESEARCH)
        await client.post("shelf", "count_books")
        guarded.expire()
        for ask in (
            client.post("shelf", "count_books"),
            client.get("shelf", "info"),
            anext(client.stream("shelf", "changes")),
        ):
            with pytest.raises(StatusError, match="the token has expired") as refused:
                await ask
            assert (refused.value.code, refused.value.from_peer) == (Code.UNAUTHENTICATED, True)
    secret, token = new_token("ada")
    guarded.file.write_text(f"{token}\n")
    async with await guarded.connect(secret) as renewed:
        assert await renewed.post("shelf", "count_books", mode=mode)
