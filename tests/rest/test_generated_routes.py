"""What every service has without a line of its own, and what a server tells of itself."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest
from avrorpc import Server, ServingStatus
from avrorpc.transport.accepted import Accepted
from avrorpc_contracts.llm import TOKENIZER
from avrorpc_services import byte_tokenizer
from support.exemplary import Exemplary
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


async def test_settings_may_come_compressed(ask: Desk) -> None:
    body = gzip.compress(b'{"loan_days": 7}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    got = await ask("POST", "/shelf/config", body=body, headers=headers)
    assert (got.status, got.json["loan_days"]) == (200, 7)
    other = await ask("POST", "/shelf/test", body=b"{}", headers={**headers, "Content-Encoding": "br"})
    assert (other.status, "br" in other.json["detail"]) == (415, True)


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


@pytest.fixture
async def exemplary() -> AsyncIterator[Desk]:
    async with Server([Exemplary()]) as server:
        yield Desk(server)


async def test_examples_are_shown_as_their_files_have_them() -> None:
    async with Server([byte_tokenizer()]) as server:
        shown = (await Desk(server)("GET", "/tokenizer/examples")).json
    first = next(case for case in shown if case["description"] == "Basic tokenization test")
    assert first["message"] == "tokenize"
    assert first["variant"] == "byte"
    assert first["expected_output"]["input_ids"] == [["..."]]
    assert first["validation_rules"]["input_ids_length"] == "len(text) + 2"


async def test_a_test_runs_the_examples(exemplary: Desk) -> None:
    got = await exemplary("POST", "/exemplary/test", {"message": "times"})
    assert got.json["service"] == "exemplary.Exemplary"
    results = got.json["results"]
    assert {one["message"] for one in results} == {"times"}
    assert got.json["passed"] == sum(one["outcome"] == "PASSED" for one in results) > 0
    assert all(one["runs"] == (one["outcome"] != "SKIPPED") for one in results)
    assert all(one["latency"] == {} for one in results)


async def test_a_test_that_repeats_measures_what_changes_nothing(exemplary: Desk) -> None:
    results = (await exemplary("POST", "/exemplary/test", {"repeat": 5})).json["results"]
    measured = [one for one in results if one["latency"]]
    assert measured
    for one in measured:
        shares = [one["latency"][name] for name in ("p50", "p90", "p99", "max")]
        assert shares == sorted(shares)
        assert (one["runs"], one["outcome"]) == (5, "PASSED")


async def test_a_whole_number_may_be_written_with_a_point(exemplary: Desk) -> None:
    got = await exemplary("POST", "/exemplary/test", body=b'{"message": "times", "repeat": 2.0}')
    assert max(one["runs"] for one in got.json["results"]) == 2


async def test_the_document_shows_what_works_with_this_implementation() -> None:
    async with Server([byte_tokenizer()]) as server:
        document = (await Desk(server)("GET", "/openapi.json")).json
    shown = document["paths"]["/tokenizer/detokenize"]["post"]["requestBody"]["content"]
    told = [one["summary"] for one in shown["application/json"]["examples"].values()]
    cases = [case for case in TOKENIZER.examples["detokenize"] if case.variant in ("", "byte")]
    assert told == [case.description for case in cases if case.expected_error is None]
    assert len(told) < len(TOKENIZER.examples["detokenize"])


async def test_messages_that_change_something_are_tested_where_that_is_asked_for(exemplary: Desk) -> None:
    plain = (await exemplary("POST", "/exemplary/test", {})).json
    whole = (await exemplary("POST", "/exemplary/test", {"include_changing": True, "repeat": 3})).json
    assert whole["skipped"] < plain["skipped"]
    changing = {one["message"] for one in plain["results"] if "may change something" in one["text"]}
    assert changing
    assert {one["runs"] for one in whole["results"] if one["message"] in changing} <= {0, 1}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"colour": 1, "a/b": 2}, ["/colour", "/a~1b"]),
        ({"message": 1}, ["/message"]),
        ({"message": ""}, ["/message"]),
        ({"message": "no_such_message"}, ["/message"]),
        ({"repeat": 1.5}, ["/repeat"]),
        ({"repeat": "2"}, ["/repeat"]),
        ({"repeat": 0}, ["/repeat"]),
        ({"repeat": 1001}, ["/repeat"]),
        ({"repeat": True, "include_changing": 1}, ["/repeat", "/include_changing"]),
    ],
)
async def test_a_test_that_is_none_is_refused(ask: Desk, body: object, pointers: list[str]) -> None:
    got = await ask("POST", "/shelf/test", body)
    assert got.status == 422
    assert [error["pointer"] for error in got.json["errors"]] == pointers
