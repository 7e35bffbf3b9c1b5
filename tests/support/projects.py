"""Projects of others: built, installed and run with our wheel, without a network."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(*folders: Path) -> dict[str, str]:
    """Return an environment in which these folders, and none of this repository, are on Python's path."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONWARNINGS": "error"}


def run(
    *command: str, folder: Path, path: tuple[Path, ...], status: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a command of Python's and expect an exit status."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment(*path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == status, f"{command}: {done.stdout}{done.stderr}"
    return done


def wheel(project: Path, *path: Path) -> Path:
    """Build a project with hatchling, and return its wheel."""
    run("hatchling", "build", "-t", "wheel", "-d", str(project / "dist"), folder=project, path=path)
    (found,) = (project / "dist").glob("*.whl")
    return found


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


def unpack(archive: Path, site: Path) -> None:
    """Install a wheel of Python alone: its files are where they belong."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(site)
