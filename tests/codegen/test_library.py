from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import avrorpc_codegen
import pytest
from avrorpc_codegen import ConfigError, compile_file, generate_project
from support.contracts import write

GOOD = '@namespace("n") protocol P { record R { int a; } R get(int a = 1); }'


def project(folder: Path, contract: str = GOOD) -> Path:
    write(
        folder, {"pyproject.toml": '[[tool.avrogen.targets]]\npackage = "out"\n', "schemas/a.avdl": contract}
    )
    return folder


def test_importing_the_compiler_loads_none_of_it() -> None:
    code = "import sys, avrorpc_codegen; sys.exit(any('.' in n for n in sys.modules if n[:7] == 'avrorpc'))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_all_that_is_offered_is_there() -> None:
    homes = {name for names in avrorpc_codegen._HOMES.values() for name in names}
    assert homes == set(avrorpc_codegen.__all__) == set(dir(avrorpc_codegen))
    assert all(getattr(avrorpc_codegen, name).__doc__ for name in homes)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = avrorpc_codegen.nothing


def test_a_protocol_is_compiled(tmp_path: Path) -> None:
    done = compile_file(str(project(tmp_path) / "schemas" / "a.avdl"))
    assert (done.suffix, done.diagnostics.items) == (".avpr", [])
    assert isinstance(done.json, dict)
    assert done.json["protocol"] == "P"
    assert json.loads(done.text) == done.json


def test_imports_are_found_in_the_project_and_in_the_folders_given(tmp_path: Path) -> None:
    text = 'namespace n; import idl "x/b.avdl"; import idl "c.avdl"; record A { B b; C c; }'
    files = {"schemas/deep/a.avdl": text, "schemas/x/b.avdl": "namespace n; enum B { X }"}
    write(project(tmp_path), {**files, "more/c.avdl": "namespace n; enum C { X }"})
    done = compile_file(tmp_path / "schemas" / "deep" / "a.avdl", include=[tmp_path / "more"])
    assert (done.suffix, done.diagnostics.items) == (".avsc", [])


@pytest.mark.parametrize("text", [GOOD.replace("int a;", "Int a;"), "protocol", "\udcff", None])
def test_a_wrong_contract_is_a_finding_and_no_exception(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "a.avdl"
    if text is not None:
        file.write_bytes(text.encode(errors="surrogateescape"))
    done = compile_file(file)
    assert done.json is None
    assert done.diagnostics.has_errors


def test_a_folder_is_not_compiled(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder; `generate_project` takes those"):
        compile_file(tmp_path)


def test_a_file_that_is_no_contract_is_not_compiled(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "# A project"})
    with pytest.raises(ConfigError, match=r"README\.md is no contract: it ends in none of"):
        compile_file(tmp_path / "README.md")


def test_a_project_is_generated_and_written(tmp_path: Path) -> None:
    inside = project(tmp_path) / "schemas"
    first = generate_project(inside)
    module = tmp_path / "generated" / "out" / "n" / "__init__.py"
    assert module in first.files
    assert set(first.changes.write) == set(first.files)
    assert not module.exists()
    assert "+class R(" in first.diff()
    first.write()
    second = generate_project(tmp_path)
    assert (second.files, bool(second.changes), second.diff()) == (first.files, False, "")


def test_findings_leave_nothing_to_write(tmp_path: Path) -> None:
    generate_project(project(tmp_path)).write()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.py")}
    wrong = generate_project(project(tmp_path, "protocol P {"))
    assert wrong.diagnostics.has_errors
    assert (wrong.files, bool(wrong.changes)) == ({}, False)
    wrong.write()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.py")} == before


def test_a_project_without_contracts_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no folder .*schemas; `schemas` in \[tool.avrogen\]"):
        generate_project(tmp_path)
    (tmp_path / "schemas").mkdir()
    with pytest.raises(ConfigError, match="there are no contracts"):
        generate_project(tmp_path)
