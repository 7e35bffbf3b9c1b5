"""Generated files on disk: what is stale, what is missing, what is left over; written whole or not at all."""

from __future__ import annotations

import difflib
import errno
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from avrorpc_codegen.example_files import DATA_MARK, DATA_SUFFIX
from avrorpc_codegen.source import display_name
from avrorpc_codegen.view import MARK

_HEADER_LINES: Final = 40
"""How many lines at the top of a file may hold the mark of a generated one."""


@dataclass(slots=True)
class Changes:
    """What would have to be done."""

    write: dict[Path, str] = field(default_factory=dict)
    """New texts by path, of files that are missing or stale."""
    remove: list[Path] = field(default_factory=list)
    """Files that were generated once and are no more."""

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def compare(files: Mapping[Path, str], roots: Sequence[Path]) -> Changes:
    """Compare texts with what is on disk; files below `roots` that no run would write are left over."""
    changes = Changes()
    for path, text in files.items():
        if _read(path) != text:
            changes.write[path] = text
    for root in roots:
        for path in sorted([*root.rglob("*.py"), *root.rglob(f"*{DATA_SUFFIX}")]):
            if path not in files and _is_generated(path):
                changes.remove.append(path)
    return changes


def _is_generated(path: Path) -> bool:
    """Return whether a file is ours to remove; a template may have put lines of its own before the mark."""
    return any(
        line.startswith(MARK) or DATA_MARK in line for line in (_read(path) or "").split("\n")[:_HEADER_LINES]
    )


def diff(changes: Changes) -> str:
    """Return the changes as a unified diff."""
    lines: list[str] = []
    texts: list[tuple[Path, str | None]] = [
        *changes.write.items(),
        *((path, None) for path in changes.remove),
    ]
    for path, text in sorted(texts, key=lambda pair: pair[0]):
        name, old = display_name(path), _read(path)
        before = "/dev/null" if old is None else f"a/{name}"
        after = "/dev/null" if text is None else f"b/{name}"
        lines += text_diff(old or "", text or "", before, after)
    return "\n".join(lines)


def text_diff(old: str, new: str, before: str, after: str) -> list[str]:
    """Return the lines of a unified diff; where only line ends differ, it says no more than the names."""
    found = list(difflib.unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm=""))
    return found or [f"--- {before}", f"+++ {after}"]


def apply(changes: Changes) -> None:
    """Write and remove files; each is replaced in one step.

    Raises:
        OSError: A file cannot be written; those before it have been.
    """
    for path, text in changes.write.items():
        write_whole(path, text)
    for path in changes.remove:
        path.unlink()
        for folder in path.parents:
            if any(entry.name != "__pycache__" for entry in folder.iterdir()):
                break
            _remove_folder(folder)


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place, then move it there, so that nobody sees half of it.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8", newline="\n")  # A pipe or a device has no place to move to.
        return
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove_folder(folder: Path) -> None:
    for cached in (folder / "__pycache__").glob("*.pyc"):
        cached.unlink()
    if (folder / "__pycache__").is_dir():
        (folder / "__pycache__").rmdir()
    folder.rmdir()


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        return ""
