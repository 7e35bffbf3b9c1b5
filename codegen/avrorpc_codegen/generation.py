"""From a folder of contracts to the text of every generated file. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from avrorpc.examples import cases_to_text

from avrorpc_codegen.config import Config
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.example_files import DATA_MARK, examples_file, read_examples
from avrorpc_codegen.garbage import collection_paused
from avrorpc_codegen.placing import Placement, place
from avrorpc_codegen.reading import Read, read_contracts, search_path
from avrorpc_codegen.rendering import Renderer
from avrorpc_codegen.targets import shared_modules
from avrorpc_codegen.view import module_view, package_view
from avrorpc_codegen.views import ModuleView


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
    sources: list[Path] = field(default_factory=list)
    """The contract files that were read, those imported too, and the files of example cases."""


@collection_paused()
def generate(config: Config, diagnostics: Diagnostics, include: Sequence[Path] = ()) -> Generated:
    """Generate code for all contracts of a project; with errors, there are no files."""
    root = config.schemas.resolve()
    read = read_contracts([root], search_path(root, include), diagnostics)
    sources = [unit.path for unit in read.units]
    generated = Generated(contracts=read.contracts, packages=_packages(read), sources=sources)
    if not read.roots or diagnostics.has_errors:
        return generated
    config = replace(config, external={**config.external, **shared_modules(read.contracts, config)})
    placement = place(generated.contracts, config, diagnostics)
    if diagnostics.has_errors:
        return generated  # Something has no place, and could not be named.
    sources += read_examples(
        [item for module in placement.modules.values() for item in module.protocols],
        read.contracts,
        diagnostics,
    )
    if diagnostics.has_errors:
        return generated
    views = [module_view(module, placement, root, diagnostics) for module in placement.modules.values()]
    if diagnostics.has_errors:
        return generated
    _render(generated, views, config, placement, diagnostics)
    if diagnostics.has_errors:
        generated.files = {}
    return generated


def _render(
    generated: Generated,
    views: list[ModuleView],
    config: Config,
    placement: Placement,
    diagnostics: Diagnostics,
) -> None:
    """Write the text of all modules, of the packages above them, and the mark of a typed package."""
    renderers = {folders: Renderer(folders, diagnostics) for folders in {t.templates for t in config.targets}}
    modules = placement.modules.values()
    for module, view in zip(modules, views, strict=True):
        generated.files[module.path] = renderers[module.target.templates].module(view)
        for declared in module.protocols:
            if declared.has_case_file and declared.cases:
                path = module.path.with_name(examples_file(declared.protocol.name))
                generated.files[path] = cases_to_text(declared.cases, DATA_MARK)
    for target in config.targets:
        root = target.output.joinpath(*target.package.split("."))
        generated.roots.append(root)
        for module in modules:
            if module.target is not target:
                continue
            generated.files.setdefault(root / "py.typed", "")
            for folder in module.path.parents:
                if not folder.is_relative_to(root):
                    break
                path = folder / "__init__.py"
                if path not in generated.files:
                    package = package_view(target, folder)
                    generated.files[path] = renderers[target.templates].package(package)


def _packages(read: Read) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for unit in read.units:
        if unit.shared:
            folder = next(folder for folder in unit.shared.folders if unit.path.is_relative_to(folder))
            files.setdefault(unit.shared.distribution, []).append(unit.path.relative_to(folder).as_posix())
    return {package: sorted(files[package]) for package in sorted(files)}
