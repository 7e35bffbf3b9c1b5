"""Why a server may refuse a client's version of a contract: the first difference that it may mean."""

from __future__ import annotations

import pytest
from avrorpc.errors import ContractMismatch, RemoteProtocolError
from avrorpc.schema import Json
from avrorpc.wire.refusal import refused
from support.wire import BUY, NOTE, SHOP, contract

WITH_ERROR: Json = {
    "request": [{"name": "count", "type": "int"}],
    "response": "int",
    "errors": [{"type": "error", "name": "a.Empty", "fields": []}],
}


def message(request: Json = "int", response: Json = "int") -> Json:
    return {"request": [{"name": "count", "type": request}], "response": response}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        pytest.param(
            {"buy": BUY}, "note: message: the server has no such message", id="a message that it lacks"
        ),
        pytest.param(
            {"buy": BUY, "note": {**NOTE, "one-way": False}},  # type: ignore[dict-item]
            "note: message: it is one-way at the client only",
            id="one-way at one end",
        ),
        pytest.param(
            {"buy": message("string"), "note": NOTE}, "buy: request: ", id="a request that it cannot read"
        ),
        pytest.param(
            {"buy": message("int", "string"), "note": NOTE},
            "buy: response: ",
            id="a reply that we cannot read",
        ),
        pytest.param(
            {"buy": WITH_ERROR, "note": NOTE},
            "buy: error a.Empty: ",
            id="an error that we do not know",
        ),
        pytest.param({"buy": BUY, "note": NOTE, "more": BUY}, "it does not say why", id="nothing"),
    ],
)
def test_the_first_difference_is_the_reason(messages: dict[str, Json], reason: str) -> None:
    error = refused(SHOP.name, SHOP.text, contract("a.Shop", **messages).text)
    assert isinstance(error, ContractMismatch)
    assert str(error).startswith(f"the server refuses this version of a.Shop: {reason}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "the server does not serve a.Shop"),
        ("no JSON", "the server does not serve a.Shop"),
        (contract("a.Bank", pay=BUY).text, "the server does not serve a.Shop; it has a.Bank"),
    ],
)
def test_what_is_no_other_version_is_not_served(text: str | None, said: str) -> None:
    error = refused(SHOP.name, SHOP.text, text)
    assert isinstance(error, RemoteProtocolError)
    assert str(error) == said
