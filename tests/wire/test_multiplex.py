"""Calls and streams in our own frames, as bytes in and events out, and what a broken peer may send."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from avrorpc.codec.binary import Cursor
from avrorpc.errors import (
    DecodeError,
    LimitExceeded,
    LocalProtocolError,
    RemoteProtocolError,
    RpcError,
    StatusError,
)
from avrorpc.limits import Limits
from avrorpc.wire.compression import Deflate
from avrorpc.wire.envelope import read_code, read_reply_head
from avrorpc.wire.frames import CHUNK, HEAD, Flag, Kind, encode
from avrorpc.wire.multiplex import (
    ITEM_COST,
    LONG_BYTES,
    MAX_CONTROL,
    Answered,
    Cancelled,
    Ended,
    Event,
    Failed,
    Handshake,
    Item,
    Leaving,
    Multiplexer,
    Opened,
    Pinged,
    Side,
    Writable,
)
from avrorpc.wire.settings import Settings
from hypothesis import given, settings
from hypothesis import strategies as st

SMALL = Limits(
    max_body=200_000,
    max_frame=70_000,
    max_unfinished=300_000,
    max_calls=3,
    stream_window=1_000,
    max_expansion=500,
)


class Ends:
    """A client and a server, and the bytes carried between them in pieces of one size."""

    def __init__(
        self, limits: Limits = SMALL, *, compressed: bool = False, credit: bool = True, piece: int = 0
    ) -> None:
        agreed = Settings(
            window=limits.stream_window if credit else None,
            max_calls=limits.max_calls,
            max_body=limits.max_body,
            compression=Deflate() if compressed else None,
        )
        self.client = Multiplexer(Side.CLIENT, limits, agreed)
        self.server = Multiplexer(Side.SERVER, limits, agreed)
        self.piece = piece

    def to_server(self) -> list[Event]:
        return self._carry(self.client, self.server)

    def to_client(self) -> list[Event]:
        return self._carry(self.server, self.client)

    def _carry(self, sender: Multiplexer, receiver: Multiplexer) -> list[Event]:
        events: list[Event] = []
        while data := sender.data_to_send(1_000):
            size = self.piece or len(data)
            for start in range(0, len(data), size):
                events += receiver.receive(data[start : start + size])
        return events


@pytest.fixture(params=[0, 1, 7], ids=["whole", "byte by byte", "in sevens"])
def ends(request: pytest.FixtureRequest) -> Ends:
    return Ends(piece=request.param)


def code(body: bytes) -> str:
    metadata, is_error = read_reply_head(Cursor(body, SMALL))
    assert is_error
    return read_code(metadata).value


def test_a_call_arrives_whole_and_its_reply_comes_back(ends: Ends) -> None:
    number = ends.client.open(b"request")
    assert ends.to_server() == [Opened(number, b"request", one_way=False, takes_stream=False)]
    ends.server.reply(number, b"reply")
    assert ends.to_client() == [Answered(number, b"reply")]
    assert (ends.client.calls, ends.server.calls) == (0, 0)


def test_calls_are_answered_in_any_order(ends: Ends) -> None:
    first, second = ends.client.open(b"1"), ends.client.open(b"2")
    ends.to_server()
    ends.server.reply(second, b"b")
    ends.server.reply(first, b"a")
    assert ends.to_client() == [Answered(second, b"b"), Answered(first, b"a")]


def test_a_one_way_call_leaves_no_trace(ends: Ends) -> None:
    number = ends.client.open(b"note", one_way=True)
    assert ends.to_server() == [Opened(number, b"note", one_way=True, takes_stream=False)]
    assert ends.client.calls == 0
    ends.server.release(number)
    assert ends.server.calls == 0
    assert ends.server.data_to_send() == b""


def test_a_reply_to_a_one_way_call_is_not_sent(ends: Ends) -> None:
    number = ends.client.open(b"note", one_way=True)
    ends.to_server()
    ends.server.reply(number, b"nobody asked")
    assert ends.server.data_to_send() == b""
    assert ends.server.calls == 0


def test_items_pass_in_both_directions_in_their_order(ends: Ends) -> None:
    number = ends.client.open(b"talk", gives=True, takes=True)
    ends.client.send_item(number, b"a")
    ends.client.send_item(number, b"")
    ends.client.end(number)
    assert ends.to_server() == [
        Opened(number, b"talk", one_way=False, takes_stream=True),
        Item(number, b"a"),
        Item(number, b""),
        Ended(number),
    ]
    ends.server.send_item(number, b"x")
    ends.server.send_item(number, b"y")
    ends.server.reply(number, b"end")
    assert ends.to_client() == [Item(number, b"x"), Item(number, b"y"), Answered(number, b"end")]
    assert (ends.client.calls, ends.server.calls) == (0, 0)


def test_credit_holds_a_sender_back_until_items_are_read(ends: Ends) -> None:
    number = ends.client.open(b"upload", gives=True)
    sent = 0
    while ends.client.can_send(number):
        ends.client.send_item(number, b"x" * 68)
        sent += 1
    assert sent == 10  # of 1,000 bytes, each item takes 100
    with pytest.raises(LocalProtocolError, match="without credit"):
        ends.client.send_item(number, b"x")
    assert len(ends.to_server()) == 1 + sent
    ends.server.consumed(number, 68)
    assert ends.to_client() == []  # credit is given in halves of a window
    for _ in range(4):
        ends.server.consumed(number, 68)
    assert ends.to_client() == [Writable(number)]
    assert ends.client.can_send(number)


def test_credit_that_nobody_waits_for_is_no_event(ends: Ends) -> None:
    number = ends.client.open(b"upload", gives=True)
    ends.client.send_item(number, b"x" * 600)
    ends.to_server()
    ends.server.consumed(number, 600)
    assert ends.to_client() == []


def test_an_item_larger_than_the_window_passes_when_there_is_any_credit(ends: Ends) -> None:
    number = ends.client.open(b"upload", gives=True)
    ends.client.send_item(number, b"x" * 5_000)
    assert not ends.client.can_send(number)
    assert ends.to_server()[1:] == [Item(number, b"x" * 5_000)]
    ends.server.consumed(number, 5_000)
    assert ends.to_client() == [Writable(number)]


def test_without_credit_the_transport_holds_back() -> None:
    ends = Ends(credit=False)
    number = ends.client.open(b"upload", gives=True)
    for _ in range(100):
        assert ends.client.can_send(number)
        ends.client.send_item(number, b"x" * 1_000)
    assert len(ends.to_server()) == 101
    ends.server.consumed(number, 1_000)
    assert ends.to_client() == []


def test_small_calls_pass_between_the_parts_of_large_ones() -> None:
    ends = Ends()
    large = ends.client.open(b"x" * (CHUNK * 2 + 1))
    small = ends.client.open(b"small")
    data = ends.client.data_to_send()
    kinds = []
    while data:
        length, kind, flags, call = HEAD.unpack_from(data)
        kinds.append((call, Kind(kind), flags))
        data = data[HEAD.size + length :]
    assert kinds == [
        (large, Kind.OPEN, Flag.MORE),
        (small, Kind.OPEN, 0),
        (large, Kind.OPEN, Flag.MORE),
        (large, Kind.OPEN, 0),
    ]


def test_of_many_long_messages_the_other_end_holds_few_by_half() -> None:
    limits = Limits(max_unfinished=LONG_BYTES + 4 * CHUNK)
    ends = Ends(limits)
    body = b"x" * 1_000_000
    opened = [ends.client.open(body) for _ in range(100)]
    small = ends.client.open(b"small")
    came: list[int] = []
    while data := ends.client.data_to_send(1):
        for event in ends.server.receive(data):
            assert isinstance(event, Opened)  # none has failed for a limit
            came.append(event.call)
    assert came[0] == small
    assert sorted(came) == [*opened, small]
    assert came[1:] == opened  # who waited goes first


@pytest.mark.parametrize("started", [0, 1, 500])
def test_a_long_message_that_is_given_up_makes_room_for_others(started: int) -> None:
    ends = Ends(Limits())
    body = b"x" * (LONG_BYTES // 2)
    opened = [ends.client.open(body) for _ in range(12)]
    for _ in range(started):
        ends.server.receive(ends.client.data_to_send(1))
    for number in opened[:-1]:
        ends.client.cancel(number)
    answers = [event for event in ends.to_server() if isinstance(event, Opened)]
    assert opened[-1] in {answer.call for answer in answers}
    assert not ends.client.has_output


def test_control_frames_pass_between_the_parts_of_large_bodies() -> None:
    ends = Ends()
    number = ends.client.open(b"x" * (CHUNK * 2 + 1))
    first = ends.client.data_to_send(1)
    ends.client.ping(bytes(8))
    assert ends.client.data_to_send(1) == encode(Kind.PING, 0, bytes(8))
    ends.server.receive(first)
    assert ends.to_server() == [Opened(number, b"x" * (CHUNK * 2 + 1), one_way=False, takes_stream=False)]


def test_a_cancelled_call_is_over_for_the_client_and_released_by_the_server(ends: Ends) -> None:
    number = ends.client.open(b"work", takes=True)
    ends.to_server()
    ends.server.send_item(number, b"too late")
    ends.client.cancel(number)
    assert ends.client.calls == 0
    assert ends.to_server() == [Cancelled(number)]
    assert ends.to_client() == []  # what was due to it is not sent
    assert ends.server.calls == 1
    ends.server.release(number)
    assert ends.server.calls == 0


def test_what_was_on_its_way_to_a_cancelled_call_is_dropped(ends: Ends) -> None:
    number = ends.client.open(b"work", takes=True)
    ends.to_server()
    ends.server.send_item(number, b"x")
    ends.server.reply(number, b"reply")
    late = ends.server.data_to_send()
    ends.client.cancel(number)
    assert ends.client.receive(late) == []
    assert ends.to_server() == []  # the server is done with it, too


def test_a_call_that_was_never_sent_is_cancelled_without_a_word(ends: Ends) -> None:
    ends.client.cancel(ends.client.open(b"never mind"))
    second = ends.client.open(b"but this")
    assert ends.to_server() == [Opened(second, b"but this", one_way=False, takes_stream=False)]


def test_a_call_cancelled_in_the_middle_of_its_body_never_begins() -> None:
    ends = Ends()
    number = ends.client.open(b"x" * (CHUNK + 1))
    ends.server.receive(ends.client.data_to_send(1))
    ends.client.cancel(number)
    assert ends.to_server() == []
    assert ends.server.calls == 0
    assert ends.server.idle


def test_cancelling_twice_or_after_the_reply_does_nothing(ends: Ends) -> None:
    number = ends.client.open(b"work")
    ends.to_server()
    ends.server.reply(number, b"reply")
    ends.to_client()
    ends.client.cancel(number)
    ends.client.cancel(number)
    assert ends.client.data_to_send() == b""


def test_an_early_reply_ends_a_request_stream(ends: Ends) -> None:
    number = ends.client.open(b"upload", gives=True)
    ends.client.send_item(number, b"1")
    ends.to_server()
    ends.server.reply(number, b"enough")
    assert ends.to_client() == [Answered(number, b"enough")]
    assert not ends.client.is_open(number)
    assert ends.client.can_send(number)
    ends.client.send_item(number, b"2")
    ends.client.end(number)
    assert ends.client.data_to_send() == b""


def test_items_that_cross_an_early_reply_are_dropped(ends: Ends) -> None:
    number = ends.client.open(b"upload", gives=True)
    ends.to_server()
    ends.client.send_item(number, b"1")
    ends.client.end(number)
    ends.server.reply(number, b"enough")
    ends.to_client()
    assert ends.to_server() == []


def test_pings_are_answered(ends: Ends) -> None:
    ends.client.ping(b"12345678")
    assert ends.to_server() == []
    assert ends.to_client() == [Pinged(b"12345678")]


def test_goodbye_names_the_calls_that_were_not_begun(ends: Ends) -> None:
    first = ends.client.open(b"1")
    ends.to_server()
    ends.server.goodbye("tea")
    second = ends.client.open(b"2")
    assert ends.to_server() == []
    assert ends.to_client() == [Leaving("tea", (second,))]
    assert ends.client.is_leaving
    ends.server.reply(first, b"still served")
    assert ends.to_client() == [Answered(first, b"still served")]


def test_a_large_call_after_goodbye_is_skipped(ends: Ends) -> None:
    ends.server.goodbye("tea")
    ends.client.open(b"x" * (CHUNK + 1))
    assert ends.to_server() == []
    assert ends.server.calls == 0


def test_calls_that_cross_the_wish_to_leave_are_served_until_goodbye(ends: Ends) -> None:
    ends.server.leave("tea")
    first = ends.client.open(b"1", gives=True)
    ends.client.send_item(first, b"a")
    assert ends.to_server() == [
        Opened(first, b"1", one_way=False, takes_stream=True),
        Item(first, b"a"),
    ]
    assert ends.to_client() == [Leaving("tea", ())]
    assert ends.client.is_leaving
    second = ends.client.open(b"2")
    ends.server.goodbye("tea")
    assert ends.to_server() == []
    assert ends.to_client() == [Leaving("tea", (second,))]
    ends.server.reply(first, b"done")
    assert ends.to_client() == [Answered(first, b"done")]


def test_each_of_the_two_goodbyes_is_said_once(ends: Ends) -> None:
    for _ in range(2):
        ends.server.leave("tea")
    for _ in range(2):
        ends.server.goodbye("tea")
    ends.server.leave("tea")
    assert ends.to_client() == [Leaving("tea", ()), Leaving("tea", ())]


def test_a_call_is_unanswered_from_its_first_byte_on(ends: Ends) -> None:
    number = ends.client.open(b"x" * (CHUNK + 1))
    ends.server.receive(ends.client.data_to_send(1))
    assert ends.server.unanswered == 1
    assert ends.to_server() == [Opened(number, b"x" * (CHUNK + 1), one_way=False, takes_stream=False)]
    ends.server.reply(number, b"")
    assert ends.server.unanswered == 0


def test_a_client_may_say_goodbye_too(ends: Ends) -> None:
    ends.client.goodbye("done")
    assert ends.to_server() == [Leaving("done", ())]


def test_handshakes_pass_with_their_numbers(ends: Ends) -> None:
    number = ends.client.handshake(b"request")
    assert ends.to_server() == [Handshake(number, b"request")]
    ends.server.handshake(b"response", number)
    assert ends.to_client() == [Handshake(number, b"response")]


@pytest.mark.parametrize("piece", [0, 1])
def test_long_messages_are_compressed_where_it_pays(piece: int) -> None:
    ends = Ends(compressed=True, piece=piece)
    number = ends.client.open(b"x" * 10_000)
    assert ends.client._calls[number].messages[0].payload != b"x" * 10_000
    assert ends.to_server() == [Opened(number, b"x" * 10_000, one_way=False, takes_stream=False)]
    ends.server.reply(number, b"y" * 100)
    assert ends.to_client() == [Answered(number, b"y" * 100)]


def test_more_calls_than_allowed_are_refused_and_the_rest_goes_on(ends: Ends) -> None:
    numbers = [ends.client.open(b"1") for _ in range(4)]
    assert [event.call for event in ends.to_server() if isinstance(event, Opened)] == numbers[:3]
    (refused,) = ends.to_client()
    assert isinstance(refused, Answered)
    assert refused.serial == numbers[3]
    assert code(refused.body) == "RESOURCE_EXHAUSTED"
    assert b"max_calls=3" in refused.body
    ends.server.reply(numbers[0], b"done")
    ends.to_client()
    fifth = ends.client.open(b"now")
    assert ends.to_server() == [Opened(fifth, b"now", one_way=False, takes_stream=False)]


def test_a_large_call_that_is_refused_is_skipped_to_its_end(ends: Ends) -> None:
    for _ in range(3):
        ends.client.open(b"1")
    ends.client.open(b"x" * 150_000)
    assert len(ends.to_server()) == 3
    assert len(ends.to_client()) == 1


def test_calls_cancelled_faster_than_they_end_are_an_attack(ends: Ends) -> None:
    def come_and_go() -> None:
        number = ends.client.open(b"1")
        ends.to_server()
        ends.client.cancel(number)
        ends.to_server()

    for _ in range(6):
        come_and_go()
    with pytest.raises(LimitExceeded, match="twice max_calls=3"):
        come_and_go()


def test_a_body_above_the_limit_fails_its_call_and_not_the_connection(ends: Ends) -> None:
    ends.client.settings = replace(ends.client.settings, max_body=10**9)
    number = ends.client.open(b"x" * 300_000)
    small = ends.client.open(b"small")
    failed, opened = sorted(ends.to_server(), key=lambda event: isinstance(event, Opened))
    assert isinstance(failed, Failed)
    assert (failed.call, str(failed.error)) == (number, "a message above max_body=200000 bytes")
    assert opened == Opened(small, b"small", one_way=False, takes_stream=False)
    ends.server.reply(number, b"too large")
    assert ends.to_client() == [Answered(number, b"too large")]


def test_an_item_above_the_limit_fails_its_call(ends: Ends) -> None:
    ends.client.settings = replace(ends.client.settings, max_body=10**9)
    number = ends.client.open(b"upload", gives=True)
    ends.client.send_item(number, b"x" * 300_000)
    ends.client.end(number)
    _, failed = ends.to_server()
    assert isinstance(failed, Failed)
    ends.server.reply(number, b"too large")
    assert ends.to_client() == [Answered(number, b"too large")]


def test_a_reply_above_the_limit_fails_the_call_at_the_client(ends: Ends) -> None:
    ends.server.settings = replace(ends.server.settings, max_body=10**9)
    number = ends.client.open(b"give")
    ends.to_server()
    ends.server.reply(number, b"x" * 300_000)
    (failed,) = ends.to_client()
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, LimitExceeded)
    assert ends.to_server() == []
    assert ends.server.calls == 0


def test_what_the_other_end_would_not_take_is_not_sent(ends: Ends) -> None:
    with pytest.raises(StatusError, match="above the other end's max_body=200000"):
        ends.client.open(b"x" * 200_001)
    assert ends.client.calls == 0


def test_half_received_messages_have_a_common_limit() -> None:
    ends = Ends(replace(SMALL, max_unfinished=150_000))
    ends.client.open(b"x" * 150_000)
    ends.client.open(b"y" * 150_000)
    events = ends.to_server()
    assert any(isinstance(event, Failed) and "max_unfinished=150000" in str(event.error) for event in events)


def test_a_decompression_bomb_fails_its_call() -> None:
    ends = Ends(compressed=True)
    bombs = [bytes(100_000_000), bytes(190_000), b"fine"]
    packed = [Deflate().compress(bomb) for bomb in bombs]
    assert len(packed[1]) * SMALL.max_expansion < 190_000
    events = []
    for number, data in enumerate(packed, 1):
        for start in range(0, len(data), CHUNK):
            part = data[start : start + CHUNK]
            flags = (Flag.COMPRESSED if start == 0 else 0) | (Flag.MORE if start + CHUNK < len(data) else 0)
            events += ends.server.receive(encode(Kind.OPEN, number, part, flags))
    errors = {event.call: str(event.error) for event in events if isinstance(event, Failed)}
    assert "max_body=200000" in errors[1]
    assert "max_expansion=500" in errors[2]
    assert Opened(3, b"fine", one_way=False, takes_stream=False) in events


def test_what_the_other_end_would_take_for_a_bomb_is_sent_as_it_is() -> None:
    ends = Ends(compressed=True)
    number = ends.client.open(bytes(190_000))
    assert ends.to_server() == [Opened(number, bytes(190_000), one_way=False, takes_stream=False)]


def test_what_compressed_calls_became_is_bounded_while_they_last() -> None:
    ends = Ends(replace(SMALL, max_unfinished=150_000), compressed=True)
    body = b"".join(n.to_bytes(4, "big") for n in range(25_000))
    numbers = [ends.client.open(body) for _ in range(2)]
    opened, failed = ends.to_server()
    assert isinstance(opened, Opened)
    assert isinstance(failed, Failed)
    assert str(failed.error) == "decompressed messages above max_unfinished=150000 bytes"
    for number in numbers:
        ends.server.reply(number, b"done")
    ends.to_client()
    again = ends.client.open(body)
    assert ends.to_server() == [Opened(again, body, one_way=False, takes_stream=False)]


def test_credit_that_waits_to_be_sent_is_one_frame_for_each_call() -> None:
    ends = Ends()
    number = ends.client.open(b"upload", gives=True)
    for _ in range(50):
        ends.client.send_item(number, b"x" * 600)
        ends.server.receive(ends.client.data_to_send())
        ends.server.consumed(number, 600)
        ends.client.receive(encode(Kind.CREDIT, number, struct.pack(">I", 632)))  # as if it had been told
    assert ends.server.data_to_send() == encode(Kind.CREDIT, number, struct.pack(">I", 50 * 632))


def test_answers_that_an_end_makes_wait_are_bounded_in_bytes_too() -> None:
    server = Multiplexer(Side.SERVER, SMALL, Settings())
    for number in range(3):
        server.handshake(bytes(1_000_000), number)
    with pytest.raises(LimitExceeded, match="MAX_CONTROL_BYTES=2097152"):
        server.handshake(b"", 3)


def test_a_callers_own_cancels_never_fail_for_a_server_that_does_not_read(ends: Ends) -> None:
    numbers = [ends.client.open(b"") for _ in range(2 * MAX_CONTROL)]
    ends.client.data_to_send(10**6)
    for number in numbers:
        ends.client.cancel(number)
    assert ends.client.calls == 0
    ends.client.receive(encode(Kind.PING, 0, bytes(8)))


def test_a_reason_to_leave_is_cut_short(ends: Ends) -> None:
    (event,) = ends.client.receive(encode(Kind.GOODBYE, 0, bytes(4) + b"x" * 60_000))
    assert event == Leaving("x" * 1_000, ())


def open_frame(call: int = 1, flags: int = 0, body: bytes = b"") -> bytes:
    return encode(Kind.OPEN, call, body, flags)


FRAMES: list[tuple[str, bytes, type[RpcError], str]] = [
    ("an unknown kind", HEAD.pack(0, 99, 0, 0), RemoteProtocolError, "the unknown kind 99"),
    ("kind zero", bytes(HEAD.size), RemoteProtocolError, "the unknown kind 0"),
    ("an unknown flag", HEAD.pack(0, Kind.OPEN, 128, 1), RemoteProtocolError, "unknown flags 0x80"),
    ("a frame too long", HEAD.pack(70_001, Kind.OPEN, 0, 1), LimitExceeded, "max_frame=70000"),
    ("the longest length", HEAD.pack(2**32 - 1, Kind.OPEN, 0, 1), LimitExceeded, "max_frame=70000"),
    ("call 0 opened", open_frame(0), RemoteProtocolError, "call 0 is opened again, or out of order"),
    ("a call opened twice", open_frame() * 2, RemoteProtocolError, "call 1 is opened again"),
    ("calls out of order", open_frame(2) + open_frame(1), RemoteProtocolError, "call 1 is opened again"),
    (
        "an item before its call",
        encode(Kind.ITEM, 1),
        RemoteProtocolError,
        "ITEM for call 1, which never began",
    ),
    ("an item of call 0", encode(Kind.ITEM, 0), RemoteProtocolError, "never began"),
    ("END before its call", encode(Kind.END, 1), RemoteProtocolError, "END for call 1, which never began"),
    ("CANCEL before its call", encode(Kind.CANCEL, 7), RemoteProtocolError, "never began"),
    ("CREDIT before its call", encode(Kind.CREDIT, 7, bytes(4)), RemoteProtocolError, "never began"),
    (
        "an item for a call that takes none",
        open_frame() + encode(Kind.ITEM, 1),
        RemoteProtocolError,
        "takes none",
    ),
    (
        "an item after END",
        open_frame(1, Flag.STREAM) + encode(Kind.END, 1) + encode(Kind.ITEM, 1),
        RemoteProtocolError,
        "takes none, or none any more",
    ),
    (
        "END twice",
        open_frame(1, Flag.STREAM) + encode(Kind.END, 1) * 2,
        RemoteProtocolError,
        "the stream of call 1 ends twice",
    ),
    ("END of what is no stream", open_frame() + encode(Kind.END, 1), RemoteProtocolError, "was never one"),
    (
        "END within an item",
        open_frame(1, Flag.STREAM) + encode(Kind.ITEM, 1, b"x", Flag.MORE) + encode(Kind.END, 1),
        RemoteProtocolError,
        "ends within a message",
    ),
    (
        "items beyond the window",
        open_frame(1, Flag.STREAM) + encode(Kind.ITEM, 1, b"x" * 100) * 9,
        LimitExceeded,
        "call 1 sends beyond stream_window=1000",
    ),
    (
        "empty items beyond the window",
        open_frame(1, Flag.STREAM) + encode(Kind.ITEM, 1) * 33,
        LimitExceeded,
        "stream_window=1000",
    ),
    (
        "a message within a message",
        open_frame(1, Flag.STREAM) + encode(Kind.ITEM, 1, b"x", Flag.MORE) + open_frame(1),
        RemoteProtocolError,
        "OPEN within a ITEM",
    ),
    (
        "an item within an OPEN",
        open_frame(1, Flag.MORE | Flag.STREAM) + encode(Kind.ITEM, 1, b"x"),
        RemoteProtocolError,
        "ITEM within a OPEN of call 1",
    ),
    (
        "flags in the middle",
        open_frame(1, Flag.MORE) + open_frame(1, Flag.ONE_WAY),
        RemoteProtocolError,
        "flags in the middle of a OPEN",
    ),
    (
        "a one-way stream",
        open_frame(1, Flag.ONE_WAY | Flag.STREAM),
        RemoteProtocolError,
        "one-way call that is",
    ),
    (
        "a reply to a server",
        encode(Kind.REPLY, 1),
        RemoteProtocolError,
        "a REPLY frame, which a server does not",
    ),
    (
        "BOUND to a server",
        encode(Kind.BOUND, 1),
        RemoteProtocolError,
        "a BOUND frame, which a server does not",
    ),
    (
        "a PING too short",
        encode(Kind.PING, 0, b"1234"),
        RemoteProtocolError,
        "a PING frame of 4 bytes, and not 8",
    ),
    ("a PONG too long", encode(Kind.PONG, 0, bytes(9)), RemoteProtocolError, "a PONG frame of 9 bytes"),
    ("CREDIT without its number", open_frame() + encode(Kind.CREDIT, 1), RemoteProtocolError, "of 0 bytes"),
    (
        "END with a payload",
        open_frame(1, Flag.STREAM) + encode(Kind.END, 1, b"x"),
        RemoteProtocolError,
        "1 bytes",
    ),
    (
        "a flagged PING",
        encode(Kind.PING, 0, bytes(8), Flag.MORE),
        RemoteProtocolError,
        "PING frame with flags",
    ),
    ("GOODBYE without a call", encode(Kind.GOODBYE, 0, b"x"), RemoteProtocolError, "without its last call"),
    (
        "more credit than there can be",
        open_frame() + encode(Kind.CREDIT, 1, struct.pack(">I", 2**31)),
        RemoteProtocolError,
        "more credit for call 1 than a window can have",
    ),
    (
        "compression that was not agreed",
        open_frame(1, Flag.COMPRESSED, b"x"),
        RemoteProtocolError,
        "where no compression was agreed on",
    ),
    (
        "a flood of pings",
        encode(Kind.PING, 0, bytes(8)) * (MAX_CONTROL + 1),
        LimitExceeded,
        "MAX_CONTROL=1024",
    ),
]


@pytest.mark.parametrize(("data", "kind", "text"), [pytest.param(*row[1:], id=row[0]) for row in FRAMES])
@pytest.mark.parametrize("step", [0, 1], ids=["whole", "byte by byte"])
def test_what_breaks_the_rules_ends_the_connection(
    data: bytes, kind: type[RpcError], text: str, step: int
) -> None:
    def feed(server: Multiplexer) -> None:
        size = step or len(data)
        for start in range(0, len(data), size):
            server.receive(data[start : start + size])

    with pytest.raises(kind, match=text):
        feed(Ends().server)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (encode(Kind.OPEN, 1), "a OPEN frame, which a client does not take"),
        (encode(Kind.END, 1), "a END frame, which a client does not take"),
        (encode(Kind.CANCEL, 1), "a CANCEL frame, which a client does not take"),
        (encode(Kind.BIND, 1), "a BIND frame, which a client does not take"),
        (encode(Kind.REPLY, 9), "REPLY for call 9, which never began"),
        (encode(Kind.ITEM, 1), "an item for call 1, which takes none"),
    ],
)
def test_a_client_holds_its_server_to_the_rules(data: bytes, text: str) -> None:
    client = Ends().client
    client.open(b"call")
    with pytest.raises(RemoteProtocolError, match=text):
        client.receive(data)


def test_a_message_that_is_not_compressed_as_it_says_fails_its_call() -> None:
    ends = Ends(compressed=True)
    (failed,) = ends.server.receive(open_frame(1, Flag.COMPRESSED, b"no zlib data"))
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, DecodeError)


def test_numbers_of_calls_run_out_with_a_word() -> None:
    client = Ends().client
    client._last = 2**32 - 1
    with pytest.raises(RemoteProtocolError, match="no more numbers for calls"):
        client.open(b"one too many")


def frames(most: int = 30) -> st.SearchStrategy[list[bytes]]:
    return st.lists(
        st.builds(
            encode,
            st.sampled_from(Kind),
            st.integers(0, 4),
            st.one_of(st.binary(max_size=12), st.just(bytes(8)), st.just(struct.pack(">I", 500))),
            st.sampled_from([0, 0, 0, Flag.MORE, Flag.STREAM, Flag.ONE_WAY, Flag.COMPRESSED]),
        ),
        max_size=most,
    )


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(Side), frames(), st.booleans())
def test_no_sequence_of_frames_does_more_than_end_the_connection(
    side: Side, sequence: list[bytes], compressed: bool
) -> None:
    ends = Ends(compressed=compressed)
    end = ends.client if side is Side.CLIENT else ends.server
    if side is Side.CLIENT:
        end.open(b"1", takes=True)
        end.open(b"2", gives=True)
        end.data_to_send()
    try:
        for data in sequence:
            for event in end.receive(data):
                _answer(end, event)
            end.data_to_send()
    except RemoteProtocolError:
        return
    assert end.calls <= 2 * SMALL.max_calls


def _answer(end: Multiplexer, event: Event) -> None:
    match event:
        case Opened(call, _, _, _) | Failed(call, _):
            end.reply(call, b"reply")
        case Cancelled(call):
            end.release(call)
        case Item(call, body):
            end.consumed(call, len(body))
        case _:
            pass


@settings(max_examples=200, deadline=None)
@given(st.data(), st.booleans(), st.sampled_from([0, 1, 5, 1000]))
def test_whatever_both_ends_do_in_whatever_order_all_that_is_sent_arrives(
    data: st.DataObject, compressed: bool, piece: int
) -> None:
    ends = Ends(replace(SMALL, max_calls=50), compressed=compressed, piece=piece)
    sent: dict[tuple[str, int], list[bytes]] = {}
    got: dict[tuple[str, int], list[bytes]] = {}
    open_calls: list[int] = []
    bodies = st.one_of(st.binary(max_size=20), st.integers(0, 3).map(lambda n: bytes(n * 700)))
    served: set[int] = set()

    def carry(take: Callable[[], list[Event]], name: str, end: Multiplexer) -> None:
        for event in take():
            match event:
                case Opened(call, _, _, _):
                    served.add(call)
                case Item(call, body):
                    got.setdefault((name, call), []).append(body)
                    end.consumed(call, len(body))
                case _:
                    pass

    for _ in range(data.draw(st.integers(1, 25))):
        action = data.draw(st.sampled_from(["open", "client", "server", "carry"]))
        if action == "open" and len(open_calls) < 10:
            open_calls.append(ends.client.open(data.draw(bodies), gives=True, takes=True))
        elif action == "client" and open_calls:
            call = data.draw(st.sampled_from(open_calls))
            if ends.client.can_send(call):
                body = data.draw(bodies)
                ends.client.send_item(call, body)
                sent.setdefault(("to server", call), []).append(body)
        elif action == "server" and served:
            call = data.draw(st.sampled_from(sorted(served)))
            if ends.server.can_send(call):
                body = data.draw(bodies)
                ends.server.send_item(call, body)
                sent.setdefault(("to client", call), []).append(body)
        else:
            carry(ends.to_server, "to server", ends.server)
            carry(ends.to_client, "to client", ends.client)
    carry(ends.to_server, "to server", ends.server)
    carry(ends.to_client, "to client", ends.client)
    assert got == sent
    for call in open_calls:
        ends.client.end(call)
        ends.server.reply(call, b"done")
    carry(ends.to_server, "to server", ends.server)
    answers = [event for event in ends.to_client() if isinstance(event, Answered)]
    assert sorted(answer.serial for answer in answers) == sorted(served)
    assert ITEM_COST > 0


def test_what_waits_to_be_sent_is_counted_in_bytes() -> None:
    client = Multiplexer(Side.CLIENT, Limits(), Settings())
    assert client.queued == 0
    client.open(bytes(100_000))
    client.open(bytes(10))
    assert client.queued == 100_010
    client.data_to_send(1)
    assert 0 < client.queued < 100_010
    while client.has_output:
        client.data_to_send()
    assert client.queued == 0
