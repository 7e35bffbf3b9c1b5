"""Contracts and methods as generated code describes them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from avrorpc import DeclaredError, SchemaError
from avrorpc.method import Contract
from avrorpc.schema import Json, Streaming, compact, handshake_hash


@dataclass(slots=True, eq=False, kw_only=True)
class Missing(DeclaredError):
    """A declared error."""


MISSING: Json = {"type": "error", "name": "Missing", "fields": []}


def contract(message: dict[str, Json] | None = None, **protocol: Json) -> Contract:
    whole: dict[str, Json] = {
        "protocol": "P",
        "namespace": "a",
        "types": [MISSING],
        "messages": {"find": {"request": [], "response": "null", **(message or {})}},
        **protocol,
    }
    return Contract("a.P", compact(whole), types=lambda: {"a.Missing": Missing})


def test_a_contract_is_known_by_the_md5_of_its_text() -> None:
    made = contract()
    assert made.hash == handshake_hash(made.text)
    assert repr(made) == f"<Contract a.P {made.hash.hex()}>"


def test_a_contract_is_parsed_when_it_is_first_needed() -> None:
    broken = Contract("a.P", "no JSON", types=dict)
    with pytest.raises(SchemaError, match="not a JSON document"):
        broken.protocol  # noqa: B018 - reading it is what is tested


def test_the_classes_of_types_are_found_once_when_they_are_first_needed() -> None:
    calls: list[str] = []

    def types() -> dict[str, type]:
        calls.append("found")
        return {"a.Missing": Missing}

    made = Contract("a.P", '{"protocol":"P","types":[],"messages":{}}', types=types)
    assert calls == []
    assert made.types is made.types
    assert calls == ["found"]


def test_a_class_leads_to_its_schema() -> None:
    made = contract()
    assert made.schema_of(Missing) is made.protocol.types[0]
    with pytest.raises(SchemaError, match=r"a\.P has no type whose class is int"):
        made.schema_of(int)


def test_a_method_is_made_once_and_kept_in_order() -> None:
    made = contract()
    find = made.method("find")
    assert made.method("find") is find
    assert made.method("import", attribute="import_").attribute == "import_"
    assert list(made.methods) == ["find", "import"]
    assert (find.name, find.attribute, find.full_name) == ("find", "find", "a.P/find")
    assert repr(find) == "<Method a.P/find>"
    assert find.message is made.protocol.messages["find"]


def test_a_method_knows_the_classes_of_its_errors() -> None:
    assert contract({"errors": ["Missing"]}).method("find").errors == frozenset({Missing})
    assert contract().method("find").errors == frozenset()


@pytest.mark.parametrize(
    ("message", "protocol", "seconds"),
    [
        ({}, {}, None),
        ({"timeout": "2s"}, {}, 2.0),
        ({}, {"timeout": "3s"}, 3.0),
        ({"timeout": "2s"}, {"timeout": "3s"}, 2.0),
        ({"timeout": "5s"}, {"timeout": "3s"}, 5.0),
    ],
)
def test_a_messages_timeout_goes_before_the_protocols(
    message: dict[str, Json], protocol: dict[str, Json], seconds: float | None
) -> None:
    assert contract(message, **protocol).method("find").timeout == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30.0),
        ("500ms", 0.5),
        ("2m", 120.0),
        ("1h", 3600.0),
        ("250us", 0.00025),
        ("1.5s", 1.5),
        ("2 s", 2.0),
    ],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert contract({"timeout": text}).method("find").timeout == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1d", "1e3s", ".5s", "1s ", 30, None, ["1s"]])
def test_what_is_no_duration_says_so(text: Json) -> None:
    with pytest.raises(SchemaError, match='is no duration such as "30s"'):
        contract({"timeout": text}).method("find").timeout  # noqa: B018 - reading it is what is tested


@pytest.mark.parametrize(
    ("stream", "kind", "item"),
    [
        (None, Streaming.NONE, None),
        ("response", Streaming.RESPONSE, None),
        ("request", Streaming.REQUEST, "b"),
        ("both", Streaming.BOTH, "b"),
    ],
)
def test_a_method_knows_which_sides_are_streams_and_the_item_that_it_takes(
    stream: Json, kind: Streaming, item: str | None
) -> None:
    request: Json = [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]
    props: dict[str, Json] = {} if stream is None else {"stream": stream}
    made = contract({"request": request, **props})
    assert (made.method("find").streaming, made.methods["find"].item) == (kind, item)
    named = contract({"request": request, **props}).method("find", item="other_")
    assert named.item == ("other_" if item else None)


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ({"stream": "sideways"}, """find: @stream('sideways') is none of "request", "response", "both\""""),
        ({"stream": ["both"]}, """find: @stream(['both']) is none of"""),
        ({"stream": "request"}, "find: @stream('request') needs a parameter, which is the item"),
        ({"stream": "response", "one-way": True}, "find: a one-way message cannot be a stream"),
    ],
)
def test_a_stream_that_cannot_be_one_is_refused(message: dict[str, Json], problem: str) -> None:
    with pytest.raises(SchemaError) as caught:
        contract(message).method("find").streaming  # noqa: B018 - reading it is what is tested
    assert problem in str(caught.value)
