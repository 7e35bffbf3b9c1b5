"""The client's end, as bytes in and events out, and the habits of other servers."""

from __future__ import annotations

import pytest
from avrorpc.errors import (
    ConnectionLost,
    ContractMismatch,
    DecodeError,
    LimitExceeded,
    LocalProtocolError,
    RemoteProtocolError,
    StatusError,
)
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.wire.client import MAX_SERIAL, MAX_UNASKED, ClientConnection, Connected, Event, State
from avrorpc.wire.framing import Framing, frame
from avrorpc.wire.handshake import HandshakeRequest, HandshakeResponse, Match, encode_request, encode_response
from avrorpc.wire.multiplex import Answered
from support.wire import BANK, OLD_SHOP, SHOP, identity

PING = b"\x00\x00"
BOTH = encode_response(HandshakeResponse(Match.BOTH))
NONE_OF_SHOP = encode_response(HandshakeResponse(Match.NONE, SHOP.text, SHOP.hash))
CLIENT_OF_SHOP = encode_response(HandshakeResponse(Match.CLIENT, SHOP.text, SHOP.hash))
NONE_OF_BANK = encode_response(HandshakeResponse(Match.NONE, BANK.text, BANK.hash))
AVSC_ERROR = bytes.fromhex("000100") + b"\x34invalid handshake request."
FRAMINGS = ["netty", "spec"]


def client(
    of: Contract = SHOP,
    framing: Framing = "netty",
    known: Connected | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> ClientConnection:
    return ClientConnection(identity(of), known, framing, limits)


def ready(framing: Framing = "netty", limits: Limits = DEFAULT_LIMITS) -> ClientConnection:
    connection = client(framing=framing, limits=limits)
    connection.data_to_send()
    assert connection.receive(frame(framing, 1, BOTH, PING)) == [Connected(SHOP.hash, None)]
    return connection


def opening(of: Contract, server_hash: bytes, *, text: bool = False) -> bytes:
    return encode_request(HandshakeRequest(of.hash, of.text if text else None, server_hash)) + PING


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_connection_opens_with_a_ping_that_takes_the_server_for_its_like(framing: Framing) -> None:
    connection = client(framing=framing)
    buffers = (opening(SHOP, SHOP.hash)[:-2], PING)
    assert connection.data_to_send() == frame(framing, 1, *buffers)
    assert connection.data_to_send() == b""


def test_a_connection_to_a_known_server_names_it() -> None:
    connection = client(OLD_SHOP, known=Connected(SHOP.hash, SHOP.text))
    assert connection.data_to_send() == frame("netty", 1, opening(OLD_SHOP, SHOP.hash)[:-2], PING)
    assert connection.receive(frame("netty", 1, BOTH)) == [Connected(SHOP.hash, SHOP.text)]


OPENINGS = [
    pytest.param([(BOTH,)], Connected(SHOP.hash, None), id="Java: the handshake and no more"),
    pytest.param([(BOTH, b"")], Connected(SHOP.hash, None), id="an empty buffer after it"),
    pytest.param([(BOTH, PING)], Connected(SHOP.hash, None), id="avsc: a whole reply after it"),
    pytest.param([(BOTH + PING,)], Connected(SHOP.hash, None), id="ours: all in one buffer"),
    pytest.param(
        [(encode_response(HandshakeResponse(Match.BOTH, None, None, {"k": b"v"})),)],
        Connected(SHOP.hash, None),
        id="with metadata",
    ),
    pytest.param(
        [(encode_response(HandshakeResponse(Match.CLIENT, BANK.text, BANK.hash)), PING)],
        Connected(BANK.hash, BANK.text),
        id="the server has another protocol",
    ),
    pytest.param(
        [(NONE_OF_BANK,), (BOTH,)],
        Connected(BANK.hash, BANK.text),
        id="Java: shown with NONE, and then both",
    ),
    pytest.param(
        [(NONE_OF_BANK, AVSC_ERROR), (BOTH, PING)],
        Connected(BANK.hash, BANK.text),
        id="avsc: an error follows NONE",
    ),
    pytest.param(
        [(encode_response(HandshakeResponse(Match.NONE)), AVSC_ERROR), (BOTH,)],
        Connected(SHOP.hash, None),
        id="avsc: NONE without a protocol, since the hash was right",
    ),
    pytest.param(
        [(NONE_OF_SHOP,), (encode_response(HandshakeResponse(Match.CLIENT, BANK.text, BANK.hash)),)],
        Connected(BANK.hash, BANK.text),
        id="another protocol at the second try",
    ),
]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("pieces", ["whole", "byte by byte", "with trailing data"])
@pytest.mark.parametrize(("answers", "connected"), OPENINGS)
def test_a_handshake_says_who_the_server_is(
    framing: Framing, pieces: str, answers: list[tuple[bytes, ...]], connected: Connected
) -> None:
    connection = client(framing=framing)
    events: list[Event] = []
    for serial, buffers in enumerate(answers, start=1):
        assert connection.data_to_send()
        data = frame(framing, serial, *buffers)
        if pieces == "byte by byte":
            events += [event for at in range(len(data)) for event in connection.receive(data[at : at + 1])]
        elif pieces == "with trailing data" and serial == len(answers):
            events += connection.receive(data + b"\0\0")
        else:
            events += connection.receive(data)
    assert events == [connected]
    assert connection.state is State.READY
    assert connection.data_to_send() == b""


def test_after_none_the_text_is_shown_with_the_hash_that_came_with_it() -> None:
    connection = client(OLD_SHOP)
    connection.data_to_send()
    assert connection.receive(frame("netty", 1, NONE_OF_SHOP)) == []
    resent = opening(OLD_SHOP, SHOP.hash, text=True)
    assert connection.data_to_send() == frame("netty", 2, resent[:-2], PING)
    assert connection.receive(frame("netty", 2, CLIENT_OF_SHOP)) == [Connected(SHOP.hash, SHOP.text)]


@pytest.mark.parametrize(
    ("text", "suffix"),
    [(BANK.text, "; it has a.Bank"), ("no JSON", ""), ('{"protocol":1}', ""), (None, "; it has a.Bank")],
)
def test_none_a_second_time_is_the_end(text: str | None, suffix: str) -> None:
    connection = client()
    connection.receive(frame("netty", 1, NONE_OF_BANK))
    answer = encode_response(HandshakeResponse(Match.NONE, text, BANK.hash))
    with pytest.raises(RemoteProtocolError) as caught:
        connection.receive(frame("netty", 2, answer))
    assert str(caught.value) == f"the server does not serve a.Shop{suffix}"


def test_none_a_second_time_from_a_server_with_another_version_says_where_they_differ() -> None:
    connection = client()
    shown = encode_response(HandshakeResponse(Match.NONE, OLD_SHOP.text, OLD_SHOP.hash))
    connection.receive(frame("netty", 1, shown))
    with pytest.raises(
        ContractMismatch, match=r"refuses this version of a\.Shop: note: message: the server has"
    ):
        connection.receive(frame("netty", 2, encode_response(HandshakeResponse(Match.NONE)), AVSC_ERROR))


def test_none_a_second_time_with_a_protocol_not_named_before_is_answered_with_its_hash() -> None:
    # A server with several protocols shows none to a ping, and one when it has seen the client's text.
    connection = client()
    connection.data_to_send()
    connection.receive(frame("netty", 1, encode_response(HandshakeResponse(Match.NONE))))
    assert connection.data_to_send() == frame("netty", 2, opening(SHOP, SHOP.hash, text=True)[:-2], PING)
    connection.receive(frame("netty", 2, NONE_OF_BANK))
    assert connection.data_to_send() == frame("netty", 3, opening(SHOP, BANK.hash, text=True)[:-2], PING)
    with pytest.raises(RemoteProtocolError, match=r"does not serve a\.Shop; it has a\.Bank"):
        connection.receive(frame("netty", 3, NONE_OF_BANK))


def test_serials_begin_again_and_pass_over_those_in_use() -> None:
    connection = ready()
    waiting = connection.call("m", {}, b"x")
    serials = {connection.call("m", {}, b"x", one_way=True) for _ in range(MAX_SERIAL - 1)}
    assert len(serials) == MAX_SERIAL - 1
    assert waiting not in serials
    assert max(serials) == MAX_SERIAL
    assert min(serials) == 1


def test_more_calls_than_there_are_serials_are_refused() -> None:
    connection = ready()
    for _ in range(MAX_SERIAL):
        connection.call("m", {}, b"")
    with pytest.raises(StatusError, match="65535 calls are under way on this connection"):
        connection.call("m", {}, b"")


def test_a_server_that_never_shows_its_protocol_is_refused() -> None:
    answer = encode_response(HandshakeResponse(Match.CLIENT, None, BANK.hash))
    with pytest.raises(RemoteProtocolError, match="the server's handshake lacks its protocol"):
        client().receive(frame("netty", 1, answer))


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_call_has_the_next_serial_and_its_answer_comes_back_as_an_event(framing: Framing) -> None:
    connection = ready(framing)
    serial = connection.call("m", {}, b"call")
    assert serial == 2
    assert connection.data_to_send() == frame(framing, 2, b"\0\x02mcall")
    assert connection.receive(frame(framing, 2, b"answer")) == [Answered(2, b"answer")]


def test_an_answer_in_javas_three_buffers_is_one_body() -> None:
    connection = ready()
    connection.call("m", {}, b"call")
    assert connection.receive(frame("netty", 2, b"", b"\0", b"\0T")) == [Answered(2, b"\0\0T")]


def test_answers_may_come_in_any_order_by_their_serials() -> None:
    connection = ready()
    first, second = connection.call("m", {}, b"1"), connection.call("m", {}, b"2")
    data = frame("netty", second, b"b") + frame("netty", first, b"a")
    assert connection.receive(data) == [Answered(second, b"b"), Answered(first, b"a")]


def test_answers_without_serials_come_in_the_order_of_the_calls() -> None:
    connection = ready("spec")
    first = connection.call("m", {}, b"1")
    connection.call("m", {}, b"nobody answers", one_way=True)
    second = connection.call("m", {}, b"2")
    data = frame("spec", 0, b"a") + frame("spec", 0, b"b")
    assert connection.receive(data) == [Answered(first, b"a"), Answered(second, b"b")]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_answer_that_nobody_asked_for_is_refused(framing: Framing) -> None:
    with pytest.raises(RemoteProtocolError, match="an answer to"):
        ready(framing).receive(frame(framing, 5, b"x"))


def test_an_answer_to_a_one_way_message_is_dropped() -> None:
    # A server to which the message is not one-way answers it, and so does one to which it is too large.
    connection = ready()
    one_way = connection.call("m", {}, b"x", one_way=True)
    serial = connection.call("m", {}, b"x")
    data = frame("netty", one_way, b"dropped") + frame("netty", serial, b"answer")
    assert connection.receive(data) == [Answered(serial, b"answer")]


def test_only_the_latest_one_way_messages_are_remembered() -> None:
    connection = ready()
    first = connection.call("m", {}, b"x", one_way=True)
    for _ in range(MAX_UNASKED):
        connection.call("m", {}, b"x", one_way=True)
    with pytest.raises(RemoteProtocolError, match=f"an answer to serial {first}, which is not open"):
        connection.receive(frame("netty", first, b""))


def test_an_answer_twice_is_refused() -> None:
    connection = ready()
    serial = connection.call("m", {}, b"x")
    with pytest.raises(RemoteProtocolError, match="which is not open"):
        connection.receive(frame("netty", serial, b"") * 2)


def test_a_call_before_the_end_of_the_handshake_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError, match="a call before the end of the handshake"):
        client().call("m", {}, b"x")


@pytest.mark.parametrize("data", [b"", b"\x06", b"\x00\x04", b"\xff" * 30, b"garbage that is no handshake"])
def test_a_malformed_handshake_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        client().receive(frame("netty", 1, data))


def test_an_answer_above_the_limit_is_refused() -> None:
    connection = ready(limits=Limits(max_body=100))
    serial = connection.call("m", {}, b"x")
    with pytest.raises(LimitExceeded, match="max_body=100"):
        connection.receive(frame("netty", serial, b"x" * 101))


def test_the_end_of_the_stream_matters_where_something_was_expected() -> None:
    with pytest.raises(ConnectionLost, match="closed the connection during the handshake"):
        client().receive_eof()
    ready().receive_eof()
    waiting = ready()
    waiting.call("m", {}, b"x")
    with pytest.raises(ConnectionLost, match="closed the connection before it answered"):
        waiting.receive_eof()
    halfway = ready()
    halfway.receive(b"\0\0")
    with pytest.raises(ConnectionLost):
        halfway.receive_eof()


def test_a_connection_says_what_it_is() -> None:
    connection = client()
    assert repr(connection) == "<ClientConnection a.Shop OPENING calls=1>"
    connection = ready()
    connection.call("m", {}, b"x")
    assert repr(connection) == "<ClientConnection a.Shop READY calls=1>"
