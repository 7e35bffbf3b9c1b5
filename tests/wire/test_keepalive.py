"""When a silent connection is asked, given up, or closed; with times as arguments."""

from __future__ import annotations

from avrorpc.limits import Limits
from avrorpc.wire.keepalive import Due, KeepAlive

LIMITS = Limits(ping_interval=10.0, ping_timeout=4.0, idle_timeout=100.0)


def test_a_silent_connection_is_asked_once_and_then_given_up() -> None:
    alive = KeepAlive(LIMITS, 0.0)
    assert alive.next() == 10.0
    assert alive.due(9.9) is Due.NOTHING
    assert alive.due(10.0) is Due.PING
    assert alive.next() == 14.0
    assert alive.due(13.9) is Due.NOTHING
    assert alive.due(14.0) is Due.GIVE_UP


def test_a_look_that_comes_too_late_asks_once_more() -> None:
    alive = KeepAlive(LIMITS, 0.0)
    assert alive.due(10.0) is Due.PING
    assert alive.due(14.5) is Due.PING, "this end was busy: nothing was read meanwhile"
    assert alive.next() == 18.5
    assert alive.due(20.0) is Due.GIVE_UP, "and not for ever"
    alive.heard(20.0)
    assert alive.due(30.0) is Due.PING
    assert alive.due(35.0) is Due.PING


def test_whatever_comes_is_an_answer() -> None:
    alive = KeepAlive(LIMITS, 0.0)
    assert alive.due(10.0) is Due.PING
    alive.heard(13.0)
    assert alive.due(14.0) is Due.NOTHING
    assert alive.next() == 23.0


def test_an_idle_connection_is_closed_even_though_it_answers() -> None:
    alive = KeepAlive(LIMITS, 0.0, closes_idle=True)
    for now in range(0, 100, 5):
        alive.heard(float(now))
        assert alive.due(float(now)) is Due.NOTHING
    alive.heard(99.0)
    assert alive.next() == 100.0
    assert alive.due(100.0) is Due.CLOSE


def test_a_connection_that_is_used_is_not_idle() -> None:
    alive = KeepAlive(LIMITS, 0.0, closes_idle=True)
    alive.used(90.0)
    alive.heard(99.0)
    assert alive.due(100.0) is Due.NOTHING
    assert alive.next() == 109.0


def test_a_client_closes_nothing_for_being_idle() -> None:
    alive = KeepAlive(LIMITS, 0.0)
    alive.heard(1_000.0)
    assert alive.due(1_000.0) is Due.NOTHING


def test_zero_means_never() -> None:
    alive = KeepAlive(Limits(ping_interval=0.0, idle_timeout=0.0), 0.0, closes_idle=True)
    assert alive.next() is None
    assert alive.due(1e9) is Due.NOTHING


def test_an_end_that_answers_no_pings_is_not_asked() -> None:
    alive = KeepAlive(LIMITS, 0.0, pings=False, closes_idle=True)
    assert alive.next() == 100.0
    assert alive.due(50.0) is Due.NOTHING
