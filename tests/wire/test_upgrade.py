"""From Avro's handshake to our own frames: both ends back to back, and what a peer may do in between."""

from __future__ import annotations

from dataclasses import replace

import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.errors import Code, LocalProtocolError, RemoteProtocolError, StatusError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.wire.client import ClientConnection, Connected, Opening
from avrorpc.wire.envelope import read_code, read_reply_head, reply_head, request_head
from avrorpc.wire.frames import Kind, encode
from avrorpc.wire.framing import frame
from avrorpc.wire.handshake import (
    HandshakeRequest,
    HandshakeResponse,
    Match,
    encode_request,
    encode_response,
)
from avrorpc.wire.multiplex import Answered, Cancelled, Ended, Item, Leaving
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import Request, ServerConnection
from avrorpc.wire.settings import Wishes, offer
from support.wire import BANK, OLD_SHOP, SHOP, Pair, identity

OK = bytes(reply_head({}, is_error=False))


def pair(
    opening: Opening = "netty",
    *,
    piece: int = 0,
    wishes: Wishes | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Pair:
    return Pair(
        ClientConnection(identity(OLD_SHOP), None, opening, limits, wishes or Wishes()),
        ServerConnection(Offers((BANK, SHOP)), opening, limits),
        piece,
    )


@pytest.fixture(params=["netty", "spec", "frames"])
def opening(request: pytest.FixtureRequest) -> Opening:
    chosen: Opening = request.param
    return chosen


@pytest.mark.parametrize("piece", [0, 1, 7])
def test_both_ends_speak_our_frames_after_the_handshake(opening: Opening, piece: int) -> None:
    ends = pair(opening, piece=piece)
    connected = ends.connect()
    assert (connected.server_hash, connected.server_text) == (SHOP.hash, SHOP.text)
    assert connected.settings is not None
    serial = ends.client.call("buy", {"k": b"v"}, b"\x06")
    (request,) = ends.to_server()
    assert (request.message, request.metadata, request.session.offer) == ("buy", {"k": b"v"}, SHOP)
    assert request.parameters.read_long() == 3
    assert not request.one_way
    ends.server.reply(request.serial, OK + b"\x08")
    assert ends.to_client() == [Answered(serial, OK + b"\x08")]


def test_streams_and_cancellation_pass(opening: Opening) -> None:
    ends = pair(opening)
    ends.connect()
    serial = ends.client.call("buy", {}, b"", gives=True, takes=True)
    multiplexer = ends.client.multiplexer
    assert multiplexer is not None
    multiplexer.send_item(serial, b"1")
    multiplexer.end(serial)
    (request, item, ended) = ends.server.receive(ends.client.data_to_send())
    assert isinstance(request, Request)
    assert request.takes_stream
    assert (item, ended) == (Item(request.serial, b"1"), Ended(request.serial))
    ends.client.cancel(serial)
    assert ends.server.receive(ends.client.data_to_send()) == [Cancelled(request.serial)]


def test_a_one_way_call_has_no_reply(opening: Opening) -> None:
    ends = pair(opening)
    ends.connect()
    ends.client.call("note", {}, b"\x02x", one_way=True)
    (request,) = ends.to_server()
    assert request.one_way
    ends.server.reply(request.serial, None)
    assert ends.server.data_to_send() == b""
    assert ends.server.calls == ends.client.calls == 0


def test_a_server_that_does_not_upgrade_is_spoken_to_in_plain_avro() -> None:
    ends = pair()
    ends.server = ServerConnection(Offers((SHOP,)), "netty", DEFAULT_LIMITS, upgrades=False)
    ends.connect()
    assert ends.client.multiplexer is ends.server.multiplexer is None
    serial = ends.client.call("buy", {}, b"\x06")
    (request,) = ends.to_server()
    ends.server.reply(request.serial, OK + b"\x08")
    assert ends.to_client() == [Answered(serial, OK + b"\x08")]
    with pytest.raises(
        StatusError, match=r"a\.Shop/buy is a stream, and plain Avro, spoken here, has none"
    ) as no:
        ends.client.call("buy", {}, b"", takes=True)
    assert no.value.code is Code.UNIMPLEMENTED


def test_an_abandoned_plain_call_drops_its_answer() -> None:
    ends = pair(wishes=None)
    ends.client = ClientConnection(identity(SHOP), None, "netty", DEFAULT_LIMITS)
    ends.connect()
    first, second = ends.client.call("buy", {}, b"\x06"), ends.client.call("buy", {}, b"\x06")
    ends.client.cancel(first)
    for request in ends.to_server():
        ends.server.reply(request.serial, OK)
    assert ends.to_client() == [Answered(second, OK)]


def test_only_a_ping_upgrades() -> None:
    server = ServerConnection(Offers((SHOP,)), "netty", DEFAULT_LIMITS)
    opening = encode_request(HandshakeRequest(SHOP.hash, None, SHOP.hash, offer(Wishes(), DEFAULT_LIMITS)))
    assert len(server.receive(_frame(opening, bytes(request_head({}, "buy")) + b"\x06"))) == 1
    assert server.multiplexer is None


def _frame(*buffers: bytes) -> bytes:
    return frame("netty", 1, *buffers)


def test_bytes_between_the_offer_and_its_answer_break_the_rules() -> None:
    ends = pair()
    ends.client = ClientConnection(identity(SHOP), None, "netty", DEFAULT_LIMITS, Wishes())
    with pytest.raises(RemoteProtocolError, match="between an offer to upgrade and its answer"):
        ends.server.receive(ends.client.data_to_send() + b"\0")


def test_a_call_before_the_handshake_breaks_the_rules() -> None:
    server = ServerConnection(Offers((SHOP,)), "frames", DEFAULT_LIMITS)
    with pytest.raises(RemoteProtocolError, match="a call before the handshake"):
        server.receive(encode(Kind.OPEN, 1, bytes(request_head({}, "a.Shop/buy"))))


def test_a_handshake_in_frames_without_our_offer_is_refused() -> None:
    server = ServerConnection(Offers((SHOP,)), "frames", DEFAULT_LIMITS)
    request = encode_request(HandshakeRequest(SHOP.hash, None, SHOP.hash))
    with pytest.raises(RemoteProtocolError, match="no version of avrorpc's frames"):
        server.receive(encode(Kind.BIND, 1, request))


def test_a_server_that_agrees_to_nothing_in_frames_is_refused() -> None:
    ends = pair("frames")
    server = ends.server
    server.receive(ends.client.data_to_send())
    server.receive(b"")
    client = ClientConnection(identity(SHOP), None, "frames", DEFAULT_LIMITS, Wishes())
    with pytest.raises(RemoteProtocolError, match="no version of avrorpc's frames"):
        client.receive(encode(Kind.BOUND, 1, encode_response(HandshakeResponse(Match.BOTH))))


def test_one_connection_carries_calls_of_every_protocol_that_was_bound() -> None:
    ends = pair()
    ends.connect()
    multiplexer = ends.client.multiplexer
    assert multiplexer is not None
    pay = bytes(request_head({}, "a.Bank/pay"))
    multiplexer.open(pay)
    assert ends.to_server() == []
    (answer,) = ends.to_client()
    assert isinstance(answer, Answered)
    metadata, is_error = read_reply_head(Cursor(answer.body, DEFAULT_LIMITS))
    assert is_error
    assert read_code(metadata) is Code.FAILED_PRECONDITION
    assert b"calls of 'a.Bank' need a handshake of that protocol first" in answer.body
    multiplexer.handshake(encode_request(HandshakeRequest(BANK.hash, None, BANK.hash)))
    ends.server.receive(ends.client.data_to_send())
    multiplexer.open(pay)
    (request,) = ends.to_server()
    assert (request.session.offer, request.message) == (BANK, "pay")
    multiplexer.open(bytes(request_head({}, "a.Shop/buy")))
    (request,) = ends.to_server()
    assert request.session.offer == SHOP


def test_a_ping_of_a_protocol_is_answered_without_anybody_hearing_of_it(opening: Opening) -> None:
    ends = pair(opening)
    ends.connect()
    serial = ends.client.call("", {}, b"")
    assert ends.to_server() == []
    assert ends.to_client() == [Answered(serial, OK)]


def test_metadata_above_the_limit_fails_its_call() -> None:
    ends = pair(limits=replace(DEFAULT_LIMITS, max_metadata=1_000))
    ends.connect()
    ends.client.call("buy", {"k": b"x" * 2_000}, b"\x06")
    assert ends.to_server() == []
    (answer,) = ends.to_client()
    assert isinstance(answer, Answered)
    assert b"max_metadata=1000" in answer.body


def test_an_eager_client_calls_before_it_is_answered() -> None:
    ends = pair("frames", wishes=Wishes(is_eager=True, has_window=False))
    serial = ends.client.call("buy", {}, b"\x06")
    (request,) = ends.to_server()
    ends.server.reply(request.serial, OK)
    connected, answered = ends.to_client()
    assert isinstance(connected, Connected)
    assert (connected.server_hash, connected.server_text) == (SHOP.hash, SHOP.text)
    assert answered == Answered(serial, OK)


def test_an_eager_client_whose_protocol_is_not_served_is_told() -> None:
    client = ClientConnection(identity(OLD_SHOP), None, "frames", DEFAULT_LIMITS, Wishes(is_eager=True))
    server = ServerConnection(Offers((BANK,)), "frames", DEFAULT_LIMITS)
    client.call("buy", {}, b"\x06")
    with pytest.raises(RemoteProtocolError, match="a call before the handshake"):
        server.receive(client.data_to_send())
    with pytest.raises(RemoteProtocolError, match=r"does not serve a\.Shop; it has a\.Bank"):
        client.receive(server.data_to_send())


def test_a_client_that_waits_calls_nothing_before_its_answer() -> None:
    with pytest.raises(LocalProtocolError, match="before the end of the handshake"):
        pair("frames").client.call("buy", {}, b"")


@pytest.mark.parametrize("start", ["netty", "spec"])
def test_a_goodbye_before_the_upgrade_is_said_with_it(start: Opening) -> None:
    ends = pair(start)
    ends.server.goodbye("tea")
    events = []
    for _ in range(3):
        assert ends.to_server() == []
        events += ends.to_client()
    assert isinstance(events[0], Connected)
    assert events[1:] == [Leaving("tea", ())]
