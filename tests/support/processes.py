"""The environment of processes that tests start: this checkout's packages go before installed ones."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("codegen", "runtime", "services", "generated", "tests", "tests/generated")


def environment(**more: str) -> dict[str, str]:
    """Return ours with Python's path led by this checkout, and with further variables."""
    path = [*(str(ROOT / folder) for folder in FOLDERS), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)), **more}
