"""`avrogen compile`: one contract, several, folders, standard input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from avrorpc_codegen.command import main
from click.testing import CliRunner, Result
from support.contracts import write

PROTOCOL = '@namespace("n") protocol P { import idl "lib/t.avdl"; T get(); }'
TYPES = "namespace n; record T { U? u; } enum U { A }"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"schemas/p.avdl": PROTOCOL, "schemas/lib/t.avdl": TYPES})
    return tmp_path


def run(*arguments: str, input: str | bytes | None = None) -> Result:  # noqa: A002 - as click calls it
    result = CliRunner().invoke(main, ["compile", *arguments], input=input)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_keeps_its_paths(project: Path) -> None:
    assert run("schemas", "-o", "out").output == ""
    assert files(project / "out") == ["lib/t.avsc", "p.avpr"]
    assert json.loads((project / "out" / "p.avpr").read_text())["protocol"] == "P"


def test_files_keep_their_paths_and_give_what_each_gives_alone(project: Path) -> None:
    assert run("schemas/p.avdl", "schemas/lib/t.avdl", "-o", "out").exit_code == 0
    assert files(project / "out") == ["schemas/lib/t.avsc", "schemas/p.avpr"]
    assert (project / "out" / "schemas" / "p.avpr").read_text() == run("schemas/p.avdl").stdout


def test_contracts_that_have_nothing_to_do_with_each_other_may_have_the_same_names(project: Path) -> None:
    write(project, {"a/x.avdl": "protocol X { void a(); }", "b/x.avdl": "protocol X { void b(); }"})
    assert run("a/x.avdl", "b/x.avdl", "-o", "out").exit_code == 0
    assert files(project / "out") == ["a/x.avpr", "b/x.avpr"]


def test_json_files_that_are_given_together_know_each_other(project: Path) -> None:
    write(
        project,
        {
            "a.avsc": '{"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}',
            "b.avsc": '{"type": "fixed", "name": "B", "size": 1}',
        },
    )
    assert run("a.avsc").exit_code == 1
    assert run("a.avsc", "b.avsc", "-o", "out").exit_code == 0
    assert json.loads((project / "out" / "a.avsc").read_text())["fields"][0]["type"]["name"] == "B"


def test_one_type_for_each_file(project: Path) -> None:
    assert run("schemas/p.avdl", "--types", "-o", "out").exit_code == 0
    assert files(project / "out") == ["T.avsc", "U.avsc"]
    enum = {"type": "enum", "name": "U", "namespace": "n", "symbols": ["A"]}
    assert json.loads((project / "out" / "U.avsc").read_text()) == enum


def test_types_of_one_short_name_do_not_overwrite_each_other(project: Path) -> None:
    write(project, {"two.avdl": 'namespace a; record R {} @namespace("b") record R {}'})
    result = run("two.avdl", "--types", "-o", "out")
    assert result.exit_code == 2
    assert "a.R and b.R would both be in R.avsc" in result.stderr
    assert not (project / "out").exists()


def test_standard_input_has_the_name_that_it_is_given(project: Path) -> None:
    assert json.loads(run("-", input="protocol P { }").stdout)["protocol"] == "P"
    result = run("-", "--stdin-filename", "schemas/new.avdl", input='protocol P { import idl "lib/t.avdl"; }')
    assert [item["name"] for item in json.loads(result.stdout)["types"]] == ["T"]
    result = run("-", "--stdin-filename", "x.avsc", input="{")
    assert result.exit_code == 1
    assert result.stderr.startswith("x.avsc:1:2: error[AVR110]")
    assert run("-", input=b"\xff").exit_code == 2


def test_a_finding_in_a_shared_import_is_said_once_and_nothing_is_written(project: Path) -> None:
    write(
        project,
        {
            "bad.avdl": "namespace n; record Bad { Missing a; }",
            "a.avdl": 'protocol A { import idl "bad.avdl"; }',
            "b.avdl": 'protocol B { import idl "bad.avdl"; }',
            "good.avdl": "protocol Good { }",
        },
    )
    result = run("good.avdl", "a.avdl", "b.avdl", "-o", "out")
    assert result.exit_code == 1
    assert result.stderr.count("AVR203") == 1
    assert not (project / "out").exists()


def test_all_results_as_one_json_document(project: Path) -> None:
    document = json.loads(run("schemas", "-o", "out", "--json").stdout)
    assert document["diagnostics"] == []
    assert sorted(document["results"]) == ["lib/t.avsc", "p.avpr"]
    assert json.loads(run("schemas/p.avdl", "--json").stdout)["result"]["protocol"] == "P"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["schemas"], "needs a folder to write to: -o DIR"),
        (["schemas/p.avdl", "schemas/lib/t.avdl"], "needs a folder to write to: -o DIR"),
        (["schemas/p.avdl", "--types"], "needs a folder to write to: -o DIR"),
        (["schemas", "-o", "schemas/p.avdl"], "schemas/p.avdl is a file; more than one file needs a folder"),
        (["empty", "-o", "out"], "there are no .avdl files below empty"),
        (["nowhere.avdl"], "does not exist"),
        (["same.avdl", "same.avsc", "-o", "out"], "two contracts would give the same file"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage(project: Path, arguments: list[str], problem: str) -> None:
    (project / "empty").mkdir()
    write(project, {"same.avdl": "namespace n;", "same.avsc": '"int"'})
    result = run(*arguments)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert not (project / "out").exists()
