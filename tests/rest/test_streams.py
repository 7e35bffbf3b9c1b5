"""Streams over REST."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from avrorpc import Limits, Server
from avrorpc.streaming import close_iterator
from avrorpc.transport.http_message import HttpRequest
from support.shelf import MemoryShelf

from rest.conftest import Desk


def events(body: bytes) -> list[tuple[str, object]]:
    found = []
    for block in body.decode().strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((lines["event"], json.loads(lines["data"])))
    return found


async def test_a_stream_is_lines_of_json_with_its_end(ask: Desk) -> None:
    got = await ask("GET", "/changes")
    assert got.headers["content-type"] == "application/x-ndjson"
    *items, end = [json.loads(line) for line in got.body.splitlines()]
    assert [item["id"] for item in items] == ["c0", "c1", "c2"]
    assert end == {"$end": {"items": 3}}


async def test_a_stream_is_events_for_who_asks(ask: Desk) -> None:
    got = await ask("GET", "/changes?count=2", headers={"Accept": "text/event-stream"})
    assert [name for name, _ in events(got.body)] == ["item", "item", "end"]
    assert b"id: 1\n" in got.body


async def test_a_stream_that_fails_says_so_at_its_end(ask: Desk) -> None:
    got = await ask("GET", "/changes?fail_after=1", headers={"Accept": "text/event-stream"})
    _, (name, problem) = events(got.body)
    assert name == "error"
    assert problem["code"] == "DATA_LOSS"  # type: ignore[index]
    lines = (await ask("GET", "/changes?fail_after=2")).body.splitlines()
    assert json.loads(lines[-1])["$error"]["detail"] == "the page is torn"


async def test_events_go_on_where_a_client_left(ask: Desk) -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "0"}
    got = await ask("GET", "/changes", headers=headers)
    assert [value["id"] for name, value in events(got.body) if name == "item"] == ["c1", "c2"]  # type: ignore[index]


async def test_an_empty_stream_has_an_end(ask: Desk, shelf: MemoryShelf) -> None:
    got = await ask("GET", "/changes?count=0")
    assert got.body == b'{"$end":{"items":0}}\n'
    assert shelf.open_streams == 0


async def test_a_client_that_leaves_ends_the_stream(ask: Desk, shelf: MemoryShelf) -> None:
    response = await ask.server.rest(HttpRequest("GET", "/changes?count=1000000"))
    assert isinstance(response.body, AsyncIterator)
    await anext(response.body)
    assert shelf.open_streams == 1
    await close_iterator(response.body)
    assert shelf.open_streams == 0
    assert ask.server.activity.calls == []


async def test_a_request_stream_is_lines_of_json(ask: Desk, shelf: MemoryShelf) -> None:
    lines = b"".join(
        json.dumps({"id": f"n{n}", "title": "T", "price": "1"}).encode() + b"\n" for n in range(3)
    )
    headers = {"Content-Type": "application/x-ndjson"}
    got = await ask("POST", "/books/import?skip_known=true", body=lines, headers=headers)
    assert (got.status, got.json) == (200, 3)
    assert (await ask("POST", "/books/import?skip_known=true", body=lines, headers=headers)).json == 0


async def test_a_wrong_item_is_named(ask: Desk) -> None:
    body = b'{"id": "n", "title": "T", "price": "1"}\n{"id": 3}\n'
    got = await ask("POST", "/books/import", body=body, headers={"Content-Type": "application/x-ndjson"})
    assert got.status == 400
    assert "book[1]/title" in got.json["detail"]
    assert [error["pointer"] for error in got.json["errors"]] == [
        "/book/1/id", "/book/1/title", "/book/1/price",
    ]  # fmt: skip


async def test_a_list_is_no_stream(ask: Desk) -> None:
    body = b'[{"id": "n", "title": "T", "price": "1"}]'
    got = await ask("POST", "/books/import", body=body, headers={"Content-Type": "application/json"})
    assert got.status == 400
    assert got.json["detail"].endswith("write the items one on each line, and no list around them")


async def test_an_item_above_the_limit_is_refused(shelf: MemoryShelf) -> None:
    lines = b'{"id": "n", "title": "T", "price": "1"}\n{"id": "' + b"x" * 400
    async with Server([shelf], limits=Limits(max_body=300)) as server:
        headers = {"Content-Type": "application/x-ndjson"}
        got = await Desk(server)("POST", "/books/import", body=lines, headers=headers)
    assert (got.status, got.json["code"]) == (429, "RESOURCE_EXHAUSTED")
    assert got.json["detail"] == "an item of book is too large: a line is above max_body=300 bytes"
