"""What the compiler lets through a server can follow, and the other way round; findings are in the golden."""

from __future__ import annotations

from pathlib import Path

import pytest
from avrorpc.errors import SchemaError
from avrorpc.schema import compact, parse_protocol, protocol_to_json, routes_of
from avrorpc_codegen.diagnostic import Rule
from support.contracts import resolved

ROUTE_RULES = {
    Rule.BAD_ROUTE,
    Rule.ROUTE_VARIABLE,
    Rule.PARAMETER_PLACE,
    Rule.SAME_ROUTE,
    Rule.BAD_ANNOTATION,
}
RIGHT = [
    '@http("GET /a/{id}") int f(int id);',
    '@http(["GET /a/{id}", "POST /a"]) int f(int @query("id") id);',
    '@http("PUT /a/{day}") void f(date day, array<int> @query("n") numbers);',
    'record R { int a; } void f(R @body(true) r, string @header("X-A") a);',
    '@stream("request") @http("POST /a/{id}") void f(int id, int item);',
    "@http([]) void f(int a);",
    '@http("GET /f") int f(); @http("POST /f") int g();',
    "@http(404) error E { string message; } void f() throws E;",
    '@deprecated({"since": "2026-01-31", "link": "https://a.example"}) void f();',
    "void f(int @body(false) a, int b);",
]
WRONG = [
    '@http("GET a") int f();',
    '@http("GET /{b}") int f(int a);',
    '@http("GET /{a}") int f(array<int> a);',
    '@stream("request") @http("POST /{item}") int f(int item);',
    '@stream("request") int f(int @body(true) a, int item);',
    'int f(int @query("b") a, int b);',
    "int f(int @body(true) a, int @body(true) b);",
    '@http("POST /a") int f(); @http("POST /a") int g();',
    '@http("POST /p/g") int f(); int g();',
]


def compiled(folder: Path, text: str) -> tuple[set[Rule], str]:
    """Return what the compiler finds, and the protocol as a server gets it."""
    contracts, diagnostics = resolved(folder, {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})
    return {Rule(item.rule.value) for item in diagnostics.items}, compact(
        protocol_to_json(contracts.protocols["n.P"].protocol)
    )


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_let_through(tmp_path: Path, text: str) -> None:
    found, protocol = compiled(tmp_path, text)
    assert found == set()
    routes_of(parse_protocol(protocol), "p")


@pytest.mark.parametrize("text", WRONG)
def test_what_a_server_refuses_the_compiler_does_not_let_through(tmp_path: Path, text: str) -> None:
    found, protocol = compiled(tmp_path, text)
    assert found
    assert found <= ROUTE_RULES
    with pytest.raises(SchemaError):
        routes_of(parse_protocol(protocol), "p")


def test_a_route_without_its_parameter_is_marked_at_the_annotation(tmp_path: Path) -> None:
    text = '@namespace("n") protocol P { @http("GET /{b}") int f(int a); }'
    _, diagnostics = resolved(tmp_path, {"p.avdl": text})
    (found,) = diagnostics.items
    assert found.span is not None
    assert text[found.span.start : found.span.end] == '"GET /{b}"'
    assert found.message == "`{b}` names no parameter of f"
