"""Whether a server has room for one more connection, and how often its log says that it has not."""

from __future__ import annotations

import pytest
from avrorpc import Limits
from avrorpc.server.admission import QUIET_SECONDS, Admission


def test_there_is_room_up_to_the_limit_and_again_when_one_has_left() -> None:
    admission = Admission(Limits(max_connections=2))
    assert [admission.enter("a", 0.0) for _ in range(3)] == [True, True, False]
    admission.leave()
    assert admission.enter("b", 0.0)
    assert not admission.enter("b", 0.0)


def test_a_refusal_says_which_limit_it_is() -> None:
    assert Admission(Limits(max_connections=7)).refusal == "the server has max_connections=7 connections"


def test_the_first_refusal_is_logged_at_once_and_others_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    admission = Admission(Limits(max_connections=1))
    assert admission.enter("first", 0.0)
    for number in range(1_000):
        assert not admission.enter(f"peer {number}", number * QUIET_SECONDS / 1_000)
    assert not admission.enter("the last", QUIET_SECONDS)
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("refused 1 connections, the last from peer 0: ")
    assert second == (
        "refused 1000 connections, the last from the last: the server has max_connections=1 connections"
    )
