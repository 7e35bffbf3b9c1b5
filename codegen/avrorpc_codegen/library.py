"""The compiler for programs: build hooks, scripts, notebooks. Nothing here prints, or ends the process.

What is wrong with a contract is in `diagnostics`. Exceptions say that the question makes no sense, or that
the disk refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from avrorpc.schema import Json

from avrorpc_codegen.config import Config, ConfigError, load_config
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import generate
from avrorpc_codegen.json_output import as_text, compiled
from avrorpc_codegen.output import Changes, apply, compare, diff
from avrorpc_codegen.reading import read_contracts, search_path


@dataclass(slots=True, frozen=True)
class Compiled:
    """A contract file as the JSON that every Avro library reads."""

    json: Json
    """The protocol or the schema; None where the contract is wrong."""
    suffix: str
    """`.avpr` for a protocol, `.avsc` for schemas."""
    diagnostics: Diagnostics
    """What there is to say about the file and about those that it imports."""

    @property
    def text(self) -> str:
        """The JSON as the text of a file."""
        return as_text(self.json)


@dataclass(slots=True, frozen=True)
class GeneratedProject:
    """The code of a project, and how it differs from what is on disk."""

    config: Config
    """The settings, from `[tool.avrogen]` of its `pyproject.toml`."""
    files: dict[Path, str]
    """The text of each generated file; none where a contract is wrong."""
    changes: Changes
    """The files that are missing, stale or left over."""
    diagnostics: Diagnostics
    """What there is to say about the contracts."""

    def write(self) -> None:
        """Bring the files on disk up to date.

        Raises:
            OSError: One cannot be written.
        """
        apply(self.changes)

    def diff(self) -> str:
        """Return what `write` would change, as a unified diff."""
        return diff(self.changes)


def compile_file(path: str | PathLike[str], *, include: Sequence[str | PathLike[str]] = ()) -> Compiled:
    """Translate one contract file; nothing is written.

    Args:
        path: The file: `.avdl`, `.avpr` or `.avsc`.
        include: Folders to search for imports, before those of the project that the file lies in.

    Raises:
        ConfigError: It is a folder, or no contract by its name, or the settings of its project make no sense.
    """
    file = Path(path)
    if file.is_dir():
        raise ConfigError(f"{file} is a folder; `generate_project` takes those")
    config = load_config(file.resolve().parent)
    diagnostics = Diagnostics()
    read = read_contracts([file], search_path(config.schemas, [Path(item) for item in include]), diagnostics)
    value, suffix = compiled(read.contracts, read.roots[0])
    return Compiled(None if diagnostics.has_errors else value, suffix, diagnostics)


def generate_project(
    folder: str | PathLike[str] = ".", *, include: Sequence[str | PathLike[str]] = ()
) -> GeneratedProject:
    """Generate the code of a project in memory; `write` of the result puts it on disk.

    Args:
        folder: The folder of the project's `pyproject.toml`, or one below it.
        include: Folders to search for imports, before the project's own.

    Raises:
        ConfigError: The settings make no sense, or there are no contracts.
        OSError: The disk refuses to be read.
    """
    config = load_config(Path(folder).resolve())
    if not config.schemas.is_dir():
        raise ConfigError(f"there is no folder {config.schemas}; `schemas` in [tool.avrogen] names it")
    diagnostics = Diagnostics()
    generated = generate(config, diagnostics, [Path(item) for item in include])
    if not generated.files and not diagnostics.has_errors:
        raise ConfigError(f"there are no contracts (.avdl, .avpr, .avsc) below {config.schemas}")
    changes = compare(generated.files, generated.roots) if generated.files else Changes()
    return GeneratedProject(config, generated.files, changes, diagnostics)
