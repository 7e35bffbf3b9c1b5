"""How long a server waits for a client that does not get on: virtual time alone."""

from __future__ import annotations

import pytest
from avrorpc.limits import Limits
from avrorpc.wire.patience import Patience

LIMITS = Limits(handshake_timeout=10, receive_timeout=60)


def bound(now: float = 0.0) -> Patience:
    patience = Patience(LIMITS, now)
    patience.moved(now, is_bound=True, is_half=False, whole=1)
    return patience


def test_a_handshake_must_be_done_in_time() -> None:
    patience = Patience(LIMITS, 100.0)
    assert patience.next() == 110.0
    assert patience.overdue(109.9) == ""
    assert patience.overdue(110.0) == "no handshake within handshake_timeout=10 s"


def test_bytes_now_and_then_do_not_put_the_handshake_off() -> None:
    patience = Patience(LIMITS, 0.0)
    for now in range(1, 10):
        patience.moved(float(now), is_bound=False, is_half=True, whole=0)
    assert patience.next() == 10.0
    assert patience.overdue(10.0) == "no handshake within handshake_timeout=10 s"


def test_what_is_waited_for_at_first_has_its_own_name() -> None:
    assert (
        Patience(LIMITS, 0.0, first="request").overdue(11.0).startswith("no request within handshake_timeout")
    )


def test_a_silent_connection_that_has_done_its_handshake_is_left_alone() -> None:
    patience = bound()
    assert patience.next() is None
    assert patience.overdue(1e9) == ""


def test_a_message_must_come_whole_in_time_however_often_bytes_come() -> None:
    patience = bound()
    for now in range(20, 80):
        patience.moved(float(now), is_bound=True, is_half=True, whole=1)
    assert patience.next() == 80.0
    assert patience.overdue(79.9) == ""
    assert patience.overdue(80.0) == "half a message, and not the rest within receive_timeout=60 s"


def test_each_message_has_its_own_time() -> None:
    # A busy connection ends nearly every read in the middle of a message.
    patience = bound()
    for number in range(100):
        patience.moved(number * 50.0, is_bound=True, is_half=True, whole=1 + number)
        assert patience.overdue(number * 50.0 + 49.9) == ""
    patience.moved(5_000.0, is_bound=True, is_half=False, whole=101)
    assert patience.next() is None


def test_time_in_which_this_end_did_not_read_does_not_count() -> None:
    patience = bound()
    patience.moved(0.0, is_bound=True, is_half=True, whole=1)
    patience.paused(59.0)
    assert patience.overdue(118.9) == ""
    assert patience.overdue(119.0)
    silent = bound()
    silent.paused(5.0)
    assert silent.next() is None


@pytest.mark.parametrize("is_half", [False, True])
def test_no_bound_is_a_bound_of_zero(is_half: bool) -> None:
    patience = Patience(Limits(handshake_timeout=0, receive_timeout=0), 0.0)
    patience.moved(1.0, is_bound=False, is_half=is_half, whole=0)
    assert patience.next() is None
    assert patience.overdue(1e9) == ""
