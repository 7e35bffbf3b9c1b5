"""Messages cut out of a stream of bytes: each case whole, byte by byte, and with what follows."""

from __future__ import annotations

import pytest
from avrorpc.errors import LimitExceeded, LocalProtocolError, RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.wire.framing import Framing, deframer, frame
from hypothesis import given
from hypothesis import strategies as st

LIMITS = Limits(max_body=100, max_buffers=4)
Message = tuple[int, bytes]

STREAMS: list[tuple[str, Framing, str, list[Message]]] = [
    ("nothing", "netty", "", []),
    ("one buffer", "netty", "00000007 00000001 00000003 616263", [(7, b"abc")]),
    ("two buffers", "netty", "00000007 00000002 00000001 61 00000002 6263", [(7, b"abc")]),
    ("empty buffers as Java sends them", "netty", "00000001 00000003 00000000 00000001 00 00000002 0054",
     [(1, b"\x00\x00T")]),
    ("an empty buffer alone", "netty", "00000001 00000001 00000000", [(1, b"")]),
    ("no buffers at all", "netty", "00000001 00000000", [(1, b"")]),
    ("a negative serial", "netty", "ffffffff 00000001 00000001 61", [(-1, b"a")]),
    ("two messages", "netty", "00000001 00000001 00000001 61 00000002 00000001 00000001 62",
     [(1, b"a"), (2, b"b")]),
    ("half a header", "netty", "00000001 0000", []),
    ("half a buffer", "netty", "00000001 00000001 00000003 6162", []),
    ("nothing", "spec", "", []),
    ("one buffer", "spec", "00000003 616263 00000000", [(0, b"abc")]),
    ("two buffers", "spec", "00000001 61 00000002 6263 00000000", [(0, b"abc")]),
    ("no buffers", "spec", "00000000", [(0, b"")]),
    ("two messages", "spec", "00000001 61 00000000 00000001 62 00000000", [(0, b"a"), (1, b"b")]),
    ("no end", "spec", "00000001 61", []),
]  # fmt: skip
STREAM_IDS = [f"{framing}: {name}" for name, framing, _, _ in STREAMS]


@pytest.mark.parametrize(("name", "framing", "stream", "messages"), STREAMS, ids=STREAM_IDS)
def test_a_stream_is_cut_into_messages(
    name: str, framing: Framing, stream: str, messages: list[Message]
) -> None:
    data = bytes.fromhex(stream)
    whole = deframer(framing, LIMITS)
    assert whole.feed(data) == messages
    one_by_one = deframer(framing, LIMITS)
    assert [message for at in range(len(data)) for message in one_by_one.feed(data[at : at + 1])] == messages
    assert whole.idle == one_by_one.idle == (not name.startswith(("half", "no end")))


@pytest.mark.parametrize(
    ("framing", "stream", "messages"),
    [
        pytest.param(*row, id=f"{row[0]}: {name}")
        for name, *row in STREAMS
        if not name.startswith(("half", "no end"))
    ],
)
def test_what_follows_is_kept_for_later(framing: Framing, stream: str, messages: list[Message]) -> None:
    following = frame(framing, 9, b"later")
    cutter = deframer(framing, LIMITS)
    assert cutter.feed(bytes.fromhex(stream) + following[:5]) == messages
    assert not cutter.idle
    assert [body for _, body in cutter.feed(following[5:])] == [b"later"]
    assert cutter.idle


@pytest.mark.parametrize(
    ("framing", "buffers", "expected"),
    [
        ("netty", (b"ab", b"c"), "00000007 00000002 00000002 6162 00000001 63"),
        ("netty", (b"", b"c"), "00000007 00000002 00000000 00000001 63"),
        ("netty", (), "00000007 00000001 00000000"),
        ("spec", (b"ab", b"c"), "00000002 6162 00000001 63 00000000"),
        ("spec", (b"", b"c"), "00000001 63 00000000"),
        ("spec", (), "00000000"),
    ],
)
def test_a_message_is_framed(framing: Framing, buffers: tuple[bytes, ...], expected: str) -> None:
    assert frame(framing, 7, *buffers).hex() == expected.replace(" ", "")


@pytest.mark.parametrize(
    ("framing", "stream", "error", "problem"),
    [
        ("netty", "00000001 ffffffff", RemoteProtocolError, "a message of -1 buffers: is the peer speaking"),
        ("netty", "00000001 00000005", LimitExceeded, "5 buffers, more than max_buffers=4"),
        ("netty", "00000001 7fffffff", LimitExceeded, "more than max_buffers=4"),
        ("netty", "00000001 00000001 ffffffff", RemoteProtocolError, "a buffer of -1 bytes: is the peer"),
        ("netty", "00000001 00000001 00000065", LimitExceeded, "of 101 bytes or more, above max_body=100"),
        ("netty", "00000001 00000001 7fffffff", LimitExceeded, "above max_body=100"),
        ("netty", "00000001 00000002 00000001 61 00000064", LimitExceeded, "of 101 bytes or more"),
        ("spec", "80000000", RemoteProtocolError, "a buffer of -2147483648 bytes"),
        ("spec", "00000065", LimitExceeded, "of 101 bytes or more, above max_body=100"),
        ("spec", "00000001 61 00000064", LimitExceeded, "of 101 bytes or more"),
    ],
)
def test_a_lying_length_is_refused_before_its_bytes_come(
    framing: Framing, stream: str, error: type[Exception], problem: str
) -> None:
    with pytest.raises(error, match=problem):
        deframer(framing, LIMITS).feed(bytes.fromhex(stream))


EXCESS = [
    ("netty", (b"x" * 101,), "101 bytes or more"),
    ("netty", (b"x" * 60, b"x" * 60, b"", b"x" * 5), "120 bytes or more"),
    ("spec", (b"x" * 101,), "101 bytes or more"),
    ("spec", (b"x" * 60, b"x" * 60, b"x" * 5), "120 bytes or more"),
]


@pytest.mark.parametrize("piece", [1, 7, 1_000])
@pytest.mark.parametrize(("framing", "buffers", "problem"), EXCESS)
def test_a_message_above_the_limit_can_be_read_past(
    framing: Framing, buffers: tuple[bytes, ...], problem: str, piece: int
) -> None:
    cutter = deframer(framing, LIMITS)
    cutter.skips_excess = True
    stream = frame(framing, 0, b"before") + frame(framing, 1, *buffers) + frame(framing, 2, b"after")
    received: list[tuple[int, bytes | LimitExceeded]] = []
    for at in range(0, len(stream), piece):
        received += cutter.feed(stream[at : at + piece])
    before, excess, after = received
    assert (before, after) == ((0, b"before"), (2, b"after"))
    assert excess[0] == 1
    assert isinstance(excess[1], LimitExceeded)
    assert problem in str(excess[1])
    assert cutter.idle


def test_a_message_that_is_read_past_is_under_way() -> None:
    for framing in ("netty", "spec"):
        cutter = deframer(framing, LIMITS)
        cutter.skips_excess = True
        cutter.feed(frame(framing, 0, b"x" * 200)[:50])
        assert not cutter.idle


@pytest.mark.parametrize("framing", ["netty", "spec"])
@pytest.mark.parametrize(
    "text", [b"GET / HTTP/1.1\r\n", b"POST /avro HTTP/1.1\r\n", b"HTTP/1.1 400 Bad Request\r\n"]
)
def test_http_is_called_by_its_name(framing: Framing, text: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="the peer speaks HTTP here"):
        deframer(framing, Limits()).feed(text)


@given(st.lists(st.lists(st.binary(max_size=5), max_size=3), max_size=5), st.data())
def test_messages_in_any_pieces_come_back(messages: list[list[bytes]], data: st.DataObject) -> None:
    framings: tuple[Framing, ...] = ("netty", "spec")
    for framing in framings:
        stream = b"".join(frame(framing, serial, *buffers) for serial, buffers in enumerate(messages))
        cutter = deframer(framing, LIMITS)
        received: list[tuple[int, bytes | LimitExceeded]] = []
        while stream:
            size = data.draw(st.integers(1, len(stream)))
            received += cutter.feed(stream[:size])
            stream = stream[size:]
        assert received == [(serial, b"".join(buffers)) for serial, buffers in enumerate(messages)]
        assert cutter.idle


def test_a_buffer_that_31_bits_cannot_measure_is_refused() -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return 2**31

    framings: list[Framing] = ["netty", "spec"]
    for framing in framings:
        with pytest.raises(LocalProtocolError, match="2 GiB"):
            frame(framing, 0, Huge())
