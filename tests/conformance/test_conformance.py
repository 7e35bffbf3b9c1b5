"""The conformance suite: cases as data, each at every place where it applies.

By default each case runs once, at places taken in turn; `--all` runs it at all of them. `--case TEXT` takes
the cases with a text in their name, and `--place NAME` the placements of a name; both may be repeated.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conformance.calling import run_steps
from conformance.evolving import run_evolution
from conformance.loading import load_all
from conformance.placing import Expanded, expand, slice_of
from conformance.transcripts import run_peer, run_wire
from conformance.world import World


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "expanded" in metafunc.fixturenames:
        config = metafunc.config
        names, places = config.getoption("--case"), config.getoption("--place")
        cases = [case for case in load_all() if not names or any(name in case.name for name in names)]
        chosen = [one for one in expand(cases) if not places or one.where.placement in places]
        chosen = [one for one in chosen if not one.reason] if config.getoption("--all") else slice_of(chosen)
        metafunc.parametrize("expanded", [pytest.param(one, id=one.name) for one in chosen])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as made:
        yield made


def test_case(expanded: Expanded, world: World) -> None:
    case, where = expanded.case, expanded.where
    match case.kind:
        case "steps":
            run_steps(world, case, where)
        case "wire":
            run_wire(world, case, where)
        case "peer":
            run_peer(world, case, where)
        case "evolution":
            run_evolution(world, case, where)
