"""Streams over REST."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from avrorpc import Code, Limits, Server, StatusError
from avrorpc.contracts import RetryInfo
from avrorpc.streaming import close_iterator
from avrorpc.transport.http_message import Head, HttpRequest
from support.shelf import MemoryShelf
from support.tapes import ScriptedTapes
from testcontracts.tapes import Mark, Torn

from rest.conftest import Desk

LINES = {"Content-Type": "application/x-ndjson"}
EVENTS = {"Accept": "text/event-stream"}
OCTETS = "application/octet-stream"


@pytest.fixture
def tapes() -> ScriptedTapes:
    return ScriptedTapes()


@pytest.fixture
async def play(tapes: ScriptedTapes) -> AsyncIterator[Desk]:
    async with Server([tapes], limits=Limits(max_body=1_000, max_depth=20)) as running:
        yield Desk(running)


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
    response = await ask.server.rest(HttpRequest(Head("GET", "/changes?count=1000000")))
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
    assert got.status == 422
    assert "book[1]/title" in got.json["detail"]
    assert {"pointer": "/book/1/title", "in": "body"}.items() <= got.json["errors"][1].items()


async def failing(error: Exception, after: int = 2) -> AsyncGenerator[Mark, None]:
    for at in range(after):
        yield Mark(at=at)
    raise error


TORN = Torn(message="it is torn", at=7)
DECLARED = {
    "type": "urn:avrorpc:declared:tapes.Torn",
    "title": "The tape is torn.",
    "status": 409,
    "detail": "it is torn",
    "code": "UNKNOWN",
    "error": {"message": "it is torn", "at": 7},
}
BUSY = StatusError(Code.UNAVAILABLE, "not now", details=[RetryInfo(seconds=2.0)])


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        pytest.param(TORN, DECLARED, id="declared"),
        pytest.param(BUSY, {"status": 503, "code": "UNAVAILABLE", "detail": "not now"}, id="status"),
        pytest.param(ValueError("a secret"), {"status": 500, "code": "INTERNAL"}, id="undeclared"),
    ],
)
async def test_a_stream_that_fails_ends_with_the_problem_that_a_call_would_be_answered_with(
    play: Desk,
    tapes: ScriptedTapes,
    caplog: pytest.LogCaptureFixture,
    accept: str,
    error: Exception,
    wanted: dict[str, object],
) -> None:
    tapes.marks_given = lambda: failing(error, after=0)
    caplog.set_level(logging.CRITICAL)
    at_once = await play("GET", "/marks", headers={"Accept": accept})
    assert (at_once.status, at_once.headers["content-type"]) == (wanted["status"], "application/problem+json")
    caplog.set_level(logging.ERROR)
    tapes.marks_given = lambda: failing(error)
    got = await play("GET", "/marks", headers={"Accept": accept})
    assert (got.status, got.headers["content-type"]) == (200, accept)
    if accept == "text/event-stream":
        names, values = zip(*events(got.body), strict=True)
        assert names == ("item", "item", "error")
        problem = values[-1]
    else:
        *items, last = got.body.splitlines()
        assert len(items) == 2
        (problem,) = json.loads(last).values()
        assert last.startswith(b'{"$error":')
    assert wanted.items() <= problem.items()
    assert b"secret" not in got.body
    if isinstance(error, ValueError):
        assert problem.keys() == at_once.json.keys()
        assert [problem["error_id"] in record.getMessage() for record in caplog.records] == [True]
        assert "a secret" in str(caplog.records[0].exc_info)
    else:
        assert problem == at_once.json
    assert tapes.open == 0


async def test_a_stream_of_bytes_is_lines_events_or_octets(play: Desk) -> None:
    lines = (await play("GET", "/tape?size=5&piece=3")).body.splitlines()
    assert [json.loads(line) for line in lines] == ["AAEC", "AAE=", {"$end": {"items": 2}}]


async def test_octets_are_what_they_are(play: Desk) -> None:
    got = await play("GET", "/tape?size=5&piece=3", headers={"Accept": OCTETS})
    assert (got.status, got.headers["content-type"], got.body) == (200, OCTETS, b"\0\1\2\0\1")
    empty = await play("GET", "/tape?size=0", headers={"Accept": OCTETS})
    assert (empty.status, empty.body) == (200, b"")


async def test_only_what_can_be_asked_for_again_is_resumed(play: Desk, tapes: ScriptedTapes) -> None:
    resumed = {**EVENTS, "Last-Event-ID": "1"}
    got = await play("GET", "/marks", headers=resumed)
    assert got.body == (
        b'id: 2\nevent: item\ndata: {"at":2,"text":"mark 2"}\n\nevent: end\ndata: {"items":3}\n\n'
    )
    refused = await play("POST", "/marks/taken", headers=resumed)
    assert refused.status == 400
    assert "neither @readonly nor @idempotent" in refused.json["detail"]
    assert tapes.open == 0
    behind = await play("GET", "/marks", headers={**EVENTS, "Last-Event-ID": "999999999999"})
    assert events(behind.body) == [("end", {"items": 3})]


@pytest.mark.parametrize("last", ["-1", "x", "", "1.5", "1" * 13])
async def test_an_event_that_never_was_cannot_be_the_last(play: Desk, last: str) -> None:
    got = await play("GET", "/marks", headers={**EVENTS, "Last-Event-ID": last})
    assert (got.status, got.json["code"]) == (400, "INVALID_ARGUMENT")
    assert "Last-Event-ID" in got.json["detail"]


async def test_a_stream_that_fails_where_nothing_is_sent_yet_is_told_at_its_end_all_the_same(
    play: Desk, tapes: ScriptedTapes
) -> None:
    tapes.marks_given = lambda: failing(TORN)
    got = await play("GET", "/marks", headers={**EVENTS, "Last-Event-ID": "5"})
    assert [name for name, _ in events(got.body)] == ["error"]


async def test_octets_are_taken_as_they_come(play: Desk, tapes: ScriptedTapes) -> None:
    got = await play("POST", "/tape", body=bytes(70_000), headers={"Content-Type": OCTETS})
    assert (got.status, got.json) == (200, 70_000)  # the limit is for one item
    assert (await play("POST", "/tape")).json == 0
    assert tapes.endings == []


async def test_lines_of_bytes_are_taken_as_their_text(play: Desk) -> None:
    got = await play("POST", "/tape", body=b'"AAEC"\n\n"AAE="', headers=LINES)
    assert (got.status, got.json) == (200, 5)


GOOD = b'{"at":1}\n'


@pytest.mark.parametrize(
    ("body", "status", "says", "pointers"),
    [
        pytest.param(b'{"at":"x"}\n', 422, "mark[1]/at: expected", ["/mark/1/at"], id="a wrong value"),
        pytest.param(b'\n\n{"at":"x"}', 422, "mark[1]/at", ["/mark/1/at"], id="after empty lines"),
        pytest.param(b'{"at":1,"text":2}\n', 422, "mark[1]/text", ["/mark/1/text"], id="a wrong default"),
        pytest.param(b'{"text":2}\n', 422, "at", ["/mark/1/at", "/mark/1/text"], id="all of it wrong"),
        pytest.param(b"[]\n", 422, "mark[1]", ["/mark/1"], id="a list"),
        pytest.param(b'{"at":1,"at":2}\n', 400, "twice", ["/mark/1"], id="a name twice"),
        pytest.param(b'{"at":NaN}\n', 400, "NaN", ["/mark/1"], id="NaN"),
        pytest.param(b'{"at":1e999}\n', 400, "beyond", ["/mark/1"], id="a number beyond a double"),
        pytest.param(b'{"at":\n', 400, "no JSON", ["/mark/1"], id="JSON that breaks off"),
        pytest.param(b'{"at":1}{"at":2}\n', 400, "no JSON", ["/mark/1"], id="two on one line"),
        pytest.param(b"\xff\n", 400, "UTF-8", ["/mark/1"], id="no UTF-8"),
        pytest.param(b'"\\ud800"\n', 400, "surrogate", ["/mark/1"], id="half a character"),
        pytest.param(b"[" * 21 + b"]" * 21 + b"\n", 413, "max_depth=20", [], id="deep nesting"),
        pytest.param(
            b'{"text":"' + b"x" * 1_000 + b'"}', 413, "max_body=1000", [], id="a line above the limit"
        ),
    ],
)
async def test_what_is_wrong_in_the_midst_of_a_stream_is_a_problem_that_names_the_item(
    play: Desk, tapes: ScriptedTapes, body: bytes, status: int, says: str, pointers: list[str]
) -> None:
    got = await play("POST", "/marks", body=GOOD + body, headers=LINES)
    assert (got.status, got.headers["content-type"]) == (status, "application/problem+json")
    assert says in got.json["detail"]
    assert got.json["code"] == ("RESOURCE_EXHAUSTED" if status == 413 else "INVALID_ARGUMENT")
    assert [error["pointer"] for error in got.json.get("errors", [])] == pointers
    assert tapes.taken <= 1
    assert tapes.endings == ["StatusError"]
    assert play.server.activity.calls == []


async def test_a_service_may_make_something_else_of_a_wrong_item(play: Desk, tapes: ScriptedTapes) -> None:
    async def stop(number: int) -> None:
        raise Torn(message="enough", at=number)

    tapes.on_item = stop
    got = await play("POST", "/marks", body=GOOD + b"wrong\n", headers=LINES)
    assert (got.status, got.json["error"]) == (409, {"message": "enough", "at": 1})


@pytest.mark.parametrize(
    ("headers", "says", "accepted"),
    [
        ({"Content-Type": "text/csv"}, "x-ndjson", {"accept-post": "application/x-ndjson"}),
        ({"Content-Type": OCTETS}, "x-ndjson", {"accept-post": "application/x-ndjson"}),
        ({**LINES, "Content-Encoding": "gzip"}, "gzip", {"accept-encoding": "identity"}),
    ],
)
async def test_a_stream_comes_in_a_form_that_can_be_read_as_it_comes(
    play: Desk, headers: dict[str, str], says: str, accepted: dict[str, str]
) -> None:
    got = await play("POST", "/marks", body=GOOD, headers=headers)
    assert got.status == 415
    assert says in got.json["detail"]
    assert accepted.items() <= got.headers.items()
    octets = await play("POST", "/tape", body=GOOD, headers={"Content-Type": "text/csv"})
    assert octets.headers["accept-post"] == f"application/x-ndjson, {OCTETS}"


async def test_a_deadline_ends_a_stream_in_either_direction(play: Desk, tapes: ScriptedTapes) -> None:
    never = asyncio.Event()

    async def waiting() -> AsyncGenerator[Mark, None]:
        yield Mark(at=0)
        await never.wait()

    async def wait(_: int) -> None:
        await never.wait()

    tapes.marks_given, tapes.on_item = waiting, wait
    soon = {"Avrorpc-Timeout-Ms": "20"}
    got = await play("GET", "/marks", headers={**EVENTS, **soon})
    (_, (name, problem)) = events(got.body)
    assert (name, problem["code"]) == ("error", "DEADLINE_EXCEEDED")  # type: ignore[index]
    late = await play("POST", "/marks", body=GOOD, headers={**LINES, **soon})
    assert (late.status, late.json["code"]) == (504, "DEADLINE_EXCEEDED")
    assert tapes.open == 0


async def test_a_stream_has_no_state_that_a_change_could_be_bound_to(
    play: Desk, tapes: ScriptedTapes
) -> None:
    got = await play("POST", "/marks", body=GOOD, headers={**LINES, "If-Match": '"old"'})
    assert got.status == 412
    assert (tapes.taken, tapes.open, play.server.activity.calls) == (0, 0, [])


async def test_a_list_is_no_stream(ask: Desk) -> None:
    body = b'[{"id": "n", "title": "T", "price": "1"}]'
    got = await ask("POST", "/books/import", body=body, headers={"Content-Type": "application/json"})
    assert got.status == 422
    assert got.json["detail"].endswith("write the items one on each line, and no list around them")


async def test_an_item_above_the_limit_is_refused(shelf: MemoryShelf) -> None:
    lines = b'{"id": "n", "title": "T", "price": "1"}\n{"id": "' + b"x" * 400
    async with Server([shelf], limits=Limits(max_body=300)) as server:
        headers = {"Content-Type": "application/x-ndjson"}
        got = await Desk(server)("POST", "/books/import", body=lines, headers=headers)
    assert (got.status, got.json["code"]) == (413, "RESOURCE_EXHAUSTED")
    assert got.json["detail"] == "an item of book is too large: a line is above max_body=300 bytes"
