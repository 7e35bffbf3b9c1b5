"""Our wheel, installed in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.projects import ROOT, run, unpack


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    run("hatchling", "build", "-t", "wheel", "-d", str(folder / "dist"), folder=ROOT, path=())
    (ours,) = (folder / "dist").iterdir()
    unpack(ours, folder / "site")
    return folder / "site"
