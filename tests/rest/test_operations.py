"""Messages over REST: where arguments come from, what answers are, and every way to be wrong."""

from __future__ import annotations

import base64
import gzip
import io
from typing import Any

import fastavro
import pytest
from avrorpc import Limits, Server
from support.shelf import MemoryShelf
from testcontracts.shelf import SHELF

from rest.conftest import Desk


async def test_a_path_variable_is_an_argument(ask: Desk) -> None:
    got = await ask("GET", "/books/b1")
    assert (got.status, got.json["title"], got.json["price"]) == (200, "Book 1", "1.00")
    assert got.headers["content-type"] == "application/json"


async def test_a_query_gives_arguments_of_other_names_and_lists(ask: Desk) -> None:
    got = await ask("GET", "/books?page-size=1&tag=old&tag=new")
    assert [book["id"] for book in got.json["items"]] == ["b1"]
    assert got.json["next_cursor"] == "1"
    assert got.headers["link"] == '</books?page-size=1&tag=old&tag=new&cursor=1>; rel="next"'
    again = await ask("GET", f"/books?page-size=1&tag=old&cursor={got.json['next_cursor']}")
    assert [book["id"] for book in again.json["items"]] == ["b3"]


async def test_a_get_takes_a_body_too_but_nothing_twice(ask: Desk) -> None:
    got = await ask("GET", "/books", {"page_size": 1})
    assert len(got.json["items"]) == 1
    twice = await ask("GET", "/books?page-size=2", {"page_size": 1})
    assert twice.status == 422
    assert twice.json["errors"] == [
        {"pointer": "/page_size", "detail": "it is in the query already", "in": "body"}
    ]


async def test_a_post_takes_its_arguments_from_the_body_and_from_headers(
    ask: Desk, shelf: MemoryShelf
) -> None:
    headers = {"Idempotency-Key": "k1", "X-Librarian": "Ada"}
    got = await ask("POST", "/books", {"title": "New", "price": "9.90"}, headers=headers)
    assert (got.status, got.json["title"], got.json["condition"]) == (200, "New", "NEW")
    assert shelf.librarians == ["Ada"]


async def test_a_whole_body_is_one_argument(ask: Desk) -> None:
    got = await ask("PUT", "/books/b1", {"id": "other", "title": "T", "price": "1"})
    assert (got.status, got.json["id"], got.json["title"]) == (200, "b1", "T")


async def test_nothing_is_204_and_one_way_is_202(ask: Desk, shelf: MemoryShelf) -> None:
    gone = await ask("DELETE", "/books/b1")
    assert (gone.status, gone.body) == (204, b"")
    seen = await ask("POST", "/shelf/seen", {"id": "b2"})
    assert (seen.status, seen.body, shelf.seen_ids) == (202, b"", ["b2"])


async def test_default_routes_are_by_service_and_message(ask: Desk) -> None:
    assert (await ask("POST", "/shelf/count_books", {})).json == 5
    assert (await ask("GET", "/shelf/count_books")).json == 5
    assert (await ask("GET", "/shelf/fail?how=no")).status == 405


async def test_bytes_come_and_go_as_they_are_or_as_json(ask: Desk, shelf: MemoryShelf) -> None:
    picture = bytes(range(256))
    raw = {"Content-Type": "application/octet-stream"}
    assert (await ask("PUT", "/books/b1/cover", body=picture, headers=raw)).json == 256
    got = await ask("GET", "/books/b1/cover", headers={"Accept": "application/octet-stream"})
    assert got.body == picture
    assert (await ask("GET", "/books/b1/cover")).json == base64.b64encode(picture).decode()
    coded = await ask("PUT", "/books/b2/cover", base64.b64encode(b"abc").decode())
    assert (coded.json, shelf.covers["b2"]) == (3, b"abc")


async def test_avro_and_avro_json_are_other_forms_of_the_same(ask: Desk) -> None:
    got = await ask("GET", "/books/b1", headers={"Accept": "avro/binary"})
    schema = fastavro.parse_schema(_schema("Book"))
    read: Any = fastavro.schemaless_reader(io.BytesIO(got.body), schema, None)
    assert read["title"] == "Book 1"
    coded = await ask("GET", "/books/b1", headers={"Accept": "avro/json;q=0.9, text/html"})
    assert coded.headers["content-type"] == "avro/json"
    assert coded.json["price"] == "d"
    body = {"how": "fine"}
    asked = await ask("POST", "/shelf/fail", body, headers={"Content-Type": "avro/json"})
    assert (asked.status, asked.json) == (200, "fine")
    asked = await ask("POST", "/shelf/fail", body=b"\x08fine", headers={"Content-Type": "avro/binary"})
    assert (asked.status, asked.json) == (200, "fine")


def _schema(name: str) -> Any:
    from avrorpc.schema import schema_to_json  # noqa: PLC0415

    return schema_to_json(next(one for one in SHELF.protocol.types if one.name == f"shelf.{name}"))


async def test_all_that_is_wrong_is_told_at_once(ask: Desk) -> None:
    got = await ask(
        "PUT", "/books/b1", {"title": 1, "price": "1.234", "condition": "TORN", "tags": ["x", 2], "colour": 3}
    )
    assert got.status == 422
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json["type"] == "urn:avrorpc:error:invalid-argument"
    pointers = [error["pointer"] for error in got.json["errors"]]
    assert pointers == [
        "/book/colour",
        "/book/id",
        "/book/title",
        "/book/price",
        "/book/condition",
        "/book/tags/1",
    ]


async def test_a_wrong_query_says_where_it_is_wrong(ask: Desk) -> None:
    got = await ask("GET", "/books?page-size=many&colour=red")
    assert got.status == 422
    assert got.json["errors"] == [
        {
            "pointer": "/colour",
            "detail": "there is no query parameter 'colour' here; there is cursor, page-size, tag",
            "in": "query",
        },
        {"pointer": "/page_size", "detail": "expected int, got str 'many'", "in": "query"},
    ]


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status", "detail"),
    [
        ("POST", "/shelf/fail", b"{", {}, 400, "no JSON"),
        ("POST", "/shelf/fail", b'{"how": "a", "how": "b"}', {}, 400, "stands twice"),
        ("POST", "/shelf/fail", b"[1]", {}, 422, "must be a JSON object"),
        (
            "POST",
            "/shelf/fail",
            b"how=x",
            {"content-type": "application/x-www-form-urlencoded"},
            415,
            "curl -d",
        ),
        ("POST", "/shelf/fail", b"<x/>", {"content-type": "text/xml"}, 415, "text/xml"),
        ("POST", "/shelf/fail", b"[" * 500, {}, 413, "max_depth"),
        ("POST", "/shelf/fail", b"x" * 3000, {}, 413, "max_body=2048"),
        ("POST", "/shelf/fail", b"{}", {"content-encoding": "br"}, 415, "content coding 'br'"),
        ("POST", "/shelf/fail", b"{}", {"content-encoding": "gzip"}, 400, "not gzip"),
        (
            "POST",
            "/shelf/fail",
            gzip.compress(b" " * 5000),
            {"content-encoding": "gzip"},
            413,
            "max_body=2048",
        ),
        ("POST", "/shelf/fail", b"{}", {"accept": "text/html"}, 406, "text/html"),
        ("POST", "/shelf/fail", b'{"how": "x"}', {"avrorpc-timeout-ms": "soon"}, 400, "Avrorpc-Timeout-Ms"),
        ("POST", "/shelf/fail", b"{}", {"avrorpc-mode": "fast"}, 400, "Avrorpc-Mode"),
        ("GET", "/nothing", None, {}, 404, "nothing at /nothing"),
        ("PATCH", "/books/b1", b"{}", {}, 405, "takes GET, PUT, DELETE, HEAD, OPTIONS"),
        ("BREW", "/books/b1", b"{}", {}, 405, "no BREW"),
        ("GET", "/books/%ff", None, {}, 400, "UTF-8"),
        ("GET", "/books?cursor=%ff", None, {}, 400, "UTF-8"),
        ("GET", "/books/b99", None, {}, 404, "there is no book b99"),
        ("POST", "/books", b"{}", {}, 400, "needs a header Idempotency-Key"),
        ("POST", "/books", b"{}", {"idempotency-key": "x" * 256}, 400, "1 to 255"),
    ],
)
async def test_what_is_wrong_is_a_problem(
    shelf: MemoryShelf,
    method: str,
    target: str,
    body: bytes | None,
    headers: dict[str, str],
    status: int,
    detail: str,
) -> None:
    async with Server([shelf], limits=Limits(max_body=2048)) as server:
        got = await Desk(server)(method, target, body=body, headers=headers)
    assert (got.status, got.json["status"]) == (status, status)
    assert got.headers["content-type"] == "application/problem+json"
    assert detail in got.json["detail"]


async def test_a_form_is_taken_as_json_in_research_mode(ask: Desk) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Avrorpc-Mode": "research"}
    got = await ask("POST", "/shelf/fail", body=b'{"how": "fine"}', headers=headers)
    assert (got.status, got.json["data"]) == (200, "fine")
    assert (await ask("POST", "/shelf/fail", body=b"how=fine", headers=headers)).status == 415


async def test_a_declared_error_is_a_problem_with_its_fields(ask: Desk) -> None:
    got = await ask("GET", "/books/b99")
    assert got.json == {
        "type": "urn:avrorpc:declared:shelf.NoSuchBook",
        "title": "There is no such book.",
        "status": 404,
        "detail": "there is no book b99",
        "code": "UNKNOWN",
        "error": {"message": "there is no book b99", "id": "b99"},
    }


async def test_a_declared_error_without_a_status_is_422(ask: Desk, shelf: MemoryShelf) -> None:
    for number in range(95):
        shelf._put(str(number), shelf.books["b0"].price, [])
    got = await ask("POST", "/books", {"title": "x", "price": "1"}, headers={"Idempotency-Key": "k"})
    assert (got.status, got.json["error"]["capacity"]) == (422, 100)


async def test_a_crash_says_nothing_but_its_id(ask: Desk) -> None:
    got = await ask("POST", "/shelf/fail", {"how": "crash"})
    assert got.status == 500
    assert "secret" not in got.body.decode()
    assert len(got.json["error_id"]) == 12


async def test_codes_have_their_statuses_and_headers(ask: Desk) -> None:
    quota = await ask("POST", "/shelf/fail", {"how": "quota"})
    assert (quota.status, quota.headers["retry-after"]) == (429, "2")
    assert quota.json["details"] == [{"$type": "avrorpc.RetryInfo", "seconds": 1.5}]
    away = await ask("POST", "/shelf/fail", {"how": "unavailable"})
    assert (away.status, away.headers["retry-after"]) == (503, "1")
    who = await ask("POST", "/shelf/fail", {"how": "auth"})
    assert (who.status, who.headers["www-authenticate"]) == (401, "Bearer")
    wrong = await ask("POST", "/shelf/fail", {"how": "argument"})
    assert (wrong.status, wrong.json["errors"]) == (400, [{"pointer": "/how", "detail": "it is odd"}])


async def test_research_mode_wraps_the_result(ask: Desk) -> None:
    got = await ask("GET", "/books/b1", headers={"Avrorpc-Mode": "research"})
    assert set(got.json) == {"data", "metadata", "examples"}
    assert got.json["data"]["id"] == "b1"
    assert got.json["metadata"]["message"] == "get_book"
    assert set(got.json["metadata"]["stages_ms"]) == {"decode", "call", "encode"}
    shown = [part.partition(";dur=") for part in got.headers["server-timing"].split(", ")]
    assert {name: float(ms) for name, _, ms in shown} == got.json["metadata"]["stages_ms"]
    assert "dur=" in got.headers["server-timing"]


async def test_an_answer_that_is_known_is_not_sent_again(ask: Desk) -> None:
    got = await ask("GET", "/books/b1")
    tag = got.headers["etag"]
    again = await ask("GET", "/books/b1", headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    await ask("PUT", "/books/b1", {"id": "b1", "title": "Other", "price": "1"})
    assert (await ask("GET", "/books/b1", headers={"If-None-Match": tag})).status == 200


async def test_a_change_may_depend_on_what_is_there(ask: Desk, shelf: MemoryShelf) -> None:
    tag = (await ask("GET", "/books/b1")).headers["etag"]
    new = {"id": "b1", "title": "Other", "price": "1"}
    assert (await ask("PUT", "/books/b1", new, headers={"If-Match": tag})).status == 200
    late = await ask("PUT", "/books/b1", {**new, "title": "Late"}, headers={"If-Match": tag})
    assert (late.status, shelf.books["b1"].title) == (412, "Other")
    assert (await ask("DELETE", "/books/b9", headers={"If-Match": "*"})).status == 412
    assert (await ask("POST", "/shelf/fail", {"how": "x"}, headers={"If-Match": "*"})).status == 412


async def test_large_answers_are_compressed_for_who_takes_that(ask: Desk, shelf: MemoryShelf) -> None:
    for number in range(50):
        shelf._put(f"A long title {number}", shelf.books["b0"].price, [])
    plain = await ask("GET", "/books?page-size=50")
    got = await ask("GET", "/books?page-size=50", headers={"Accept-Encoding": "br, gzip"})
    assert got.headers["content-encoding"] == "gzip"
    assert gzip.decompress(got.body) == plain.body
    assert got.headers["etag"] != plain.headers["etag"]
    known = {"If-None-Match": got.headers["etag"]}
    assert (await ask("GET", "/books?page-size=50", headers=known)).status == 304
    zipped = await ask("GET", "/books?page-size=50", headers={"Accept-Encoding": "gzip, zstd"})
    assert zipped.headers["content-encoding"] == "zstd"


async def test_bodies_may_be_compressed(ask: Desk) -> None:
    body = gzip.compress(b'{"how": "fine"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert (await ask("POST", "/shelf/fail", body=body, headers=headers)).json == "fine"


async def test_a_key_runs_a_request_once(ask: Desk, shelf: MemoryShelf) -> None:
    headers = {"Idempotency-Key": '"abc"'}
    first = await ask("POST", "/books", {"title": "Once", "price": "1"}, headers=headers)
    again = await ask("POST", "/books", {"title": "Once", "price": "1"}, headers=headers)
    assert (first.json, shelf.ran) == (again.json, 1)
    assert again.headers["idempotent-replayed"] == "true"
    other = await ask("POST", "/books", {"title": "Twice", "price": "1"}, headers=headers)
    assert (other.status, shelf.ran) == (422, 1)


async def test_what_is_deprecated_says_so(ask: Desk) -> None:
    got = await ask("GET", "/shelf/count_books")
    assert got.headers["deprecation"] == "@1769817600"
    assert got.headers["sunset"] == "Sun, 31 Jan 2027 00:00:00 GMT"


async def test_options_and_other_sites(shelf: MemoryShelf) -> None:
    async with Server([shelf], origins=["https://desk.example"]) as server:
        ask = Desk(server)
        options = await ask("OPTIONS", "/books")
        assert (options.status, options.headers["allow"]) == (204, "GET, POST, HEAD, OPTIONS")
        asked = {
            "Origin": "https://desk.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        preflight = await ask("OPTIONS", "/books", headers=asked)
        assert preflight.headers["access-control-allow-origin"] == "https://desk.example"
        assert preflight.headers["access-control-allow-headers"] == "content-type"
        other = await ask("OPTIONS", "/books", headers={**asked, "Origin": "https://evil.example"})
        assert (other.status, "access-control-allow-origin" in other.headers) == (403, False)
        got = await ask("GET", "/books/b1", headers={"Origin": "https://desk.example"})
        assert got.headers["access-control-allow-origin"] == "https://desk.example"
        assert "Origin" in got.headers["vary"]


@pytest.mark.parametrize("verb", ["OPTIONS", "PATCH"])
async def test_allow_names_all_that_a_url_answers_by_whichever_template(ask: Desk, verb: str) -> None:
    # RFC 9110, 10.2.1: the methods of the target resource. Here a book may be called `import`, too.
    got = await ask(verb, "/books/import")
    assert got.status == {"OPTIONS": 204, "PATCH": 405}[verb]
    assert got.headers["allow"] == "GET, POST, PUT, DELETE, HEAD, OPTIONS"
    for named in got.headers["allow"].split(", "):
        assert (await ask(named, "/books/import")).status != 405
    assert (await ask(verb, "/books/b1")).headers["allow"] == "GET, PUT, DELETE, HEAD, OPTIONS"


async def test_metadata_goes_both_ways_as_header_fields(ask: Desk) -> None:
    got = await ask("GET", "/books/b1", headers={"Avrorpc-Metadata-Colour": "x" * 70_000})
    assert got.status == 431


async def test_a_call_that_takes_too_long_is_504(ask: Desk, shelf: MemoryShelf) -> None:
    got = await ask("GET", "/books/b1", headers={"Avrorpc-Timeout-Ms": "1000"})
    assert got.status == 200
