"""What the runs of third-party tools take from the document that a server gives."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Literal

import pytest
from avrorpc import Server
from avrorpc.transport.http_message import Head, HttpRequest
from avrorpc_contracts.llm import MODEL
from avrorpc_services import byte_tokenizer, model
from openapi_spec_validator import OpenAPIV31SpecValidator  # type: ignore[import-untyped,unused-ignore]
from rest_tools.document import (
    JSON,
    Operation,
    declared_statuses,
    is_shadowed,
    links,
    methods_at,
    operations,
)
from rest_tools.schemathesis_run import configuration, let_in, statuses_of_cases
from support.implementations import AsyncConformance, AsyncSmall, AsyncStreams
from support.shelf import MemoryShelf

MODES: tuple[Literal["production", "research"], ...] = ("production", "research")
SERVICES = (
    byte_tokenizer,
    partial(model, device="cpu"),
    MemoryShelf,
    AsyncConformance,
    AsyncSmall,
    AsyncStreams,
)


async def served(
    *services: object, mode: Literal["production", "research"] = "production", path: str = "/openapi.json"
) -> bytes:
    async with Server(list(services), mode=mode) as server:
        response = await server.rest(HttpRequest(Head("GET", path)))
    assert isinstance(response.body, bytes)
    return response.body


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("services", [SERVICES, *((one,) for one in SERVICES)], ids=len)
async def test_what_a_server_gives_is_valid(services: tuple[Any, ...], mode: Any) -> None:
    document = json.loads(await served(*(make() for make in services), mode=mode))
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert len({operation.id for operation in operations(document)}) == len(list(operations(document)))


@pytest.mark.parametrize("mode", MODES)
async def test_what_makes_things_is_linked_to_what_is_about_them(mode: Any) -> None:
    document = json.loads(await served(byte_tokenizer(), MemoryShelf(), mode=mode))
    found = {(link.producer.id, link.consumer.id, link.name) for link in links(document)}
    about = ("get_book", "replace_book", "remove_book", "put_cover", "get_cover")
    assert found == {
        ("tokenizer_store", "tokenizer_detokenize_stored", "id"),
        *(("shelf_add_book", f"shelf_{name}", "id") for name in about),
    }
    assert {link.pointer for link in links(document)} == {"/data/id" if mode == "research" else "/id"}


async def test_what_valid_requests_may_be_answered_with_is_what_the_contract_says() -> None:
    document = json.loads(await served(byte_tokenizer(), MemoryShelf()))
    found = {operation.name: declared_statuses(operation) for operation in operations(document)}
    assert found["POST /tokenizer/store"] == ["413", "422"]
    assert found["GET /books/{id}"] == ["404"]
    assert found["GET /books"] == []
    cases: list[dict[str, Any]] = [
        {"message": case.message, **case.to_json()} for cases in MODEL.examples.values() for case in cases
    ]
    assert statuses_of_cases(cases) == {"load_weights": ["403"]}
    written = configuration(document, {"tokenizer": {"store": ["429"]}})
    assert 'include-name = "POST /tokenizer/store"' in written
    assert 'expected-statuses = ["2xx", "413", "422", "429"]' in written
    assert written.count("allow_header_conformance") == 1


PATHS: dict[str, dict[str, Any]] = {
    "/books": {"get": {}, "post": {}},
    "/books/{id}": {"get": {}, "put": {}},
    "/books/import": {"post": {}},
    "/{any}/x.y": {"delete": {}},
}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/books", {"GET", "POST", "HEAD", "OPTIONS"}),
        ("/books/", {"GET", "POST", "HEAD", "OPTIONS"}),
        ("/books/import", {"GET", "PUT", "POST", "HEAD", "OPTIONS"}),
        ("/books/a%2Fb", {"GET", "PUT", "HEAD", "OPTIONS"}),
        ("/a/x.y", {"DELETE", "OPTIONS"}),
        ("/books/x.y", {"GET", "PUT", "DELETE", "HEAD", "OPTIONS"}),
        ("/a/xzy", set()),
        ("/", set()),
    ],
)
def test_a_url_answers_the_methods_of_all_templates_that_it_fits(path: str, methods: set[str]) -> None:
    assert methods_at(PATHS, path) == methods


def test_a_path_is_shadowed_where_another_with_variables_fits_it() -> None:
    assert [path for path in PATHS if is_shadowed(path, PATHS)] == ["/books/import"]


@pytest.mark.parametrize(
    ("case", "is_shown"),
    [
        ({"query": {"ids": "[[1, 2]]", "deep": "false"}, "body": {"a": 1}}, True),
        ({"query": {"ids": [[1, 2]]}, "body": {"a": 1}, "path_parameters": {"id": "a%2Fb"}}, True),
        ({"query": {"ids": "[[1, 2]]", "other": "x"}, "body": {"a": 1}}, True),
        ({"query": {"ids": '"[[1, 2]]"'}, "body": {"a": 1}}, False),
        ({"query": {"ids": "[[1, 2]]"}, "body": {"a": 2}}, False),
        ({"query": {"ids": "[[1, 2]]"}}, False),
        ({"query": {"ids": "[[1, 2"}, "body": {"a": 1}}, False),
        ({"body": {"a": 1}, "path_parameters": {"id": "b"}}, False),
    ],
)
def test_a_request_is_an_example_where_all_that_has_examples_is_one(
    case: dict[str, Any], is_shown: bool
) -> None:
    told = {
        "parameters": [
            {"name": "id", "in": "path", "examples": {"one": {"value": "a/b"}}},
            {"name": "ids", "in": "query", "content": {JSON: {"examples": {"one": {"value": [[1, 2]]}}}}},
            {"name": "deep", "in": "query", "examples": {"one": {"value": False}}},
            {"name": "other", "in": "query"},
        ],
        "requestBody": {"content": {JSON: {"examples": {"one": {"value": {"a": 1}}}}}},
    }
    assert Operation("POST", "/x/{id}", told).shows(case) is is_shown


async def test_operations_that_refused_no_stranger_are_found() -> None:
    document = json.loads(await served(AsyncSmall()))
    row = 'avrorpc_calls_total{{service="small.Small",method="{}",code="{}"}} {}\n'
    told = row.format("double", "UNAUTHENTICATED", 3) + row.format("fail", "OK", 2)
    assert let_in(document, told) == ["POST /small/fail"]
    assert let_in(document, told + row.format("fail", "UNAUTHENTICATED", 0)) == ["POST /small/fail"]
    assert let_in(document, told + row.format("fail", "UNAUTHENTICATED", 1)) == []
