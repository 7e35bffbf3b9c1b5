"""Peers that are not installed are skipped, and said to be."""

from __future__ import annotations

import pytest
from support.foreign import has


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """The peer that a test is for; tests are parametrized with it."""
    name = str(request.param)
    if not has(name):
        pytest.skip(f"{name} is not installed; `nox -s interop` does that")
    return name
