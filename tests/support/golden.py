"""The golden directories: what goes in, and what the compiler makes of it.

A case is a folder of `golden/`: contracts in `input/`, and beside it either `diagnostics.txt`, or
`diagnostics.txt` with warnings, the `.avpr` or `.avsc` of each IDL file in `json/`, and the generated package
in `python/`. A case may have templates of its own, in `input/templates/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avrorpc_codegen.config import RUNTIME_EXTERNAL, Config, Target
from avrorpc_codegen.diagnostic import Diagnostics
from avrorpc_codegen.generation import generate
from avrorpc_codegen.json_output import as_text, compiled
from avrorpc_codegen.reading import find_contracts, read_contracts, search_path

GOLDEN = Path(__file__).parents[1] / "codegen" / "golden"
REPOSITORY = Path(__file__).parents[2]
CASES = sorted(path.name for path in GOLDEN.iterdir() if (path / "input").is_dir())


def package(case: str) -> str:
    return f"golden_{case}"


def produce(case: str) -> dict[str, bytes]:
    """Return the files that a case should have beside its input, by their paths in the case's folder."""
    folder = GOLDEN / case
    with working_directory(folder / "input"):
        root = Path.cwd()
        templates = folder / "input" / "templates"
        target = Target(
            package(case), folder / "python", templates=(templates,) if templates.is_dir() else ()
        )
        diagnostics = Diagnostics()
        config = Config(root, (target,), dict(RUNTIME_EXTERNAL))
        include = [REPOSITORY / "schemas"] if case == "external" else []
        generated = generate(config, diagnostics, include)
        files = {path.relative_to(folder).as_posix(): text for path, text in generated.files.items()}
        if diagnostics.items:
            files["diagnostics.txt"] = diagnostics.render() + "\n"
        if not diagnostics.has_errors:
            for path in find_contracts(root):
                if path.suffix == ".avdl":
                    text, suffix = compile_alone(path, [root, *include])
                    files[f"json/{path.relative_to(root).with_suffix(suffix).as_posix()}"] = text
    return {name: text.encode() for name, text in files.items()}


def compile_alone(path: Path, include: list[Path]) -> tuple[str, str]:
    diagnostics = Diagnostics()
    read = read_contracts([path], search_path(path.parent, include), diagnostics)
    assert not diagnostics.has_errors, diagnostics.render()
    value, suffix = compiled(read.contracts, read.roots[0])
    return as_text(value), suffix


def expected(case: str) -> dict[str, bytes]:
    folder = GOLDEN / case
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith("input/")}


def update(case: str, files: dict[str, bytes]) -> None:
    for name in expected(case):
        (GOLDEN / case / name).unlink()
    for name, data in files.items():
        path = GOLDEN / case / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def good_cases() -> list[str]:
    return [case for case in CASES if (GOLDEN / case / "python").is_dir()]


@contextmanager
def working_directory(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
