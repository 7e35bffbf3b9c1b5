"""Frames that break the rules, over each transport: the log names the rule, and the connection ends."""

from __future__ import annotations

import random
import struct
import zlib

import pytest
from support.serving import ServerThread

from hostile.peers import (
    HEAD,
    NO_WINDOW,
    Flag,
    Kind,
    Peer,
    Way,
    answer_of,
    credit,
    encode,
    head,
    hello,
    long,
    opened,
)
from hostile.peers import string as text

pytestmark = pytest.mark.usefixtures("unharmed")
WAYS = pytest.mark.parametrize("way", ["tcp", "spec", "ws"])
UPLOAD = opened(1, "upload", text("x"), Flag.STREAM)
COUNT = opened(1, "endless", struct.pack("<d", 0.001))
STATE = opened(1, "open_streams")

BREAKS = [
    ("an unknown kind", HEAD.pack(0, 99, 0, 0), "a frame of the unknown kind 99"),
    ("zeros", bytes(HEAD.size), "a frame of the unknown kind 0"),
    ("ones", b"\xff" * 64, "unknown kind 255"),
    ("an unknown flag", HEAD.pack(0, Kind.OPEN, 64, 1), "unknown flags 0x40"),
    ("a frame above the limit", HEAD.pack(70_001, Kind.OPEN, 0, 1), "above max_frame=70000"),
    ("a frame of 4 GiB", HEAD.pack(2**32 - 1, Kind.ITEM, 0, 1), "above max_frame=70000"),
    ("call 0", opened(0, "open_streams"), "call 0 is opened again"),
    ("a call twice", UPLOAD + UPLOAD, "call 1 is opened again"),
    ("calls backwards", opened(9, "open_streams") + STATE, "call 1 is opened again, or out of order"),
    ("an item of no call", encode(Kind.ITEM, 5), "ITEM for call 5, which never began"),
    ("END of no call", encode(Kind.END, 5), "END for call 5, which never began"),
    ("CANCEL of no call", encode(Kind.CANCEL, 5), "CANCEL for call 5, which never began"),
    ("CREDIT for no call", credit(5, 1), "CREDIT for call 5, which never began"),
    ("an item for a unary call", COUNT + encode(Kind.ITEM, 1, b"x"), "which takes none"),
    ("an item after END", UPLOAD + encode(Kind.END, 1) + encode(Kind.ITEM, 1), "or none any more"),
    ("END twice", UPLOAD + encode(Kind.END, 1) * 2, ""),
    (
        "END within an item",
        UPLOAD + encode(Kind.ITEM, 1, b"x", 1) + encode(Kind.END, 1),
        "ends within a message",
    ),
    ("END with a payload", UPLOAD + encode(Kind.END, 1, b"x"), "a END frame of 1 bytes"),
    ("an item within an OPEN", encode(Kind.OPEN, 1, b"", 1) + encode(Kind.ITEM, 1), "ITEM within a OPEN"),
    ("an OPEN within an item", UPLOAD + encode(Kind.ITEM, 1, b"", 1) + UPLOAD, "OPEN within a ITEM"),
    (
        "flags in the middle",
        encode(Kind.OPEN, 1, b"", 1) + encode(Kind.OPEN, 1, b"", 8),
        "flags in the middle",
    ),
    ("a one-way stream", encode(Kind.OPEN, 1, head("upload"), 12), "a one-way call that is a stream"),
    ("more items than the window", UPLOAD + encode(Kind.ITEM, 1, b"\0" * 500) * 60, ""),
    ("a reply to a server", COUNT + encode(Kind.REPLY, 1), "a REPLY frame, which a server does not take"),
    ("BOUND to a server", encode(Kind.BOUND, 1), "a BOUND frame, which a server does not take"),
    ("half a PING", encode(Kind.PING, 0, b"1234"), "a PING frame of 4 bytes, and not 8"),
    ("a PONG of a frame", encode(Kind.PONG, 0, bytes(60_000)), "a PONG frame of 60000 bytes"),
    ("a PING with flags", encode(Kind.PING, 0, bytes(8), 1), "a PING frame with flags"),
    ("CREDIT of no size", COUNT + encode(Kind.CREDIT, 1), "a CREDIT frame of 0 bytes"),
    ("credit that overflows", COUNT + credit(1, 2**32 - 1), "more credit for call 1 than a window can have"),
    ("credit that adds up", COUNT + credit(1, 2**30) * 3, "more credit for call 1 than a window can have"),
    ("GOODBYE without a number", encode(Kind.GOODBYE, 0, b"bye"), "a GOODBYE frame without its last call"),
    ("BIND without a handshake", encode(Kind.BIND, 2), "16 bytes were announced, 0 are left"),
    ("BIND with half a handshake", encode(Kind.BIND, 2, hello()[:20]), "were announced"),
    ("BIND of no JSON", encode(Kind.BIND, 2, hello(text="{", client=b"?" * 16)), "the client's protocol: "),
    (
        "BIND of brackets",
        encode(Kind.BIND, 2, hello(text="[" * 9_000, client=b"?" * 16)),
        "the client's protocol: ",
    ),
    ("BIND of metadata", encode(Kind.BIND, 2, hello({"k": b"v" * 2_000})), "above max_metadata=1000"),
    ("handshakes without end", encode(Kind.BIND, 2, hello()) * 101, "MAX_HANDSHAKES=100"),
    ("a call that is no call", encode(Kind.OPEN, 1, b""), "the data ends inside an integer"),
    ("a call's name that lies", encode(Kind.OPEN, 1, b"\0" + long(2**40)), "bytes were announced"),
    ("a call's name in no alphabet", encode(Kind.OPEN, 1, b"\0" + long(2) + b"\xff\xfe"), "not UTF-8"),
]


@WAYS
@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in BREAKS])
def test_what_breaks_the_rules_ends_the_connection(
    server: ServerThread, way: Way, data: bytes, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        peer.send(data)
        if not problem:
            peer.finish()
        peer.to_the_end()
    if problem:
        assert problem in caplog.text
        (record,) = [each for each in caplog.records if "closing the connection" in each.getMessage()]
        assert record.levelname == "WARNING"


STREAMED_BREAKS = [row for row in BREAKS if row[0] not in ("END twice", "more items than the window")]


@pytest.mark.parametrize(("data", "problem"), [pytest.param(*row[1:], id=row[0]) for row in STREAMED_BREAKS])
def test_what_breaks_the_rules_ends_an_http_stream(
    server: ServerThread, data: bytes, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(server, "http") as peer:
        peer.shake(NO_WINDOW)
        peer.send(data)
        peer.finish()
        peer.to_the_end()
    # The first call of a post is its last; what comes after its end is heard by nobody.
    if problem and "credit" not in problem and "call 1 is opened again" not in problem:
        assert problem in caplog.text


@WAYS
def test_items_beyond_the_window_end_the_connection(
    server: ServerThread, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        # The answers are not read, so that the items are not either.
        peer.send(opened(1, "shout", text(""), Flag.STREAM))
        peer.send(encode(Kind.ITEM, 1, text("x" * 4_000)) * 400)
        peer.to_the_end()
    assert "call 1 sends beyond stream_window=10000" in caplog.text


FAILS = [
    # The call is refused, and the connection goes on.
    (
        "a message that there is not",
        opened(1, "nope"),
        "UNIMPLEMENTED",
        "streams.Streams has no message 'nope'",
    ),
    ("a name without end", opened(1, "n" * 60_000), "UNIMPLEMENTED", "has no message 'nnnnn"),
    (
        "a protocol not bound",
        opened(1, "double", protocol="small.Small"),
        "FAILED_PRECONDITION",
        "'small.Small' need",
    ),
    (
        "a protocol without end",
        opened(1, "x", protocol="p" * 60_000),
        "FAILED_PRECONDITION",
        "need a handshake",
    ),
    ("no protocol", opened(1, "count", protocol=""), "FAILED_PRECONDITION", "calls of '' need a handshake"),
    ("a name of many slashes", opened(1, "/" * 999), "FAILED_PRECONDITION", "need a handshake"),
    ("a name with a line break", opened(1, "a\nb\x1b[2J"), "UNIMPLEMENTED", r"'a\nb\x1b[2J'"),
    (
        "half the parameters",
        opened(1, "count", b"\x80"),
        "INVALID_ARGUMENT",
        "the data ends inside an integer",
    ),
    ("more than the parameters", opened(1, "open_streams", b"more"), "INVALID_ARGUMENT", "4 bytes are left"),
    (
        "a union's branch that there is not",
        opened(1, "count", b"\2" + bytes(8) + b"\x08"),
        "INVALID_ARGUMENT",
        "4",
    ),
    ("a negative branch", opened(1, "count", b"\2" + bytes(8) + b"\x01"), "INVALID_ARGUMENT", "-1"),
    ("a string that lies", opened(1, "upload", long(2**40), 8), "INVALID_ARGUMENT", "bytes were announced"),
    (
        "metadata above the limit",
        opened(1, "count", metadata={"k": b"v" * 2_000}),
        "RESOURCE_EXHAUSTED",
        "max_metadata=1000",
    ),
    ("metadata without end", encode(Kind.OPEN, 1, long(2**50)), "RESOURCE_EXHAUSTED", "max_items=1000"),
    (
        "many keys of metadata",
        opened(1, "count", metadata={f"k{n}": b"" for n in range(999)}),
        "RESOURCE_EXHAUSTED",
        "max_metadata=1000",
    ),
    (
        "a deadline that is no number",
        opened(1, "count", b"\2" + bytes(8) + b"\0", metadata={"avrorpc.timeout-us": b"-1"}),
        "INVALID_ARGUMENT",
        "avrorpc.timeout-us",
    ),
    (
        "a deadline in the past",
        opened(1, "open_streams", metadata={"avrorpc.timeout-us": b"0"}),
        "DEADLINE_EXCEEDED",
        "",
    ),
    (
        "a deadline in 30,000 years",
        opened(1, "open_streams", metadata={"avrorpc.timeout-us": b"9" * 18}),
        "OK",
        "",
    ),
    (
        "a compressed bomb",
        encode(Kind.OPEN, 1, zlib.compress(bytes(90_000)), 2),
        "RESOURCE_EXHAUSTED",
        "max_expansion=100",
    ),
    (
        "a compressed message above the limit",
        encode(Kind.OPEN, 1, zlib.compress(random.Random(1).randbytes(20_000).hex().encode() * 3), 2),
        "RESOURCE_EXHAUSTED",
        "max_body=100000",
    ),
    (
        "compressed garbage",
        encode(Kind.OPEN, 1, b"garbage", 2),
        "INVALID_ARGUMENT",
        "not compressed as agreed",
    ),
    (
        "half a compressed message",
        encode(Kind.OPEN, 1, zlib.compress(head("count"))[:-3], 2),
        "INVALID_ARGUMENT",
        "does not end where it should",
    ),
    (
        "a compressed message with a tail",
        encode(Kind.OPEN, 1, zlib.compress(head("count")) + b"x", 2),
        "INVALID_ARGUMENT",
        "does not end where it should",
    ),
    (
        "a body above the limit",
        encode(Kind.OPEN, 1, bytes(60_000), 1) * 2 + encode(Kind.OPEN, 1, b""),
        "RESOURCE_EXHAUSTED",
        "max_body=100000",
    ),
    (
        "an item that does not fit",
        UPLOAD + encode(Kind.ITEM, 1, b"\xff" * 3),
        "INVALID_ARGUMENT",
        "piece[0] does not fit",
    ),
    ("an item with a tail", UPLOAD + encode(Kind.ITEM, 1, b"\0\0\0\0"), "INVALID_ARGUMENT", "are left"),
    (
        "an item above the limit",
        UPLOAD + encode(Kind.ITEM, 1, bytes(60_000), 1) * 2 + encode(Kind.ITEM, 1),
        "RESOURCE_EXHAUSTED",
        "max_body=100000",
    ),
    (
        "an item that is a bomb",
        UPLOAD + encode(Kind.ITEM, 1, zlib.compress(bytes(90_000)), 2),
        "RESOURCE_EXHAUSTED",
        "max_expansion=100",
    ),
    (
        "an item that lies",
        UPLOAD + encode(Kind.ITEM, 1, b"\0" + long(2**60)),
        "INVALID_ARGUMENT",
        "were announced",
    ),
]


@WAYS
@pytest.mark.parametrize(("data", "code", "problem"), [pytest.param(*row[1:], id=row[0]) for row in FAILS])
def test_what_cannot_be_done_is_refused_and_the_next_call_is_done(
    server: ServerThread, way: Way, data: bytes, code: str, problem: str
) -> None:
    with Peer(server, way) as peer:
        peer.shake({**OFFER_DEFLATE})
        peer.send(data)
        said = answer_of(peer.reply(1))
        assert said.code == code
        assert problem in said.text
        assert len(said.text) < 1_000
        assert "\n" not in said.text
        peer.send(opened(2, "open_streams"))
        assert answer_of(peer.reply(2)).code == "OK"


OFFER_DEFLATE = {
    "avrorpc.upgrade": b"1",
    "avrorpc.max-body": b"1000000",
    "avrorpc.window": b"10000",
    "avrorpc.compression": b"deflate",
}


@WAYS
def test_a_zstandard_bomb_fails_its_call(server: ServerThread, way: Way) -> None:
    from avrorpc.wire.compression import compression  # noqa: PLC0415

    zstandard = compression("zstd")
    assert zstandard is not None
    with Peer(server, way) as peer:
        peer.shake({**OFFER_DEFLATE, "avrorpc.compression": b"zstd"})
        peer.send(encode(Kind.OPEN, 1, zstandard.compress(bytes(10_000_000)), Flag.COMPRESSED))
        assert "max_" in answer_of(peer.reply(1)).text


@WAYS
@pytest.mark.parametrize("cut", [1, 5, 9, 10, 20, -1])
def test_half_a_frame_at_the_end_is_no_call(server: ServerThread, way: Way, cut: int) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        peer.send(STATE[:cut])
        peer.finish()
        assert [each.kind for each in peer.to_the_end() if each.kind is Kind.REPLY] == []


@WAYS
def test_half_a_message_at_the_end_is_no_call(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        peer.send(encode(Kind.OPEN, 1, head("open_streams"), Flag.MORE))
        peer.finish()
        assert [each.kind for each in peer.to_the_end() if each.kind is Kind.REPLY] == []


@WAYS
def test_random_frames(server: ServerThread, way: Way) -> None:
    source = random.Random(5)
    for _ in range(15):
        with Peer(server, way) as peer:
            peer.shake()
            for _ in range(20):
                peer.send(
                    HEAD.pack(3, source.randrange(12), source.randrange(16), source.randrange(4))
                    + source.randbytes(3)
                )
            peer.finish()
            peer.to_the_end()
