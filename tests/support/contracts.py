"""Contracts as texts, put through the compiler."""

from __future__ import annotations

from pathlib import Path

from avrorpc.schema import Named
from avrorpc_codegen.config import RUNTIME_EXTERNAL, Config, Target
from avrorpc_codegen.contracts import Contracts
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import generate
from avrorpc_codegen.loading import Loader
from avrorpc_codegen.resolver import resolve


def write(folder: Path, files: dict[str, str]) -> list[Path]:
    paths = [folder / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return paths


def resolved(
    folder: Path, files: dict[str, str], *roots: str, search: tuple[Path, ...] = ()
) -> tuple[Contracts, Diagnostics]:
    """Resolve files; without roots, all of them are."""
    paths = write(folder, files)
    diagnostics = Diagnostics()
    loader = Loader(search, diagnostics)
    units = [loader.load(folder / name) for name in roots] or [loader.load(path) for path in paths]
    return resolve(list(loader.units.values()), units, diagnostics), diagnostics


def named(folder: Path, text: str, name: str) -> Named:
    """Resolve one protocol in the namespace `n`, given without its frame, and return one of its types."""
    contracts, diagnostics = resolved(folder, {"p.avdl": f'@namespace("n") protocol P {{ {text} }}'})
    assert not diagnostics.items, diagnostics.render()
    return contracts.types[f"n.{name}"].named


def generated(folder: Path, files: dict[str, str], package: str = "out") -> dict[str, str]:
    """Return the text of each generated module by its dotted name."""
    write(folder, files)
    diagnostics = Diagnostics()
    config = Config(folder, (Target(package, folder / "to"),), dict(RUNTIME_EXTERNAL))
    result = generate(config, diagnostics)
    assert not diagnostics.items, diagnostics.render()
    modules = {
        path.parent.relative_to(folder / "to"): text
        for path, text in result.files.items()
        if path.suffix == ".py"
    }
    return {path.as_posix().replace("/", "."): text for path, text in modules.items()}
