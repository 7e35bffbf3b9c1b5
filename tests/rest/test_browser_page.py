"""The API browser as its server serves it: files, headers, what it may do, and who sees it."""

from __future__ import annotations

import abc
import gzip
import re
from importlib.resources import files

import pytest
from avrorpc import Server, stub
from avrorpc.schema import compact
from avrorpc.server.rest.browser import CONTENT_SECURITY_POLICY, MEDIA_TYPES, SECURITY_HEADERS, names
from avrorpc.transport.accepted import Accepted
from support.shelf import MemoryShelf

from rest.conftest import Desk

MOST_SENT = 40_000
"""Bytes of the whole page as it is sent, compressed."""
MOST = 110_000
"""Bytes of the whole page as it is written."""

SOURCES = {name: (files("avrorpc.server.rest.browser") / name).read_text() for name in names()}
SCRIPTS = {name: text for name, text in SOURCES.items() if name.endswith(".js")}


@pytest.mark.parametrize("path", ["/", *(f"/browser/{name}" for name in SOURCES if name != "index.html")])
async def test_each_file_is_served_as_what_it_is_and_guarded(ask: Desk, path: str) -> None:
    got = await ask("GET", path)
    name = path.rpartition("/")[2] or "index.html"
    assert (got.status, got.body.decode()) == (200, SOURCES[name])
    assert got.headers["content-type"] == MEDIA_TYPES[name.rpartition(".")[2]]
    assert {key.lower(): value for key, value in SECURITY_HEADERS.items()}.items() <= got.headers.items()


@pytest.mark.parametrize("path", ["/", "/browser/app.js"])
async def test_what_a_browser_has_already_is_not_sent_again(ask: Desk, path: str) -> None:
    got = await ask("GET", path)
    assert got.headers["cache-control"] == "no-cache"
    again = await ask("GET", path, headers={"if-none-match": got.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert (await ask("GET", path, headers={"if-none-match": '"other"'})).status == 200


async def test_a_head_has_the_headers_of_the_page(ask: Desk) -> None:
    got = await ask("HEAD", "/")
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_the_page_is_compressed_and_small(ask: Desk) -> None:
    assert sum(map(len, SOURCES.values())) < MOST
    sent = 0
    for name, text in SOURCES.items():
        got = await ask(
            "GET", "/" if name == "index.html" else f"/browser/{name}", headers={"accept-encoding": "gzip"}
        )
        if len(text.encode()) >= 1024:
            assert got.headers["content-encoding"] == "gzip"
            assert gzip.decompress(got.body).decode() == text
        sent += len(got.body)
    assert sent < MOST_SENT


def test_the_policy_lets_nothing_in_from_elsewhere_and_no_text_become_script() -> None:
    parts = (part.partition(" ") for part in CONTENT_SECURITY_POLICY.split("; "))
    policy = {name: value for name, _, value in parts}
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[f"{kind}-src"] for kind in ("script", "style", "connect", "img")} == {"'self'"}
    assert policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"unsafe|\*|https?:|data:|blob:", CONTENT_SECURITY_POLICY)


def test_the_page_has_nothing_that_its_policy_forbids() -> None:
    page = SOURCES["index.html"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert {url for url in re.findall(r'(?:src|href)="([^"#]+)"', page) if "/" in url} <= {
        f"browser/{name}" for name in SOURCES
    }


def test_no_script_makes_markup_or_code_of_texts() -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacent|document\.write|DOMParser|\beval\b|new Function|srcdoc"
    found = {name: re.findall(forbidden, text) for name, text in SCRIPTS.items()}
    assert {name: uses for name, uses in found.items() if uses} == {}
    assert [url for text in SOURCES.values() for url in re.findall(r"https?://[^\s\"'`]+", text)] == [
        "http://www.w3.org/2000/svg"
    ]


def test_each_module_that_is_imported_is_there_and_fetched_at_once() -> None:
    imported = {name for text in SCRIPTS.values() for name in re.findall(r'from "\./([\w.]+)"', text)}
    assert imported < set(SCRIPTS)
    preloaded = set(re.findall(r'modulepreload" href="browser/([\w.]+)"', SOURCES["index.html"]))
    assert preloaded == imported


async def test_the_list_of_services_says_what_fills_in_requests(ask: Desk) -> None:
    (service,) = (await ask("GET", "/browser/services.json")).json
    assert (service["segment"], service["name"]) == ("shelf", "shelf.Shelf")
    route = next(one for one in service["routes"] if one["message"] == "list_books")
    assert (route["verb"], route["path"]) == ("GET", "/books")
    assert {"field": "page_size", "in": "query", "name": "page-size"} in route["parameters"]
    assert {one["name"] for one in service["messages"]} == {one["message"] for one in service["routes"]}


async def test_whoever_may_not_know_what_is_served_gets_the_page_and_no_services() -> None:
    elsewhere = Accepted("http", peer="10.0.0.1:1", is_local=False)
    async with Server([MemoryShelf()], introspection="local") as server:
        ask = Desk(server)
        server.activity.opened(elsewhere)
        assert (await ask("GET", "/", accepted=elsewhere)).status == 200
        for path in ("/browser/services.json", "/openapi.json"):
            refused = await ask("GET", path, accepted=elsewhere)
            assert (refused.status, refused.json["code"]) == (403, "PERMISSION_DENIED")
        assert (await ask("GET", "/browser/services.json")).status == 200


@pytest.mark.parametrize("options", [{"browser": False}, {"introspection": False}])
async def test_it_can_be_switched_off(options: dict[str, bool]) -> None:
    async with Server([MemoryShelf()], **options) as server:  # type: ignore[arg-type]
        ask = Desk(server)
        for path in ("/", "/browser", "/browser/app.js", "/browser/services.json"):
            assert (await ask("GET", path)).status == 404
        assert (await ask("GET", "/openapi.json")).status == 200


async def test_a_page_that_does_not_come_with_the_server_is_not_there(ask: Desk) -> None:
    for path in ("/browser/__init__.py", "/browser/../face.py", "/browser/other.js", "/browser/index.html"):
        assert (await ask("GET", path)).status == 404
    assert (await ask("DELETE", "/browser/app.js")).status == 405


BROWSER = stub.Contract(
    "net.Browser",
    compact(
        {
            "protocol": "Browser",
            "namespace": "net",
            "types": [],
            "messages": {"welcome": {"request": [], "response": "string", "readonly": True}},
        }
    ),
    types=dict,
)
BROWSER.method("welcome")


class BrowserService(stub.Service):
    """What would be generated for it."""

    __contract__ = BROWSER

    @abc.abstractmethod
    def welcome(self) -> str:
        """Greet."""


class Welcoming(BrowserService):
    def welcome(self) -> str:
        return "welcome"


async def test_a_service_of_the_same_name_goes_by_its_full_name() -> None:
    async with Server([Welcoming()]) as server:
        ask = Desk(server)
        assert (await ask("GET", "/net.Browser/welcome")).json == "welcome"
        assert (await ask("GET", "/browser/app.js")).status == 200
        (service,) = (await ask("GET", "/browser/services.json")).json
        assert service["segment"] == "net.Browser"
