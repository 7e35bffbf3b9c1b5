"""Which contract a handshake binds a client to, and what a client that is not known is shown."""

from __future__ import annotations

import pytest
from avrorpc.method import Contract
from avrorpc.wire.handshake import HandshakeRequest, HandshakeResponse, Match
from avrorpc.wire.offers import MAX_KNOWN_CLIENTS, Offers
from support.wire import BANK, OLD_SHOP, SHOP, STRANGER, contract

NOBODY = b"?" * 16


def shown(of: Contract) -> HandshakeResponse:
    return HandshakeResponse(Match.NONE, of.text, of.hash)


@pytest.mark.parametrize(
    ("message", "guess", "preferred", "text", "answer"),
    [
        pytest.param("pay", NOBODY, None, False, shown(BANK), id="the one that has the message"),
        pytest.param("buy", NOBODY, None, False, shown(SHOP), id="the first that has the message"),
        pytest.param("nope", NOBODY, None, False, shown(SHOP), id="the first where none has the message"),
        pytest.param("", NOBODY, None, False, HandshakeResponse(Match.NONE), id="none to a ping: avsc, ours"),
        pytest.param("", BANK.hash, None, False, shown(BANK), id="the one that the client knows of"),
        pytest.param("", NOBODY, "a.Bank", False, shown(BANK), id="the one that the path names"),
        pytest.param("", NOBODY, None, True, shown(SHOP), id="the first where the client has shown its own"),
    ],
)
def test_a_client_that_is_unknown_is_shown_what_it_most_likely_wants(
    message: str, guess: bytes, preferred: str | None, text: bool, answer: HandshakeResponse
) -> None:
    request = HandshakeRequest(STRANGER.hash, STRANGER.text if text else None, guess)
    assert Offers([SHOP, BANK]).meet(request, preferred, message) == (None, answer)


@pytest.mark.parametrize("message", ["", "buy"])
def test_where_there_is_one_contract_it_is_shown_at_once(message: str) -> None:
    request = HandshakeRequest(OLD_SHOP.hash, None, NOBODY)
    assert Offers([SHOP]).meet(request, None, message) == (None, shown(SHOP))


def test_only_so_many_clients_are_remembered() -> None:
    offers = Offers([SHOP])
    clients = [contract("a.Shop", **{f"m{number}": {}}) for number in range(MAX_KNOWN_CLIENTS + 1)]
    for client in clients:
        offers.meet(HandshakeRequest(client.hash, client.text, NOBODY))
    assert offers.meet(HandshakeRequest(clients[0].hash, None, NOBODY))[0] is None
    assert offers.meet(HandshakeRequest(clients[1].hash, None, NOBODY))[0] is not None
