"""A new project: its files as text, from the templates in `project/`, and where they may be written.

Knows nothing of a terminal. The generated code is no part of it: it is made from the contract afterwards, as
everywhere.
"""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import PackageLoader

from avrorpc_codegen.config import normalized
from avrorpc_codegen.naming import ANNOTATION_NAMES, MODULE_NAMES
from avrorpc_codegen.templating import template_environment

CI_FILES: Final = {
    "github": (".github/workflows/ci.yml", "github.yml.j2"),
    "gitlab": (".gitlab-ci.yml", "gitlab-ci.yml.j2"),
    "none": None,
}
"""Where each CI service looks for its file, and the template of it."""

_FILES: Final = {
    ".gitignore": "gitignore.j2",
    ".pre-commit-config.yaml": "pre-commit-config.yaml.j2",
    "README.md": "README.md.j2",
    "pyproject.toml": "pyproject.toml.j2",
    "schemas/{package}/book.avdl": "book.avdl.j2",
    "schemas/{package}/shelf.avdl": "shelf.avdl.j2",
    "src/{package}/__init__.py": "package.py.j2",
    "src/{package}/py.typed": None,
    "src/{package}/service.py": "service.py.j2",
    "tests/test_placements.py": "test_placements.py.j2",
    "tests/test_service.py": "test_service.py.j2",
}
_MAY_BE_THERE: Final = {".git"}
_LONGEST_PACKAGE: Final = 40
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PACKAGE: Final = re.compile(r"[a-z][a-z0-9_]*")
_OTHERS: Final = {
    *("avrorpc", "avrorpc_codegen", "avrorpc_contracts", "avrorpc_services", "msgspec", "pytest"),
    *("pytest_asyncio", "src", "tests"),
}


class NewProjectError(Exception):
    """A project that cannot be made; the text says why, and what to do."""


@dataclass(slots=True, frozen=True)
class NewProject:
    """What a new project is called, and what it needs."""

    name: str
    """The name of the distribution."""
    package: str
    """The name of the package, and the namespace of the contract."""
    requirement: str
    """The version of avrorpc that it needs, as `pyproject.toml` says it."""
    ci: str = "github"
    """One of `CI_FILES`."""

    def files(self) -> dict[str, str]:
        """Return the text of each file by its path in the project's folder."""
        environment = template_environment(PackageLoader("avrorpc_codegen", "project"))
        templates = dict(_FILES)
        ci = CI_FILES[self.ci]
        if ci is not None:
            templates[ci[0]] = ci[1]
        values = {"name": self.name, "package": self.package, "ci": self.ci, "requirement": self.requirement}
        return {
            path.format(package=self.package): environment.get_template(template).render(values)
            if template
            else ""
            for path, template in sorted(templates.items())
        }


def new_project(folder: Path, version: str, *, name: str | None, package: str | None, ci: str) -> NewProject:
    """Return the project for a folder, its names taken from the folder's where none are given.

    Raises:
        NewProjectError: A name cannot be used.
    """
    given = name is not None
    name = name if name is not None else re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("._-")
    if not _NAME.fullmatch(name):
        said = f"{name!r} cannot be the name of a distribution" if given else "the folder's name is no help"
        raise NewProjectError(f"{said}: give --name letters, digits, and `-`, `_` or `.` between them")
    if normalized(name) in {normalized(other) for other in _OTHERS}:
        raise NewProjectError(f"{name!r} is what the project itself needs; give another --name")
    package = package if package is not None else normalized(name).replace("-", "_")
    problem = _problem(package)
    if problem:
        raise NewProjectError(
            f"{package!r} cannot be the name of its package: {problem}; give another --package"
        )
    return NewProject(name, package, f"avrorpc{_compatible(version)}", ci)


def in_the_way(folder: Path) -> list[str]:
    """Return the names of what a folder holds, but for what may be there."""
    if not folder.exists():
        return []
    found = [path for path in folder.iterdir() if path.name not in _MAY_BE_THERE]
    return sorted(path.name + "/" * path.is_dir() for path in found)


def _problem(package: str) -> str | None:
    if not _PACKAGE.fullmatch(package):
        return "it takes small letters, digits and `_`, a letter first"
    if len(package) > _LONGEST_PACKAGE:
        return f"it is longer than {_LONGEST_PACKAGE} letters"
    if keyword.iskeyword(package):
        return "Python keeps this word for itself"
    if package in sys.stdlib_module_names:
        return "it would hide a module of Python's own library"
    if package in _OTHERS or package in ANNOTATION_NAMES or package in MODULE_NAMES:
        return "it would hide what the code needs"
    return None


def _compatible(version: str) -> str:
    """Return the versions that keep what this one promises: until 1.0 the second number counts."""
    major, minor = (int(number) for number in re.findall(r"\d+", version)[:2])
    return f">={major}.{minor},<{major + 1}" if major else f">=0.{minor},<0.{minor + 1}"
