"""Redaction: no secret is ever shown, at any depth, and what is shown is JSON of a bounded size."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from avrorpc import Code, EncodeError, StatusError
from avrorpc.method import Contract
from avrorpc.middleware.redaction import (
    MAX_PARTS,
    MAX_TEXT,
    REDACTED,
    has_secrets,
    shown_arguments,
    shown_error,
    shown_item,
    shown_result,
)
from hypothesis import given
from hypothesis import strategies as st
from support.calls import CONTRACT, Card, Refused, items
from support.values import everything
from testcontracts.conformance import ConformanceService

SECRET = "hunter2"
PAY = CONTRACT.methods["pay"]

CARDS = st.builds(
    Card, holder=st.text(max_size=3), number=st.just(SECRET), tags=st.lists(st.text(max_size=3), max_size=2)
)


@given(
    CARDS,
    st.lists(CARDS, max_size=3),
    st.dictionaries(st.text(max_size=3), st.none() | CARDS, max_size=3),
    st.just(SECRET),
)
def test_no_secret_is_shown_at_any_depth(card: Card, others: Any, named: Any, pin: str) -> None:
    arguments = (card, others, named, pin)
    shown = shown_arguments(PAY, arguments)
    assert SECRET not in json.dumps(shown)
    assert shown["pin"] == REDACTED
    assert list(shown) == ["card", "others", "named", "pin"]
    json.dumps(shown_result(PAY, arguments[0]), allow_nan=False)


def test_all_else_is_shown_as_json() -> None:
    card = Card(holder="Ada", number=SECRET, tags=["a"])
    assert shown_arguments(PAY, (card, [card], {"x": None, "y": card}, "1234")) == {
        "card": {"holder": "Ada", "number": REDACTED, "tags": ["a"]},
        "others": [{"holder": "Ada", "number": REDACTED, "tags": ["a"]}],
        "named": {"x": None, "y": {"holder": "Ada", "number": REDACTED, "tags": ["a"]}},
        "pin": REDACTED,
    }


def test_every_kind_of_value_is_shown() -> None:
    method = ConformanceService.__contract__.methods["echo"]
    shown = shown_result(method, everything())
    assert isinstance(shown, dict)
    assert set(shown) == {field.name for field in method.message.response.fields}  # type: ignore[union-attr]
    assert isinstance(shown["shape"], dict)
    assert shown["shape"]["$type"] in ("conformance.Point", "conformance.Circle")
    json.dumps(shown, allow_nan=False)


class Holder(msgspec.Struct):
    number: str = SECRET


@pytest.mark.parametrize(
    "wrong",
    [
        (Holder(), SECRET, [SECRET], SECRET),
        (SECRET, [Holder(), {"number": SECRET}], {"x": Holder(), "y": [SECRET]}, Holder()),
        ({"number": SECRET}, {SECRET: SECRET}, None, None),
        (Card(holder=Holder(), number=SECRET, tags=Holder()), [], {}, ""),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_fit_is_not_shown(wrong: tuple[Any, ...]) -> None:
    text = json.dumps(shown_arguments(PAY, wrong))
    assert SECRET not in text
    assert "does not fit" in text


def test_an_annotation_at_the_type_counts_too() -> None:
    secret = {"type": "string", "sensitive": True}
    text = json.dumps(
        {
            "protocol": "P",
            "namespace": "s",
            "messages": {"m": {"request": [{"name": "word", "type": secret}], "response": "null"}},
        }
    )
    assert shown_arguments(Contract("s.P", text, types=dict).method("m"), (SECRET,)) == {"word": REDACTED}


def test_long_values_are_cut_and_counted() -> None:
    many = [Card(holder="x" * 5000, number="", tags=[]) for _ in range(1000)]
    shown = shown_arguments(PAY, (many[0], many, {str(n): None for n in range(1000)}, ""))
    assert shown["card"]["holder"] == "x" * MAX_TEXT + f"[{5000 - MAX_TEXT} more]"  # type: ignore[index,call-overload]
    others = shown["others"]
    assert isinstance(others, list)
    assert len(others) <= MAX_PARTS
    assert others[-1] == f"[{1000 - len(others) + 1} more]"
    assert shown["named"] == "[more]"
    blob = ConformanceService.__contract__.methods["echo"]
    assert "[2000 bytes]" in json.dumps(shown_result(blob, everything(blob=bytes(2000))))


def test_a_deep_value_is_cut() -> None:
    leaf = {"label": "leaf", "children": []}
    method = ConformanceService.__contract__.methods["echo"]
    value = everything()
    tree = value.tree
    for _ in range(500):
        tree = type(tree)(label="x", children=[tree])
    shown = json.dumps(shown_result(method, msgspec.structs.replace(value, tree=tree)))
    assert "[more]" in shown
    assert json.dumps(leaf) not in shown


def test_of_a_stream_of_requests_the_items_are_shown_apart() -> None:
    collect = CONTRACT.methods["collect"]
    assert shown_arguments(collect, (items("a"),)) == {}
    assert shown_item(collect, "a") == "a"


def test_errors_say_what_may_be_said() -> None:
    assert shown_error(PAY, Refused(reason="no", token=SECRET)) == {
        "error": "n.Refused",
        "fields": {"reason": "no", "token": REDACTED},
    }
    assert shown_error(PAY, StatusError(Code.NOT_FOUND, "no card")) == {
        "error": "StatusError",
        "message": "no card",
    }
    assert shown_error(PAY, EncodeError(f"expected long, got {SECRET}", "pin")) == {
        "error": "EncodeError",
        "path": "pin",
    }
    assert shown_error(PAY, ValueError(SECRET)) == {"error": "ValueError"}
    undeclared = CONTRACT.methods["write"]
    assert shown_error(undeclared, Refused(reason="no", token=SECRET)) == {"error": "Refused"}


def test_whether_a_schema_has_secrets_is_known() -> None:
    assert has_secrets(PAY.message.response)
    assert has_secrets(PAY.message.request[2].type)
    assert not has_secrets(CONTRACT.methods["ask"].message.response)
    assert not has_secrets(ConformanceService.__contract__.methods["echo"].message.response)
