"""Options that the whole test suite knows."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the compiler gives as expected")
    parser.addoption("--every-fault", action="store_true", help="run what is marked long, too")
    parser.addoption("--all", action="store_true", help="run each conformance case at every place")
    parser.addoption("--case", action="append", help="only conformance cases with this in their name")
    parser.addoption("--place", action="append", help="only at this placement")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--every-fault"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
