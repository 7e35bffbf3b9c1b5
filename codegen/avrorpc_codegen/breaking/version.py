"""Versions of contracts: the files at hand, a folder or a file elsewhere, or what git remembers."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from avrorpc_codegen.breaking.comparison import Version
from avrorpc_codegen.breaking.finding import At
from avrorpc_codegen.breaking.git import GitError, Repository, repository
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.loading import KINDS, Unit, no_contract
from avrorpc_codegen.reading import Read, read_contracts, search_path
from avrorpc_codegen.source import display_name

_SETTINGS: Final = "pyproject.toml"


class VersionError(Exception):
    """An older version that cannot be had; the text says why, and the way out."""


@dataclass(slots=True)
class Project:
    """Where the contracts at hand are."""

    schemas: Path
    """The folder or the file that is compared."""
    root: Path
    """The folder of all contracts, where imports are looked for."""
    include: Sequence[Path] = ()
    """More folders for that."""
    settings: Path | None = None
    """The `pyproject.toml` that names the folder, where no argument did."""


class Broken(Exception):
    """An older version that does not compile; `diagnostics` say why."""

    def __init__(self, label: str, diagnostics: Diagnostics) -> None:
        super().__init__(f"the older version, {label}, does not compile")
        self.diagnostics = diagnostics


def read_project(project: Project, diagnostics: Diagnostics) -> Version:
    """Read the contracts at hand; findings of the compiler are collected."""
    read = read_contracts([project.schemas], search_path(project.root, project.include), diagnostics)
    return _version("the contracts at hand", project.schemas, read)


def read_old(name: str, project: Project) -> Version:
    """Read the older version of a name: a folder, a file, or whatever git knows by it.

    Raises:
        Broken: It does not compile.
        VersionError: There is no such thing, or the name may be two things.
    """
    path = Path(name)
    is_path = path.exists() and (path.is_dir() or path.suffix in KINDS)
    is_only_path = path.is_absolute() or name.startswith(".") or path.suffix in KINDS
    if is_only_path and not is_path:
        if path.exists():
            raise VersionError(no_contract(path))
        raise VersionError(f"there is no file or folder {name}")
    if is_only_path:
        return _read_path(name, path, project)
    try:
        source = repository(project.schemas.resolve())
        commit = source.find(name) if is_path else source.commit(name)
    except GitError as error:
        if is_path:
            return _read_path(name, path, project)
        if path.exists():
            raise VersionError(no_contract(path)) from error
        raise VersionError(f"there is no file or folder {name}; {error}") from error
    if commit is None:
        return _read_path(name, path, project)
    if is_path:
        hint = f"write ./{name} for the folder, or refs/heads/{name} or refs/tags/{name} for git's"
        raise VersionError(f"{name} is both a file or folder and a name that git knows; {hint}")
    return _read_commit(name, commit, source, project)


def tagged(pattern: str, project: Project) -> list[str]:
    """Return the tags that a pattern matches, the highest version last.

    Raises:
        VersionError: There are none, or there is no repository.
    """
    try:
        return repository(project.schemas.resolve()).tags(pattern)
    except GitError as error:
        raise VersionError(str(error)) from error


def _read_path(label: str, path: Path, project: Project) -> Version:
    diagnostics = Diagnostics()
    root = path if path.is_dir() else path.parent
    read = read_contracts([path], search_path(root, project.include), diagnostics)
    if diagnostics.has_errors:
        raise Broken(label, diagnostics)
    return _version(label, path, read)


def _read_commit(label: str, commit: str, source: Repository, project: Project) -> Version:
    try:
        with source.tree(commit) as tree:
            schemas = _then(project.schemas, source.top, tree)
            root = _then(project.root, source.top, tree)
            if project.settings is not None:
                schemas = root = _folder_then(project, source.top, tree)
            if schemas is None or not schemas.exists():
                return Version(label, is_there=False)
            include = [_then(folder, source.top, tree) or folder for folder in project.include]
            diagnostics = Diagnostics()
            search = search_path(root or schemas, include)
            read = read_contracts([schemas], search, diagnostics, name=partial(_name, label, tree))
            if diagnostics.has_errors:
                raise Broken(label, diagnostics)
            return _version(label, schemas, read)
    except GitError as error:
        raise VersionError(str(error)) from error


def _name(label: str, tree: Path, path: Path) -> str:
    """Return how people are shown a file of an older version: as git itself would take it."""
    resolved = path.resolve()
    if resolved.is_relative_to(tree):
        return f"{label}:{resolved.relative_to(tree).as_posix()}"
    return display_name(path)


def _then(path: Path, top: Path, tree: Path) -> Path | None:
    """Return the place of a file or a folder in an older tree; None for what lies outside the repository."""
    resolved = path.resolve()
    return tree / resolved.relative_to(top) if resolved.is_relative_to(top) else None


def _folder_then(project: Project, top: Path, tree: Path) -> Path | None:
    """Return the folder of the contracts as the project's settings named it at the time."""
    then = _then(project.settings, top, tree) if project.settings else None
    try:
        table: object = tomllib.loads(then.read_text(encoding="utf-8")) if then else {}
    except (OSError, ValueError):
        table = {}
    for key in ("tool", "avrogen", "schemas"):
        table = table.get(key) if isinstance(table, dict) else None
    if then is not None and isinstance(table, str) and (then.parent / table).exists():
        return then.parent / table
    return _then(project.root, top, tree)


def _version(label: str, path: Path, read: Read) -> Version:
    base = (path if path.is_dir() else path.parent).resolve()
    schemas = {
        _relative(unit, base): (schema, _place(unit)) for unit, schema in read.contracts.main_schemas.items()
    }
    return Version(label, read.contracts, schemas, is_there=bool(read.roots))


def _place(unit: Unit) -> At:
    declared = unit.tree.main_schema if unit.tree else None
    return At(declared.span if declared else None, unit.name)


def _relative(unit: Unit, base: Path) -> str:
    inside = unit.path.is_relative_to(base)
    return unit.path.relative_to(base).as_posix() if inside else unit.path.name
