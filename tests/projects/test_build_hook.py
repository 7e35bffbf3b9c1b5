from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.contracts import write
from support.projects import ROOT, environment, names, run, wheel

PYPROJECT = """
[build-system]
requires = ["hatchling", "avrorpc"]
build-backend = "hatchling.build"

[project]
name = "billing"
version = "1.0"

[project.entry-points."avrorpc.schemas"]
billing = "billing.contracts"

[tool.hatch.build]
dev-mode-dirs = ["src"]

[tool.hatch.build.targets.wheel]
packages = ["src/billing"]

[tool.hatch.build.hooks.avrogen]

[[tool.avrogen.targets]]
namespaces = ["billing"]
package = "billing.contracts"
output = "src"
"""
GOOD = "namespace billing; record Money { long cents; }"
WRONG = "namespace billing; record Money { Lon cents; }"
CODE = ["billing/contracts/__init__.py", "billing/contracts/py.typed"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose code is generated when it is built, and is not committed."""
    files = {
        "pyproject.toml": PYPROJECT,
        ".gitignore": "src/billing/contracts/\n",
        "src/billing/__init__.py": "",
        "schemas/billing/money.avdl": GOOD,
        "schemas/.hidden/draft.avdl": WRONG,
    }
    write(tmp_path, files)
    return tmp_path


def failed(project: Path, site: Path) -> str:
    command = ["hatchling", "build", "-t", "wheel"]
    done = run(*command, folder=project, path=(site,), status=1)
    assert not list(project.glob("dist/*"))
    assert "Traceback" not in done.stderr
    return done.stderr


def test_code_and_contracts_are_in_the_wheel_and_the_wheel_comes_from_the_source(
    project: Path, site: Path
) -> None:
    run("build", "--no-isolation", folder=project, path=(site,))
    (built,) = (project / "dist").glob("*.whl")
    counted = Counter(name for name in names(built) if ".dist-info" not in name)
    assert counted == Counter([*CODE, "billing/__init__.py", "billing/contracts/schemas/billing/money.avdl"])
    assert "class Money(" in (project / "src" / "billing" / "contracts" / "__init__.py").read_text()


def test_an_editable_install_is_generated_too(project: Path, site: Path) -> None:
    run("hatchling", "build", "-t", "wheel:editable", folder=project, path=(site,))
    (built,) = (project / "dist").glob("*.whl")
    assert [name for name in names(built) if ".dist-info" not in name] == ["_billing.pth"]
    assert all((project / "src" / name).exists() for name in CODE)


def test_a_package_outside_those_named_goes_into_the_wheel(project: Path, site: Path) -> None:
    text = PYPROJECT.replace('output = "src"', 'output = "generated"').replace("billing.contracts", "other")
    write(project, {"pyproject.toml": text})
    inside = set(names(wheel(project, site)))
    assert {"other/__init__.py", "other/py.typed", "other/schemas/billing/money.avdl"} <= inside


def test_a_wrong_contract_ends_the_build_with_its_findings(project: Path, site: Path) -> None:
    write(project, {"schemas/billing/money.avdl": WRONG})
    output = failed(project, site)
    assert "schemas/billing/money.avdl:1:35: error[AVR203]" in output
    assert "avrogen: the contracts are wrong, and nothing is built" in output


HOOK = "[tool.hatch.build.hooks.avrogen]"
TARGETS = "[[tool.avrogen.targets]]"
SHARED = 'billing = "billing.contracts"'


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (HOOK, f"{HOOK}\nincluded = []", "knows no setting 'included'"),
        (HOOK, f"{HOOK}\ninclude = 1", "is a list of strings"),
        (TARGETS, f'[tool.avrogen]\nschemas = "idl"\n{TARGETS}', "there is no folder"),
        (TARGETS, f'[tool.avrogen]\nschemas = "src"\n{TARGETS}', "there are no contracts"),
        (SHARED, f'{SHARED}\nx = "billing"', "name two packages"),
    ],
)
def test_settings_that_make_no_sense_end_the_build(
    project: Path, site: Path, old: str, new: str, problem: str
) -> None:
    assert old in PYPROJECT
    write(project, {"pyproject.toml": PYPROJECT.replace(old, new)})
    (line,) = (line for line in failed(project, site).splitlines() if line.startswith("avrogen: "))
    assert problem in line


def test_a_folder_that_cannot_be_written_to_ends_the_build(project: Path, site: Path) -> None:
    write(project, {"src/billing/contracts": "a file"})
    assert f"avrogen: {project}/src/billing/contracts" in failed(project, site)


def test_contracts_of_other_folders_are_imported(project: Path, site: Path) -> None:
    files = {
        "pyproject.toml": PYPROJECT.replace(HOOK, f'{HOOK}\ninclude = ["more"]'),
        "more/more.avdl": "namespace billing; record More { int a; }",
        "schemas/billing/money.avdl": 'namespace billing; import idl "more.avdl"; record Money { More a; }',
    }
    write(project, files)
    assert CODE[0] in names(wheel(project, site))


SETUP = """import sys

from avrorpc_codegen import generate_project
from setuptools import setup

project = generate_project(".")
if project.diagnostics.has_errors:
    sys.exit(project.diagnostics.render())
project.write()
setup()
"""
PACKAGES = """
[tool.setuptools.packages.find]
where = ["src"]

[tool.setuptools.package-data]
"*" = ["py.typed"]
"""


def test_setuptools_generates_in_its_setup_file(project: Path, site: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "use-in-a-build.md").read_text()
    assert SETUP in page
    assert PACKAGES.strip() in page
    text = PYPROJECT.replace("hatchling.build", "setuptools.build_meta").replace("hatchling", "setuptools")
    write(project, {"pyproject.toml": text + PACKAGES, "setup.py": SETUP, "MANIFEST.in": "graft schemas\n"})
    run("build", "--no-isolation", folder=project, path=(site,))
    (built,) = (project / "dist").glob("*.whl")
    assert set(CODE) <= set(names(built))
    write(project, {"schemas/billing/money.avdl": WRONG})
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel"]
    done = subprocess.run(command, cwd=project, env=environment(site), capture_output=True, text=True)
    assert done.returncode == 1
    assert "schemas/billing/money.avdl:1:35: error[AVR203]" in done.stdout + done.stderr
