"""Which requests stand for a message, where its parameters are, and what is refused."""

from __future__ import annotations

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import Json, Protocol, compact, parse_protocol, parse_schema
from avrorpc.schema.routes import (
    Route,
    Source,
    Style,
    conflicts,
    is_scalar,
    routes_of,
    service_segments,
    snake_case,
)


def protocol(messages: dict[str, Json], name: str = "n.Shop") -> Protocol:
    space, _, short = name.rpartition(".")
    shown: Json = {"protocol": short, "namespace": space, "types": [], "messages": messages}
    return parse_protocol(compact(shown))


def message(*request: Json, response: Json = "null", **props: Json) -> Json:
    return {"request": list(request), "response": response, **props}


def parameter(name: str, type_: Json = "string", **props: Json) -> Json:
    return {"name": name, "type": type_, **props}


def routes(shown: Json, segment: str = "shop") -> list[Route]:
    return routes_of(protocol({"find": shown}), segment)


def placed(route: Route) -> list[tuple[str, Source, str, Style]]:
    return [(one.field.name, one.source, one.name, one.style) for one in route.parameters]


def test_a_message_without_http_is_posted_by_its_name() -> None:
    (route,) = routes(message(parameter("isbn")))
    assert str(route) == "POST /shop/find"
    assert not route.is_declared
    assert route.protocol == "n.Shop"
    assert placed(route) == [("isbn", Source.MEMBER, "isbn", Style.JSON)]


def test_one_that_only_reads_has_a_get_too_unless_it_is_one_way_or_streams_its_request() -> None:
    assert [route.verb for route in routes(message(readonly=True))] == ["POST", "GET"]
    streamed = message(parameter("item"), readonly=True, stream="request")
    assert [route.verb for route in routes(streamed)] == ["POST"]
    one_way: Json = {"request": [], "response": "null", "one-way": True, "readonly": True}
    assert [route.verb for route in routes(one_way)] == ["POST"]


def test_http_states_one_route_or_several_or_none() -> None:
    assert list(map(str, routes(message(http="GET /a")))) == ["GET /a"]
    assert list(map(str, routes(message(http=["GET /a", "PUT /b"])))) == ["GET /a", "PUT /b"]
    assert routes(message(http=[])) == []


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
def test_what_has_no_body_takes_from_the_query_what_the_path_has_not(verb: str) -> None:
    several: Json = {"type": "array", "items": "string"}
    maybe: Json = ["null", "long"]
    shown = message(
        parameter("isbn"),
        parameter("tags", several),
        parameter("seed", maybe, default=None),
        parameter("must", maybe),
        parameter("more", {"type": "map", "values": "int"}),
        http=f"{verb} /books/{{isbn}}",
    )
    (route,) = routes(shown)
    assert route.variables == ("isbn",)
    assert placed(route) == [
        ("isbn", Source.PATH, "isbn", Style.TEXT),
        ("tags", Source.QUERY, "tags", Style.TEXTS),
        ("seed", Source.QUERY, "seed", Style.TEXT),
        ("must", Source.QUERY, "must", Style.JSON),
        ("more", Source.QUERY, "more", Style.JSON),
    ]


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH"])
def test_what_has_a_body_takes_the_rest_from_it(verb: str) -> None:
    shown = message(
        parameter("isbn"),
        parameter("page", "int", query="p"),
        parameter("tenant", header="X-Tenant"),
        parameter("title"),
        http=f"{verb} /books/{{isbn}}",
    )
    (route,) = routes(shown)
    assert placed(route) == [
        ("isbn", Source.PATH, "isbn", Style.TEXT),
        ("page", Source.QUERY, "p", Style.TEXT),
        ("tenant", Source.HEADER, "X-Tenant", Style.TEXT),
        ("title", Source.MEMBER, "title", Style.JSON),
    ]
    assert [one.field.name for one in route.of(Source.MEMBER)] == ["title"]


def test_one_parameter_may_be_the_whole_body_and_is_in_the_query_of_a_get() -> None:
    post, get = routes(message(parameter("book", body=True), readonly=True))
    assert placed(post) == [("book", Source.BODY, "book", Style.JSON)]
    assert placed(get) == [("book", Source.QUERY, "book", Style.TEXT)]


def test_the_item_of_a_stream_is_the_body_and_what_opens_it_is_in_the_query() -> None:
    (route,) = routes(message(parameter("shelf"), parameter("item"), stream="request"))
    assert placed(route) == [
        ("shelf", Source.QUERY, "shelf", Style.TEXT),
        ("item", Source.ITEMS, "item", Style.JSON),
    ]


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        (message(http=3), "n.Shop.find: `@http` needs a text"),
        (message(http="get /a"), "n.Shop.find: `get` is no verb"),
        (message(http="GET /{x}"), "n.Shop.find: `{x}` names no parameter of find"),
        (message(parameter("x", ["null", "int"]), http="GET /{x}"), "a parameter that no path can hold"),
        (message(parameter("x", query=3)), "n.Shop.find: x: `@query` needs the name there"),
        (
            message(parameter("x", body=True), parameter("y")),
            "`x` is the whole body, so that `y` has no place",
        ),
        (message(http=["PUT /a", "PUT /a"]), "n.Shop.find has the route `PUT /a` twice"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_the_name_of_the_message(shown: Json, problem: str) -> None:
    with pytest.raises(SchemaError, match=problem.replace("{", r"\{").replace(".", r"\.")):
        routes(shown)


def test_two_messages_of_one_route_are_refused_and_literals_beside_variables_are_not() -> None:
    by_isbn = message(parameter("isbn"), http="GET /books/{isbn}")
    by_title = message(parameter("title"), http="GET /books/{title}")
    with pytest.raises(SchemaError, match=r"n\.Shop\.a and n\.Shop\.b alike"):
        routes_of(protocol({"a": by_isbn, "b": by_title}), "shop")
    newest = message(http="GET /books/newest")
    assert len(routes_of(protocol({"a": by_isbn, "b": newest}), "shop")) == 2


def test_conflicts_across_protocols_are_found() -> None:
    shown = message(http="GET /books")
    one, other = protocol({"a": shown}, "n.A"), protocol({"b": shown}, "n.B")
    ((first, second),) = conflicts([*routes_of(one, "a"), *routes_of(other, "b")])
    assert (first.protocol, second.protocol) == ("n.A", "n.B")


def test_a_service_goes_by_its_short_name_unless_another_has_it_or_the_server_keeps_it() -> None:
    names = ["n.TokenStore", "a.Books", "b.Books", "n.Avro", "Metrics"]
    assert service_segments(protocol({}, name) for name in names) == {
        "n.TokenStore": "token_store",
        "a.Books": "a.Books",
        "b.Books": "b.Books",
        "n.Avro": "n.Avro",
        "Metrics": "Metrics",
    }


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Tokenizer", "tokenizer"),
        ("TokenStore", "token_store"),
        ("HTTPServer", "http_server"),
        ("HTTPServer2", "http_server2"),
        ("KVCache2", "kv_cache2"),
        ("A", "a"),
        ("SPLNodeService", "spl_node_service"),
        ("snake_case", "snake_case"),
        ("camelCase", "camel_case"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ("string", True),
        ("null", False),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, True),
        ({"type": "fixed", "name": "F", "size": 12}, True),
        ({"type": "fixed", "name": "F", "size": 12, "logicalType": "duration"}, False),
        ({"type": "int", "logicalType": "date"}, True),
        (["string"], False),
        ({"type": "array", "items": "int"}, False),
    ],
)
def test_scalars_are_what_stands_as_one_text(schema: Json, expected: bool) -> None:
    assert is_scalar(parse_schema(compact(schema))) is expected
