"""From a folder of contracts to the text of every generated file. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from avrorpc_codegen.config import Config
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.garbage import collection_paused
from avrorpc_codegen.placing import Placement, place
from avrorpc_codegen.reading import Read, read_contracts, search_path
from avrorpc_codegen.rendering import Renderer
from avrorpc_codegen.targets import shared_modules
from avrorpc_codegen.view import module_view, package_view


@dataclass(slots=True)
class Generated:
    """The result of a run."""

    files: dict[Path, str] = field(default_factory=dict)
    """Texts by path."""
    roots: list[Path] = field(default_factory=list)
    """The folders of the generated packages."""
    contracts: Contracts = field(default_factory=Contracts)
    packages: dict[str, list[str]] = field(default_factory=dict)
    """The installed packages that contracts come from, and the files of each."""


@collection_paused()
def generate(config: Config, diagnostics: Diagnostics, include: Sequence[Path] = ()) -> Generated:
    """Generate code for all contracts of a project; with errors, there are no files."""
    root = config.schemas.resolve()
    read = read_contracts([root], search_path(root, include), diagnostics)
    generated = Generated(contracts=read.contracts, packages=_packages(read))
    if not read.roots or diagnostics.has_errors:
        return generated
    config = replace(config, external={**config.external, **shared_modules(read.contracts, config)})
    placement = place(generated.contracts, config, diagnostics)
    views = [module_view(module, placement, root, diagnostics) for module in placement.modules.values()]
    if diagnostics.has_errors:
        return generated
    renderer = Renderer()
    generated.files = {module.path: renderer.module(module) for module in views}
    _add_packages(generated, config, placement, renderer)
    return generated


def _packages(read: Read) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for unit in read.units:
        if unit.shared:
            folder = next(folder for folder in unit.shared.folders if unit.path.is_relative_to(folder))
            files.setdefault(unit.shared.distribution, []).append(unit.path.relative_to(folder).as_posix())
    return {package: sorted(files[package]) for package in sorted(files)}


def _add_packages(generated: Generated, config: Config, placement: Placement, renderer: Renderer) -> None:
    """Add the packages above the modules, and the mark of a typed package."""
    for target in config.targets:
        root = target.output.joinpath(*target.package.split("."))
        generated.roots.append(root)
        modules = [module for module in placement.modules.values() if module.path.is_relative_to(root)]
        for module in modules:
            generated.files.setdefault(root / "py.typed", "")
            folder = module.path.parent
            while folder != root:
                folder = folder.parent
                package = folder.relative_to(target.output).as_posix().replace("/", ".")
                text = renderer.package(package_view(package), package)
                generated.files.setdefault(folder / "__init__.py", text)
