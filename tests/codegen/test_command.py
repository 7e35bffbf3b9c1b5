from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import avrorpc
import pytest
from avrorpc.stub import LEVEL
from avrorpc_codegen.command import SUBCOMMANDS, main
from click.testing import CliRunner, Result
from support.contracts import write

GOOD = '@namespace("n") protocol P { record R { int a; } R get(int a = 1); }'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"pyproject.toml": '[[tool.avrogen.targets]]\npackage = "out"\n', "schemas/a.avdl": GOOD})
    return tmp_path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_help_names_all_subcommands() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"  {name} " in result.output for name in SUBCOMMANDS)
    assert all(run(name, "--help").exit_code == 0 for name in ("compile", "generate"))


def test_help_imports_no_subcommand() -> None:
    code = "import sys; from avrorpc_codegen.command import main; main(['--help'], standalone_mode=False)"
    check = "; sys.exit(any(name in sys.modules for name in ('jinja2', 'avrorpc', 'avrorpc_codegen.parser')))"
    assert subprocess.run([sys.executable, "-c", code + check], capture_output=True).returncode == 0


def test_version() -> None:
    expected = f"avrorpc {avrorpc.__version__} (runtime level {LEVEL}, Python {platform.python_version()})\n"
    assert run("--version").output == expected


@pytest.mark.parametrize(
    "command",
    [
        ["compile"],
        ["fingerprint"],
        ["fingerprint", "schemas"],
        ["format"],
        ["format", "--check", "schemas/a.avdl"],
        ["docs"],
        ["breaking", "--against", "schemas"],
        ["breaking", "schemas", "--against"],
    ],
)
@pytest.mark.parametrize("name", ["README.md", "./contract"])
def test_a_file_that_is_no_contract_is_wrong_usage(project: Path, command: list[str], name: str) -> None:
    write(project, {name: "# A project\n\nIt has `contracts`.\n"})
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    result = run(*command, name)
    assert result.exit_code == 2
    said = f"Error: {Path(name)} is no contract: it ends in none of .avdl, .avpr, .avsc\n"
    assert result.stderr.endswith(said), result.stderr
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_compile_writes_to_standard_output_or_to_a_file(project: Path) -> None:
    result = run("compile", "schemas/a.avdl")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["protocol"] == "P"
    assert run("compile", "schemas/a.avdl", "-o", "p.avpr").output == ""
    assert (project / "p.avpr").read_text() == result.stdout
    (project / "folder").mkdir()
    assert run("compile", "schemas/a.avdl", "-o", "folder").exit_code == 0
    assert (project / "folder" / "a.avpr").read_text() == result.stdout


def test_compile_searches_for_imports(project: Path) -> None:
    write(
        project,
        {
            "lib/x.avdl": "namespace x; record X {}",
            "b.avdl": 'protocol B { import idl "x.avdl"; x.X get(); }',
        },
    )
    assert run("compile", "b.avdl").exit_code == 1
    assert run("compile", "b.avdl", "-I", "lib").exit_code == 0


def test_generate_and_check(project: Path) -> None:
    stale = run("generate", "--check")
    assert stale.exit_code == 1
    assert "+++ b/generated/out/n/__init__.py" in stale.stdout
    assert not (project / "generated").exists()
    result = run("generate")
    assert (result.exit_code, result.output) == (0, "1 protocol, 1 type, 3 files: 3 written, 0 removed\n")
    assert run("generate", "--check").exit_code == 0
    assert "all up to date" in run("generate").output
    write(project, {"schemas/a.avdl": GOOD.replace("int a", "long b")})
    stale = run("generate", "--check")
    assert stale.exit_code == 1
    assert "-    a: int" in stale.stdout
    assert "+    b: int" in stale.stdout


def test_what_no_contract_yields_any_more_is_removed(project: Path) -> None:
    run("generate")
    write(project, {"schemas/a.avdl": GOOD.replace('"n"', '"m"')})
    assert run("generate").output == "1 protocol, 1 type, 3 files: 1 written, 1 removed\n"
    assert not (project / "generated/out/n").exists()
    assert (project / "generated/out/m/__init__.py").exists()


def test_arguments_name_folder_and_package(project: Path) -> None:
    write(project, {"idl/b.avdl": "namespace b; enum E { A }"})
    assert run("generate", "idl", "-o", "to", "--package", "a.b").exit_code == 0
    assert (project / "to/a/b/b/__init__.py").exists()


def test_templates_are_listed_printed_and_copied(project: Path) -> None:
    listed = run("templates").output
    assert listed.startswith("class.py.j2 ")
    assert run("templates", "class.py.j2").output.startswith("{# A record")
    assert run("templates", "-o", "own", "class.py.j2").output == "1 template copied to own\n"
    write(project, {"pyproject.toml": '[tool.avrogen]\ntemplates = "own"\n'})
    assert "replaced by own/class.py.j2" in run("templates").output
    (first, *_) = json.loads(run("templates", "--json").output)["templates"]
    assert (first["name"], first["replaced_by"]) == ("class.py.j2", ["own/class.py.j2"])
    assert run("generate").exit_code == 0
    again = run("templates", "-o", "own")
    assert (again.exit_code, list((project / "own").iterdir())) == (2, [project / "own/class.py.j2"])
    assert "own/class.py.j2 is there already" in again.output
    unknown = run("templates", "clas.py.j2")
    assert (unknown.exit_code, "did you mean `class.py.j2`?" in unknown.output) == (2, True)


def test_a_template_of_the_projects_own_may_be_wrong(project: Path) -> None:
    write(
        project, {"pyproject.toml": '[tool.avrogen]\ntemplates = "own"\n', "own/class.py.j2": "{{ class.x }}"}
    )
    result = run("generate")
    assert result.exit_code == 1
    assert "own/class.py.j2:1:10: error[AVR311]: this Class has no `x`" in result.output
    assert not (project / "generated").exists()
    write(project, {"own/class.py.j2": "class {{ class.py_name }}: pass\n"})
    assert run("generate").exit_code == 0
    assert "class R: pass\n" in (project / "generated/contracts/n/__init__.py").read_text()


def test_what_exists_already_is_not_generated_and_that_is_said(project: Path) -> None:
    write(project, {"schemas/a.avdl": '@namespace("avrorpc.mine") protocol P {}'})
    result = run("generate")
    assert result.exit_code == 2
    assert "nothing is left to generate of avrorpc.mine.P and its like: there are avrorpc in" in result.output


def test_findings_exit_with_one_and_write_nothing(project: Path) -> None:
    write(project, {"schemas/b.avdl": "namespace b; record R { Missing m; }"})
    for arguments in (["generate"], ["generate", "--check"], ["compile", "schemas/b.avdl"]):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "schemas/b.avdl:1:25: error[AVR203]" in result.stderr
        assert result.stdout == ""
    assert not (project / "generated").exists()


def test_warnings_do_not_stop(project: Path) -> None:
    write(project, {"schemas/b.avdl": "namespace b; /** lost */ /** kept */ record R {}"})
    result = run("generate")
    assert result.exit_code == 0
    assert "warning[AVR109]" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["compile", "nowhere.avdl"], "does not exist"),
        (["compile", "schemas"], "needs a folder to write to"),
        (["compile"], "Missing argument"),
        (["compile", "schemas/a.avdl", "-I", "nowhere"], "does not exist"),
        (["compile", "schemas/a.avdl", "-o", "schemas/a.avdl/x"], "schemas/a.avdl"),
        (["generate", "nowhere"], "does not exist"),
        (["generate", "schemas/a.avdl"], "is a file"),
        (["generate", "empty"], "there are no contracts"),
        (["generate", "--package", "a-b"], "is not the name of a package"),
        (["generate", "-o", "schemas/a.avdl"], "is a file"),
        (["unknown"], "No such command"),
        (["generate", "--unknown"], "No such option"),
    ],
)
def test_wrong_usage_exits_with_two(project: Path, arguments: list[str], text: str) -> None:
    (project / "empty").mkdir()
    result = run(*arguments)
    assert result.exit_code == 2
    assert text in result.stderr
    assert "Traceback" not in result.output


def test_a_project_without_contracts_is_told_so(project: Path) -> None:
    (project / "schemas/a.avdl").unlink()
    (project / "schemas").rmdir()
    result = run("generate")
    assert result.exit_code == 2
    assert "there is no folder" in result.stderr


def test_settings_that_make_no_sense_are_usage_errors(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.avrogen]\nunheard = 1\n")
    result = run("generate")
    assert result.exit_code == 2
    assert "unheard" in result.stderr


def test_no_permission_is_a_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "generated")

    monkeypatch.setattr("avrorpc_codegen.output.tempfile.mkstemp", refuse)
    result = run("generate")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (2, "Error: generated: Permission denied")


@pytest.mark.parametrize(
    ("data", "rule"),
    [(b"protocol P {", "AVR107"), (b"\xff\xfe", "AVR102"), (b"\x00", "AVR103"), (b"/*", "AVR104")],
)
def test_the_installed_command_shows_no_traceback(tmp_path: Path, data: bytes, rule: str) -> None:
    (tmp_path / "a.avdl").write_bytes(data)
    command = [sys.executable, "-m", "avrorpc_codegen", "compile", "a.avdl"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 1
    assert f"error[{rule}]" in result.stderr
    assert "Traceback" not in result.stderr
