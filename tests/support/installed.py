"""Installed packages, written to a folder as an installer would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from support.contracts import write


def install(
    site: Path, name: str, entry_points: str, files: Mapping[str, str] | None = None, version: str = "1.0"
) -> None:
    """Write a distribution's metadata and files to a folder that is on Python's path."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    write(site, {f"{info}/METADATA": metadata, f"{info}/entry_points.txt": entry_points, **(files or {})})
