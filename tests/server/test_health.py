"""Liveness and readiness are apart; whoever watches is told of every change that lasts."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import aclosing

import pytest
from avrorpc.contracts import ServingStatus
from avrorpc.server.health import DRAINING, Health
from avrorpc.server.health_check import HealthCheck
from avrorpc.testing import run

SERVING, NOT_SERVING, UNKNOWN = ServingStatus.SERVING, ServingStatus.NOT_SERVING, ServingStatus.UNKNOWN


def test_services_serve_until_somebody_says_otherwise() -> None:
    health = Health(["a.A", "b.B"])
    report = health.report()
    assert (report.status, report.text, report.live, report.ready) == (SERVING, "", True, True)
    assert [(item.name, item.status) for item in report.services] == [("a.A", SERVING), ("b.B", SERVING)]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(ServingStatus, repeat=2)))
def test_the_worst_service_speaks_for_the_server(one: ServingStatus, other: ServingStatus) -> None:
    health = Health(["a.A", "b.B"])
    health.set(one, service="a.A")
    health.set(other, service="b.B")
    worst = next(status for status in (NOT_SERVING, UNKNOWN, SERVING) if status in (one, other))
    report = health.report()
    assert report.status is worst
    assert report.ready is health.is_ready is (worst is SERVING)
    assert report.live
    assert health.report("a.A").status is one
    assert [item.name for item in health.report("b.B").services] == ["b.B"]


def test_the_reason_names_the_service_where_all_are_asked_about() -> None:
    health = Health(["a.A", "b.B"])
    health.set(NOT_SERVING, "loading weights", service="b.B")
    assert health.report().text == "b.B: loading weights"
    assert health.report("b.B").text == "loading weights"
    assert health.report("a.A").text == ""


def test_all_services_may_be_set_at_once() -> None:
    health = Health(["a.A", "b.B"])
    health.set(UNKNOWN, "who knows")
    assert {item.status for item in health.report().services} == {UNKNOWN}


def test_a_server_that_drains_is_live_and_not_ready() -> None:
    health = Health(["a.A"])
    health.drain()
    report = health.report("a.A")
    assert (report.status, report.text, report.live, report.ready) == (NOT_SERVING, DRAINING, True, False)


def test_a_process_that_cannot_go_on_is_not_live_even_while_it_drains() -> None:
    health = Health(["a.A"])
    health.fail("the device is gone")
    health.drain()
    report = health.report()
    assert (report.live, report.ready, report.text) == (False, False, "the device is gone")
    assert not health.is_live


def test_a_service_that_is_not_served_is_no_question() -> None:
    health = Health(["a.A"])
    with pytest.raises(KeyError):
        health.report("a.B")
    with pytest.raises(KeyError):
        health.set(SERVING, service="a.B")


async def test_a_watcher_is_told_now_and_of_each_change_from_any_thread() -> None:
    health = Health(["a.A"])
    async with aclosing(health.watch()) as reports:
        assert (await anext(reports)).status is SERVING
        await asyncio.to_thread(health.set, NOT_SERVING, "loading", service="a.A")
        assert (await anext(reports)).text == "a.A: loading"
        health.set(SERVING)
        health.set(SERVING)
        assert (await anext(reports)).ready


async def test_a_watcher_of_one_service_hears_nothing_of_the_others() -> None:
    health = Health(["a.A", "b.B"])
    async with aclosing(health.watch("a.A")) as reports:
        await anext(reports)
        waiting = asyncio.ensure_future(anext(reports))
        health.set(NOT_SERVING, service="b.B")
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        health.set(NOT_SERVING, service="a.A")
        assert (await waiting).status is NOT_SERVING


async def test_changes_while_nobody_reads_become_one() -> None:
    health = Health(["a.A"])
    async with aclosing(health.watch()) as reports:
        await anext(reports)
        for status in (NOT_SERVING, UNKNOWN, SERVING, UNKNOWN):
            health.set(status)
        assert (await anext(reports)).status is UNKNOWN


async def test_a_watcher_that_leaves_is_forgotten() -> None:
    health = Health(["a.A"])
    async with aclosing(health.watch()) as reports:
        await anext(reports)
        assert len(health._watchers) == 1
    assert not health._watchers


def test_a_watcher_whose_loop_has_ended_is_in_nobodys_way() -> None:
    health = Health(["a.A"])
    reports = health.watch()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(anext(reports))
    loop.close()
    health.set(NOT_SERVING)
    assert not health.is_ready


async def test_a_watch_ends_with_the_server() -> None:
    health = Health(["a.A"])
    async with aclosing(health.watch()) as reports:
        await anext(reports)
        health.drain()
        assert [report.text async for report in reports] == [DRAINING]
    assert [report.text async for report in health.watch()] == [DRAINING]


def checked(*answers: object) -> tuple[Health, HealthCheck]:
    """Return the health of a service that gives these answers, one after the other."""
    left = iter(answers)
    check = HealthCheck(lambda: next(left), None)
    return Health(["a.A", "b.B"], {"a.A": check}), check


def test_an_implementation_is_asked_how_it_fares() -> None:
    async def main() -> None:
        health, _ = checked((False, "loading"), True)
        assert health.is_ready, "it has not been asked yet"
        report = await health.check()
        assert (report.status, report.text, report.live) == (NOT_SERVING, "a.A: loading", True)
        assert not health.is_ready, "what it has said holds until it is asked again"
        assert (await health.check("a.A")).ready

    asyncio.run(main())


def test_the_worse_of_what_the_program_and_the_implementation_say_counts() -> None:
    async def main() -> None:
        health, _ = checked(True, False, (UNKNOWN, "who knows"))
        health.set(NOT_SERVING, "told so", service="a.A")
        assert (await health.check("a.A")).text == "told so"
        health.set(SERVING, service="a.A")
        assert (await health.check("a.A")).status is NOT_SERVING
        assert (await health.check("a.A")).text == "who knows"

    asyncio.run(main())


def test_only_the_service_in_question_is_asked_and_none_while_the_server_drains() -> None:
    async def main() -> None:
        health, _ = checked(False)
        assert (await health.check("b.B")).ready
        health.drain()
        assert (await health.check("a.A")).text == DRAINING
        with pytest.raises(KeyError):
            await health.check("c.C")

    asyncio.run(main())


def test_who_watches_is_told_what_an_implementation_says() -> None:
    async def main() -> None:
        health, _ = checked(True, True, (False, "the disk is full"), True)
        async with aclosing(health.watch("a.A")) as watching:
            assert (await anext(watching)).ready
            assert (await anext(watching)).text == "the disk is full"
            assert (await anext(watching)).ready

    run(main())
