"""Who asks over REST, where a server wants to know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from avrorpc import Server
from avrorpc.middleware import Authentication, TokenFile, new_token
from avrorpc_services import byte_tokenizer
from support.shelf import MemoryShelf

from rest.conftest import Desk

ROUTES = [
    ("GET", "/books/b1"),
    ("POST", "/shelf/fail"),
    ("POST", "/books/import"),
    ("GET", "/changes"),
    ("GET", "/openapi.json"),
    ("GET", "/metrics"),
    ("GET", "/shelf/info"),
    ("GET", "/shelf/examples"),
    ("GET", "/shelf/health"),
    ("POST", "/shelf/test"),
    ("GET", "/shelf/config"),
    ("PUT", "/_introspection/shelf/config"),
]


@pytest.fixture
def tokens(tmp_path: Path) -> dict[str, str]:
    made = {
        "ada": new_token("ada"),
        "reader": new_token("reader", may=["shelf.Shelf/get_*"]),
    }
    (tmp_path / "tokens").write_text("\n".join(str(token) for _, token in made.values()))
    return {name: f"Bearer {secret}" for name, (secret, _) in made.items()}


@pytest.fixture
async def ask(tokens: dict[str, str], tmp_path: Path, shelf: MemoryShelf) -> AsyncIterator[Desk]:
    file = TokenFile(tmp_path / "tokens")
    guard = Authentication(file.authenticate, authorize=file.authorize, schemes=("bearer", "mutual_tls"))
    async with Server([shelf], middleware=(guard,)) as server:
        yield Desk(server)


@pytest.mark.parametrize(("verb", "path"), ROUTES)
async def test_strangers_are_told_nothing_but_that_a_token_is_missing(
    ask: Desk, verb: str, path: str
) -> None:
    got = await ask(verb, path, body=b"{ no JSON" if verb != "GET" else None)
    assert got.status == 401
    assert got.headers["www-authenticate"] == "Bearer"
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
async def test_probes_need_no_token(ask: Desk, path: str) -> None:
    assert (await ask("GET", path)).status == 200


async def test_a_token_opens_all_routes(ask: Desk, tokens: dict[str, str]) -> None:
    headers = {"authorization": tokens["ada"]}
    for verb, path in ROUTES:
        got = await ask(verb, path, {} if verb != "GET" else None, headers=headers)
        assert got.status not in (401, 403), (verb, path, got)


async def test_a_wrong_token_is_refused_as_none_is(ask: Desk) -> None:
    got = await ask("GET", "/books/b1", headers={"authorization": "Bearer guess"})
    assert (got.status, got.json["detail"]) == (401, "the token is unknown")
    assert got.headers["www-authenticate"] == "Bearer"


async def test_a_token_that_may_not_is_a_problem_of_its_own(ask: Desk, tokens: dict[str, str]) -> None:
    headers = {"authorization": tokens["reader"]}
    assert (await ask("GET", "/books/b1", headers=headers)).status == 200
    got = await ask("POST", "/shelf/config", body=b"{ no JSON", headers=headers)
    assert (got.status, got.json["code"]) == (403, "PERMISSION_DENIED")
    assert "reader may not call avrorpc.Introspection/configuration" in got.json["detail"]


async def test_who_is_refused_is_counted(ask: Desk, tokens: dict[str, str]) -> None:
    await ask("GET", "/books/b1")
    got = await ask("GET", "/metrics", headers={"authorization": tokens["ada"]})
    line = 'avrorpc_calls_total{service="shelf.Shelf",method="get_book",code="UNAUTHENTICATED"} 1'
    assert line in got.body.decode()


async def test_the_openapi_document_says_how_to_prove_who_calls(ask: Desk, tokens: dict[str, str]) -> None:
    document = (await ask("GET", "/openapi.json", headers={"authorization": tokens["ada"]})).json
    assert document["security"] == [{"bearer": []}, {"mutual_tls": []}]
    assert document["components"]["securitySchemes"]["bearer"] == {"type": "http", "scheme": "bearer"}


async def test_the_document_is_guarded_where_nothing_is_introspected(
    tokens: dict[str, str], tmp_path: Path
) -> None:
    guard = Authentication(TokenFile(tmp_path / "tokens").authenticate)
    async with Server([MemoryShelf()], middleware=(guard,), introspection=False) as server:
        ask = Desk(server)
        assert (await ask("GET", "/openapi.json")).status == 401
        document = await ask("GET", "/openapi.json", headers={"authorization": tokens["ada"]})
        assert "security" not in document.json


async def test_a_check_that_breaks_lets_nobody_through(shelf: MemoryShelf) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("the directory is down")

    async with Server([shelf], middleware=(Authentication(broken),)) as server:
        got = await Desk(server)("GET", "/books/b1")
    assert (got.status, got.json["code"]) == (500, "INTERNAL")
    assert "directory" not in got.body.decode()


async def test_examples_run_in_the_name_of_whoever_asks(tokens: dict[str, str], tmp_path: Path) -> None:
    guard = Authentication(TokenFile(tmp_path / "tokens").authenticate)
    async with Server([byte_tokenizer()], middleware=(guard,)) as server:
        headers = {"authorization": tokens["ada"]}
        got = await Desk(server)("POST", "/tokenizer/test", {"repeat": 2}, headers=headers)
    assert got.json["failed"] == 0
    assert got.json["passed"] > 0
