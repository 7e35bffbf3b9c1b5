"""What lies in `examples/` runs from its first line to its last."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_restful_demo_runs_and_shows_both_modes() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "examples/restful_demo.py"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120", "AVRORPC_DEVICE": "cpu", "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = done.stdout
    assert 'client.post("tokenizer", "tokenize"' in told
    statuses = [
        line.rsplit("(", 1)[-1].rstrip(")") for line in told.splitlines() if line.startswith("  curl ")
    ]
    assert statuses == ["200", "200", "200", "404", "200", "200", "200", "200", "200", "403"]
    research, production = (
        int(told.partition("The switch is thrown while calls run\n")[2].split()[place]) for place in (0, 5)
    )
    assert (research + production, research > 0, production > 0) == (200, True, True)
    assert "llm.Tokenizer: 15 passed, 0 failed" in told
    assert "DualClient over HTTP, research" in told
