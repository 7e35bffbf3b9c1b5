"""Calls over a stateless transport: each request and each reply begins with a handshake."""

from __future__ import annotations

import pytest
from avrorpc.errors import DecodeError, LimitExceeded, RemoteProtocolError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.wire.client import Connected
from avrorpc.wire.envelope import request_head
from avrorpc.wire.exchange import Exchange, StatelessClient, unframe
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import HandshakeResponse, Match, encode_response
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import read_call
from support.wire import BANK, OLD_SHOP, SHOP, STRANGER, identity

BUY_3 = bytes(request_head({}, "buy")) + b"\x06"
NOTE_X = bytes(request_head({}, "note")) + b"\x02x"
PING = b"\0\0"


class Server:
    """Answers each body; `calls` are the messages that were called."""

    def __init__(self, *served: Contract) -> None:
        self.offers = Offers(served)
        self.calls: list[str] = []

    def __call__(self, body: bytes, preferred: str | None = None) -> bytes:
        call = unframe(body, DEFAULT_LIMITS)
        request, reply = read_call(call, 0, None, self.offers, DEFAULT_LIMITS, preferred)
        if request is not None and not reply:
            self.calls.append(request.message)
            reply = request.handshake + b"\0\0answer"
        return frame("spec", 0, reply)


def finish(exchange: Exchange, server: Server, preferred: str | None = None) -> tuple[int, Connected, bytes]:
    """Exchange until there is an answer; return how many requests it took, and the answer."""
    for requests in (1, 2, 3):
        answer = exchange.receive(server(exchange.request(), preferred))
        if answer is not None:
            return requests, *answer
    raise AssertionError("no answer")


def client(of: Contract, limits: Limits = DEFAULT_LIMITS) -> StatelessClient:
    return StatelessClient(identity(of), limits)


def test_ends_that_know_each_other_need_one_request() -> None:
    server = Server(BANK, SHOP)
    assert finish(client(SHOP).exchange(BUY_3), server) == (
        1,
        Connected(SHOP.hash, None),
        b"\0\0answer",
    )
    assert server.calls == ["buy"]


def test_an_unknown_client_needs_two_once_and_then_one() -> None:
    server, shopper = Server(BANK, SHOP), client(OLD_SHOP)
    expected = Connected(SHOP.hash, SHOP.text)
    assert finish(shopper.exchange(BUY_3), server) == (2, expected, b"\0\0answer")
    assert finish(shopper.exchange(BUY_3), server) == (1, expected, b"\0\0answer")
    assert server.calls == ["buy", "buy"]


def test_a_server_that_forgot_is_shown_the_text_again() -> None:
    shopper = client(OLD_SHOP)
    finish(shopper.exchange(BUY_3), Server(SHOP))
    assert finish(shopper.exchange(BUY_3), Server(SHOP))[0] == 2


def test_the_path_names_the_protocol_that_none_carries() -> None:
    requests, connected, _ = finish(client(STRANGER).exchange(BUY_3), Server(BANK, SHOP), preferred="a.Shop")
    assert (requests, connected.server_hash) == (2, SHOP.hash)


def test_a_ping_is_answered_without_a_call() -> None:
    server = Server(SHOP)
    assert finish(client(SHOP).exchange(PING), server)[2] == b"\0\0"
    assert server.calls == []


def test_a_one_way_message_has_an_answer_here() -> None:
    assert finish(client(SHOP).exchange(NOTE_X), Server(SHOP))[2] == b"\0\0answer"


def test_exchanges_at_once_with_servers_of_two_versions_do_not_mix_them_up() -> None:
    # As behind a load balancer in the middle of an upgrade.
    old, new, shopper = Server(OLD_SHOP), Server(SHOP), client(SHOP)
    first, second = shopper.exchange(BUY_3), shopper.exchange(BUY_3)
    first_request, second_request = first.request(), second.request()
    answer = second.receive(old(second_request))
    while answer is None:
        answer = second.receive(old(second.request()))
    assert answer[0] == Connected(OLD_SHOP.hash, OLD_SHOP.text)
    answer = first.receive(new(first_request))
    assert answer is not None
    assert answer[0] == Connected(SHOP.hash, None)


def test_none_in_one_exchange_is_no_answer_to_another() -> None:
    server, shopper = Server(SHOP), client(OLD_SHOP)
    first, second = shopper.exchange(BUY_3), shopper.exchange(BUY_3)
    answers = [server(first.request()), server(second.request())]
    assert [first.receive(answers[0]), second.receive(answers[1])] == [None, None]
    assert finish(first, server)[0] == finish(second, server)[0] == 1


def test_a_server_that_wants_the_text_twice_does_not_serve_the_protocol() -> None:
    none = frame("spec", 0, encode_response(HandshakeResponse(Match.NONE, BANK.text, BANK.hash)))
    exchange = client(SHOP).exchange(BUY_3)
    assert exchange.receive(none) is None
    with pytest.raises(RemoteProtocolError, match=r"the server does not serve a\.Shop; it has a\.Bank"):
        exchange.receive(none)


@pytest.mark.parametrize(
    ("body", "error", "problem"),
    [
        (b"", RemoteProtocolError, "is not one Avro message"),
        (frame("spec", 0, b"x") * 2, RemoteProtocolError, "is not one Avro message"),
        (frame("spec", 0, b"x") + b"\0", RemoteProtocolError, "is not one Avro message"),
        (frame("spec", 0, b"x")[:-1], RemoteProtocolError, "is not one Avro message"),
        (b"<html>", LimitExceeded, "max_body"),
        (b"\xff" * 8, RemoteProtocolError, "a buffer of -1 bytes"),
        (frame("spec", 0, b""), DecodeError, "the data ends inside an integer"),
        (frame("spec", 0, b"\x08"), DecodeError, "handshake match 4"),
    ],
)
def test_a_body_that_is_something_else_is_refused(body: bytes, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        client(SHOP).exchange(BUY_3).receive(body)
