"""Calls to plain Avro peers: one body each way, and no streams."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from avrorpc import Code, StatusError
from avrorpc.transport.address import parse_address
from avrorpc.transport.exchange import Outgoing
from avrorpc.transport.plain import PlainAnswer, plain_request

ADDRESS = parse_address("tcp://10.0.0.1:9000")


def test_a_request_is_metadata_then_name_then_parameters() -> None:
    call = Outgoing(protocol="a.P", message="m", metadata={"k": b"v"}, parameters=b"\x06")
    assert plain_request(call, ADDRESS) == b"\x02\x02k\x02v\x00\x02m\x06"


async def items() -> AsyncIterator[bytes]:
    yield b""


@pytest.mark.parametrize(
    "call",
    [
        Outgoing(protocol="a.P", message="m", streams=True),
        Outgoing(protocol="a.P", message="m", items=items()),
    ],
    ids=["response", "request"],
)
def test_a_stream_is_refused_by_name(call: Outgoing) -> None:
    with pytest.raises(
        StatusError, match=r"a\.P/m is a stream, and tcp://10\.0\.0\.1:9000 .* plain Avro"
    ) as caught:
        plain_request(call, ADDRESS)
    assert caught.value.code is Code.UNIMPLEMENTED
    assert not caught.value.from_peer


async def test_an_answer_is_whole_and_gives_no_items() -> None:
    answer = PlainAnswer("view", b"reply")
    await answer.receive()
    await answer.cancel()
    assert (answer.view, answer.body, answer.pump) == ("view", b"reply", None)
