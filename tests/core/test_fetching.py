"""What servers tell of themselves: ours by Introspection, all by the handshake."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from avrorpc import RemoteProtocolError, SchemaError
from avrorpc.client.fetching import dynamic_contract, fetch_contract, list_services, suggestion
from avrorpc.schema import Json, compact
from support.implementations import AsyncConformance, AsyncSmall
from support.serving import ServerThread
from testcontracts.conformance import CONFORMANCE
from testcontracts.small import SMALL


@pytest.fixture(scope="module", params=[True, False], ids=["introspection", "handshake"])
def server(request: pytest.FixtureRequest) -> Iterator[ServerThread]:
    with ServerThread(AsyncSmall(), AsyncConformance(), introspection=request.param) as served:
        yield served


@pytest.mark.parametrize("scheme", ["tcp", "spec", "http", "unix"])
def test_a_contract_is_fetched_from_any_server(server: ServerThread, scheme: str) -> None:
    url = getattr(server, scheme)
    for contract in (SMALL, CONFORMANCE):
        fetched = fetch_contract(url, contract.name, timeout=20)
        assert (fetched.text, fetched.hash) == (contract.text, contract.hash)
    with pytest.raises(RemoteProtocolError, match=r"does not serve small\.Smal; did you mean small\.Small\?"):
        fetch_contract(url, "small.Smal", timeout=20)


@pytest.mark.parametrize("scheme", ["tcp", "spec", "http", "unix"])
def test_a_listing_says_how_it_is_known(server: ServerThread, scheme: str) -> None:
    found = list_services(getattr(server, scheme), timeout=20)
    names = [service.name for service in found.services]
    if found.by == "introspection":
        assert names == ["small.Small", "conformance.Conformance"]
    else:
        assert names == ["small.Small"]
    telling = len(list(server.server.offers)) > 2
    assert found.by == ("introspection" if telling else "handshake")


def test_fields_get_attributes_that_python_can_have() -> None:
    fields = ["class", "class_", "__dict__", "copy", "args", "message"]
    members: list[Json] = [{"name": name, "type": "int"} for name in fields]
    record: dict[str, Json] = {"type": "record", "name": "R", "fields": members}
    error: dict[str, Json] = {"type": "error", "name": "E", "fields": members}
    text = compact({"protocol": "P", "types": [record, error], "messages": {}})
    types = dynamic_contract(text).types
    names = list(types["R"].__struct_fields__)  # type: ignore[attr-defined]
    assert len(set(names)) == len(fields)
    assert names[0] == "class_"
    made = types["R"](**dict(zip(names, range(6), strict=True)))
    assert [getattr(made, name) for name in names] == list(range(6))
    attributes = list(types["E"].__dataclass_fields__)  # type: ignore[attr-defined]
    raised = types["E"](**dict(zip(attributes, range(6), strict=True)))
    assert [getattr(raised, name) for name in attributes] == list(range(6))


def test_a_text_that_is_no_protocol_is_none() -> None:
    with pytest.raises(SchemaError):
        dynamic_contract("{}")


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("llm.Tokeniser", ["llm.Tokenizer", "llm.Model"], "did you mean llm.Tokenizer?"),
        ("tokenizer", ["llm.Tokenizer"], "did you mean llm.Tokenizer?"),
        ("x", ["llm.Tokenizer", "llm.Model"], "it has llm.Tokenizer, llm.Model"),
        ("x", [], "it has none"),
    ],
)
def test_a_name_that_is_not_there_gets_a_suggestion(name: str, known: list[str], said: str) -> None:
    assert suggestion(name, known) == said
