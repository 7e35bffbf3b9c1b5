"""What two ends agree on, and what neither accepts."""

from __future__ import annotations

import pytest
from avrorpc.errors import RemoteProtocolError
from avrorpc.limits import Limits
from avrorpc.wire.settings import Settings, Wishes, accept, agreed, offer

CLIENT = Limits(stream_window=5_000, max_body=70_000, max_calls=3)
SERVER = Limits(stream_window=9_000, max_body=80_000, max_calls=4)


def negotiate(wishes: Wishes) -> tuple[Settings, Settings]:
    found = accept(offer(wishes, CLIENT), SERVER)
    assert found is not None
    at_server, answer = found
    at_client = agreed(answer, wishes)
    assert at_client is not None
    return at_client, at_server


def test_each_end_learns_what_the_other_takes() -> None:
    at_client, at_server = negotiate(Wishes())
    assert (at_client.window, at_client.max_body, at_client.max_calls) == (9_000, 80_000, 4)
    assert (at_server.window, at_server.max_body) == (5_000, 70_000)
    assert at_client.compression is at_server.compression is None
    assert not at_server.is_passive


def test_both_ends_compress_alike() -> None:
    at_client, at_server = negotiate(Wishes(compressions=("brotli", "deflate")))
    assert at_client.compression is not None
    assert at_server.compression is not None
    assert at_client.compression.name == at_server.compression.name == "deflate"


def test_what_the_server_does_not_have_is_not_used() -> None:
    at_client, at_server = negotiate(Wishes(compressions=("brotli",)))
    assert at_client.compression is at_server.compression is None


def test_a_passive_client_says_so() -> None:
    _, at_server = negotiate(Wishes(is_passive=True))
    assert at_server.is_passive


def test_without_a_window_the_transport_holds_back() -> None:
    at_client, at_server = negotiate(Wishes(has_window=False))
    assert at_client.window is at_server.window is None


def test_limits_beyond_what_can_be_said_are_said_as_the_largest() -> None:
    meta = offer(Wishes(), Limits(max_body=2**40))
    assert meta["avrorpc.max-body"] == str(2**31 - 1).encode()


def test_another_version_is_answered_by_plain_avro() -> None:
    assert accept({"avrorpc.upgrade": b"2"}, SERVER) is None
    assert accept({}, SERVER) is None
    assert agreed({}, Wishes()) is None


def test_one_of_several_versions_is_enough() -> None:
    assert accept({**offer(Wishes(), CLIENT), "avrorpc.upgrade": b"7, 1"}, SERVER) is not None


@pytest.mark.parametrize("value", [b"", b"0", b"-1", b"1.5", b"x", b"99999999999", b"2147483648", b"\xff"])
@pytest.mark.parametrize("key", ["avrorpc.window", "avrorpc.max-body"])
def test_a_number_that_is_none_is_refused_by_the_server(key: str, value: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match=key):
        accept({**offer(Wishes(), CLIENT), key: value}, SERVER)


@pytest.mark.parametrize("key", ["avrorpc.window", "avrorpc.max-body", "avrorpc.max-calls"])
def test_an_answer_without_its_numbers_is_refused_by_the_client(key: str) -> None:
    found = accept(offer(Wishes(), CLIENT), SERVER)
    assert found is not None
    answer = {name: value for name, value in found[1].items() if name != key}
    with pytest.raises(RemoteProtocolError, match=key):
        agreed(answer, Wishes())


def test_a_client_refuses_what_it_did_not_offer() -> None:
    found = accept(offer(Wishes(compressions=("deflate",)), CLIENT), SERVER)
    assert found is not None
    with pytest.raises(RemoteProtocolError, match="the compression 'deflate', which was not offered"):
        agreed(found[1], Wishes())
    with pytest.raises(RemoteProtocolError, match="unknown version b'3'"):
        agreed({**found[1], "avrorpc.upgrade": b"3"}, Wishes())
