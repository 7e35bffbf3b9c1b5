"""Whatever bytes come, a connection gives events or an `RpcError`, and never anything else."""

from __future__ import annotations

import contextlib

from avrorpc.errors import RpcError
from avrorpc.limits import Limits
from avrorpc.wire.exchange import StatelessClient
from avrorpc.wire.framing import Framing, frame
from avrorpc.wire.offers import Offers
from avrorpc.wire.server import read_call
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.wire import OLD_SHOP, SHOP, Pair, identity, wire_pair

LIMITS = Limits(max_body=1_000, max_buffers=10, max_calls=3)
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
FRAMINGS: st.SearchStrategy[Framing] = st.sampled_from(["netty", "spec"])
CHUNKS = st.lists(st.binary(max_size=40), max_size=5)
FRAMED = st.lists(st.tuples(st.integers(-1, 4), st.lists(st.binary(max_size=40), max_size=3)), max_size=5)


def pair(framing: Framing, *, connected: bool) -> Pair:
    made = wire_pair(OLD_SHOP, SHOP, framing=framing, limits=LIMITS if connected else Limits(max_body=1_000))
    if connected:
        made.connect()
        made.client.call("buy", {}, b"\x02")
        made.client.data_to_send()
    return made


@RELAXED
@given(FRAMINGS, st.booleans(), CHUNKS)
def test_random_bytes_at_both_ends(framing: Framing, connected: bool, chunks: list[bytes]) -> None:
    ends = pair(framing, connected=connected)
    for receive in (ends.client.receive, ends.server.receive):
        with contextlib.suppress(RpcError):
            for chunk in chunks:
                receive(chunk)


@RELAXED
@given(FRAMINGS, st.booleans(), FRAMED)
def test_random_messages_at_both_ends(
    framing: Framing, connected: bool, messages: list[tuple[int, list[bytes]]]
) -> None:
    ends = pair(framing, connected=connected)
    for receive in (ends.client.receive, ends.server.receive):
        with contextlib.suppress(RpcError):
            for serial, buffers in messages:
                receive(frame(framing, serial, *buffers))


@RELAXED
@given(FRAMINGS, st.data())
def test_damaged_conversations(framing: Framing, data: st.DataObject) -> None:
    ends = pair(framing, connected=False)
    for _ in range(4):
        for source, target in ((ends.client, ends.server), (ends.server, ends.client)):
            sent = bytearray(source.data_to_send())
            if sent and data.draw(st.booleans()):
                sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
            try:
                target.receive(bytes(sent))
            except RpcError:
                return


@RELAXED
@given(st.binary(max_size=60), st.booleans())
def test_random_bodies_of_exchanges(body: bytes, framed: bool) -> None:
    body = frame("spec", 0, body) if framed else body
    with contextlib.suppress(RpcError):
        StatelessClient(identity(SHOP), LIMITS).exchange(b"\0\0").receive(body)
    with contextlib.suppress(RpcError):
        read_call(body, 0, None, Offers([SHOP]), LIMITS)
