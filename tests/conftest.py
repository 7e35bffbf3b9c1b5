"""Options that the whole test suite knows."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write what the compiler gives as expected")
    parser.addoption("--all", action="store_true", help="run each conformance case at every place")
    parser.addoption("--case", action="append", help="only conformance cases with this in their name")
    parser.addoption("--place", action="append", help="only at this placement")
