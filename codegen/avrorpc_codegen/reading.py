"""From paths to contracts: what every command begins with. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avrorpc_codegen.config import ConfigError
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.garbage import collection_paused
from avrorpc_codegen.loading import KINDS, Loader, Unit, closure, no_contract
from avrorpc_codegen.resolver import resolve
from avrorpc_codegen.source import display_name


@dataclass(slots=True)
class Read:
    """What a set of paths holds."""

    contracts: Contracts = field(default_factory=Contracts)
    """What all the files declare, those imported too."""
    roots: list[Unit] = field(default_factory=list)
    """The files that were asked for."""
    units: list[Unit] = field(default_factory=list)
    """Those and all that they import."""


@collection_paused()
def read_contracts(
    paths: Sequence[Path],
    search: Sequence[Path],
    diagnostics: Diagnostics,
    texts: Mapping[Path, str] | None = None,
    name: Callable[[Path], str] = display_name,
) -> Read:
    """Read files, and all contracts below folders; findings are collected, and what is sound is returned.

    `texts` stand for files on disk, by their absolute paths; `name` says how people are shown a path.

    Raises:
        ConfigError: A file is no contract by its name.
    """
    loader = Loader(search, diagnostics, texts, name)
    roots = [loader.load(file) for file in contract_files(paths)]
    if not roots:
        return Read()
    units = list(loader.units.values())
    return Read(resolve(units, roots, diagnostics), roots, units)


@collection_paused()
def read_each(
    paths: Sequence[Path],
    search: Sequence[Path],
    diagnostics: Diagnostics,
    texts: Mapping[Path, str] | None = None,
) -> list[Read]:
    """Read files, each as if it were the only one; those in JSON know the types of each other.

    What several of them import is read once, and what is wrong with it is said once.
    """
    loader = Loader(search, diagnostics, texts)
    roots = [loader.load(path) for path in paths]
    in_json = [root for root in roots if root.is_json]
    reads: list[Read] = []
    for root in roots:
        units = closure(root)
        if any(unit.is_json for unit in units):
            units = list(dict.fromkeys([*units, *in_json]))
        reads.append(Read(resolve(units, [root], diagnostics), [root], units))
    diagnostics.items = list(dict.fromkeys(diagnostics.items))
    return reads


def contract_files(paths: Iterable[Path]) -> list[Path]:
    """Return these files, and all contract files below these folders, each once.

    Raises:
        ConfigError: A file is no contract by its name.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            files |= dict.fromkeys(find_contracts(path))
        elif path.suffix in KINDS:
            files[path] = None
        else:
            raise ConfigError(no_contract(path))
    return list(files)


def find_contracts(folder: Path) -> list[Path]:
    """Return the contract files below a folder, IDL first, since it may import the others.

    What lies in a hidden folder is not looked at.
    """
    files = [
        path
        for path in folder.rglob("*")
        if path.suffix in KINDS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    order = list(KINDS)
    return sorted(files, key=lambda path: (order.index(path.suffix), path.relative_to(folder).as_posix()))


def search_path(schemas: Path, extra: Sequence[Path]) -> list[Path]:
    """Return the folders where imports are looked for, after the importing file's own.

    What is in none of them is looked for in the installed packages, without being told.
    """
    return [*extra, schemas]
