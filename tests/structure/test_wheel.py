"""The wheel: four packages, with everything that they need at run time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "codegen": "avrorpc_codegen",
    "runtime": "avrorpc",
    "services": "avrorpc_services",
    "generated": "avrorpc_contracts",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.iterdir()
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_installs_the_four_packages_and_nothing_else(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(FOLDERS.values())
    assert len(tops) == len(FOLDERS) + 1


@pytest.mark.parametrize(("folder", "package"), FOLDERS.items())
def test_every_file_of_a_package_is_in_it(names: set[str], folder: str, package: str) -> None:
    files = {
        path.relative_to(ROOT / folder).as_posix()
        for path in (ROOT / folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert f"{package}/py.typed" in files
    assert files <= names


def test_it_has_templates_schemas_weights_and_a_licence(names: set[str]) -> None:
    templates = {name for name in names if name.startswith("avrorpc_codegen/templates/")}
    assert {name.removeprefix("avrorpc_codegen/templates/") for name in templates} == {
        path.name for path in (ROOT / "codegen" / "avrorpc_codegen" / "templates").iterdir()
    }
    assert "avrorpc/contracts/schemas/avrorpc/tensor.avdl" in names
    assert any(name.endswith("/model.safetensors") for name in names)
    assert any(name.endswith("/tokenizer.json") for name in names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert any(name.endswith(".dist-info/entry_points.txt") for name in names)
