"""What a verb and a path find: a target, the verbs that would, or nothing."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import BadPath, Found, NoSuchPath, Router, WrongVerb, parse_template
from hypothesis import given
from hypothesis import strategies as st

ROUTES = [
    "GET /",
    "GET /books",
    "POST /books",
    "GET /books/newest",
    "GET /books/{isbn}",
    "PUT /books/{id}",
    "GET /books/{isbn}/pages/{page}",
    "DELETE /books/newest/pages/{page}",
    "GET /größe",
    "GET /a/{x}/c",
    "GET /a/b/d",
]


def router(*routes: str) -> Router[str]:
    made: Router[str] = Router()
    for route in routes or ROUTES:
        verb, path = route.split(" ")
        made.add(verb, parse_template(path), route)
    return made


@pytest.mark.parametrize(
    ("request_", "route", "variables"),
    [
        ("GET /", "GET /", {}),
        ("GET /books", "GET /books", {}),
        ("GET /books/", "GET /books", {}),
        ("HEAD /books", "GET /books", {}),
        ("GET /books/newest", "GET /books/newest", {}),
        ("GET /books/oldest", "GET /books/{isbn}", {"isbn": "oldest"}),
        ("GET /books/oldest/", "GET /books/{isbn}", {"isbn": "oldest"}),
        ("PUT /books/7", "PUT /books/{id}", {"id": "7"}),
        ("PUT /books/newest", "PUT /books/{id}", {"id": "newest"}),
        ("GET /books/a%2Fb", "GET /books/{isbn}", {"isbn": "a/b"}),
        ("GET /books/%C3%A4%20+", "GET /books/{isbn}", {"isbn": "ä +"}),
        ("GET /%62ooks", "GET /books", {}),
        ("GET /gr%C3%B6%C3%9Fe", "GET /größe", {}),
        ("GET /books/1/pages/2", "GET /books/{isbn}/pages/{page}", {"isbn": "1", "page": "2"}),
        ("GET /books/newest/pages/2", "GET /books/{isbn}/pages/{page}", {"isbn": "newest", "page": "2"}),
        ("DELETE /books/newest/pages/2", "DELETE /books/newest/pages/{page}", {"page": "2"}),
        ("GET /a/b/c", "GET /a/{x}/c", {"x": "b"}),
        ("GET /a/b/d", "GET /a/b/d", {}),
    ],
)
def test_a_request_finds_its_route(request_: str, route: str, variables: dict[str, str]) -> None:
    verb, path = request_.split(" ")
    assert router().find(verb, path) == Found(route, variables)


@pytest.mark.parametrize(
    ("request_", "allowed"),
    [
        ("PUT /books", ("GET", "POST", "HEAD", "OPTIONS")),
        ("POST /books/7", ("GET", "PUT", "HEAD", "OPTIONS")),
        ("OPTIONS /books/newest/pages/3", ("GET", "DELETE", "HEAD", "OPTIONS")),
        ("get /books", ("GET", "POST", "HEAD", "OPTIONS")),
    ],
)
def test_a_path_without_the_verb_tells_which_it_has(request_: str, allowed: tuple[str, ...]) -> None:
    verb, path = request_.split(" ")
    assert router().find(verb, path) == WrongVerb(allowed)
    assert router().allowed(path) == allowed


def test_head_is_no_verb_of_what_has_no_get() -> None:
    assert router("POST /a").find("HEAD", "/a") == WrongVerb(("POST", "OPTIONS"))


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/books//",
        "//books",
        "/books//pages",
        "/books/../books",
        "/books/.",
        "/books/%2e%2E",
        "/Books",
        "//",
    ],
)
def test_other_paths_lead_nowhere(path: str) -> None:
    assert router().find("GET", path) == NoSuchPath()
    assert router().allowed(path) == ()


@pytest.mark.parametrize("path", ["", "books", "*", "/books/%", "/books/%zz", "/books/%ff"])
def test_what_is_no_path_is_told_apart(path: str) -> None:
    assert isinstance(router().find("GET", path), BadPath)


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/book", "/books"),
        ("/Books/Newest/", "/books/newest"),
        ("/books/newset", "/books/newest"),
        ("/elsewhere", None),
        ("/books" * 20, None),
    ],
)
def test_a_path_that_is_not_there_may_be_near_to_one_that_is(path: str, near: str | None) -> None:
    assert router().near(path) == near


def test_a_route_that_means_the_same_is_refused() -> None:
    made = router("GET /books/{isbn}")
    assert made.has("GET", parse_template("/books/{other}"))
    assert not made.has("PUT", parse_template("/books/{other}"))
    assert not made.has("GET", parse_template("/books"))
    assert not made.has("GET", parse_template("/shelves/3"))
    with pytest.raises(SchemaError, match=r"`GET /books/\{other\}` is taken"):
        made.add("GET", parse_template("/books/{other}"), "")


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..") and text.isprintable()))
def test_any_text_comes_through_a_variable(text: str) -> None:
    found = router("GET /a/{x}").find("GET", f"/a/{quote(text, safe='')}")
    assert found == Found("GET /a/{x}", {"x": text})


@given(st.text(alphabet="/.%a{}2eE\u00e4 ", max_size=12))
def test_no_path_breaks_it(path: str) -> None:
    found = router().find("GET", path)
    assert isinstance(found, Found | WrongVerb | NoSuchPath | BadPath)


def test_a_path_of_many_segments_takes_no_longer_than_there_are_routes() -> None:
    made = router("GET /{a}/x/{b}/x", "GET /x/{a}/x/{b}")
    assert made.find("GET", "/x" * 50_000) == NoSuchPath()
