"""What every service has without a line of its own, and what a server tells of itself."""

from __future__ import annotations

from avrorpc import Server, ServingStatus
from avrorpc.transport.accepted import Accepted
from support.shelf import MemoryShelf

from rest.conftest import Desk


async def test_info_tells_messages_and_routes(ask: Desk) -> None:
    got = await ask("GET", "/shelf/info")
    assert got.json["name"] == "shelf.Shelf"
    assert {"route": "GET /books/{id}", "message": "get_book"} in got.json["endpoints"]
    assert (await ask("GET", "/_introspection/shelf/info")).json == got.json


async def test_settings_are_read_changed_and_set_anew(ask: Desk, shelf: MemoryShelf) -> None:
    assert (await ask("GET", "/shelf/config")).json == {"mode": "production", "loan_days": 14}
    changed = await ask("POST", "/shelf/config", {"loan_days": 7, "mode": "research"})
    assert changed.json == {"mode": "research", "loan_days": 7}
    assert shelf.loan_days == 7
    assert "data" in (await ask("GET", "/books/b1")).json
    again = await ask("PUT", "/shelf/config", {})
    assert again.json == {"mode": "production", "loan_days": 14}
    wrong = await ask("POST", "/shelf/config", {"colour": 1, "mode": "fast"})
    assert [error["pointer"] for error in wrong.json["errors"]] == ["/colour", "/mode"]
    refused = await ask("POST", "/shelf/config", {"loan_days": 0})
    assert (refused.status, shelf.loan_days) == (422, 14)


async def test_a_form_is_taken_as_json_in_research_mode(ask: Desk) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b'{"loan_days": 7}'
    assert (await ask("POST", "/shelf/config", body=body, headers=form)).status == 415
    research = {**form, "Avrorpc-Mode": "research"}
    assert (await ask("POST", "/shelf/config", body=body, headers=research)).json["loan_days"] == 7
    await ask("POST", "/shelf/config", {"mode": "research"})
    tested = await ask("POST", "/shelf/test", body=b"{}", headers=form)
    assert (tested.status, tested.json["service"]) == (200, "shelf.Shelf")
    assert (await ask("POST", "/shelf/test", body=b"a=1", headers=form)).status == 400


async def test_strangers_may_not_set_a_server(ask: Desk) -> None:
    stranger = Accepted("http", peer="10.0.0.1:1")
    ask.server.activity.opened(stranger)
    got = await ask("POST", "/shelf/config", {"mode": "research"}, accepted=stranger)
    assert (got.status, got.json["code"]) == (403, "PERMISSION_DENIED")
    assert (await ask("GET", "/shelf/info", accepted=stranger)).status == 200


async def test_health_has_its_pages(ask: Desk) -> None:
    for path in ("/healthz", "/livez", "/readyz"):
        assert (await ask("GET", path)).json["status"] == "ok"
    ask.server.health.set(ServingStatus.NOT_SERVING, "loading")
    assert (await ask("GET", "/readyz")).status == 503
    assert (await ask("GET", "/livez")).status == 200
    got = await ask("GET", "/shelf/health")
    assert (got.status, got.json["text"]) == (503, "loading")


async def test_metrics_are_what_prometheus_reads(ask: Desk) -> None:
    await ask("GET", "/books/b1")
    got = await ask("GET", "/metrics")
    assert 'avrorpc_calls_total{service="shelf.Shelf",method="get_book",code="OK"} 1' in got.body.decode()


async def test_without_introspection_nothing_is_generated(shelf: MemoryShelf) -> None:
    async with Server([shelf], introspection=False) as server:
        assert (await Desk(server)("GET", "/shelf/info")).status == 404
        assert (await Desk(server)("GET", "/books/b1")).status == 200


async def test_a_test_runs_the_examples(ask: Desk) -> None:
    got = await ask("POST", "/shelf/test", {})
    assert got.json["service"] == "shelf.Shelf"
    assert (await ask("POST", "/shelf/test", {"colour": 1})).status == 422
