"""Contracts that installed packages share: where their files lie, and which modules have their types.

A package shares by entry points. In the group `avrorpc.schemas` each value names a package whose folder
`schemas` holds contracts; in `avrorpc.namespaces` a name is an Avro namespace, or a type, and its value the
module generated for it. Only metadata is read: no package is imported, and none is looked at before an
import has been found nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from avrorpc_codegen.config import ConfigError, normalized, schemas_of_project
from avrorpc_codegen.diagnostic import Diagnostics, Rule
from avrorpc_codegen.source import is_file

if TYPE_CHECKING:
    from importlib.metadata import Distribution

SCHEMAS_GROUP: Final = "avrorpc.schemas"
NAMESPACES_GROUP: Final = "avrorpc.namespaces"
FOLDER: Final = "schemas"
"""The folder of a package in which its contracts lie."""

_RUNTIME: Final = "avrorpc"
_NAMELESS: Final = "a package without metadata"


@dataclass(slots=True, frozen=True)
class Shared:
    """What one installed distribution shares."""

    distribution: str
    """Name and version, as findings give them."""
    folders: tuple[Path, ...]
    """The folders that imports are relative to."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """The modules that have its types, by namespace or type."""

    def find(self, location: str) -> Path | None:
        """Return the file at a location, if there is one."""
        return next((folder / location for folder in self.folders if is_file(folder / location)), None)

    def holds(self, path: Path) -> bool:
        """Return whether a file is one of these contracts."""
        return any(path.is_relative_to(folder) for folder in self.folders)


class _EntryPoints(ConfigParser):
    """Reads the file in which an installed package has its entry points; their names keep their case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


class Installed:
    """What the installed packages share, the runtime first, the others in the order of their names."""

    def __init__(self, search: Sequence[Path], diagnostics: Diagnostics) -> None:
        """Take the folders that are searched anyway: a project in development is installed, too."""
        self._searched = {folder.resolve() for folder in search}
        self._diagnostics = diagnostics
        self._seen: list[Shared] = []

    def find(self, location: str) -> Path | None:
        """Return the first file at a location."""
        return next((path for shared in self.shared() if (path := shared.find(location))), None)

    def shared(self) -> Iterator[Shared]:
        """Yield what there is, reading no more metadata than is asked for."""
        yield from self._runtime
        yield from self._packages

    def owner(self, path: Path) -> Shared | None:
        """Return what a file that has been found belongs to; none for one of the project."""
        return next((shared for shared in self._seen if shared.holds(path)), None)

    @cached_property
    def _runtime(self) -> list[Shared]:
        """What this very distribution shares; it may be on Python's path without having been installed."""
        from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415 - slow to load

        folder = _contracts_of(f"{_RUNTIME}.contracts", _RUNTIME)
        own = (folder,) if isinstance(folder, Path) else ()
        try:
            installed = distribution(_RUNTIME)
        except PackageNotFoundError:
            return self._added([Shared(_RUNTIME, own)])
        shared = self._read(installed, self._groups(installed))
        return self._added([replace(shared, folders=tuple(dict.fromkeys([*own, *shared.folders])))])

    @cached_property
    def _packages(self) -> list[Shared]:
        from importlib.metadata import distributions  # noqa: PLC0415 - slow to load

        found: dict[str, Shared] = {}
        for installed in distributions():
            groups = self._groups(installed)
            if not groups:
                continue  # Without its name having been read: there are many, and each is a file.
            name = normalized(_name(installed))
            if name not in (*found, _RUNTIME):  # Python's path hides the later ones.
                found[name] = self._read(installed, groups)
        return self._added([shared for _, shared in sorted(found.items())])

    def _added(self, found: list[Shared]) -> list[Shared]:
        new = [shared for shared in found if not self._searched.issuperset(shared.folders)]
        self._seen += new
        return new

    def _groups(self, installed: Distribution) -> dict[str, dict[str, str]]:
        """Return the entry points of our groups, as they are written."""
        parser = _EntryPoints(delimiters=("=",), interpolation=None)
        try:
            text = installed.read_text("entry_points.txt") or ""
            if f"[{_RUNTIME}." not in text:
                return {}
            parser.read_string(text)
        except (Error, UnicodeDecodeError, OSError) as error:
            reason = str(error).partition("\n")[0]
            self._warn(f"the entry points of {_full_name(installed)} cannot be read: {reason}")
            return {}
        wanted = [group for group in (SCHEMAS_GROUP, NAMESPACES_GROUP) if parser.has_section(group)]
        return {group: dict(parser.items(group)) for group in wanted}

    def _read(self, installed: Distribution, groups: dict[str, dict[str, str]]) -> Shared:
        folders: list[Path] = []
        for package in groups.get(SCHEMAS_GROUP, {}).values():
            folder = _contracts_of(package, _name(installed))
            if isinstance(folder, Path):
                folders.append(folder)
            else:
                self._warn(f"{_full_name(installed)} says that `{package}` has contracts, but {folder}")
        modules = groups.get(NAMESPACES_GROUP, {})
        return Shared(_full_name(installed), tuple(dict.fromkeys(folders)), modules)

    def _warn(self, message: str) -> None:
        self._diagnostics.warning(
            Rule.BAD_PACKAGE, message, None, help="install it anew, or ask those who made it"
        )


def _contracts_of(package: str, distribution: str) -> Path | str:
    """Return the folder of a package's contracts, or else why there is none.

    An editable install has no copy of them: there they lie where the project's settings say.
    """
    top, *rest = package.split(".")
    try:
        spec = find_spec(top)  # Of the top alone: that imports nothing.
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return f"there is no package `{top}`"
    places = [Path(place, *rest) for place in spec.submodule_search_locations or ()]
    try:
        for place in places:
            for folder in (place / FOLDER, schemas_of_project(place, distribution)):
                if folder is not None and folder.is_dir():
                    return folder.resolve()
    except ConfigError as error:
        return str(error)
    return f"there is no folder `{FOLDER}` in it"


def _name(installed: Distribution) -> str:
    """Return the name of a distribution; a damaged one has none."""
    try:
        return installed.metadata["Name"] or _NAMELESS
    except (OSError, KeyError):
        return _NAMELESS


def _full_name(installed: Distribution) -> str:
    name = _name(installed)
    return name if name == _NAMELESS else f"{name} {installed.version}"
