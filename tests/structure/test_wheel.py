"""The wheel: four packages, with what they need at run time, and the accelerator where one can be built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "codegen": "avrorpc_codegen",
    "runtime": "avrorpc",
    "services": "avrorpc_services",
    "generated": "avrorpc_contracts",
}
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore")
LIBRARY = "avrorpc/codec/_native."


def copy(folder: Path) -> Path:
    """Copy what a wheel is made of, so that the tests change nothing here."""
    for name in (*FOLDERS, "schemas"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def build(project: Path, **environment: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    # Optimising takes longer than all else here.
    env = {**os.environ, "CFLAGS": "-O0", **environment}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = (project / "dist").iterdir()
    return wheel


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def libraries(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(LIBRARY) and name.endswith(".so")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    return copy(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def wheel(project: Path) -> Path:
    """A wheel as it is made where there is no compiler."""
    # A library of another day, which must not pass for a new one.
    name = f"_native{sysconfig.get_config_var('EXT_SUFFIX')}"
    (project / "runtime" / "avrorpc" / "codec" / name).write_bytes(b"stale")
    return build(project, CC="/nonexistent/cc")


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return contents(wheel)


def test_without_a_compiler_it_is_one_for_every_machine(wheel: Path, names: set[str]) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert not libraries(names)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_with_a_compiler_it_has_the_accelerator_and_is_of_one_kind_of_machine(
    tmp_path: Path, names: set[str]
) -> None:
    pytest.importorskip("Cython")
    project = copy(tmp_path)
    wheel = build(project)
    assert not wheel.name.endswith("-any.whl")
    assert f"-cp{sys.version_info[0]}{sys.version_info[1]}-" in wheel.name
    built = contents(wheel)
    (library,) = libraries(built)
    assert {name for name in built if ".dist-info" not in name} - {library} == {
        name for name in names if ".dist-info" not in name
    }
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    show = "import avrorpc.codec.acceleration as a; print(a.__file__, a.description)"
    environment = {"PYTHONPATH": str(tmp_path / "installed"), "AVRORPC_PURE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", show],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == [
        str(tmp_path / "installed" / "avrorpc" / "codec" / "acceleration.py"),
        "native",
    ], done.stderr


def test_it_installs_the_four_packages_and_nothing_else(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(FOLDERS.values())
    assert len(tops) == len(FOLDERS) + 1


@pytest.mark.parametrize(("folder", "package"), FOLDERS.items())
def test_every_file_of_a_package_is_in_it(names: set[str], folder: str, package: str) -> None:
    files = {
        path.relative_to(ROOT / folder).as_posix()
        for path in (ROOT / folder / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".so"
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
