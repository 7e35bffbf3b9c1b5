"""Client and server connected to each other, in memory: whole conversations in both framings."""

from __future__ import annotations

import pytest
from avrorpc.method import Contract
from avrorpc.wire.client import Connected
from avrorpc.wire.framing import Framing
from avrorpc.wire.multiplex import Answered
from hypothesis import given, settings
from hypothesis import strategies as st
from support.wire import BANK, OLD_SHOP, SHOP, STRANGER, wire_pair


def buy(count: int) -> bytes:
    return bytes([count * 2])


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize("piece", [0, 1, 7])
@pytest.mark.parametrize(
    ("client", "served", "bound"),
    [
        (SHOP, [SHOP], "a.Shop"),
        (SHOP, [BANK, SHOP], "a.Shop"),
        (OLD_SHOP, [SHOP], "a.Shop"),
        (OLD_SHOP, [BANK, SHOP], "a.Shop"),
        (SHOP, [OLD_SHOP, BANK], "a.Shop"),
        (STRANGER, [BANK], "a.Bank"),
    ],
)
def test_a_client_meets_its_protocol_among_several(
    framing: Framing, piece: int, client: Contract, served: list[Contract], bound: str
) -> None:
    pair = wire_pair(client, *served, framing=framing, piece=piece)
    connected = pair.connect()
    assert pair.server.session is not None
    offer = pair.server.session.offer
    assert offer.name == bound
    assert connected.server_hash == offer.hash
    assert connected.server_text == (None if offer is client else offer.text)
    assert pair.server.session.client.name == client.name
    assert list(pair.server.session.client.messages) == list(client.protocol.messages)


def test_a_client_that_comes_back_needs_one_message() -> None:
    connected = wire_pair(OLD_SHOP, SHOP).connect()
    again = wire_pair(OLD_SHOP, SHOP, known=connected)
    # The server is a new one, and wants the text; but who it is was known.
    assert again.connect() == connected


def test_two_names_that_do_not_meet_are_bound_by_the_servers_hash() -> None:
    # After NONE the client names the hash that it was shown, which binds it in spite of its name; whether the
    # two protocols fit is then for the messages to say.
    pair = wire_pair(SHOP, BANK)
    assert pair.connect() == Connected(BANK.hash, BANK.text)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["netty", "spec"]), st.integers(0, 9), st.permutations(range(6)))
def test_every_call_gets_its_own_answer_whatever_the_order(
    framing: Framing, piece: int, order: list[int]
) -> None:
    pair = wire_pair(framing=framing, piece=piece)
    pair.connect()
    serials = [pair.client.call("buy", {}, buy(count)) for count in range(6)]
    requests = pair.to_server()
    assert [request.parameters.read_long() for request in requests] == list(range(6))
    for index in order:
        pair.server.reply(requests[index].serial, bytes([index]))
    answers = {event.serial: event.body for event in pair.to_client() if isinstance(event, Answered)}
    assert answers == {serial: bytes([index]) for index, serial in enumerate(serials)}


@pytest.mark.parametrize("framing", ["netty", "spec"])
def test_one_way_messages_pass_between_calls(framing: Framing) -> None:
    pair = wire_pair(framing=framing)
    pair.connect()
    pair.client.call("note", {}, b"\x02x", one_way=True)
    serial = pair.client.call("buy", {}, buy(1))
    note, call = pair.to_server()
    assert (note.one_way, call.one_way) == (True, False)
    pair.server.reply(note.serial, None)
    pair.server.reply(call.serial, b"answer")
    assert pair.to_client() == [Answered(serial, b"answer")]
