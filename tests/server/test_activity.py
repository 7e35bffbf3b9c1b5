"""Connections and calls are known from their beginning to their end, whatever the end is."""

from __future__ import annotations

import asyncio

import pytest
from avrorpc.server.activity import Activity, Count, running_call
from avrorpc.transport.accepted import Accepted


def test_a_connection_is_there_until_it_is_closed() -> None:
    activity, accepted = Activity(), Accepted("tcp", peer="here:1")
    activity.opened(accepted)
    (connection,) = activity.connections
    assert (connection.accepted, connection.calls, connection.service) == (accepted, 0, None)
    activity.closed(accepted)
    activity.closed(accepted)
    assert activity.connections == []


def test_a_call_is_under_way_in_its_block_and_counts_for_its_connection() -> None:
    activity, accepted = Activity(), Accepted("tcp")
    activity.opened(accepted)
    (connection,) = activity.connections
    with activity.call(accepted, "a.A", "m", b"hash") as running:
        assert running_call() is running
        assert activity.calls == [running]
        assert (running.service, running.message, running.connection) == ("a.A", "m", connection)
        assert (connection.calls, connection.service, connection.client_hash) == (1, "a.A", b"hash")
        with activity.call(accepted, "a.A", "n", b"hash") as inner:
            assert connection.calls == 2
            assert inner.id != running.id
    assert running_call() is None
    assert (activity.calls, connection.calls) == ([], 0)


def test_a_call_that_fails_is_over_too() -> None:
    activity = Activity()
    with pytest.raises(RuntimeError), activity.call(None, "a.A", "m", None):
        raise RuntimeError
    assert activity.calls == []
    assert running_call() is None


def test_a_call_outlives_its_connection() -> None:
    activity, accepted = Activity(), Accepted("tcp")
    activity.opened(accepted)
    with activity.call(accepted, "a.A", "m", None) as running:
        activity.closed(accepted)
        assert running.connection is not None
        assert running.connection.calls == 1
    assert running.connection.calls == 0


def test_a_connection_that_nobody_announced_is_none() -> None:
    activity = Activity()
    with activity.call(Accepted("tcp"), "a.A", "m", None) as running:
        assert running.connection is None


async def test_what_counts_a_call_counts_it_while_it_lasts() -> None:
    activity, count = Activity(), Count()
    await count.wait_for_none()
    with activity.call(None, "a.A", "m", None, 17.0, count) as running:
        assert running.deadline == 17.0
        waiting = [asyncio.create_task(count.wait_for_none()) for _ in range(2)]
        with activity.call(None, "a.A", "m", None, count=count):
            await asyncio.sleep(0)
            assert count.number == 2
        await asyncio.sleep(0)
        assert (count.number, [one.done() for one in waiting]) == (1, [False, False])
    await asyncio.gather(*waiting)
    assert count.number == 0
