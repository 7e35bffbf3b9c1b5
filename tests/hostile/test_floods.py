"""Floods: what a server keeps for a client that asks for much and reads nothing is bounded, and released."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Any

import pytest
from avrorpc.transport.server_link import ServerLink
from support.serving import ServerThread

from hostile.conftest import LIMITS
from hostile.peers import (
    NO_WINDOW,
    OFFER,
    Flag,
    Kind,
    Peer,
    Way,
    answer_of,
    credit,
    encode,
    hello,
    opened,
    string,
)

pytestmark = pytest.mark.usefixtures("unharmed")
WAYS = pytest.mark.parametrize("way", ["tcp", "spec", "ws"])
ENDLESS = struct.pack("<d", 0.0)
MOST_KEPT = 700_000
"""Bytes that a server may keep for one such client: two pieces of 256 KiB being written, and its limits."""


def kept(server: ServerThread, peer: Peer) -> int:
    """Return how many bytes the server keeps for a client, in and out."""

    async def count() -> int:
        links: list[ServerLink] = []
        for listener in server.server._listeners:
            found: Any = getattr(listener, "_links", None)
            links += [*(getattr(listener, "_connections", ())), *(() if found is None else found._links)]
        total = 0
        for link in links:
            if (
                not isinstance(link, ServerLink)
                or link.peer != peer.name
                or link.connection.multiplexer is None
            ):
                continue
            multiplexer = link.connection.multiplexer
            total += sum(len(item) + 32 for call in link._calls.values() for item in call._items)
            total += sum(len(each[0]) for each in multiplexer._control) + multiplexer._unfinished
            total += sum(len(m.payload) for call in multiplexer._calls.values() for m in call.messages)
            assert link._transport is not None
            total += link._transport.get_write_buffer_size()
        return total

    return server.run(count())


def pour(peer: Peer, data: bytes, most: int = 8_000_000) -> int:
    """Send the same again and again until the server takes no more, or closes; return how many bytes went."""
    peer.sock.settimeout(0.1)
    sent = 0
    whole = data * (60_000 // len(data) + 1)
    with contextlib.suppress(TimeoutError, OSError):
        while sent < most:
            peer.send(whole)
            sent += len(whole)
    peer.sock.settimeout(10)
    return sent


@WAYS
def test_pings_whose_answers_nobody_reads(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        pour(peer, encode(Kind.PING, 0, bytes(8)))
        assert kept(server, peer) < MOST_KEPT


@WAYS
def test_calls_whose_replies_nobody_reads(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        number, batch = 1, b""
        peer.sock.settimeout(0.1)
        with contextlib.suppress(OSError):
            for _ in range(200):
                batch = b"".join(opened(number + n, "nope" * 500) for n in range(LIMITS.max_calls))
                number += LIMITS.max_calls
                peer.send(batch)
        assert kept(server, peer) < MOST_KEPT


@WAYS
def test_a_stream_that_nobody_grants_any_credit(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake({**OFFER, "avrorpc.window": b"1000"})
        peer.send(opened(1, "endless", ENDLESS))
        for _ in range(20):
            assert peer.next().kind is Kind.ITEM
        assert kept(server, peer) < 10_000
        peer.send(encode(Kind.CANCEL, 1) + opened(2, "open_streams"))
        peer.reply(2)


@WAYS
def test_all_the_credit_there_is_and_no_reading(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake({**OFFER, "avrorpc.window": str(2**31 - 1).encode()})
        peer.send(opened(1, "download", b"\x80\x89\x7a" + b"\xa0\x9c\x01"))  # a million pieces of 10,000
        assert peer.next().kind is Kind.ITEM
        for _ in range(50):
            server.run(asyncio.sleep(0))
        assert kept(server, peer) < MOST_KEPT


@pytest.mark.parametrize("way", ["tcp", "spec", "ws"])
@pytest.mark.parametrize("size", [0, 1_000])
def test_items_without_credit_and_without_a_reader_are_not_read(
    server: ServerThread, way: Way, size: int
) -> None:
    with Peer(server, way) as peer:
        peer.shake({name: value for name, value in NO_WINDOW.items() if name != "avrorpc.compression"})
        # Its answers are not read: so it reads no items.
        peer.send(opened(1, "shout", string("x" * 900), Flag.STREAM))
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        pour(peer, encode(Kind.ITEM, 1, string("y" * size)))
        assert kept(server, peer) < MOST_KEPT


@WAYS
def test_rapid_resets(server: ServerThread, way: Way, caplog: pytest.LogCaptureFixture) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        for number in range(1, 200):
            peer.send(opened(number, "endless", ENDLESS) + encode(Kind.CANCEL, number))
            peer.send(encode(Kind.PING, 0, bytes(8)))
            assert peer.next().kind is Kind.PONG
        peer.send(opened(1_000, "open_streams"))
        assert peer.next().call == 1_000


@WAYS
def test_rapid_resets_at_once_are_an_attack(
    server: ServerThread, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        peer.send(
            b"".join(
                opened(n, "endless", ENDLESS) + encode(Kind.CANCEL, n) for n in range(1, 3 * LIMITS.max_calls)
            )
        )
        peer.to_the_end()
    assert "twice max_calls=8 calls" in caplog.text


@WAYS
def test_more_calls_than_allowed_are_refused_by_name(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake({**OFFER, "avrorpc.window": b"1"})
        for number in range(1, LIMITS.max_calls + 3):
            peer.send(opened(number, "endless", struct.pack("<d", 0.001)))
        said = answer_of(peer.reply(LIMITS.max_calls + 1))
        assert (said.code, said.text) == ("RESOURCE_EXHAUSTED", "more than max_calls=8 calls at once")


@WAYS
def test_bodies_that_never_end_have_a_common_limit(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        for number in range(1, 8):
            peer.send(encode(Kind.OPEN, number, bytes(50_000), Flag.MORE))
        said = answer_of(peer.reply(7))
        assert (said.code, "max_unfinished=300000" in said.text) == ("RESOURCE_EXHAUSTED", True)


@WAYS
def test_empty_parts_of_a_message_without_end_take_no_room(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        pour(peer, encode(Kind.OPEN, 1, b"", Flag.MORE), 1_000_000)
        assert kept(server, peer) < 1_000
        peer.send(encode(Kind.CANCEL, 1) + opened(2, "open_streams"))
        peer.reply(2)


@WAYS
def test_handshakes_whose_answers_are_long_and_not_read(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        pour(peer, encode(Kind.BIND, 7, hello(client=b"?" * 16)))
        assert kept(server, peer) < MOST_KEPT


@WAYS
def test_goodbyes_and_pongs_and_credit_without_end_are_nothing(server: ServerThread, way: Way) -> None:
    with Peer(server, way) as peer:
        peer.shake()
        peer.send(opened(1, "shout", string(""), Flag.STREAM))
        for data in (encode(Kind.GOODBYE, 0, bytes(4)), encode(Kind.PONG, 0, bytes(8)), credit(1, 0)):
            pour(peer, data, 300_000)
        assert kept(server, peer) < 1_000
        peer.send(encode(Kind.END, 1))
        assert answer_of(peer.reply(1)).code == "OK"


def test_texts_of_many_versions_are_forgotten(server: ServerThread) -> None:
    from avrorpc.schema import handshake_hash  # noqa: PLC0415
    from avrorpc.wire.offers import MAX_KNOWN_TEXT  # noqa: PLC0415
    from testcontracts.streams import STREAMS  # noqa: PLC0415

    offers = server.server.offers
    for number in range(120):
        text = STREAMS.text.replace('"doc":"', f'"doc":"{number} {"x" * 3_000} ', 12)
        with Peer(server, "tcp") as peer:
            peer.open()
            from avrorpc.wire.framing import frame  # noqa: PLC0415

            peer.sock.sendall(frame("netty", 1, hello(text=text, client=handshake_hash(text)), b"\0\0"))
            assert peer.sock.recv(10_000)
    assert sum(offers._sizes.values()) <= MAX_KNOWN_TEXT
    assert len(offers._clients) == len(offers._sizes) <= 128
