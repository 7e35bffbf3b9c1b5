"""The text that the shipped checkpoint learns from: the docstrings of Python's standard library.

They are read from the running Python each time and never copied into the repository.
The held-out text beside this module was written for it, and is never trained on.
Nothing here knows about models or tokenizers.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import sysconfig
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HELD_OUT: Final = Path(__file__).with_name("held_out.txt")
"""The text that training never sees and evaluation reads."""

SKIPPED_FOLDERS: Final = frozenset(
    {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
)
"""Folders of the standard library that hold tests, or packages that are not a part of it."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents in a fixed order, and what identifies them."""

    documents: tuple[str, ...]
    """The docstrings, each once, in the order of their files and of their place in them."""
    python: str
    """The version of the Python that they document, such as `3.11.7`."""

    @property
    def sha256(self) -> str:
        """The hash of all documents in their order."""
        digest = hashlib.sha256()
        for document in self.documents:
            digest.update(document.encode("utf-8"))
            digest.update(b"\0")
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """The length of all documents in bytes of UTF-8."""
        return sum(len(document.encode("utf-8")) for document in self.documents)


def collect(stdlib: Path | None = None) -> Corpus:
    """Read every docstring below a folder, by default that of the running Python's library.

    A docstring that occurs twice counts once. A file that does not parse is passed over.
    """
    folder = Path(sysconfig.get_path("stdlib")) if stdlib is None else stdlib
    unique = dict.fromkeys(docstring for path in _sources(folder) for docstring in _docstrings(path))
    return Corpus(tuple(unique), platform.python_version())


def held_out() -> str:
    """Return the held-out text."""
    return HELD_OUT.read_text(encoding="utf-8")


def _sources(folder: Path) -> list[Path]:
    """List the Python files that count, sorted by their path with forward slashes."""
    kept = (
        path
        for path in folder.rglob("*.py")
        if SKIPPED_FOLDERS.isdisjoint(path.relative_to(folder).parts[:-1])
    )
    return sorted(kept, key=lambda path: path.relative_to(folder).as_posix())


def _docstrings(path: Path) -> Iterator[str]:
    """Yield the docstrings of one file from its top to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old files hold invalid escapes; they still parse
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            return
    for node in _walk(tree):
        docstring = ast.get_docstring(node)
        if docstring:
            # An escape can put half a surrogate pair into a literal; UTF-8 has no bytes for it.
            yield docstring.encode("utf-8", "replace").decode("utf-8")


def _walk(
    node: ast.AST,
) -> Iterator[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the nodes that can have a docstring, in source order."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)
