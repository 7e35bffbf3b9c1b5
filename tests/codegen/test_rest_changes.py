"""What a change of a contract breaks for clients that speak JSON over HTTP."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from avrorpc.schema.openapi import openapi
from avrorpc_codegen.explanation import explanation, title
from avrorpc_codegen.rest_changes import RestChange, RestRule, rest_changes
from support.contracts import resolved


def changes(folder: Path, old: str, new: str) -> list[RestChange]:
    """Compare two protocols, given whole or without their frame."""
    documents = []
    for name, text in (("old", old), ("new", new)):
        whole = text if "protocol" in text else f'@namespace("n") protocol Shop {{ {text} }}'
        contracts, diagnostics = resolved(folder / name, {"p.avdl": whole})
        assert not diagnostics.has_errors, diagnostics.render()
        documents.append(openapi([item.protocol for item in contracts.protocols.values()]))
    return rest_changes(*documents)


def told(folder: Path, old: str, new: str) -> list[str]:
    return [f"{one.rule.value} {one.subject}: {one.text}" for one in changes(folder, old, new)]


BOOK = "record Book { string title; long pages; } "
POST = "AVR{} POST /shop/find: "


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("void find(int a);", "void find(int a);", []),
        ("void find(int a);", "void find(int a); void more();", []),
        ("void find(int a);", "void find(int a, int b = 1);", []),
        ("void find(int a);", "void find(long a);", []),
        ("void find(int a);", "void find(double a);", []),
        ("void find(int a);", "void find(int? a = null);", []),
        (BOOK + "Book find();", "record Book { string title; long pages; int? x; } Book find();", []),
        (BOOK + "Book find();", "record Book { string title; int pages; } Book find();", []),
        ('@http("GET /a/{b}") int f(int b);', '@http("GET /a/{c}") int f(int c);', []),
        (
            "void find();",
            "",
            [
                "AVR561 /shop/find: the path is gone, with POST",
                "AVR564 POST /shop/test: the body, message: find is not foreseen",
            ],
        ),
        ("@readonly(true) int find();", "int find();", ["AVR562 /shop/find: GET is gone"]),
        (
            "void find(int a);",
            "void find(int a, int b);",
            [POST.format(563) + "the body, b: it is required now"],
        ),
        ("void find();", "void find(int a);", [POST.format(563) + "a body is required now"]),
        ("void find(int a = 1);", "void find();", [POST.format(564) + "it takes no body any more"]),
        (
            "void find(int a, int b);",
            "void find(int a);",
            [POST.format(564) + "the body, b: it is gone, and what is not known is refused"],
        ),
        (
            "void find(long a);",
            "void find(int a);",
            [POST.format(564) + "the body, a: -9223372036854775808 is beyond the minimum of -2147483648"],
        ),
        (
            "void find(int a);",
            "void find(string a);",
            [POST.format(564) + "the body, a: integer (int32) is no string"],
        ),
        (
            "void find(int? a);",
            "void find(int a);",
            [POST.format(564) + "the body, a: null is no integer (int32)"],
        ),
        (
            '@http("POST /shop/find") void find(int @query("a") a = 1);',
            '@http("POST /shop/find") void find(int @query("a") a);',
            ["AVR563 POST /shop/find: the query parameter 'a' is required now"],
        ),
        (
            '@http("GET /b") int find(int a = 1);',
            '@http("GET /b") int find();',
            ["AVR564 GET /b: the query parameter 'a' is gone"],
        ),
        (
            BOOK + "Book find();",
            "record Book { string title; } Book find();",
            [POST.format(565) + "the answer 200, pages: it is gone"],
        ),
        (
            BOOK + "array<Book> find();",
            "record Book { string title; string pages; } array<Book> find();",
            [POST.format(565) + "the answer 200, [].pages: string is no integer (int64)"],
        ),
        (
            "enum E { A, B } E find(E a);",
            "enum E { A, C } E find(E a);",
            [
                POST.format(564) + "the body, a: B is not foreseen",
                POST.format(565) + "the answer 200: C is not foreseen",
            ],
        ),
        ("int find();", "void find();", [POST.format(565) + "it answers 204 instead of 200"]),
        (
            "int find();",
            "int? find();",
            [POST.format(565) + "the answer 200: null is no integer (int32)"],
        ),
        (
            "record T { T? next = null; int a; } T find();",
            "record T { T? next = null; string a; } T find();",
            [POST.format(565) + "the answer 200, a: string is no integer (int32)"],
        ),
        (
            '@stream("response") int find();',
            '@stream("response") string find();',
            [
                POST.format(565) + "the answer 200: string is no integer (int32)",
                POST.format(565) + "the answer 200: string is no integer (int32)",
            ],
        ),
    ],
)
def test_what_breaks_clients_is_told(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    assert told(tmp_path, old, new) == expected


@pytest.mark.parametrize("rule", RestRule, ids=lambda rule: rule.value)
def test_a_page_says_what_is_wrong_and_right(tmp_path: Path, rule: RestRule) -> None:
    blocks = dict(re.findall(r"^```avdl (\w+)\n(.*?)^```$", explanation(rule), re.MULTILINE | re.DOTALL))
    assert title(rule)
    assert rule in {one.rule for one in changes(tmp_path, blocks["old"], blocks["wrong"])}
    assert changes(tmp_path, blocks["old"], blocks["right"]) == []


def test_a_change_is_told_with_the_way_out() -> None:
    change = RestChange(RestRule.NEWLY_REQUIRED, "POST /a", "a body is required now")
    assert change.render() == (
        "error[AVR563]: POST /a: a body is required now\n  = help: give it a default in the contract"
    )
    assert change.to_json()["id"] == "AVR563"
