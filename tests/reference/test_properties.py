from __future__ import annotations

import pytest
from avrorpc.schema import Field, Message, Primitive, Props
from avrorpc_codegen.reference.code import text_of
from avrorpc_codegen.reference.properties import (
    badges,
    message_badges,
    notes,
    parameter_badges,
    variable_notes,
)


@pytest.mark.parametrize(
    ("props", "labels"),
    [
        ({"readonly": True, "idempotent": True}, ["read-only", "idempotent"]),
        ({"readonly": False}, []),
        ({"timeout": "30s"}, ["timeout 30s"]),
        ({"stream": "both"}, ["stream: both"]),
        ({"stream": "sideways"}, []),
        ({"http": "GET /a"}, ["GET /a"]),
        ({"http": ["GET /a", "POST /b", 3]}, ["GET /a", "POST /b"]),
        ({"deprecated": True}, ["deprecated"]),
        ({"deprecated": False}, []),
        ({"sensitive": True}, ["sensitive"]),
        ({"color": "red"}, []),
    ],
)
def test_what_callers_should_know_of_is_a_badge_and_the_rest_is_code(props: Props, labels: list[str]) -> None:
    found = badges(props)
    assert [badge.label for badge in found] == labels
    assert all(badge.meaning.endswith(".") for badge in found)
    assert bool(notes(props)) is not bool(labels)


def test_a_reason_is_the_meaning() -> None:
    assert badges({"deprecated": "Use `b`."})[0].meaning == "Use `b`."
    dated: Props = {"deprecated": {"since": "2026-01-31", "text": "Use `b`."}}
    assert badges(dated)[0].meaning == "Use `b`.; since 2026-01-31."


def test_a_one_way_message_says_so_first() -> None:
    message = Message("m", [], Primitive("null"), one_way=True, props={"readonly": True})
    assert [badge.label for badge in message_badges(message)] == ["one-way", "read-only"]


def test_the_item_of_a_stream_is_marked_and_no_other_parameter() -> None:
    first, last = Field("a", Primitive("int")), Field("b", Primitive("int"), props={"sensitive": True})
    for kind, labels in (
        ("request", ["item", "sensitive"]),
        ("both", ["item", "sensitive"]),
        ("response", ["sensitive"]),
    ):
        message = Message("m", [first, last], Primitive("null"), props={"stream": kind})
        assert parameter_badges(first, message) == []
        assert [badge.label for badge in parameter_badges(last, message)] == labels


def test_order_and_aliases_are_shown_as_they_are_written() -> None:
    item = Field(
        "a", Primitive("int"), order="ignore", aliases=["b"], props={"unit": "mm", "sensitive": True}
    )
    assert [text_of(note) for note in variable_notes(item)] == [
        '@order("ignore")',
        '@aliases(["b"])',
        '@unit("mm")',
    ]
    assert variable_notes(Field("a", Primitive("int"))) == []
