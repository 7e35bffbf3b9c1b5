"""The build hook for hatchling: code is generated before a wheel, a source or an editable install is made.

Switched on by `[tool.hatch.build.hooks.avrogen]`. Imported by hatchling alone, so that nothing else here
needs it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn, cast

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from avrorpc_codegen.config import ConfigError
from avrorpc_codegen.library import GeneratedProject, generate_project
from avrorpc_codegen.sharing import FOLDER, SCHEMAS_GROUP

_INCLUDE: Final = "include"
_OF_HATCHLING: Final = (
    "dependencies",
    "enable-by-default",
    "require-runtime-dependencies",
    "require-runtime-features",
)
"""What hatchling itself reads in the table of any hook."""


class AvrogenBuildHook(BuildHookInterface[BuilderConfig]):
    """Generates the code of a project, and sees to it that code and shared contracts are packed."""

    PLUGIN_NAME = "avrogen"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Generate, and name what the build takes; a wrong contract ends it."""
        try:
            project = self._generate()
            places = _modules(project) | _contracts(project, self.metadata.core.entry_points)
        except ConfigError as error:
            self._fail(str(error))
        except OSError as error:
            self._fail(f"{error.filename}: {error.strerror}")
        # Packed even where a .gitignore names them.
        root = Path(self.root).resolve()
        artifacts = cast("list[str]", build_data["artifacts"])
        artifacts += [f"/{_below(path, root)}" for path in project.files if path.is_relative_to(root)]
        if self.target_name == "wheel" and version == "standard":
            cast("dict[str, str]", build_data["force_include"]).update(places)

    def _generate(self) -> GeneratedProject:
        project = generate_project(self.root, include=[Path(self.root, item) for item in self._include()])
        if project.diagnostics.items:
            self.app.display_error(project.diagnostics.render())
        if project.diagnostics.has_errors:
            self._fail("the contracts are wrong, and nothing is built")
        project.write()
        return project

    def _include(self) -> list[str]:
        unknown = sorted(set(self.config) - {_INCLUDE, *_OF_HATCHLING})
        include = self.config.get(_INCLUDE, [])
        if unknown:
            raise ConfigError(f"[tool.hatch.build.hooks.avrogen] knows no setting {unknown[0]!r}")
        if not isinstance(include, list) or not all(isinstance(item, str) for item in include):
            raise ConfigError(f"`{_INCLUDE}` of [tool.hatch.build.hooks.avrogen] is a list of strings")
        return include

    def _fail(self, problem: str) -> NoReturn:
        self.app.abort(f"avrogen: {problem}")
        raise SystemExit(1)


@hookimpl
def hatch_register_build_hook() -> type[AvrogenBuildHook]:
    """Tell hatchling of the hook."""
    return AvrogenBuildHook


def _modules(project: GeneratedProject) -> dict[str, str]:
    """Return where each generated file goes in a wheel."""
    places: dict[str, str] = {}
    for path in project.files:
        output = next(t.output for t in project.config.targets if path.is_relative_to(t.output))
        places[str(path)] = _below(path, output)
    return places


def _contracts(project: GeneratedProject, entry_points: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return where the contracts go in a wheel: to the package that is said to share them, if one is."""
    packages = set(entry_points.get(SCHEMAS_GROUP, {}).values())
    if len(packages) > 1:
        raise ConfigError(
            f"the entry points {SCHEMAS_GROUP!r} name two packages; only one can have the contracts"
        )
    schemas = project.config.schemas
    folders = [f"{package.replace('.', '/')}/{FOLDER}" for package in packages]
    return {str(path): f"{folder}/{_below(path, schemas)}" for folder in folders for path in _files(schemas)}


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _below(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
