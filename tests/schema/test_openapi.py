"""The OpenAPI document: valid, whole, the same each time, and true to the routes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import (
    Json,
    Protocol,
    Streaming,
    compact,
    protocol_to_json,
    routes_of,
    service_segments,
    streaming,
)
from avrorpc.schema.openapi import openapi
from avrorpc.schema.openapi_options import DocumentOptions, Mode
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.reading import read_contracts, search_path
from openapi_spec_validator import OpenAPIV31SpecValidator  # type: ignore[import-untyped,unused-ignore]
from support.contracts import resolved

REPOSITORY = Path(__file__).parents[2]
CONTRACT = """
/** Sells books. */
@namespace("n") protocol Shop {
  /** A book. */
  record Book { /** What it is called. */ string title; long pages = 1; }
  /** There is none. More of it. */
  @http(404) error NoBook { string isbn; }
  error Wrong { string message; }
  /** Find a book. */
  @http("GET /books/{isbn}") @readonly(true)
  Book find(string isbn, array<string> tags, array<string> more = [], map<int> rest, Book? like = null,
            int? page = null, string @header("X-Tenant") tenant = "a") throws NoBook, Wrong;
  @http("PUT /books/{number}") void put(string number, Book @body(true) book);
  /** Order it. */
  @deprecated({"since": "2026-01-31", "text": "use `put`"}) long order(string isbn, int copies = 1);
  @stream("response") Book list();
  @stream("request") long upload(string shelf, Book book);
  void note(string text) oneway;
  @readonly(true) string info();
}
"""


def protocol(folder: Path, text: str = CONTRACT, name: str = "n.Shop") -> Protocol:
    contracts, diagnostics = resolved(folder, {"p.avdl": text})
    assert not diagnostics.items, diagnostics.render()
    return contracts.protocols[name].protocol


def document(folder: Path, options: DocumentOptions | None = None) -> Any:
    return json.loads(json.dumps(openapi([protocol(folder)], options)))


def committed() -> list[Protocol]:
    """Return the protocols of all contracts of this repository."""
    folders = [REPOSITORY / "schemas", REPOSITORY / "tests" / "schemas"]
    read = read_contracts(folders, search_path(folders[0], []), Diagnostics())
    return [item.protocol for item in read.contracts.protocols.values()]


@pytest.mark.parametrize("mode", ["production", "research"])
def test_the_document_of_all_contracts_is_valid(mode: Mode) -> None:
    protocols = committed()
    assert len(protocols) > 10
    options = DocumentOptions(mode=mode, security=["bearer", "mutual_tls"], servers=["https://a.example"])
    made = json.loads(json.dumps(openapi(protocols, options)))
    assert [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()] == []
    segments = service_segments(protocols)
    for one in protocols:
        for route in routes_of(one, segments[one.name]):
            if streaming(route.message) is Streaming.BOTH:
                assert route.path.uri not in made["paths"], "HTTP cannot stream both ways at once"
                continue
            assert route.verb.lower() in made["paths"][route.path.uri], route
    ids = [item["operationId"] for path in made["paths"].values() for item in path.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("mode", ["production", "research"])
@pytest.mark.parametrize("one", committed(), ids=lambda one: one.name)
def test_the_document_of_each_contract_alone_is_valid(one: Protocol, mode: Mode) -> None:
    made = json.loads(json.dumps(openapi([one], DocumentOptions(mode=mode, security=["bearer"]))))
    assert [str(error) for error in OpenAPIV31SpecValidator(made).iter_errors()] == []
    assert made["paths"]


def test_the_same_contracts_give_the_same_text(tmp_path: Path) -> None:
    one = openapi([protocol(tmp_path)])
    assert json.dumps(one) == json.dumps(openapi([protocol(tmp_path)]))


@pytest.mark.parametrize(
    ("annotations", "keys"),
    [
        ('@idempotency_key("required")', [("Idempotency-Key", True)]),
        ("", [("Idempotency-Key", False)]),
        ('@idempotency_key("required") @idempotent(true)', []),
    ],
)
def test_a_key_is_required_where_calls_without_one_are_refused(
    tmp_path: Path, annotations: str, keys: list[tuple[str, bool]]
) -> None:
    text = f'@namespace("n") protocol Shop {{ {annotations} void buy(); }}'
    made = json.loads(json.dumps(openapi([protocol(tmp_path, text)])))
    told = made["paths"]["/shop/buy"]["post"].get("parameters", [])
    assert [(key["name"], key["required"]) for key in told] == keys


def test_parameters_are_where_the_route_has_them(tmp_path: Path) -> None:
    find = document(tmp_path)["paths"]["/books/{isbn}"]["get"]
    shown = {(one["in"], one["name"]): one for one in find["parameters"]}
    assert list(shown) == [
        ("path", "isbn"),
        ("query", "tags"),
        ("query", "more"),
        ("query", "rest"),
        ("query", "like"),
        ("query", "page"),
        ("header", "X-Tenant"),
    ]
    assert shown["path", "isbn"]["schema"] == {"type": "string", "minLength": 1}
    assert shown["query", "tags"]["schema"] == {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
    }
    assert shown["query", "more"]["schema"]["default"] == []
    assert "minItems" not in shown["query", "more"]["schema"]
    assert "application/json" in shown["query", "rest"]["content"]
    assert "application/json" in shown["query", "like"]["content"]
    assert shown["query", "page"]["schema"]["type"] == "integer"
    assert [name for (_, name), one in shown.items() if one["required"]] == ["isbn", "tags", "rest"]
    assert "requestBody" not in find


def test_variables_of_one_path_have_one_name(tmp_path: Path) -> None:
    put = document(tmp_path)["paths"]["/books/{isbn}"]["put"]
    assert [one["name"] for one in put["parameters"] if one["in"] == "path"] == ["isbn"]
    assert put["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/n.Book"}}},
    }
    assert "204" in put["responses"]


def test_a_message_without_http_takes_an_object(tmp_path: Path) -> None:
    made = document(tmp_path)
    order = made["paths"]["/shop/order"]["post"]
    assert order["operationId"] == "shop_order"
    assert order["deprecated"] is True
    assert order["description"] == "Deprecated: use `put`\n\nDeprecated since 2026-01-31"
    assert [(one["name"], one["required"]) for one in order["parameters"]] == [("Idempotency-Key", False)]
    (reference,) = order["requestBody"]["content"]["application/json"]["schema"].values()
    body = made["components"]["schemas"][reference.rpartition("/")[2]]
    assert body["required"] == ["isbn"]
    assert body["properties"]["copies"]["default"] == 1
    assert body["additionalProperties"] is False


def test_errors_are_problems_by_their_status(tmp_path: Path) -> None:
    made = document(tmp_path, DocumentOptions(security=["bearer"]))
    responses = made["paths"]["/books/{isbn}"]["get"]["responses"]
    assert list(responses) == ["200", "400", "401", "403", "404", "422", "4XX", "5XX"]
    schema = responses["404"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/n.NoBook-problem"}
    problem = made["components"]["schemas"]["n.NoBook-problem"]
    assert problem["properties"]["type"]["const"] == "urn:avrorpc:declared:n.NoBook"
    assert problem["properties"]["status"]["const"] == 404
    assert problem["properties"]["error"] == {"$ref": "#/components/schemas/n.NoBook"}
    wrong = responses["422"]["content"]["application/problem+json"]["schema"]["anyOf"]
    assert [one["$ref"].rpartition("/")[2] for one in wrong] == ["avrorpc-problem", "n.Wrong-problem"]
    posted = made["paths"]["/shop/order"]["post"]["responses"]
    assert {"413", "415"} <= posted.keys()


def test_streams_and_one_way_messages_answer_otherwise(tmp_path: Path) -> None:
    paths = document(tmp_path)["paths"]
    listed = paths["/shop/list"]["post"]["responses"]["200"]["content"]
    assert list(listed) == ["application/x-ndjson", "text/event-stream"]
    assert listed["text/event-stream"]["x-itemSchema"] == {"$ref": "#/components/schemas/n.Book"}
    upload = paths["/shop/upload"]["post"]
    assert list(upload["requestBody"]["content"]) == ["application/x-ndjson"]
    assert [one["name"] for one in upload["parameters"]] == ["shelf"]
    assert "202" in paths["/shop/note"]["post"]["responses"]


def test_generated_routes_make_way_for_the_contract_and_may_be_left_out(tmp_path: Path) -> None:
    paths = document(tmp_path)["paths"]
    assert paths["/shop/info"]["get"]["operationId"] == "shop_info_get"
    assert paths["/_introspection/shop/info"]["get"]["operationId"] == "shop_service_info"
    assert list(paths["/shop/config"]) == ["get", "post", "put"]
    assert {"/shop/examples", "/shop/test", "/shop/health"} <= paths.keys()
    without = document(tmp_path, DocumentOptions(generated=False))
    assert not [path for path in without["paths"] if "config" in path or "_introspection" in path]
    assert [tag["name"] for tag in without["tags"]] == ["shop"]


def test_what_a_server_tells_of_itself_is_listed(tmp_path: Path) -> None:
    made = document(tmp_path, DocumentOptions(security=["bearer"]))
    listed = {path: item["get"] for path, item in made["paths"].items() if "get" in item}
    own = {path: one for path, one in listed.items() if one["tags"] == ["server"]}
    health = ["/healthz", "/livez", "/readyz"]
    assert list(own) == [*health, "/metrics", "/openapi.json"]
    assert [path for path, one in own.items() if one.get("security") == []] == health
    assert [path for path, one in own.items() if "503" in one["responses"]] == health
    assert [path for path, one in own.items() if "401" in one["responses"]] == ["/metrics", "/openapi.json"]
    assert list(own["/metrics"]["responses"]["200"]["content"]) == ["text/plain"]
    open_to_all = document(tmp_path)["paths"]
    assert "security" not in open_to_all["/healthz"]["get"]
    text = '@namespace("n") protocol Server { string healthz(); }'
    other = json.loads(json.dumps(openapi([protocol(tmp_path, text, "n.Server")])))
    assert [tag["name"] for tag in other["tags"]] == ["server"]
    posted, own = other["paths"]["/server/healthz"]["post"], other["paths"]["/healthz"]["get"]
    assert [posted["operationId"], own["operationId"]] == ["server_healthz", "server_healthz_2"]


def test_research_mode_answers_with_the_envelope(tmp_path: Path) -> None:
    made = document(tmp_path, DocumentOptions(mode="research"))
    answer = made["paths"]["/shop/order"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["required"] == ["data", "metadata", "examples"]
    assert answer["properties"]["data"]["format"] == "int64"
    assert "200" in made["paths"]["/books/{isbn}"]["put"]["responses"]


def test_cases_are_examples_of_bodies_parameters_and_answers(tmp_path: Path) -> None:
    cases: dict[tuple[str, str], list[dict[str, Json]]] = {
        ("n.Shop", "order"): [
            {"description": "Two of it", "input": {"isbn": "3", "copies": 2}, "expected_output": 7},
            {"input": {"isbn": "4"}, "expected_output": "[[...]]"},
            {"description": "None", "input": {"isbn": "5", "copies": 0}, "expected_error": {"name": "Wrong"}},
        ],
        ("n.Shop", "upload"): [{"input": {"shelf": "a", "book": [{"title": "Emma"}, {"title": "Ulysses"}]}}],
        ("n.Shop", "find"): [{"description": "One", "input": {"isbn": "3", "rest": {"a": 1}}}],
    }
    made = document(tmp_path, DocumentOptions(cases=cases))
    order = made["paths"]["/shop/order"]["post"]
    assert order["requestBody"]["content"]["application/json"]["examples"] == {
        "case-1": {"summary": "Two of it", "value": {"isbn": "3", "copies": 2}},
        "case-2": {"value": {"isbn": "4"}},
    }
    assert order["responses"]["200"]["content"]["application/json"]["examples"] == {
        "case-1": {"summary": "Two of it", "value": 7}
    }
    sent = made["paths"]["/shop/upload"]["post"]["requestBody"]["content"]["application/x-ndjson"]
    assert sent["examples"] == {"case-1": {"value": '{"title": "Emma"}\n{"title": "Ulysses"}\n'}}
    isbn, _, _, rest, *_ = made["paths"]["/books/{isbn}"]["get"]["parameters"]
    assert isbn["examples"] == {"case-1": {"summary": "One", "value": "3"}}
    assert rest["content"]["application/json"]["examples"]["case-1"]["value"] == {"a": 1}


def test_what_a_document_says_beside_its_contracts(tmp_path: Path) -> None:
    options = DocumentOptions(
        title="Books", version="2", description="All.", servers=["https://a.example"], security=["bearer"]
    )
    made = document(tmp_path, options)
    assert made["info"]["title"] == "Books"
    assert made["info"]["description"] == "All."
    assert list(made["info"]["x-avrorpc-contracts"]) == ["n.Shop"]
    assert made["servers"] == [{"url": "https://a.example"}]
    assert made["security"] == [{"bearer": []}]
    assert made["components"]["securitySchemes"] == {"bearer": {"type": "http", "scheme": "bearer"}}
    assert made["tags"] == [
        {"name": "shop", "description": "Sells books."},
        {"name": "server", "description": "What the server tells of itself."},
    ]


def test_protocols_that_share_a_route_are_refused(tmp_path: Path) -> None:
    route = '@http("GET /a") @readonly(true) string a();'
    one = protocol(tmp_path, f'@namespace("n") protocol A {{ {route} }}', "n.A")
    other = protocol(tmp_path, f'@namespace("n") protocol B {{ {route} }}', "n.B")
    assert compact(protocol_to_json(one)) != compact(protocol_to_json(other))
    with pytest.raises(SchemaError, match=r"n\.A\.a and n\.B\.a alike"):
        openapi([one, other])
