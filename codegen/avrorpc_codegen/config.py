"""What a project says in `[tool.avrogen]` of its `pyproject.toml`, and what holds where it says nothing."""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

DEFAULT_OUTPUT: Final = "generated"
DEFAULT_PACKAGE: Final = "contracts"
RUNTIME_NAMESPACE: Final = "avrorpc"
RUNTIME_EXTERNAL: Final = {RUNTIME_NAMESPACE: "avrorpc.contracts", "avrorpc.Tensor": "avrorpc.tensor"}
"""Where the runtime's own types are; a project that generates the namespace itself keeps the second only."""


class ConfigError(Exception):
    """A setting, or a question, that makes no sense; the text says which, and where."""


@dataclass(slots=True, frozen=True)
class Target:
    """A package to generate."""

    package: str
    """The dotted name of the package."""
    output: Path
    """The folder that is on Python's path, in which the package lies."""
    namespaces: tuple[str, ...] = ()
    """The namespaces that go there, each without its own name; none: all that no other target takes."""
    templates: tuple[Path, ...] = ()
    """The folders of templates of the project's own; the first one wins."""


@dataclass(slots=True, frozen=True)
class Config:
    """The settings of a project."""

    schemas: Path
    targets: tuple[Target, ...]
    external: dict[str, str] = field(default_factory=dict)
    """Modules by the namespace or the type that is there already."""
    root: Path = Path()
    """The folder of the project."""
    lint: Mapping[str, object] = field(default_factory=dict)
    """What `[tool.avrogen.lint]` says; `lint.settings` knows what it means."""


def find_project(start: Path) -> Path | None:
    """Return the nearest `pyproject.toml` from a folder upwards, if there is one."""
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file():
            return folder / "pyproject.toml"
    return None


def load_config(
    start: Path, *, schemas: Path | None = None, output: Path | None = None, package: str | None = None
) -> Config:
    """Return the settings for a folder; arguments win over the file, and make a single target.

    Raises:
        ConfigError: The file is not TOML, or a setting is of the wrong kind.
    """
    project = find_project(start)
    root = project.parent if project else start
    table = _read(project) if project else {}
    external = _external(table, project)
    shared = _templates(table, root, project)
    targets: list[Target] = []
    if output is None and package is None:
        targets = [_target(item, root, project, shared) for item in _tables(table, "targets", project)]
    if not targets:
        package = package or DEFAULT_PACKAGE
        _check_package(package)
        targets = [Target(package, output or root / DEFAULT_OUTPUT, templates=shared)]
    if sum(not target.namespaces for target in targets) > 1:
        raise ConfigError(f"{project}: only one of the targets can do without `namespaces`")
    own = {namespace for target in targets for namespace in target.namespaces}
    known = {name: module for name, module in RUNTIME_EXTERNAL.items() if name not in own}
    default = root / _string(table, "schemas", project, "schemas")
    lint = table.get("lint", {})
    if not isinstance(lint, dict):
        raise ConfigError(f"{project}: [tool.avrogen.lint] is not a table")
    return Config(schemas or default, tuple(targets), {**known, **external}, root, lint)


def schemas_of_project(start: Path, name: str) -> Path | None:
    """Return the folder of contracts of the project called `name`, if a folder lies in that project.

    Raises:
        ConfigError: Its settings make no sense.
    """
    project = find_project(start)
    if project is None:
        return None
    about = _document(project).get("project")
    own = about.get("name") if isinstance(about, dict) else None
    if not isinstance(own, str) or normalized(own) != normalized(name):
        return None
    return project.parent / _string(_read(project), "schemas", project, "schemas")


def section(start: Path, name: str) -> tuple[dict[str, object], Path | None]:
    """Return a table of `[tool.avrogen]` that another module understands, and the file it is in.

    Raises:
        ConfigError: The file is not TOML, or this is no table.
    """
    project = find_project(start)
    table = (_read(project) if project else {}).get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{project}: [tool.avrogen.{name}] is not a table")
    return table, project


def normalized(distribution: str) -> str:
    """Return the name of a distribution in the form in which two names are compared."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _document(project: Path) -> dict[str, object]:
    try:
        return tomllib.loads(project.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{project}: not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {project}: {error.strerror}") from error


def _read(project: Path) -> dict[str, object]:
    table: object = _document(project)
    for key in ("tool", "avrogen"):
        table = table.get(key, {}) if isinstance(table, dict) else table
    if not isinstance(table, dict):
        raise ConfigError(f"{project}: [tool.avrogen] is not a table")
    unknown = sorted(set(table) - {"schemas", "targets", "external", "lint", "breaking", "templates"})
    if unknown:
        raise ConfigError(f"{project}: [tool.avrogen] knows no setting {unknown[0]!r}")
    return table


def _target(item: dict[str, object], root: Path, project: Path | None, templates: tuple[Path, ...]) -> Target:
    unknown = sorted(set(item) - {"package", "output", "namespaces", "templates"})
    if unknown:
        raise ConfigError(f"{project}: a target knows no setting {unknown[0]!r}")
    namespaces = item.get("namespaces", [])
    if not isinstance(namespaces, list) or not all(isinstance(name, str) for name in namespaces):
        raise ConfigError(f"{project}: `namespaces` of a target is a list of strings")
    package = _string(item, "package", project, DEFAULT_PACKAGE)
    _check_package(package)
    output = root / _string(item, "output", project, DEFAULT_OUTPUT)
    return Target(package, output, tuple(namespaces), (*_templates(item, root, project), *templates))


def _templates(table: dict[str, object], root: Path, project: Path | None) -> tuple[Path, ...]:
    if "templates" not in table:
        return ()
    folder = root / _string(table, "templates", project, "")
    if not folder.is_dir():
        raise ConfigError(f"{project}: there is no folder {folder}, which `templates` names")
    return (folder,)


def _check_package(package: str) -> None:
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in package.split(".")):
        raise ConfigError(f"{package!r} is not the name of a package")


def _external(table: dict[str, object], project: Path | None) -> dict[str, str]:
    external = table.get("external", {})
    if not isinstance(external, dict) or not all(isinstance(module, str) for module in external.values()):
        raise ConfigError(f"{project}: [tool.avrogen.external] maps names to modules")
    return {str(name): str(module) for name, module in external.items()}


def _tables(table: dict[str, object], key: str, project: Path | None) -> list[dict[str, object]]:
    items = table.get(key, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ConfigError(f"{project}: [[tool.avrogen.{key}]] is a list of tables")
    return items


def _string(table: dict[str, object], key: str, project: Path | None, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise ConfigError(f"{project}: `{key}` of [tool.avrogen] is a string")
    return value
