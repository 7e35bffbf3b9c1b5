"""One suite of behaviours in every placement and colour: the promise that local and remote are equivalent."""

from __future__ import annotations

import asyncio
import re
import traceback
from pathlib import Path

import pytest
from behaviours.collected import BEHAVIOURS, MODULES
from behaviours.exceptions import GAPS, Gap, gaps
from behaviours.placements import CASES, PLACEMENTS, Case
from behaviours.setup import Setup

SECONDS = 30
"""After which a behaviour hangs."""


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_it_is_alike_everywhere(behaviour: str, case: Case, tmp_path: Path) -> None:
    gap = next(iter(gaps(behaviour, case)), None)

    async def run() -> BaseException | None:
        async with asyncio.timeout(SECONDS), Setup(case, tmp_path) as setup:
            try:
                await BEHAVIOURS[behaviour](setup)
            except BaseException as error:
                if gap is None:
                    raise
                return error
        return None

    with asyncio.Runner(loop_factory=case.placement.loop) as runner:
        error = runner.run(run())
    if gap is not None:
        assert error is not None, f"{case} can have it after all; its row is superfluous: {gap.reason}"
        ends_as_said(gap, error)


def ends_as_said(gap: Gap, error: BaseException) -> None:
    """Check that a behaviour ended as the row says, or show how it did."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.line for frame in frames if Path(frame.filename).parent == Path(__file__).parent]
    found = f"{error}\n{lines[-1]}"
    if type(error) is not gap.error or not re.search(gap.match, found):
        raise AssertionError(f"not as said: {gap.reason}: {error!r} at {lines[-1]}") from error


def test_there_are_enough_behaviours_and_no_two_of_one_name() -> None:
    names = [name for module in MODULES for name in vars(module) if name in BEHAVIOURS]
    assert len(names) >= len(BEHAVIOURS) >= 60
    declared = [
        name
        for module in MODULES
        for name in re.findall(r"^async def ([a-z]\w+)", _text(module), re.MULTILINE)
    ]
    assert sorted(declared) == sorted(BEHAVIOURS)


def _text(module: object) -> str:
    return Path(str(getattr(module, "__file__", ""))).read_text()


def test_every_placement_is_run_in_both_colours_of_either_end() -> None:
    for name in (
        "direct",
        "local",
        "verify",
        "unix",
        "tcp",
        "spec",
        "plain",
        "tls",
        "http",
        "https",
        "ws",
        "wss",
    ):
        colours = PLACEMENTS[name].colours
        for end in (0, 1):
            assert {pair[end] for pair in colours} == {False, True}, name


def test_the_table_of_exceptions_has_no_row_for_nothing() -> None:
    for gap in GAPS:
        assert gap.reason
        for behaviour in gap.behaviours:
            assert behaviour in BEHAVIOURS, f"{gap.reason}: {behaviour}"
        assert any(gap.where(case) for case in CASES), f"no case has {gap.reason}"


def test_no_two_rows_of_the_table_are_about_the_same() -> None:
    for behaviour in BEHAVIOURS:
        for case in CASES:
            reasons = [gap.reason for gap in gaps(behaviour, case)]
            assert len(reasons) <= 1, f"{behaviour} in {case}: {reasons}"


@pytest.mark.parametrize("name", ["unix", "tcp", "spec", "tls", "ws", "wss"])
def test_between_asynchronous_ends_every_behaviour_holds_over_the_wire(name: str) -> None:
    case = Case(PLACEMENTS[name], is_async=True, serves_async=True)
    assert [behaviour for behaviour in BEHAVIOURS if gaps(behaviour, case)] == []
