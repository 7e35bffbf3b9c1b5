"""The server's end, as bytes in and bytes out: handshakes, calls, and what clients do wrong."""

from __future__ import annotations

import hashlib

import pytest
from avrorpc.errors import Code, DecodeError, LimitExceeded, RemoteProtocolError
from avrorpc.limits import DEFAULT_LIMITS, Limits
from avrorpc.method import Contract
from avrorpc.wire.envelope import request_head, system_error
from avrorpc.wire.framing import Framing, frame
from avrorpc.wire.handshake import HandshakeRequest, HandshakeResponse, Match, encode_request, encode_response
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import Request, ServerConnection
from support.wire import BANK, OLD_SHOP, SHOP, STRANGER

PING = b"\x00\x00"
PONG = b"\x00\x00"
"""The reply to a ping: no metadata, no error."""
BUY_3 = bytes(request_head({}, "buy")) + b"\x06"
NOTE_X = bytes(request_head({}, "note")) + b"\x02x"
BOTH = encode_response(HandshakeResponse(Match.BOTH))
NOBODY = b"?" * 16


def shake(client: Contract, server_hash: bytes, *, text: bool = False) -> bytes:
    return encode_request(HandshakeRequest(client.hash, client.text if text else None, server_hash))


def shown(match: Match, offer: Contract) -> bytes:
    return encode_response(HandshakeResponse(match, offer.text, offer.hash))


def server(
    *served: Contract, framing: Framing = "netty", limits: Limits = DEFAULT_LIMITS
) -> ServerConnection[Contract]:
    return ServerConnection(Offers(served or (SHOP, BANK)), framing, limits)


def requests(connection: ServerConnection[Contract], data: bytes) -> list[Request[Contract]]:
    events = connection.receive(data)
    found = [event for event in events if isinstance(event, Request)]
    assert found == events
    return found


def connected(framing: Framing = "netty", limits: Limits = DEFAULT_LIMITS) -> ServerConnection[Contract]:
    connection = server(framing=framing, limits=limits)
    assert requests(connection, frame(framing, 1, shake(SHOP, SHOP.hash), PING)) == []
    assert connection.data_to_send() == frame(framing, 1, BOTH + PONG)
    return connection


HANDSHAKES = [
    pytest.param(shake(SHOP, SHOP.hash), BOTH + PONG, "a.Shop", id="both know each other"),
    pytest.param(
        shake(SHOP, NOBODY), shown(Match.CLIENT, SHOP) + PONG, "a.Shop", id="the client knows another server"
    ),
    pytest.param(
        shake(SHOP, BANK.hash),
        shown(Match.CLIENT, SHOP) + PONG,
        "a.Shop",
        id="the client takes the port for another protocol's",
    ),
    pytest.param(
        shake(OLD_SHOP, NOBODY),
        encode_response(HandshakeResponse(Match.NONE)),
        None,
        id="the client is unknown, and which protocol it wants",
    ),
    pytest.param(
        shake(OLD_SHOP, BANK.hash),
        shown(Match.NONE, BANK),
        None,
        id="the client is unknown, and names a protocol that is here",
    ),
    pytest.param(
        shake(OLD_SHOP, NOBODY, text=True),
        shown(Match.CLIENT, SHOP) + PONG,
        "a.Shop",
        id="the client shows its text",
    ),
    pytest.param(
        shake(OLD_SHOP, SHOP.hash, text=True),
        BOTH + PONG,
        "a.Shop",
        id="the client shows its text and knows the server",
    ),
    pytest.param(
        shake(OLD_SHOP, BANK.hash, text=True),
        shown(Match.CLIENT, SHOP) + PONG,
        "a.Shop",
        id="the name in the text goes before the server hash",
    ),
    pytest.param(
        shake(STRANGER, BANK.hash, text=True),
        BOTH + PONG,
        "a.Bank",
        id="a strange name, and the hash of a protocol that is here",
    ),
    pytest.param(
        shake(STRANGER, NOBODY, text=True), shown(Match.NONE, SHOP), None, id="a strange name and hash"
    ),
]


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize(("opening", "answer", "bound"), HANDSHAKES)
@pytest.mark.parametrize("pieces", ["whole", "byte by byte", "with trailing data"])
def test_a_handshake_is_answered_and_binds_the_connection(
    framing: Framing, opening: bytes, answer: bytes, bound: str | None, pieces: str
) -> None:
    connection = server(framing=framing)
    data = frame(framing, 1, opening, PING)
    match pieces:
        case "whole":
            assert requests(connection, data) == []
        case "byte by byte":
            assert [r for at in range(len(data)) for r in requests(connection, data[at : at + 1])] == []
        case _:
            assert requests(connection, data + b"\0\0\0") == []
    assert connection.data_to_send() == frame(framing, 1, answer)
    assert connection.data_to_send() == b""
    assert (connection.session and connection.session.offer.name) == bound


def test_a_client_that_was_seen_once_needs_no_text_again() -> None:
    offers = Offers([SHOP])
    first, second = (ServerConnection(offers, "netty", DEFAULT_LIMITS) for _ in range(2))
    requests(first, frame("netty", 1, shake(OLD_SHOP, SHOP.hash, text=True), PING))
    requests(second, frame("netty", 1, shake(OLD_SHOP, SHOP.hash), PING))
    assert second.data_to_send() == frame("netty", 1, BOTH + PONG)
    assert second.session is not None
    assert list(second.session.client.messages) == ["buy"]


def test_a_client_cannot_decide_what_others_mean_by_their_hash() -> None:
    offers = Offers([SHOP])
    liar = encode_request(HandshakeRequest(OLD_SHOP.hash, STRANGER.text, SHOP.hash))
    first, second = (ServerConnection(offers, "netty", DEFAULT_LIMITS) for _ in range(2))
    requests(first, frame("netty", 1, liar, PING))
    assert first.session is not None  # it may bind itself
    requests(second, frame("netty", 1, shake(OLD_SHOP, SHOP.hash), PING))
    assert second.data_to_send() == frame("netty", 1, shown(Match.NONE, SHOP))


def test_none_is_followed_by_another_handshake() -> None:
    connection = server(SHOP)
    requests(connection, frame("netty", 1, shake(OLD_SHOP, NOBODY), BUY_3))
    assert connection.data_to_send() == frame("netty", 1, shown(Match.NONE, SHOP))
    (request,) = requests(connection, frame("netty", 2, shake(OLD_SHOP, SHOP.hash, text=True), BUY_3))
    assert (request.serial, request.message, request.handshake) == (2, "buy", BOTH)


def test_a_call_may_come_with_the_handshake() -> None:
    connection = server(SHOP)
    (request,) = requests(connection, frame("netty", 7, shake(SHOP, SHOP.hash), BUY_3))
    assert request.message == "buy"
    assert request.parameters.read_long() == 3
    assert request.handshake == BOTH
    connection.reply(7, request.handshake + b"\0\0\x08")
    assert connection.data_to_send() == frame("netty", 7, BOTH + b"\0\0\x08")


def test_a_one_way_message_within_a_handshake_gets_an_answer() -> None:
    (request,) = requests(server(SHOP), frame("netty", 7, shake(SHOP, SHOP.hash), NOTE_X))
    assert request.one_way is False


def test_a_one_way_message_on_a_connection_gets_none() -> None:
    connection = connected()
    (request,) = requests(connection, frame("netty", 2, NOTE_X))
    assert request.one_way is True
    connection.reply(2, None)
    assert connection.data_to_send() == b""


def test_a_ping_on_a_connection_is_answered_at_once() -> None:
    connection = connected()
    assert requests(connection, frame("netty", 2, PING)) == []
    assert connection.data_to_send() == frame("netty", 2, PONG)


def test_metadata_comes_with_the_request() -> None:
    data = bytes(request_head({"k": b"v"}, "buy")) + b"\x06"
    (request,) = requests(connected(), frame("netty", 2, data))
    assert request.metadata == {"k": b"v"}


def test_a_message_that_nobody_knows_is_a_request_all_the_same() -> None:
    (request,) = requests(connected(), frame("netty", 2, bytes(request_head({}, "nope"))))
    assert (request.message, request.one_way) == ("nope", False)


def test_a_request_may_come_in_any_number_of_buffers() -> None:
    (request,) = requests(connected(), frame("netty", 2, b"", b"\0", b"", BUY_3[1:], b""))
    assert request.parameters.read_long() == 3


def test_replies_leave_in_any_order_with_serials() -> None:
    connection = connected()
    first, second = requests(connection, frame("netty", 2, BUY_3) + frame("netty", 3, BUY_3))
    connection.reply(second.serial, b"second")
    connection.reply(first.serial, b"first")
    assert connection.data_to_send() == frame("netty", 3, b"second") + frame("netty", 2, b"first")


def test_replies_leave_in_order_without_serials() -> None:
    connection = connected("spec")
    calls = (
        frame("spec", 0, BUY_3) + frame("spec", 0, NOTE_X) + frame("spec", 0, BUY_3) + frame("spec", 0, PING)
    )
    first, one_way, second = requests(connection, calls)
    connection.reply(second.serial, b"second")
    connection.reply(one_way.serial, None)
    assert connection.data_to_send() == b""
    connection.reply(first.serial, b"first")
    replies = frame("spec", 0, b"first") + frame("spec", 0, b"second") + frame("spec", 0, PONG)
    assert connection.data_to_send() == replies


def test_a_serial_that_is_in_use_is_refused() -> None:
    connection = connected()
    with pytest.raises(RemoteProtocolError, match="serial 2 is used by two calls at once"):
        requests(connection, frame("netty", 2, BUY_3) * 2)


def test_a_serial_may_be_used_again_after_its_reply() -> None:
    connection = connected()
    for _ in range(3):
        (request,) = requests(connection, frame("netty", 2, BUY_3))
        connection.reply(request.serial, b"")


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize("call", [BUY_3, NOTE_X])
def test_calls_above_the_limit_wait_for_others_to_end(framing: Framing, call: bytes) -> None:
    connection = connected(framing, Limits(max_calls=2))
    calls = b"".join(frame(framing, serial, call) for serial in range(10, 15))
    first, second = requests(connection, calls)
    assert connection.is_full
    assert requests(connection, b"") == []
    connection.reply(first.serial, None if first.one_way else b"")
    assert not connection.is_full
    (third,) = requests(connection, b"")
    connection.reply(second.serial, None if second.one_way else b"")
    connection.reply(third.serial, None if third.one_way else b"")
    assert len(requests(connection, b"")) == 2


@pytest.mark.parametrize(
    ("data", "error", "problem"),
    [
        (b"", DecodeError, "16 bytes were announced, 0 are left"),
        (shake(SHOP, NOBODY)[:-1], DecodeError, "the data ends inside an integer"),
        (shake(SHOP, NOBODY), DecodeError, "the data ends inside an integer"),
        (shake(SHOP, NOBODY) + b"\0\x04x", DecodeError, "2 bytes were announced, 1 are left"),
        (shake(SHOP, NOBODY) + b"\0\x02\xff", DecodeError, "not UTF-8"),
        (
            encode_request(HandshakeRequest(NOBODY, "no JSON", NOBODY)) + PING,
            RemoteProtocolError,
            "the client's protocol: not a JSON document",
        ),
        (
            encode_request(HandshakeRequest(NOBODY, '{"protocol":7}', NOBODY)) + PING,
            RemoteProtocolError,
            "the client's protocol: .*protocol must be a name",
        ),
        (
            shake(SHOP, NOBODY) + bytes(request_head({"k": b"v" * 70_000}, "buy")),
            LimitExceeded,
            "metadata above max_metadata=65536 bytes",
        ),
    ],
)
def test_a_malformed_opening_is_refused(data: bytes, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        requests(server(), frame("netty", 1, data))


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize("piece", [1, 700, 10_000])
def test_a_one_way_message_above_the_limit_is_lost_and_never_answered(
    framing: Framing, piece: int, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connected(framing, Limits(max_body=1_000))
    data = frame(framing, 2, NOTE_X[:1], NOTE_X[1:] + b"x" * 600, b"x" * 600) + frame(framing, 3, BUY_3)
    (request,) = [r for at in range(0, len(data), piece) for r in requests(connection, data[at : at + piece])]
    assert request.message == "buy"
    assert connection.data_to_send() == b""
    connection.reply(request.serial, b"answer")
    assert connection.data_to_send() == frame(framing, 3, b"answer")
    assert "a.Shop/note, which is one-way, is lost" in caplog.text


@pytest.mark.parametrize("head", [b"\xff" * 2_000, b"\x02" + b"\xfe\x7f" + b"k" * 2_000])
def test_a_body_above_the_limit_whose_beginning_cannot_be_read_is_refused(head: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        connected("netty", Limits(max_body=1_000)).receive(frame("netty", 2, head))


@pytest.mark.parametrize("framing", ["netty", "spec"])
def test_a_call_above_the_limit_fails_and_the_connection_lives(framing: Framing) -> None:
    connection = connected(framing, Limits(max_body=1_000))
    assert requests(connection, frame(framing, 2, BUY_3, b"x" * (2_000 - len(BUY_3)))) == []
    text = "a message of 2000 bytes or more, above max_body=1000"
    assert connection.data_to_send() == frame(framing, 2, system_error(Code.RESOURCE_EXHAUSTED, text))
    (request,) = requests(connection, frame(framing, 3, BUY_3))
    assert request.message == "buy"


def test_an_opening_above_the_limit_is_refused_at_once() -> None:
    with pytest.raises(LimitExceeded, match="above max_body=1000"):
        requests(server(limits=Limits(max_body=1_000)), frame("netty", 1, b"x" * 2_000)[:12])


@pytest.mark.parametrize("data", [b"", b"\0", b"\x02", b"\0\x04x", b"\xff" * 20])
def test_a_malformed_call_is_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        requests(connected(), frame("netty", 2, data))


def test_a_connection_says_what_it_is() -> None:
    assert repr(server()) == "<ServerConnection unbound calls=0>"
    connection = connected()
    requests(connection, frame("netty", 2, BUY_3))
    assert repr(connection) == "<ServerConnection a.Shop calls=1>"


def test_the_hash_is_that_of_the_text() -> None:
    assert SHOP.hash == hashlib.md5(SHOP.text.encode()).digest()
